package door_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"nephele.dev/nephele/internal/door"
	"nephele.dev/nephele/internal/door/sigv4"
	"nephele.dev/nephele/internal/plane"
)

// shop is a bucket "shop" whose rules let pages of one origin GET.
type shop struct{}

func (shop) CORS(_ context.Context, bucket, origin, method string, _ []string) (http.Header, bool, error) {
	switch {
	case bucket != "shop":
		return nil, false, nil
	case origin == "https://page.example.com" && method == http.MethodGet:
		return http.Header{"Access-Control-Allow-Origin": {origin}}, true, nil
	}
	return nil, true, nil
}

func (shop) ServeSite(w http.ResponseWriter, r *http.Request, bucket string, _ plane.Caller) {
	fmt.Fprintf(w, "site of %s: %s", bucket, r.URL.Path)
}

func withShop(o *door.Options) { o.Buckets = shop{} }

// upload is a form for the bucket with the fields of a policy signed by a
// secret, and those of change.
func upload(t *testing.T, h *house, secret, file string, change func(fields map[string]string)) *http.Response {
	t.Helper()
	now := time.Now().UTC()
	scope := sigv4.Scope{Date: now.Format("20060102"), Region: "us-east-1", Service: "s3"}
	fields := map[string]string{
		"key": "up/${filename}", "x-amz-algorithm": "AWS4-HMAC-SHA256", "x-amz-credential": accessKey + "/" + scope.String(),
		"x-amz-date": now.Format("20060102T150405Z"), "x-amz-meta-who": "me", "success_action_status": "201",
	}
	policy := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, `{"expiration": %q, "conditions": [
		{"bucket": "shop"}, ["starts-with", "$key", "up/"], ["starts-with", "$x-amz-meta-who", ""], ["starts-with", "$success_action_status", ""],
		["starts-with", "$x-amz-algorithm", ""], ["starts-with", "$x-amz-credential", ""], ["starts-with", "$x-amz-date", ""],
		["starts-with", "$success_action_redirect", ""], ["content-length-range", 2, 10]]}`, now.Add(time.Hour).Format(time.RFC3339)))
	mac := hmac.New(sha256.New, sigv4.SigningKey(secret, scope))
	mac.Write([]byte(policy))
	fields["policy"], fields["x-amz-signature"] = policy, hex.EncodeToString(mac.Sum(nil))
	change(fields)
	return post(t, h, fields, file)
}

func post(t *testing.T, h *house, fields map[string]string, file string) *http.Response {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, value := range fields {
		if err := w.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	part, err := w.CreateFormFile("file", `C:\docs\a b.txt`)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(part, file) //nolint:errcheck // a buffer
	w.Close()                  //nolint:errcheck // likewise
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.url()+"/shop", &b)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	return do(t, h, req)
}

func do(t *testing.T, h *house, req *http.Request) *http.Response {
	t.Helper()
	resp, err := h.client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp
}

func text(resp *http.Response) string {
	b, _ := io.ReadAll(resp.Body) // in memory
	return string(b)
}

func TestUploadForm(t *testing.T) {
	t.Parallel()
	h := open(t, withAuth)
	resp := upload(t, h, secretKey, "content", func(map[string]string) {})
	body := text(resp)
	if resp.StatusCode != 201 || !strings.Contains(body, "<Key>up/a b.txt</Key>") || !strings.Contains(body, "<Bucket>shop</Bucket>") ||
		!strings.HasSuffix(resp.Header.Get("Location"), "/shop/up/a%20b.txt") {
		t.Errorf("%d %v %s", resp.StatusCode, resp.Header, body)
	}
	if got, _ := h.object("shop/up/a b.txt"); got != "content" {
		t.Errorf("stored %q", got)
	}
	if h.header.Get("X-Amz-Meta-Who") != "me" || h.header.Get("X-Amz-Credential") != "" || h.header.Get("Policy") != "" {
		t.Errorf("the handler saw %v", h.header)
	}

	resp = upload(t, h, secretKey, "content", func(f map[string]string) { f["success_action_redirect"] = "http://localhost/done?a=1" })
	if l := resp.Header.Get("Location"); resp.StatusCode != 303 || !strings.HasPrefix(l, "http://localhost/done?a=1&bucket=shop&etag=") {
		t.Errorf("%d to %s", resp.StatusCode, l)
	}
	if resp = upload(t, h, secretKey, "content", func(f map[string]string) { delete(f, "success_action_status") }); resp.StatusCode != 204 {
		t.Errorf("without a wish: %d", resp.StatusCode)
	}
}

