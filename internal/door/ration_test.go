package door_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"nephele.dev/nephele/internal/door"
	"nephele.dev/nephele/internal/door/sigv4"
)

// bulky is a request with a body of size bytes, signed with the secret given; an
// empty one leaves it unsigned.
type bulky struct {
	service, method, path string
	headers               []string
	text                  string // before the padding
	size                  int
	secret                string
	hashed                bool // tells the hash of the body in a header
}

func (b *bulky) bytes() []byte {
	return append([]byte(b.text), bytes.Repeat([]byte("x"), b.size-len(b.text))...)
}

// request makes the request with another body, or its own when that is nil.
func (b *bulky) request(t testing.TB, body io.Reader) *http.Request {
	t.Helper()
	r := httptest.NewRequest(b.method, "http://localhost"+b.path, http.NoBody)
	for i := 0; i < len(b.headers); i += 2 {
		r.Header.Set(b.headers[i], b.headers[i+1])
	}
	r.ContentLength = int64(b.size)
	hash := sigv4.BodyHash(b.bytes())
	if b.hashed {
		r.Header.Set("X-Amz-Content-Sha256", hash)
	}
	if b.secret != "" {
		creds := aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: b.secret}
		if err := v4.NewSigner().SignHTTP(context.Background(), creds, r, hash, b.service, "eu-west-1", time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if body == nil {
		body = bytes.NewReader(b.bytes())
	}
	r.Body = io.NopCloser(body)
	r.RequestURI = ""
	return r
}

func serve(h *house, r *http.Request) *memoryWriter {
	w := &memoryWriter{header: http.Header{}}
	h.door.ServeHTTP(w, r)
	return w
}

func metrics(size int, secret string) *bulky {
	return &bulky{
		service: "monitoring", method: "POST", path: "/", size: size, secret: secret,
		headers: []string{"X-Amz-Target", "GraniteServiceVersion20100801.PutMetricData", "Content-Type", "application/x-amz-json-1.0"},
	}
}

const kib = 1 << 10

// TestUnprovenBodies: bodies of those who have not shown who they are share a
// ration of memory, which others do without, and which is given back.
func TestUnprovenBodies(t *testing.T) {
	t.Parallel()
	h := open(t, func(o *door.Options) { o.Auth, o.Unproven = true, 1600*kib })
	expect := func(what string, b *bulky, status int, code string) {
		t.Helper()
		w := serve(h, b.request(t, nil))
		if w.status != status || !strings.Contains(w.body.String(), code) {
			t.Errorf("%s: %d %s, want %d %s", what, w.status, w.body.String(), status, code)
		}
		if again := w.header.Get("Retry-After"); (again != "") != (status == http.StatusServiceUnavailable) {
			t.Errorf("%s: Retry-After %q", what, again)
		}
	}
	form := &bulky{
		service: "monitoring", method: "POST", path: "/", text: "Action=PutMetricData&x=", size: 700 * kib, secret: "wrong",
		headers: []string{"Content-Type", "application/x-www-form-urlencoded"},
	}
	documents := &bulky{service: "s3", method: "POST", path: "/b-1?delete", size: 700 * kib}
	signed := *documents
	signed.secret, signed.hashed = secretKey, true

	// Somebody sends most of a body, and waits.
	r, w := io.Pipe()
	answer := make(chan *memoryWriter)
	slow := metrics(1000*kib, "wrong")
	go func() {
		w := serve(h, slow.request(t, r))
		r.Close() //nolint:errcheck // never fails; who still writes is told
		answer <- w
	}()
	if _, err := w.Write(slow.bytes()[:900*kib]); err != nil {
		t.Fatal(err)
	}
	expect("json", metrics(700*kib, secretKey), 503, "ThrottlingException")
	expect("form", form, 503, "<Code>Throttling</Code>")
	expect("strangers", documents, 503, "<Code>SlowDown</Code>")
	expect("small, not signed well", metrics(60*kib, "wrong"), 400, "InvalidSignatureException")
	expect("small, signed well", metrics(60*kib, secretKey), 400, "SerializationException")
	expect("signed before the body", &signed, 400, "MalformedXML")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if w := <-answer; w.status != http.StatusBadRequest {
		t.Errorf("broken off: %d %s", w.status, w.body.String())
	}
	for range 5 { // each gives back what it took
		expect("json", metrics(700*kib, secretKey), 400, "SerializationException")
		expect("json, not signed well", metrics(700*kib, "wrong"), 400, "InvalidSignatureException")
		expect("form", form, 403, "SignatureDoesNotMatch")
		expect("strangers", documents, 400, "MalformedXML")
		expect("too long", metrics(5<<20, "wrong"), 413, "RequestEntityTooLargeException")
	}
	expect("more than the ration", metrics(2<<20, secretKey), 503, "ThrottlingException")
}

// TestBodiesWithoutAuth are everybody's own.
func TestBodiesWithoutAuth(t *testing.T) {
	t.Parallel()
	h := open(t, func(o *door.Options) { o.Unproven = 1 })
	if w := serve(h, metrics(700*kib, "").request(t, nil)); w.status != http.StatusBadRequest {
		t.Errorf("%d %s", w.status, w.body.String())
	}
}

// TestMissingOperations are refused without their bodies being kept, and all the
// same to clients that listen only when they have sent everything.
func TestMissingOperations(t *testing.T) {
	t.Parallel()
	for _, auth := range []bool{false, true} {
		h := open(t, func(o *door.Options) { o.Auth, o.Unproven = auth, 1 })
		b := &bulky{service: "synthetics", method: "POST", path: "/canary", size: 8 << 20, secret: "wrong"}
		w := serve(h, b.request(t, nil))
		if w.status != http.StatusNotImplemented || !strings.Contains(w.body.String(), "synthetics:CreateCanary") || w.header.Get("X-Amzn-Errortype") != "NotImplemented" {
			t.Errorf("auth %t: %d %s %v", auth, w.status, w.body.String(), w.header)
		}
		unread := strings.NewReader("never read")
		asks := b.request(t, unread)
		asks.Header.Set("Expect", "100-continue")
		if w := serve(h, asks); w.status != http.StatusNotImplemented || unread.Len() != len("never read") {
			t.Errorf("auth %t, asking first: %d, %d bytes unread", auth, w.status, unread.Len())
		}
		over := b.request(t, nil)
		over.URL.Scheme, over.URL.Host = "http", h.addr
		if resp := send(t, h, over); resp.StatusCode != http.StatusNotImplemented {
			t.Errorf("auth %t, over the network: %s", auth, resp.Status)
		}
	}
}
