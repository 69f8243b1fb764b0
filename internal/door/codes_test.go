package door

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"nephele.dev/nephele/internal/door/sigv4"
	"nephele.dev/nephele/internal/shape"
)

// Every reason has an answer in every family: a code, a message, and a status
// that blames the caller.
func TestEveryReasonHasAnAnswer(t *testing.T) {
	t.Parallel()
	s := &sigv4.Signature{Presigned: true, Expires: time.Minute}
	for f := familyJSON; f <= familyS3; f++ {
		for r := sigv4.Missing; r <= sigv4.ChecksumMismatch; r++ {
			e := signatureError(f, &sigv4.Error{Reason: r, Message: "m", Name: "n", Got: "g", Want: "w"}, s)
			if e.Code == "" || e.Message == "" || e.Status < 400 || e.Status >= 500 {
				t.Errorf("family %d, reason %d: %+v", f, r, e)
			}
		}
	}
}

func TestCodes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		family family
		reason sigv4.Reason
		code   string
		status int
	}{
		{familyJSON, sigv4.Missing, "MissingAuthenticationTokenException", 400},
		{familyREST, sigv4.Missing, "MissingAuthenticationTokenException", 403},
		{familyQuery, sigv4.Missing, "MissingAuthenticationToken", 403},
		{familyJSON, sigv4.Incomplete, "IncompleteSignatureException", 400},
		{familyQuery, sigv4.Incomplete, "IncompleteSignature", 400},
		{familyS3, sigv4.Incomplete, "AuthorizationHeaderMalformed", 400},
		{familyJSON, sigv4.Skewed, "InvalidSignatureException", 400},
		{familyQuery, sigv4.Skewed, "SignatureDoesNotMatch", 403},
		{familyEC2, sigv4.Skewed, "RequestExpired", 400},
		{familyS3, sigv4.Skewed, "RequestTimeTooSkewed", 403},
		{familyEC2, sigv4.Mismatch, "AuthFailure", 401},
		{familyS3, sigv4.Mismatch, "SignatureDoesNotMatch", 403},
		{familyS3, sigv4.Expired, "AccessDenied", 403},
		{familyS3, sigv4.WrongScope, "AuthorizationHeaderMalformed", 400},
		{familyS3, sigv4.ChecksumMismatch, "BadDigest", 400},
	} {
		e := signatureError(c.family, &sigv4.Error{Reason: c.reason, Message: "m"}, &sigv4.Signature{})
		if e.Code != c.code || e.Status != c.status {
			t.Errorf("family %d, reason %d: %s %d, want %s %d", c.family, c.reason, e.Code, e.Status, c.code, c.status)
		}
	}
	for f, code := range map[family]string{
		familyJSON: "UnrecognizedClientException", familyQuery: "InvalidClientTokenId", familyEC2: "AuthFailure", familyS3: "InvalidAccessKeyId",
	} {
		if e := keyError(f, ErrUnknownKey, "AKID"); e.Code != code {
			t.Errorf("unknown key in family %d: %s, want %s", f, e.Code, code)
		}
		if e := keyError(f, errors.New("away"), "AKID"); e.Status != http.StatusInternalServerError || e.Cause == nil {
			t.Errorf("a fault of ours in family %d: %+v", f, e)
		}
	}
}

func TestFamilies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		protocol shape.Protocol
		want     family
	}{
		{"ssm", shape.JSON11, familyJSON},
		{"cloudwatch", shape.CBOR, familyJSON},
		{"synthetics", shape.RestJSON, familyREST},
		{"sts", shape.Query, familyQuery},
		{"ec2", shape.EC2Query, familyEC2},
		{"s3", shape.RestXML, familyS3},
		{"cloudfront", shape.RestXML, familyQuery},
	} {
		if got := familyOf(&shape.Service{Name: c.name}, c.protocol); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
