package door_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssynthetics "github.com/aws/aws-sdk-go-v2/service/synthetics"

	"nephele.dev/nephele/internal/door"
)

// ask makes a request; pairs are headers, "Host" among them.
func ask(t testing.TB, h *house, method, path, body string, pairs ...string) response {
	t.Helper()
	r, err := http.NewRequest(method, h.url()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] == "Host" {
			r.Host = pairs[i+1]
		} else {
			r.Header.Add(pairs[i], pairs[i+1])
		}
	}
	return send(t, h, r)
}

const jsonType = "application/x-amz-json-1.1"

// scoped is an Authorization header with a scope and nothing else right.
func scoped(service string) string {
	return "AWS4-HMAC-SHA256 Credential=test/20260101/ap-south-1/" + service + "/aws4_request, SignedHeaders=host, Signature=x"
}

func TestFindsTheService(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	for _, c := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		want                     string
	}{
		{
			name: "by scope", method: "POST", path: "/", body: "Action=GetCallerIdentity&Version=2011-06-15", status: 200,
			headers: []string{"Authorization", scoped("sts"), "Content-Type", "application/x-www-form-urlencoded"}, want: "<UserId>ap-south-1 test",
		},
		{
			name: "by query string", method: "GET", path: "/?Action=GetCallerIdentity&Version=2011-06-15", status: 200, want: "<UserId>eu-west-1  ",
		},
		{
			name: "by host, with its region", method: "GET", path: "/?Action=GetCallerIdentity&Version=2011-06-15", status: 200,
			headers: []string{"Host", "sts.sa-east-1.amazonaws.com"}, want: "<UserId>sa-east-1  ",
		},
		{
			name: "by target", method: "POST", path: "/", body: `{"Name":"/p"}`, status: 200,
			headers: []string{"X-Amz-Target", "AmazonSSM.GetParameter", "Content-Type", jsonType}, want: `"/p"`,
		},
		{
			name: "by path and host", method: "GET", path: "/canary/c", status: 200,
			headers: []string{"Host", "synthetics.localhost:4566"}, want: `"Name":"c"`,
		},
		{
			name: "path with empty segments", method: "GET", path: "//canary/./c", status: 200,
			headers: []string{"Authorization", scoped("synthetics")}, want: `"Name":"c"`,
		},
		{
			name: "bucket in the path", method: "PUT", path: "/b-1/k/x", body: "1", status: 200,
		},
		{
			name: "bucket in the host", method: "GET", path: "/k/x", status: 404,
			headers: []string{"Host", "b-2.s3.us-east-1.amazonaws.com"}, want: "NoSuchKey",
		},
		{
			name: "bucket below localhost", method: "PUT", path: "/k%2Fy", body: "2", status: 200,
			headers: []string{"Host", "b-3.localhost:4566"},
		},
		{
			name: "unknown service", method: "POST", path: "/", body: "{}", status: 400,
			headers: []string{"Authorization", scoped("quantum"), "X-Amz-Target", "Quantum.Leap"}, want: `Nephele does not know the service \"quantum\"`,
		},
		{
			name: "unknown operation", method: "POST", path: "/", body: "{}", status: 400,
			headers: []string{"X-Amz-Target", "AmazonSSM.Nonsense"}, want: "UnknownOperationException",
		},
		{
			name: "unknown action", method: "POST", path: "/", body: "Action=Nonsense&Version=2011-06-15", status: 400,
			headers: []string{"Authorization", scoped("sts"), "Content-Type", "application/x-www-form-urlencoded"}, want: "<Code>InvalidAction</Code>",
		},
		{
			name: "unknown path", method: "GET", path: "/nonsense/at/all", status: 404,
			headers: []string{"Authorization", scoped("synthetics")}, want: "Nephele does not know this operation of synthetics",
		},
		{
			name: "not implemented", method: "POST", path: "/", body: `{"Name":"/p"}`, status: 501,
			headers: []string{"X-Amz-Target", "AmazonSSM.DeleteParameter"}, want: "Nephele does not implement ssm:DeleteParameter yet.",
		},
		{
			name: "modelled error", method: "GET", path: "/canary/absent", status: 404,
			headers: []string{"Authorization", scoped("synthetics")}, want: "Canary not found",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			resp := ask(t, h, c.method, c.path, c.body, c.headers...)
			if resp.StatusCode != c.status || !strings.Contains(resp.body, c.want) {
				t.Errorf("%d %s, want %d %s", resp.StatusCode, resp.body, c.status, c.want)
			}
			id := resp.Header.Get("X-Amzn-Requestid") + resp.Header.Get("X-Amz-Request-Id")
			if id == "" || resp.Header.Get("Server") != "Nephele" || resp.Header.Get("Date") == "" {
				t.Errorf("header %v", resp.Header)
			}
		})
	}
}

