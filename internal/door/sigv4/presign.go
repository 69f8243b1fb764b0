package sigv4

import (
	"net/url"
	"strconv"
	"strings"
	"time"
)

// presign is the signature's part of a query.
type presign struct {
	any    bool // at least one of the parameters that make a URL presigned
	values [presignParams]string
	seen   [presignParams]bool
}

// The query parameters of a presigned URL.
const (
	pAlgorithm = iota
	pCredential
	pDate
	pExpires
	pSignedHeaders
	pSignature
	pToken
	pContent
	presignParams
)

const signatureParam = "X-Amz-Signature"

var presignNames = [presignParams]string{
	"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires",
	"X-Amz-SignedHeaders", signatureParam, "X-Amz-Security-Token", "X-Amz-Content-Sha256",
}

// read picks the parameters out of a raw query. One that stands twice is an
// error: which of them counts would be a matter of taste.
func (p *presign) read(raw string) error {
	if !strings.Contains(raw, "X-Amz-") && !strings.Contains(raw, "%") {
		return nil
	}
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if strings.Contains(name, "%") {
			if n, err := url.QueryUnescape(name); err == nil {
				name = n
			}
		}
		i := presignIndex(name)
		if i < 0 {
			continue
		}
		v, err := url.QueryUnescape(value)
		if err != nil || p.seen[i] {
			return refuse(QueryMalformed, "The query parameter %s must stand once and be properly encoded.", name)
		}
		p.values[i], p.seen[i] = v, true
		p.any = p.any || i == pAlgorithm || i == pCredential || i == pSignature
	}
	return nil
}

func presignIndex(name string) int {
	if !strings.HasPrefix(name, "X-Amz-") {
		return -1
	}
	for i, n := range presignNames {
		if name == n || i == pContent && strings.EqualFold(name, n) {
			return i
		}
	}
	return -1
}

// signature makes a Signature of the parameters.
func (p *presign) signature() (*Signature, error) {
	for _, i := range []int{pAlgorithm, pCredential, pSignature, pDate, pSignedHeaders} {
		if p.values[i] == "" {
			return nil, incomplete()
		}
	}
	if p.values[pAlgorithm] != algorithm {
		return nil, refuse(QueryMalformed, "X-Amz-Algorithm only supports %q", algorithm)
	}
	t, err := time.Parse(stampForm, p.values[pDate])
	if err != nil {
		return nil, refuse(QueryMalformed, "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
	}
	s := &Signature{
		Presigned: true, Time: t, stamp: p.values[pDate],
		SessionToken: p.values[pToken], Payload: p.values[pContent],
	}
	if err := s.parts(p.values[pCredential], p.values[pSignedHeaders], p.values[pSignature], QueryMalformed); err != nil {
		return nil, err
	}
	s.Expires, err = p.life(IsS3(s.Scope.Service))
	return s, err
}

func incomplete() error {
	return refuse(QueryMalformed, "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, "+
		"X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.")
}

// life is how long the URL is good. S3 alone lets its signer choose; with
// others it is as long as a header's signature, and most SDKs do not give
// X-Amz-Expires there.
func (p *presign) life(s3 bool) (time.Duration, error) {
	if s3 || p.values[pExpires] != "" {
		life, err := p.expires()
		if err != nil || s3 {
			return life, err
		}
	}
	return MaxSkew, nil
}

func (p *presign) expires() (time.Duration, error) {
	if p.values[pExpires] == "" {
		return 0, incomplete()
	}
	return parseExpires(p.values[pExpires])
}

func parseExpires(s string) (time.Duration, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err != nil:
		return 0, refuse(QueryMalformed, "X-Amz-Expires should be a number")
	case n < 0:
		return 0, refuse(QueryMalformed, "X-Amz-Expires must be non-negative")
	case n > int64(MaxExpires/time.Second):
		return 0, refuse(QueryMalformed, "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds")
	}
	return time.Duration(n) * time.Second, nil
}
