package client_test

import (
	"bytes"
	"context"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"nephele.dev/nephele/client"
	"nephele.dev/nephele/nepheletest"
)

// send sends a presigned request as anybody could.
func send(t *testing.T, p *client.Presigned, body string, change func(*http.Request)) (status int, text string) {
	t.Helper()
	if p.Body != nil {
		body = string(p.Body)
	}
	r, err := http.NewRequestWithContext(t.Context(), p.Method, p.URL, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(r.Header, p.Header)
	if change != nil {
		change(r)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(data)
}

func presign(t *testing.T, c *client.Client, operation string, input any, opts ...client.PresignOption) *client.Presigned {
	t.Helper()
	p, err := c.Presign(t.Context(), operation, input, opts...)
	if err != nil {
		t.Fatalf("%s: %v", operation, err)
	}
	return p
}

// TestPresign sends presigned requests of each protocol to a server that checks
// their signatures.
func TestPresign(t *testing.T) {
	t.Parallel()
	s := session(t, nepheletest.Start(t, nepheletest.WithAuth()))
	s3, sts := clientOf(t, s, "s3"), clientOf(t, s, "sts")
	call(t, s3, "CreateBucket", map[string]any{"Bucket": "bucket"})
	object := map[string]any{"Bucket": "bucket", "Key": "a b/ü"}

	put := presign(t, s3, "PutObject", map[string]any{"Bucket": "bucket", "Key": "a b/ü", "ContentType": "text/x-note", "Metadata": map[string]string{"m": "v"}})
	if status, text := send(t, put, "by anybody", nil); status != 200 {
		t.Errorf("PUT: %d %s", status, text)
	}
	get := presign(t, s3, "get_object", object, client.Expires(time.Minute))
	if status, text := send(t, get, "", nil); status != 200 || text != "by anybody" {
		t.Errorf("GET: %d %s", status, text)
	}
	head := call(t, s3, "HeadObject", object)
	if head["ContentType"] != "text/x-note" || head["Metadata"].(map[string]any)["m"] != "v" {
		t.Errorf("%v", head)
	}
	if status, text := send(t, get, "", func(r *http.Request) { r.URL.Path, r.URL.RawPath = "/bucket/other", "" }); status != 403 || !strings.Contains(text, "SignatureDoesNotMatch") {
		t.Errorf("of another object: %d %s", status, text)
	}
	if status, _ := send(t, get, "", func(r *http.Request) { r.Method = http.MethodDelete }); status != 403 {
		t.Errorf("with another method: %d", status)
	}

	for _, method := range []string{"GET", "POST"} {
		who := presign(t, sts, "GetCallerIdentity", nil, client.Method(method))
		if status, text := send(t, who, "", nil); status != 200 || !strings.Contains(text, "arn:aws:iam::000000000000:root") {
			t.Errorf("%s: %d %s", method, status, text)
		}
	}
	canaries := presign(t, clientOf(t, s, "synthetics"), "DescribeCanaries", nil)
	if status, text := send(t, canaries, "", nil); status != 200 || !strings.Contains(text, "Canaries") {
		t.Errorf("REST with a body: %d %s", status, text)
	}
	groups := presign(t, clientOf(t, s, "logs"), "DescribeLogGroups", map[string]any{"limit": 5})
	if status, text := send(t, groups, "", nil); status != 200 || !strings.Contains(text, "logGroups") {
		t.Errorf("JSON: %d %s", status, text)
	}
	for _, d := range []time.Duration{0, time.Millisecond, 8 * 24 * time.Hour} {
		if _, err := s3.Presign(t.Context(), "GetObject", object, client.Expires(d)); err == nil {
			t.Errorf("it may live for %s", d)
		}
	}
}

// TestPresignPost uploads with a form as a browser does.
func TestPresignPost(t *testing.T) {
	t.Parallel()
	s3 := clientOf(t, session(t, nepheletest.Start(t, nepheletest.WithAuth())), "s3")
	call(t, s3, "CreateBucket", map[string]any{"Bucket": "bucket"})
	post, err := s3.PresignPost(t.Context(), "bucket", "up/${filename}", map[string]string{"Content-Type": "text/plain"},
		[]any{[]any{"content-length-range", 1, 10}}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]int{"short": 204, "much too long": 400} {
		if status := upload(t, post, body); status != want {
			t.Errorf("%s: %d, want %d", body, status, want)
		}
	}
	out := call(t, s3, "GetObject", map[string]any{"Bucket": "bucket", "Key": "up/note.txt"})
	data, err := io.ReadAll(out["Body"].(io.Reader))
	if err != nil || string(data) != "short" || out["ContentType"] != "text/plain" {
		t.Errorf("%s, %v, %v", data, err, out["ContentType"])
	}
	post.Fields["key"] = "elsewhere"
	if status := upload(t, post, "short"); status != 403 {
		t.Errorf("to another key: %d", status)
	}
}

func upload(t *testing.T, post *client.PresignedPost, body string) int {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for name, value := range post.Fields {
		_ = form.WriteField(name, value)
	}
	w, err := form.CreateFormFile("file", "note.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(w, body)
	_ = form.Close()
	r, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodPost, post.URL, &b)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", form.FormDataContentType())
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}
