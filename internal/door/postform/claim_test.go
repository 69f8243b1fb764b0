package postform_test

import (
	"encoding/base64"
	"maps"
	"strings"
	"testing"
	"time"

	"nephele.dev/nephele/internal/door/postform"
	"nephele.dev/nephele/internal/door/sigv4"
)

const (
	docSecret    = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	docSignature = "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e"
)

// docPolicy is the policy whose signature the S3 API reference computes
// ("Browser-Based Upload using HTTP POST").
var docPolicy = strings.ReplaceAll(`{ "expiration": "2015-12-30T12:00:00.000Z",
  "conditions": [
    {"bucket": "sigv4examplebucket"},
    ["starts-with", "$key", "user/user1/"],
    {"acl": "public-read"},
    {"success_action_redirect": "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html"},
    ["starts-with", "$Content-Type", "image/"],
    {"x-amz-meta-uuid": "14365123651274"},
    {"x-amz-server-side-encryption": "AES256"},
    ["starts-with", "$x-amz-meta-tag", ""],

    {"x-amz-credential": "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request"},
    {"x-amz-algorithm": "AWS4-HMAC-SHA256"},
    {"x-amz-date": "20151229T000000Z" }
  ]
}`, "\n", "\r\n")

func docFields() map[string]string {
	return map[string]string{
		"key": "user/user1/${filename}", "acl": "public-read", "content-type": "image/jpeg", "x-amz-meta-uuid": "14365123651274",
		"success_action_redirect": "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html", "x-amz-meta-tag": "",
		"x-amz-server-side-encryption": "AES256", "x-amz-credential": "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request",
		"x-amz-algorithm": "AWS4-HMAC-SHA256", "x-amz-date": "20151229T000000Z",
		"policy": base64.StdEncoding.EncodeToString([]byte(docPolicy)), "x-amz-signature": docSignature,
	}
}

// admit is all that a form has to pass.
func admit(fields map[string]string, secret string, now time.Time) error {
	claim, err := postform.ReadClaim(fields)
	if err != nil {
		return err
	}
	if err := claim.Verify(secret, sigv4.SigningKey(secret, claim.Scope)); err != nil {
		return err
	}
	p, err := postform.ParsePolicy(fields["policy"])
	if err != nil {
		return err
	}
	return p.Check(fields, "sigv4examplebucket", now)
}

func TestPublishedForm(t *testing.T) {
	t.Parallel()
	day := time.Date(2015, 12, 29, 12, 0, 0, 0, time.UTC)
	if err := admit(docFields(), docSecret, day); err != nil {
		t.Fatalf("refused: %v", err)
	}
	wantCode(t, admit(docFields(), docSecret+"x", day), "SignatureDoesNotMatch", "")
	wantCode(t, admit(docFields(), docSecret, day.AddDate(0, 0, 2)), "AccessDenied", "expired")
	for field, c := range map[string]struct{ value, code string }{
		"x-amz-signature":              {"0" + docSignature[1:], "SignatureDoesNotMatch"},
		"policy":                       {base64.StdEncoding.EncodeToString([]byte(docPolicy + " ")), "SignatureDoesNotMatch"},
		"x-amz-credential":             {"AKIAIOSFODNN7EXAMPLE/20151229/us-east-2/s3/aws4_request", "SignatureDoesNotMatch"},
		"x-amz-algorithm":              {"AWS4-ECDSA-P256-SHA256", "InvalidArgument"},
		"x-amz-date":                   {"20151230T000000Z", "InvalidArgument"},
		"key":                          {"user/user2/x", "AccessDenied"},
		"acl":                          {"private", "AccessDenied"},
		"content-type":                 {"text/html", "AccessDenied"},
		"x-amz-meta-uuid":              {"14365123651275", "AccessDenied"},
		"x-amz-server-side-encryption": {"aws:kms", "AccessDenied"},
		"success_action_redirect":      {"http://elsewhere/", "AccessDenied"},
		"x-amz-meta-more":              {"x", "AccessDenied"},
	} {
		fields := maps.Clone(docFields())
		fields[field] = c.value
		wantCode(t, admit(fields, docSecret, day), c.code, "")
	}
}
