// Package sigv2 verifies presigned URLs of Amazon S3's Signature Version 2
// (AWSAccessKeyId, Expires and Signature in the query). S3 no longer writes
// about it much, but the AWS CLI and boto3 still make such URLs by default for
// us-east-1, so a server that refuses them breaks "aws s3 presign". Requests
// signed in a header by this version are not accepted: nothing makes them.
//
// The signature is an HMAC-SHA1, in base64, of
//
//	method LF content-md5 LF content-type LF expires LF amz-headers resource
//
// where amz-headers are the x-amz-* headers and query parameters, sorted, each
// "name:value LF", and resource is the escaped path with its bucket followed by
// the query parameters that name a subresource or override a response header.
// It covers no body.
package sigv2

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the scheme's own
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Signature is what a presigned URL claims.
type Signature struct {
	AccessKeyID  string
	SessionToken string
	Expires      time.Time // zero when it cannot be read
	Mixed        bool      // the request carries a signature of another kind as well
	expires, mac string
}

// subresources are the parameters that are part of the resource.
var subresources = []string{
	"accelerate", "acl", "analytics", "attributes", "cors", "delete", "encryption", "inventory", "legal-hold", "lifecycle",
	"location", "logging", "metrics", "notification", "object-lock", "ownershipControls", "partNumber", "policy",
	"policyStatus", "publicAccessBlock", "replication", "requestPayment", "response-cache-control",
	"response-content-disposition", "response-content-encoding", "response-content-language", "response-content-type",
	"response-expires", "restore", "retention", "select", "select-type", "storageClass", "tagging", "torrent", "uploadId",
	"uploads", "versionId", "versioning", "versions", "website",
}

// Parse reads the claim of a presigned URL; ok is false for every other
// request.
func Parse(r *http.Request) (s *Signature, ok bool) {
	if !strings.Contains(r.URL.RawQuery, "AWSAccessKeyId=") {
		return nil, false
	}
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || len(q["AWSAccessKeyId"]) != 1 || len(q["Signature"]) != 1 || len(q["Expires"]) != 1 {
		return nil, false
	}
	s = &Signature{AccessKeyID: q.Get("AWSAccessKeyId"), expires: q.Get("Expires"), mac: q.Get("Signature")}
	s.Mixed = len(r.Header["Authorization"]) > 0 || q.Has("X-Amz-Algorithm") || q.Has("X-Amz-Credential") || q.Has("X-Amz-Signature")
	if n, err := strconv.ParseInt(s.expires, 10, 64); err == nil && n > 0 {
		s.Expires = time.Unix(n, 0).UTC()
	}
	if s.SessionToken = r.Header.Get("X-Amz-Security-Token"); s.SessionToken == "" {
		s.SessionToken = q.Get("x-amz-security-token")
	}
	return s, true
}

// Verify reports whether the request was signed with secret. bucket is the one
// that the host names, "" where the path does.
func (s *Signature) Verify(r *http.Request, bucket, secret string) bool {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return false
	}
	got, err := base64.StdEncoding.DecodeString(s.mac)
	if err != nil {
		return false
	}
	paths := []string{r.URL.EscapedPath()}
	if bucket != "" {
		paths[0] = "/" + bucket + paths[0]
	} else if strings.Count(paths[0], "/") == 1 {
		paths = append(paths, paths[0]+"/") // a bucket alone is signed as a directory by some
	}
	for _, path := range paths {
		h := hmac.New(sha1.New, []byte(secret))
		h.Write([]byte(s.text(r, q, path)))
		if hmac.Equal(h.Sum(nil), got) {
			return true
		}
	}
	return false
}

// text is what is signed.
func (s *Signature) text(r *http.Request, q url.Values, path string) string {
	var b strings.Builder
	b.WriteString(r.Method + "\n")
	for _, name := range []string{"content-md5", "content-type"} {
		v := r.Header.Get(name) // which counts where both are sent
		if v == "" {
			v = q.Get(name)
		}
		b.WriteString(v + "\n")
	}
	b.WriteString(s.expires + "\n")
	writeHeaders(&b, r.Header, q)
	b.WriteString(path)
	writeSubresources(&b, q)
	return b.String()
}

func writeHeaders(b *strings.Builder, h http.Header, q url.Values) {
	all := make(map[string][]string)
	for _, from := range []map[string][]string{h, q} {
		for name, values := range from {
			if low := strings.ToLower(name); strings.HasPrefix(low, "x-amz-") {
				all[low] = append(all[low], values...)
			}
		}
	}
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		values := make([]string, len(all[name]))
		for i, v := range all[name] {
			values[i] = strings.TrimSpace(v)
		}
		b.WriteString(name + ":" + strings.Join(values, ",") + "\n")
	}
}

func writeSubresources(b *strings.Builder, q url.Values) {
	separator := byte('?')
	for _, name := range subresources { // sorted
		for _, v := range q[name] {
			b.WriteByte(separator)
			separator = '&'
			b.WriteString(name)
			if v != "" {
				b.WriteString("=" + v)
			}
		}
	}
}
