package door

import (
	"net/textproto"
	"strings"
)

// unhoist makes headers of what the signer of a presigned URL moved from the
// headers into the query, as S3 does: every x-amz-* parameter, and by Signature
// Version 2 the type and the digest of the body. A header that was sent stays.
//
// Checksums stay parameters: several SDKs write that of an empty body into
// URLs for an upload whose body is not known yet.
func (c *call) unhoist() {
	if c.match.Service.Name != "s3" || !presigned(c.r.URL.RawQuery) {
		return
	}
	for name, values := range c.r.URL.Query() {
		low := strings.ToLower(name)
		if !hoisted(low, c.hint.Legacy) || !plainValue(values[0]) {
			continue
		}
		key := textproto.CanonicalMIMEHeaderKey(low)
		if _, sent := c.r.Header[key]; !sent {
			c.r.Header[key] = values[:1]
		}
	}
}

func presigned(query string) bool {
	return strings.Contains(query, "X-Amz-Credential=") || strings.Contains(query, "AWSAccessKeyId=")
}

// hoisted reports whether a parameter, in lower case, stands for a header.
func hoisted(name string, legacy bool) bool {
	rest, amz := strings.CutPrefix(name, "x-amz-")
	if !amz {
		return legacy && (name == "content-type" || name == "content-md5")
	}
	switch rest {
	case "algorithm", "credential", "date", "expires", "signedheaders", "signature", "security-token", "content-sha256",
		"decoded-content-length", "trailer":
		return false
	}
	return !strings.HasPrefix(rest, "checksum-") && !strings.HasPrefix(rest, "sdk-")
}

// plainValue reports whether a parameter could have come as a header.
func plainValue(v string) bool {
	return !strings.ContainsFunc(v, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}