func TestUploadFormRefused(t *testing.T) {
	t.Parallel()
	h := open(t, withAuth)
	for _, c := range []struct {
		name, secret, file string
		change             func(map[string]string)
		status             int
		code               string
	}{
		{"wrong secret", "other", "content", func(map[string]string) {}, 403, "SignatureDoesNotMatch"},
		{"changed policy", secretKey, "content", func(f map[string]string) { f["policy"] = f["policy"][:40] + "AAAA" + f["policy"][44:] }, 403, "SignatureDoesNotMatch"},
		{"unknown key", secretKey, "content", func(f map[string]string) {
			f["x-amz-credential"] = strings.Replace(f["x-amz-credential"], "AKIA", "AKIB", 1)
		}, 403, "InvalidAccessKeyId"},
		{"other service", secretKey, "content", func(f map[string]string) {
			f["x-amz-credential"] = strings.Replace(f["x-amz-credential"], "/s3/", "/sqs/", 1)
		}, 400, "InvalidArgument"},
		{"extra field", secretKey, "content", func(f map[string]string) { f["acl"] = "private" }, 403, "AccessDenied"},
		{"too long", secretKey, "content of more than ten bytes", func(map[string]string) {}, 400, "EntityTooLarge"},
		{"too short", secretKey, "c", func(map[string]string) {}, 400, "EntityTooSmall"},
		{"no key", secretKey, "content", func(f map[string]string) { delete(f, "key") }, 403, "AccessDenied"},
		{"no signature", secretKey, "content", func(f map[string]string) { delete(f, "x-amz-signature") }, 400, "InvalidArgument"},
	} {
		resp := upload(t, h, c.secret, c.file, c.change)
		if body := text(resp); resp.StatusCode != c.status || !strings.Contains(body, "<Code>"+c.code+"</Code>") {
			t.Errorf("%s: %d %s", c.name, resp.StatusCode, body)
		}
	}
	if _, ok := h.object("shop/up/a b.txt"); ok {
		t.Error("a refused form stored an object")
	}
}

func TestUploadFormV2(t *testing.T) {
	t.Parallel()
	h := open(t, withAuth)
	policy := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, `{"expiration": %q, "conditions": [["eq", "$key", "k"]]}`,
		time.Now().Add(time.Hour).UTC().Format(time.RFC3339)))
	mac := hmac.New(sha1.New, []byte(secretKey))
	mac.Write([]byte(policy))
	fields := map[string]string{"key": "k", "AWSAccessKeyId": accessKey, "policy": policy, "signature": base64.StdEncoding.EncodeToString(mac.Sum(nil))}
	if resp := post(t, h, fields, "two"); resp.StatusCode != 204 {
		t.Errorf("%d %s", resp.StatusCode, text(resp))
	}
	fields["signature"] = "AAAA"
	if resp := post(t, h, fields, "two"); resp.StatusCode != 403 {
		t.Errorf("%d %s", resp.StatusCode, text(resp))
	}
}

func TestBucketPages(t *testing.T) {
	t.Parallel()
	h := open(t, withShop)
	h.objects["shop/a"], h.objects["plain/a"] = []byte("a"), []byte("a")
	ask := func(method, path, origin, wants string) *http.Response {
		req, err := http.NewRequestWithContext(t.Context(), method, h.url()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Origin", origin)
		if wants != "" {
			req.Header.Set("Access-Control-Request-Method", wants)
		}
		return do(t, h, req)
	}
	const allowed, near, foreign = "https://page.example.com", "http://localhost:3000", "https://evil.example.com"
	for _, c := range []struct {
		name, method, path, origin, wants string
		status                            int
		allow                             string
	}{
		{"preflight by a rule", "OPTIONS", "/shop/a", allowed, "GET", 200, allowed},
		{"preflight for another method", "OPTIONS", "/shop/a", allowed, "PUT", 403, ""},
		{"preflight of a near page", "OPTIONS", "/shop/a", near, "GET", 403, ""},
		{"by a rule", "GET", "/shop/a", allowed, "", 200, allowed},
		{"a near page", "GET", "/shop/a", near, "", 200, ""},
		{"a foreign page", "GET", "/shop/a", foreign, "", 403, ""},
		{"no rules, near", "OPTIONS", "/plain/a", near, "PUT", 200, near},
		{"no rules, foreign", "GET", "/plain/a", foreign, "", 403, ""},
		{"another bucket", "GET", "/plain/a", allowed, "", 403, ""},
	} {
		resp := ask(c.method, c.path, c.origin, c.wants)
		if got := resp.Header.Get("Access-Control-Allow-Origin"); resp.StatusCode != c.status || got != c.allow {
			t.Errorf("%s: %d, allowed %q: %s", c.name, resp.StatusCode, got, text(resp))
		}
	}
	if body := text(ask("OPTIONS", "/shop/a", allowed, "PUT")); !strings.Contains(body, "<Code>AccessForbidden</Code><Message>CORSResponse: This CORS request is not allowed.") {
		t.Error(body)
	}
}

func TestSiteHosts(t *testing.T) {
	t.Parallel()
	h := open(t, withShop)
	for host, want := range map[string]string{
		"shop.s3-website.localhost":                "site of shop: /x/",
		"shop.s3-website-eu-west-1.amazonaws.com":  "site of shop: /x/",
		"shop.s3-website.eu-central-1.localhost":   "site of shop: /x/",
		"www.shop.org.s3-website.127.0.0.1.nip.io": "site of www.shop.org: /x/",
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.url()+"/x/", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		if got := text(do(t, h, req)); got != want {
			t.Errorf("%s: %s", host, got)
		}
	}
}
