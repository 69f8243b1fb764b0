package s3_test

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // Signature Version 2
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"

	"nephele.dev/nephele/nepheletest"
)

// presignV2 makes a URL as "aws s3 presign" does.
func presignV2(s *nepheletest.Server, path, secret string, expires time.Time) string {
	h := hmac.New(sha1.New, []byte(secret))
	fmt.Fprintf(h, "GET\n\n\n%d\n%s", expires.Unix(), path)
	q := url.Values{
		"AWSAccessKeyId": {nepheletest.RootAccessKeyID}, "Expires": {fmt.Sprint(expires.Unix())},
		"Signature": {base64.StdEncoding.EncodeToString(h.Sum(nil))},
	}
	return s.URL + path + "?" + q.Encode()
}

func TestPresignedV2(t *testing.T) {
	t.Parallel()
	s := nepheletest.Start(t, nepheletest.WithAuth())
	c := sdk.NewFromConfig(s.Config, func(o *sdk.Options) { o.UsePathStyle = true })
	must(c.CreateBucket(t.Context(), &sdk.CreateBucketInput{Bucket: aws.String("bucket")}))(t)
	must(c.PutObject(t.Context(), &sdk.PutObjectInput{Bucket: aws.String("bucket"), Key: aws.String("k"), Body: strings.NewReader("v")}))(t)
	soon, past := time.Now().Add(time.Minute), time.Now().Add(-time.Minute)
	good := presignV2(s, "/bucket/k", nepheletest.RootSecretAccessKey, soon)
	for _, x := range []struct {
		name, url, body string
		status          int
	}{
		{"good", good, "v", 200},
		{"other secret", presignV2(s, "/bucket/k", "guess", soon), "<Code>SignatureDoesNotMatch</Code>", 403},
		{"expired", presignV2(s, "/bucket/k", nepheletest.RootSecretAccessKey, past), "Request has expired", 403},
		{"other key", strings.Replace(good, nepheletest.RootAccessKeyID, "AKIAAAAAAAAAAAAAAAAA", 1), "<Code>InvalidAccessKeyId</Code>", 403},
		{"other object", strings.Replace(good, "/bucket/k", "/bucket/other", 1), "<Code>SignatureDoesNotMatch</Code>", 403},
		{"no signature", s.URL + "/bucket/k", "<Code>AccessDenied</Code>", 403},
	} {
		resp := do(t, must(http.NewRequestWithContext(t.Context(), http.MethodGet, x.url, nil))(t))
		if resp.StatusCode != x.status || !strings.Contains(resp.body, x.body) {
			t.Errorf("%s: %s %s", x.name, resp.Status, resp.body)
		}
	}
	// It is good for S3 alone.
	h := must(http.NewRequestWithContext(t.Context(), http.MethodGet, presignV2(s, "/", nepheletest.RootSecretAccessKey, soon)+"&Action=GetCallerIdentity&Version=2011-06-15", nil))(t)
	h.Host = "sts.amazonaws.com"
	if resp := do(t, h); resp.StatusCode == 200 && strings.Contains(resp.body, "GetCallerIdentity") {
		t.Errorf("sts answers %s", resp.body)
	}
}
