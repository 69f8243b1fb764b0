package postform

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // Signature Version 2
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/door/sigv4"
)

// Claim is who signed a form's policy.
type Claim struct {
	AccessKeyID  string
	SessionToken string
	Scope        sigv4.Scope // of Signature Version 4
	Legacy       bool        // Signature Version 2

	policy, signature string
}

const (
	algorithm = "AWS4-HMAC-SHA256"
	dateLen   = len("20060102")
)

// ReadClaim reads who signed a form; nil means nobody. An incomplete claim is
// an error.
func ReadClaim(fields map[string]string) (*Claim, error) {
	c := &Claim{policy: fields["policy"], SessionToken: fields["x-amz-security-token"]}
	if id, ok := fields["awsaccesskeyid"]; ok {
		c.AccessKeyID, c.signature, c.Legacy = id, fields["signature"], true
		if c.signature == "" || c.policy == "" {
			return nil, invalidArgument("Signature", c.signature, "Bucket POST must contain a field named 'Signature'.  If it is specified, please check the order of the fields.")
		}
		return c, nil
	}
	credential, signed := fields["x-amz-credential"]
	_, hasSignature := fields["x-amz-signature"]
	if !signed && !hasSignature {
		return nil, nil
	}
	if c.policy == "" {
		return nil, invalidArgument("policy", "", "Bucket POST must contain a field named 'policy'.  If it is specified, please check the order of the fields.")
	}
	c.signature = strings.ToLower(fields["x-amz-signature"])
	for _, name := range []string{"x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature"} {
		if fields[name] == "" {
			return nil, invalidArgument(name, "", "Bucket POST must contain a field named '"+name+"'.  If it is specified, please check the order of the fields.")
		}
	}
	if fields["x-amz-algorithm"] != algorithm {
		return nil, invalidArgument("x-amz-algorithm", fields["x-amz-algorithm"], "Only AWS4-HMAC-SHA256 is supported as x-amz-algorithm.")
	}
	parts := strings.Split(credential, "/")
	if n := len(parts); n < 5 || parts[n-1] != "aws4_request" {
		return nil, badCredential(credential)
	}
	n := len(parts)
	c.AccessKeyID = strings.Join(parts[:n-4], "/")
	c.Scope = sigv4.Scope{Date: parts[n-4], Region: parts[n-3], Service: parts[n-2]}
	if !sigv4.IsS3(c.Scope.Service) || len(c.Scope.Date) != dateLen || !strings.HasPrefix(fields["x-amz-date"], c.Scope.Date) || len(c.Scope.Region) > 64 {
		return nil, badCredential(credential)
	}
	return c, nil
}

func badCredential(credential string) *awserr.Error {
	return invalidArgument("X-Amz-Credential", credential, "The authorization mechanism you have provided is not supported or the credential is malformed: "+
		"it must have the form <access key>/<date>/<region>/s3/aws4_request and the date of x-amz-date.")
}

// Verify compares the signature with that of the policy under a secret. key is
// the signing key of the claim's scope, of Signature Version 4.
func (c *Claim) Verify(secret string, key []byte) error {
	var want string
	if c.Legacy {
		h := hmac.New(sha1.New, []byte(secret))
		h.Write([]byte(c.policy))
		want = base64.StdEncoding.EncodeToString(h.Sum(nil))
	} else {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(c.policy))
		want = hex.EncodeToString(h.Sum(nil))
	}
	if hmac.Equal([]byte(want), []byte(c.signature)) {
		return nil
	}
	return awserr.New("SignatureDoesNotMatch", http.StatusForbidden,
		"The request signature we calculated does not match the signature you provided. Check your key and signing method.").
		With("AWSAccessKeyId", c.AccessKeyID)
}
