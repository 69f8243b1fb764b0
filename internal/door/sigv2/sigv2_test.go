package sigv2_test

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // Signature Version 2
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"nephele.dev/nephele/internal/door/sigv2"
)

// The example of a query string request in the S3 developer guide's page on
// REST authentication.
const (
	exampleID     = "AKIAIOSFODNN7EXAMPLE"
	exampleSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	exampleURL    = "/photos/puppy.jpg?AWSAccessKeyId=" + exampleID + "&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D&Expires=1175139620"
)

func TestPublishedExample(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodGet, exampleURL, nil)
	s, ok := sigv2.Parse(r)
	if !ok || s.AccessKeyID != exampleID || s.Expires.Unix() != 1175139620 {
		t.Fatalf("parsed %+v, %v", s, ok)
	}
	if !s.Verify(r, "johnsmith", exampleSecret) {
		t.Error("the example is refused")
	}
	for name, change := range map[string]func(r *http.Request){
		"method":      func(r *http.Request) { r.Method = http.MethodPut },
		"path":        func(r *http.Request) { r.URL.Path += "x" },
		"expires":     func(r *http.Request) { r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "1175139620", "1175139621", 1) },
		"subresource": func(r *http.Request) { r.URL.RawQuery += "&acl" },
		"header":      func(r *http.Request) { r.Header.Set("X-Amz-Acl", "public-read") },
		"type":        func(r *http.Request) { r.Header.Set("Content-Type", "text/html") },
	} {
		r := httptest.NewRequest(http.MethodGet, exampleURL, nil)
		change(r)
		s, ok := sigv2.Parse(r)
		if ok && s.Verify(r, "johnsmith", exampleSecret) {
			t.Errorf("accepted with another %s", name)
		}
	}
}

// TestTypeThatWasNotSigned: a URL that was signed for a type, given as a
// parameter, is not good for another, sent as a header.
func TestTypeThatWasNotSigned(t *testing.T) {
	t.Parallel()
	h := hmac.New(sha1.New, []byte(exampleSecret))
	h.Write([]byte("PUT\n\nimage/png\n1175139620\n/bucket/key"))
	query := url.Values{
		"AWSAccessKeyId": {exampleID}, "Expires": {"1175139620"}, "content-type": {"image/png"},
		"Signature": {base64.StdEncoding.EncodeToString(h.Sum(nil))},
	}
	for sent, want := range map[string]bool{"": true, "image/png": true, "text/html": false} {
		r := httptest.NewRequest(http.MethodPut, "/bucket/key?"+query.Encode(), nil)
		if sent != "" {
			r.Header.Set("Content-Type", sent)
		}
		if s, ok := sigv2.Parse(r); !ok || s.Verify(r, "", exampleSecret) != want {
			t.Errorf("sent as %q: accepted %v", sent, !want)
		}
	}
}

// What boto3 signs is accepted, in all the forms that it has.
func TestAgainstBotocore(t *testing.T) {
	t.Parallel()
	if exec.CommandContext(t.Context(), "python3", "-c", "import boto3").Run() != nil {
		t.Skip("boto3 is not installed: pip install boto3")
	}
	out, err := exec.CommandContext(t.Context(), "python3", "-c", script).Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(out))
	if len(lines) != 10 {
		t.Fatalf("output %q", out)
	}
	for pair := range slices.Chunk(lines, 2) {
		r := httptest.NewRequest(pair[0], pair[1], nil)
		s, ok := sigv2.Parse(r)
		if !ok || !s.Verify(r, "", exampleSecret) || s.Verify(r, "", exampleSecret+"x") {
			t.Errorf("refused, or accepted with another key: %s %s", pair[0], pair[1])
		}
		if strings.Contains(pair[1], "security-token") != (s.SessionToken == "TOKEN/x+y=") {
			t.Errorf("session token %q", s.SessionToken)
		}
	}
}

const script = `
import boto3
from botocore.config import Config
def client(token=None):
    return boto3.client('s3', region_name='us-east-1', endpoint_url='http://127.0.0.1:1', aws_access_key_id='` + exampleID + `',
        aws_secret_access_key='` + exampleSecret + `', aws_session_token=token, config=Config(signature_version='s3', s3={'addressing_style': 'path'}))
c = client()
p = {'Bucket': 'bucket', 'Key': 'a b/\u00fc+%.txt'}
print('GET', c.generate_presigned_url('get_object', p))
print('GET', c.generate_presigned_url('get_object', p | {'ResponseContentType': 'text/x y', 'VersionId': 'null'}))
print('GET', c.generate_presigned_url('list_objects_v2', {'Bucket': 'bucket', 'Prefix': 'x/'}))
print('PUT', c.generate_presigned_url('upload_part', p | {'UploadId': 'u&1', 'PartNumber': 3}))
print('GET', client('TOKEN/x+y=').generate_presigned_url('get_object', p))
`

func FuzzParse(f *testing.F) {
	f.Add("GET", exampleURL)
	f.Fuzz(func(t *testing.T, method, target string) {
		r, err := http.NewRequestWithContext(t.Context(), method, target, nil)
		if err != nil {
			return
		}
		if s, ok := sigv2.Parse(r); ok && s.Verify(r, "b", "a key nobody has") {
			t.Fatalf("%s %s is accepted", method, target)
		}
	})
}