func TestS3Names(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	for path, want := range map[string]string{"/k%2Fy": "k/y", "/a//b/../c": "a//b/../c", "/%C3%BC%20+": "ü +"} {
		ask(t, h, "PUT", path, "v", "Host", "bkt.s3.localhost")
		ask(t, h, "PUT", "/path"+path, "v", "Authorization", scoped("s3"))
		for _, bucket := range []string{"bkt", "path"} {
			if _, ok := h.object(bucket + "/" + want); !ok {
				t.Errorf("%s: no %s/%s", path, bucket, want)
			}
		}
	}
	if resp := ask(t, h, "GET", "/x/y", ""); resp.Header.Get("X-Amz-Id-2") == "" || len(resp.Header.Get("X-Amz-Request-Id")) != 16 {
		t.Errorf("S3's request ids: %v", resp.Header)
	}
}

func TestAnonymous(t *testing.T) {
	t.Parallel()
	h := open(t, withAuth)
	for _, c := range []struct {
		name, method, path string
		headers            []string
		status             int
		want               string
	}{
		{name: "json", method: "POST", path: "/", headers: []string{"X-Amz-Target", "AmazonSSM.GetParameter"}, status: 400, want: "MissingAuthenticationTokenException"},
		{name: "rest", method: "GET", path: "/canary/c", headers: []string{"Host", "synthetics.localhost"}, status: 403, want: "Missing Authentication Token"},
		{name: "query", method: "GET", path: "/?Action=GetCallerIdentity&Version=2011-06-15", status: 403, want: "<Code>MissingAuthenticationToken</Code>"},
		{name: "s3 goes on", method: "GET", path: "/b-1/k", status: 404, want: "NoSuchKey"},
		{name: "version 2", method: "GET", path: "/b-1/k", headers: []string{"Authorization", "AWS AKID:c2ln"}, status: 400, want: "Please use AWS4-HMAC-SHA256"},
		{name: "scope of another service", method: "POST", path: "/", headers: []string{"Authorization", scoped("sts"), "X-Amz-Target", "AmazonSSM.GetParameter"}, status: 400, want: "IncompleteSignatureException"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			resp := ask(t, h, c.method, c.path, "", c.headers...)
			if resp.StatusCode != c.status || !strings.Contains(resp.body, c.want) {
				t.Errorf("%d %s, want %d %s", resp.StatusCode, resp.body, c.status, c.want)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	mib := strings.Repeat("x", 1<<20)
	ssm := []string{"X-Amz-Target", "AmazonSSM.GetParameter", "Content-Type", jsonType}
	form := []string{"Authorization", scoped("sts"), "Content-Type", "application/x-www-form-urlencoded"}
	for _, c := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		want                     string
	}{
		{name: "json", method: "POST", path: "/", body: `{"Name":"` + mib + `"}`, headers: ssm, status: 413, want: "RequestEntityTooLargeException"},
		{name: "form", method: "POST", path: "/", body: "Action=" + mib, headers: form, status: 413, want: "<Code>RequestEntityTooLarge</Code>"},
		{name: "xml", method: "POST", path: "/b-1?delete", body: strings.Repeat(mib, 9), status: 400, want: "MaxMessageLengthExceeded"},
		{name: "object", method: "PUT", path: "/b-1/k", body: strings.Repeat(mib, 9), status: 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, announced := range []bool{true, false} {
				if c.status == 200 && !announced {
					continue
				}
				var body io.Reader = strings.NewReader(c.body)
				if !announced {
					body = io.MultiReader(body) // sent in chunks
				}
				r, err := http.NewRequest(c.method, h.url()+c.path, body)
				if err != nil {
					t.Fatal(err)
				}
				for i := 0; i < len(c.headers); i += 2 {
					r.Header.Set(c.headers[i], c.headers[i+1])
				}
				r.Header.Set("Expect", "100-continue") // else the answer races with the body
				resp := send(t, h, r)
				if resp.StatusCode != c.status || !strings.Contains(resp.body, c.want) {
					t.Errorf("announced %t: %d %.300s, want %d %s", announced, resp.StatusCode, resp.body, c.status, c.want)
				}
			}
		})
	}
}

func TestObjectsTellTheirSize(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	r, err := http.NewRequest("PUT", h.url()+"/b-1/k", io.MultiReader(strings.NewReader("x")))
	if err != nil {
		t.Fatal(err)
	}
	if resp := send(t, h, r); resp.StatusCode != http.StatusLengthRequired || !strings.Contains(resp.body, "MissingContentLength") {
		t.Errorf("%d %s", resp.StatusCode, resp.body)
	}
}

// The framing of a body is gone from what a handler sees of it.
func TestFramingIsTakenOff(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	resp := ask(t, h, "PUT", "/b-1/k", "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n",
		"X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "X-Amz-Decoded-Content-Length", "5",
		"X-Amz-Trailer", "x-amz-checksum-crc32", "Content-Encoding", "gzip,aws-chunked")
	if got, _ := h.object("b-1/k"); resp.StatusCode != 200 || got != "hello" {
		t.Errorf("%d %s; stored %q", resp.StatusCode, resp.body, got)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.header.Get("Content-Length") != "5" || h.header.Get("Content-Encoding") != "gzip" {
		t.Errorf("header %v", h.header)
	}
}

func TestBadUploadsStoreNothing(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	for name, c := range map[string]struct {
		body, mode, length, want string
		status                   int
	}{
		"checksum":  {body: "5\r\nhullo\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", length: "5", want: "BadDigest", status: 400},
		"truncated": {body: "5\r\nhel", length: "5", want: "IncompleteBody", status: 400},
		"framing":   {body: "hello\r\n0\r\n\r\n", length: "5", want: "InvalidRequest", status: 400},
		"no length": {body: "0\r\n\r\n", want: "MissingContentLength", status: 411},
		"hash":      {body: "hello", mode: strings.Repeat("0", 64), want: "XAmzContentSHA256Mismatch", status: 400},
		"mode":      {body: "hello", mode: "nonsense", want: "InvalidArgument", status: 400},
	} {
		mode := c.mode
		headers := []string{"X-Amz-Trailer", "x-amz-checksum-crc32"}
		if mode == "" {
			mode = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
		}
		if c.length != "" {
			headers = append(headers, "X-Amz-Decoded-Content-Length", c.length)
		}
		resp := ask(t, h, "PUT", "/b-1/"+name, c.body, append(headers, "X-Amz-Content-Sha256", mode)...)
		if resp.StatusCode != c.status || !strings.Contains(resp.body, "<Code>"+c.want+"</Code>") {
			t.Errorf("%s: %d %s", name, resp.StatusCode, resp.body)
		}
		if _, ok := h.object("b-1/" + name); ok {
			t.Errorf("%s: stored", name)
		}
	}
}

func TestHTTP2AndHTTP1OnOnePort(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	r, err := http.NewRequest("GET", h.tlsURL()+"/b-1/k", nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp := send(t, h, r); resp.ProtoMajor != 2 || resp.TLS == nil {
		t.Errorf("%s over TLS", resp.Proto)
	}
	if resp := ask(t, h, "GET", "/b-1/k", ""); resp.ProtoMajor != 1 {
		t.Errorf("%s in plain text", resp.Proto)
	}
}

func TestObservationsAndLog(t *testing.T) {
	t.Parallel()
	h := open(t, withAuth)
	client := awssynthetics.NewFromConfig(h.config(h.url(), accessKey, secretKey, ""))
	if _, err := client.GetCanary(t.Context(), &awssynthetics.GetCanaryInput{Name: aws.String("c")}); err != nil {
		t.Fatal(err)
	}
	wrong := awssynthetics.NewFromConfig(h.config(h.url(), accessKey, "wrong", ""))
	wrong.GetCanary(t.Context(), &awssynthetics.GetCanaryInput{Name: aws.String("c")}) //nolint:errcheck // refused
	ask(t, h, "GET", "/b/k?X-Amz-Signature=topsecret&X-Amz-Security-Token=topsecret", "", "Authorization", "topsecret", "X-Amz-Security-Token", "topsecret")
	seen := h.observed(t, 3)
	if o := seen[0]; o.Service != "synthetics" || o.Operation != "GetCanary" || o.Code != "" || o.Status != 200 || o.BytesOut == 0 || o.Duration <= 0 {
		t.Errorf("observed %+v", o)
	}
	if o := seen[1]; o.Code != "InvalidSignatureException" || o.Status != 403 {
		t.Errorf("observed %+v", o)
	}
	log := h.log.String()
	if strings.Contains(log, "topsecret") || strings.Contains(log, secretKey) || strings.Contains(log, "Signature=") {
		t.Errorf("secrets in the log:\n%s", log)
	}
	if !strings.Contains(log, "operation=GetCanary") || !strings.Contains(log, "status=403") {
		t.Errorf("calls are missing in the log:\n%s", log)
	}
}

func TestCredentialsAway(t *testing.T) {
	t.Parallel()
	h := open(t, withAuth)
	h.log = &syncBuffer{} // the error is wanted in the log; the cleanup looks here
	client := awssynthetics.NewFromConfig(h.config(h.url(), "AKIABROKENBROKENAAAA", secretKey, ""))
	_, err := client.GetCanary(t.Context(), &awssynthetics.GetCanaryInput{Name: aws.String("c")})
	expectCode(t, err, "InternalFailure", 500)
	if strings.Contains(err.Error(), "database") {
		t.Errorf("the cause is shown: %v", err)
	}
}

func TestHealthAndDrain(t *testing.T) {
	t.Parallel()
	var sick error
	h := open(t, func(o *door.Options) {
		o.Health = func(context.Context) (any, error) { return map[string]string{"database": "sqlite"}, sick }
	})
	check := func(status int, want string) {
		t.Helper()
		resp := ask(t, h, "GET", "/_nephele/health", "")
		if resp.StatusCode != status || !strings.Contains(resp.body, want) || !json.Valid([]byte(resp.body)) {
			t.Errorf("%d %s, want %d %s", resp.StatusCode, resp.body, status, want)
		}
	}
	check(200, `"status":"ok"`)
	check(200, `"database":"sqlite"`)
	sick = errors.New("disk full")
	check(503, "disk full")
	shut := open(t, func(o *door.Options) {
		o.Auth = true
		o.Health = func(context.Context) (any, error) { return nil, sick }
	})
	if resp := ask(t, shut, "GET", "/_nephele/health", ""); resp.StatusCode != 503 || strings.Contains(resp.body, "disk") {
		t.Errorf("what is wrong is anybody's business: %d %s", resp.StatusCode, resp.body)
	}
	sick = nil
	h.door.Drain()
	check(503, "draining")
	if resp := ask(t, h, "POST", "/_nephele/health", ""); resp.StatusCode == 200 {
		t.Error("health takes a POST")
	}
}

func TestReset(t *testing.T) {
	t.Parallel()
	resets := 0
	reset := func(o *door.Options) { o.Reset = func(context.Context) error { resets++; return nil } }
	h := open(t, reset)
	for _, c := range []struct {
		name, method string
		headers      []string
		status       int
	}{
		{name: "wrong method", method: "GET", status: 405},
		{name: "foreign page", method: "POST", headers: []string{"Origin", "https://evil.com"}, status: 403},
		{name: "foreign page, modern browser", method: "POST", headers: []string{"Sec-Fetch-Site", "cross-site"}, status: 403},
		{name: "sandboxed page", method: "POST", headers: []string{"Origin", "null"}, status: 403},
		{name: "page on another port", method: "POST", headers: []string{"Sec-Fetch-Site", "same-site", "Origin", "http://localhost:1"}, status: 403},
		{name: "rebound name", method: "POST", headers: []string{"Host", "evil.com", "Origin", "http://evil.com", "Sec-Fetch-Site", "same-origin"}, status: 403},
	} {
		if resp := ask(t, h, c.method, "/_nephele/reset", "", c.headers...); resp.StatusCode != c.status || resets != 0 {
			t.Errorf("%s: %d %s, %d resets", c.name, resp.StatusCode, resp.body, resets)
		}
	}
	if resp := ask(t, h, "POST", "/_nephele/reset", ""); resp.StatusCode != 200 || resets != 1 {
		t.Errorf("%d %s, %d resets", resp.StatusCode, resp.body, resets)
	}
	h = open(t, func(o *door.Options) { reset(o); o.Auth = true })
	if resp := ask(t, h, "POST", "/_nephele/reset", ""); resp.StatusCode != 404 || resets != 1 {
		t.Errorf("with auth: %d, %d resets", resp.StatusCode, resets)
	}
}

// Only one signature may stand in a request, else which of them counts would
// be a matter of taste.
func TestTwoSignatures(t *testing.T) {
	t.Parallel()
	h := open(t, withAuth)
	const old = "/b-1/k?AWSAccessKeyId=" + accessKey + "&Signature=c2ln&Expires=9999999999"
	for name, c := range map[string]struct {
		path    string
		headers []string
	}{
		"version 2 and a header":      {old, []string{"Authorization", scoped("s3")}},
		"version 2 and version 4":     {old + "&X-Amz-Signature=0", nil},
		"version 2 and a credential":  {old + "&%58-Amz-Credential=0", nil},
		"version 2 and a bare header": {old, []string{"Authorization", ""}},
	} {
		resp := ask(t, h, "GET", c.path, "", c.headers...)
		if resp.StatusCode != 400 || !strings.Contains(resp.body, "Only one auth mechanism allowed") {
			t.Errorf("%s: %d %s", name, resp.StatusCode, resp.body)
		}
	}
}

func TestHoistedHeaders(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	const four = "X-Amz-Credential=AKID%2F20260101%2Fus-east-1%2Fs3%2Faws4_request"
	for _, c := range []struct{ query, name, want string }{
		{four + "&x-amz-meta-a=b%20c", "X-Amz-Meta-A", "b c"},
		{four + "&X-Amz-Acl=private", "X-Amz-Acl", "private"},
		{four + "&x-amz-meta-a=b%0D%0AX-Evil:%201", "X-Amz-Meta-A", ""},
		{four + "&x-amz-checksum-crc32=AAAAAA%3D%3D", "X-Amz-Checksum-Crc32", ""},
		{four + "&X-Amz-Security-Token=t", "X-Amz-Security-Token", ""},
		{four + "&content-type=a/b", "Content-Type", ""},
		{"AWSAccessKeyId=AKID&Signature=x&Expires=9&content-type=a/b", "Content-Type", "a/b"},
		{"x-amz-meta-a=b", "X-Amz-Meta-A", ""},
	} {
		resp := ask(t, h, "PUT", "/b-1/k?"+c.query, "body")
		h.mu.Lock()
		got := h.header.Get(c.name)
		h.mu.Unlock()
		if resp.StatusCode != 200 || got != c.want {
			t.Errorf("%s: %d, header %q, want %q", c.query, resp.StatusCode, got, c.want)
		}
	}
	ask(t, h, "PUT", "/b-1/k?"+four+"&x-amz-meta-a=query", "body", "X-Amz-Meta-A", "header")
	if got := h.header.Values("X-Amz-Meta-A"); len(got) != 1 || got[0] != "header" {
		t.Errorf("a header that was sent: %q", got)
	}
}

func TestBrowsers(t *testing.T) {
	t.Parallel()
	off := open(t, func(o *door.Options) { o.AllowedOrigins = []string{"https://app.example.com"} })
	on := open(t, withAuth)
	for _, c := range []struct {
		name    string
		h       *house
		headers []string
		ok      bool
	}{
		{"no browser", off, nil, true},
		{"page on loopback", off, []string{"Origin", "http://localhost:3000"}, true},
		{"page in a container", off, []string{"Origin", "http://frontend:3000"}, true},
		{"allowed page", off, []string{"Origin", "https://app.example.com"}, true},
		{"foreign page", off, []string{"Origin", "https://evil.com"}, false},
		{"sandboxed page", off, []string{"Origin", "null"}, false},
		{"rebound name", off, []string{"Host", "evil.com"}, false},
		{"AWS's name", off, []string{"Host", "s3.us-east-1.amazonaws.com"}, true},
		{"foreign page, signatures on", on, []string{"Origin", "https://evil.com"}, true},
		{"any name, signatures on", on, []string{"Host", "evil.com"}, true},
	} {
		resp := ask(t, c.h, "GET", "/b-1/k", "", c.headers...)
		if (resp.StatusCode == 404) != c.ok {
			t.Errorf("%s: %d %s", c.name, resp.StatusCode, resp.body)
		}
		if len(c.headers) > 0 && c.headers[0] == "Origin" {
			want := ""
			if c.ok {
				want = c.headers[1]
			}
			if got := resp.Header.Get("Access-Control-Allow-Origin"); got != want {
				t.Errorf("%s: allows %q", c.name, got)
			}
		}
	}
	if resp := ask(t, off, "GET", "/?Action=GetCallerIdentity&Version=2011-06-15", "", "Sec-Fetch-Site", "cross-site"); resp.StatusCode != 403 {
		t.Errorf("an image that acts: %d", resp.StatusCode)
	}
	resp := ask(t, off, "POST", "/", "Action=GetCallerIdentity&Version=2011-06-15",
		"Sec-Fetch-Site", "cross-site", "Content-Type", "application/x-www-form-urlencoded")
	if resp.StatusCode != 403 || !strings.Contains(resp.body, "--allow-origin") {
		t.Errorf("a form without an origin: %d %s", resp.StatusCode, resp.body)
	}
	if resp := ask(t, off, "GET", "/", "", "Host", "evil.com"); !strings.Contains(resp.body, "--hostname") {
		t.Errorf("a foreign name: %s", resp.body)
	}
}

func TestPreflight(t *testing.T) {
	t.Parallel()
	h := open(t, withAuth)
	resp := ask(t, h, "OPTIONS", "/appmonitors/x", "", "Origin", "https://app.example.com",
		"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "x-amz-date, authorization, amz-sdk-request",
		"Access-Control-Request-Private-Network", "true")
	want := map[string]string{
		"Access-Control-Allow-Origin": "https://app.example.com", "Access-Control-Allow-Headers": "x-amz-date, authorization, amz-sdk-request",
		"Access-Control-Allow-Private-Network": "true", "Access-Control-Allow-Credentials": "",
	}
	for name, value := range want {
		if got := resp.Header.Get(name); got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
	if resp.StatusCode != 200 || !strings.Contains(resp.Header.Get("Access-Control-Allow-Methods"), "POST") || !strings.Contains(resp.Header.Get("Vary"), "Origin") {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
	if got := h.observed(t, 0); len(got) != 0 {
		t.Errorf("a preflight counts as a call: %v", got)
	}
}
