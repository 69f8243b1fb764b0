package door_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"nephele.dev/nephele/internal/door"
)

// impatient gives peers little time.
func impatient(o *door.Options) {
	o.Timeouts = door.Timeouts{Header: time.Second, Idle: time.Second, Stall: time.Second}
}

func dial(t testing.TB, h *house) net.Conn {
	t.Helper()
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", h.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second)) //nolint:errcheck // a broken connection shows later
	return c
}

// ended waits until the server has closed c.
func ended(c net.Conn) error {
	_, err := io.Copy(io.Discard, c)
	if t, ok := errors.AsType[net.Error](err); ok && t.Timeout() {
		return err
	}
	return nil // a reset is an end too
}

// Peers that never finish what they begin are cut off, and others do not notice.
func TestSlowPeers(t *testing.T) {
	t.Parallel()
	h := open(t, impatient)
	tlsHello := "\x16\x03\x01\x02\x00"
	begun := map[string]string{
		"silence":          "",
		"half a header":    "GET / HTTP/1.1\r\nHost: x\r\nX-",
		"half a handshake": tlsHello,
		"half a body":      "PUT /b-1/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nx",
		"half a chunk":     "PUT /b-1/k HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nX-Amz-Target: AmazonSSM.GetParameter\r\n\r\n5\r\nab",
		"unwanted body":    "GET /b-1/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nx",
		"idle":             "GET /b-1/k HTTP/1.1\r\nHost: localhost\r\n\r\n",
	}
	var wg sync.WaitGroup
	for name, text := range begun {
		for range 20 {
			c := dial(t, h)
			if _, err := io.WriteString(c, text); err != nil {
				t.Fatal(err)
			}
			wg.Go(func() {
				if err := ended(c); err != nil {
					t.Errorf("%s: still open: %v", name, err)
				}
			})
		}
	}
	if resp := ask(t, h, "PUT", "/b-1/good", "x"); resp.StatusCode != 200 {
		t.Errorf("a good request meanwhile: %d %s", resp.StatusCode, resp.body)
	}
	wg.Wait()
	if _, ok := h.object("b-1/k"); ok {
		t.Error("half an object was stored")
	}
}

// A peer that takes nothing of a large answer does not hold it for ever.
func TestPeerThatTakesNothing(t *testing.T) {
	t.Parallel()
	h := open(t, impatient)
	ask(t, h, "PUT", "/b-1/large", strings.Repeat("x", 32<<20))
	c := dial(t, h)
	if _, err := io.WriteString(c, "GET /b-1/large HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	for _, o := range h.observed(t, 2) {
		if o.Operation == "GetObject" && o.BytesOut == 32<<20 {
			t.Error("all of it went out")
		}
	}
}

// A slow but moving upload is not cut off.
func TestSlowUpload(t *testing.T) {
	t.Parallel()
	h := open(t, func(o *door.Options) { o.Timeouts.Stall = time.Second })
	c := dial(t, h)
	if _, err := io.WriteString(c, "PUT /b-1/slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 12\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	ticker := time.NewTicker(150 * time.Millisecond)
	defer ticker.Stop()
	for range 12 {
		<-ticker.C
		if _, err := io.WriteString(c, "x"); err != nil {
			t.Fatal(err)
		}
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("%v, %v", resp, err)
	}
	resp.Body.Close()
}

// A call that waits longer than a stall is not a stalled one.
func TestLongCalls(t *testing.T) {
	t.Parallel()
	h := open(t, impatient)
	for _, base := range []string{h.url(), h.tlsURL()} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", base+"/canary/slow", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", scoped("synthetics"))
		done := make(chan response, 1)
		go func() { done <- send(t, h, r) }()
		<-h.entered
		timer := time.NewTimer(1500 * time.Millisecond)
		<-timer.C
		h.leave <- struct{}{}
		if resp := <-done; resp.StatusCode != 200 {
			t.Errorf("%s: %d %s", base, resp.StatusCode, resp.body)
		}
	}
}

// The call of a client that goes away is cancelled.
func TestClientGoesAway(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, "GET", h.url()+"/canary/slow", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", scoped("synthetics"))
	go func() {
		resp, err := h.client().Do(r)
		if err == nil {
			resp.Body.Close()
		}
	}()
	<-h.entered
	cancel()
	if o := h.observed(t, 1)[0]; o.Code == "" {
		t.Errorf("observed %+v", o)
	}
}

func TestShutdown(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	r, err := http.NewRequestWithContext(t.Context(), "GET", h.url()+"/canary/slow", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", scoped("synthetics"))
	idle := dial(t, h)
	inFlight := make(chan response, 1)
	go func() { inFlight <- send(t, h, r) }()
	<-h.entered
	stopped := make(chan error, 1)
	go func() { stopped <- h.door.Shutdown(t.Context()) }()
	if err := ended(idle); err != nil {
		t.Errorf("a silent connection is kept: %v", err)
	}
	if _, err := new(net.Dialer).DialContext(t.Context(), "tcp", h.addr); err == nil {
		t.Error("still listening")
	}
	select {
	case err := <-stopped:
		t.Fatalf("stopped with a call in flight: %v", err)
	default:
	}
	h.leave <- struct{}{}
	if resp := <-inFlight; resp.StatusCode != 200 {
		t.Errorf("the call in flight: %d", resp.StatusCode)
	}
	if err := <-stopped; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
}

func TestShutdownLosesPatience(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	c := dial(t, h)
	fmt.Fprintf(c, "GET /canary/slow HTTP/1.1\r\nHost: localhost\r\nAuthorization: %s\r\n\r\n", scoped("synthetics"))
	<-h.entered
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := h.door.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown: %v", err)
	}
	if o := h.observed(t, 1)[0]; o.Code == "" {
		t.Errorf("the call was not cancelled: %+v", o)
	}
}

// isFault reports whether a status says that we have failed. 501 and 505 say
// that the request asks for what there is not: an operation, an encoding, a
// version of HTTP.
func isFault(status int) bool {
	return status >= 500 && status != http.StatusNotImplemented && status != http.StatusHTTPVersionNotSupported
}

// hostile are requests that no client sends by accident. Each gets an answer
// that is no fault of ours or a closed connection, and the server goes on.
var hostile = map[string]string{
	"no host":               "GET / HTTP/1.1\r\n\r\n",
	"two hosts":             "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
	"bad host":              "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
	"two lengths":           "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
	"negative length":       "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
	"length with a sign":    "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: +1\r\n\r\na",
	"unknown encoding":      "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
	"encoding twice":        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	"space before colon":    "GET / HTTP/1.1\r\nHost : localhost\r\n\r\n",
	"folded header":         "GET / HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n c\r\n\r\n",
	"bare newline":          "GET / HTTP/1.1\nHost: localhost\n\n",
	"nul in a header":       "GET / HTTP/1.1\r\nHost: localhost\r\nX-A: \x00\r\n\r\n",
	"nul in the path":       "GET /%00/%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"bad escape":            "GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"bad query":             "GET /?Action=%zz&;=; HTTP/1.1\r\nHost: sts.localhost\r\n\r\n",
	"not a path":            "GET foo HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"absolute":              "GET http://s3.localhost/b/k HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"connect":               "CONNECT evil.com:443 HTTP/1.1\r\nHost: evil.com\r\n\r\n",
	"star":                  "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"odd method":            "FROB / HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"version 9":             "GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
	"http2 in plain":        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	"garbage":               "\x00\x01\x02\x03\r\n\r\n",
	"tls garbage":           "\x16\x03\x01\xff\xff" + strings.Repeat("A", 400),
	"huge header":           "GET / HTTP/1.1\r\nHost: localhost\r\nX-A: " + strings.Repeat("a", 200<<10) + "\r\n\r\n",
	"many headers":          "GET / HTTP/1.1\r\nHost: localhost\r\n" + strings.Repeat("X-A: b\r\n", 30<<10) + "\r\n",
	"huge path":             "GET /" + strings.Repeat("a", 200<<10) + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"huge chunk size":       "PUT /b-1/k HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
	"bad chunk":             "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AmazonSSM.GetParameter\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
	"empty authorization":   "GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization:\r\n\r\n",
	"two authorizations":    "GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n",
	"endless signed header": "GET / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Date: 20260101T000000Z\r\nAuthorization: AWS4-HMAC-SHA256 Credential=a/20260101/r/s3/aws4_request, SignedHeaders=" + strings.Repeat("a;", 20000) + ", Signature=" + strings.Repeat("0", 64) + "\r\n\r\n",
	"odd scope":             "GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: AWS4-HMAC-SHA256 Credential=////////\r\n\r\n",
	"decoded length":        "PUT /b-1/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nX-Amz-Content-Sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\nX-Amz-Decoded-Content-Length: 99999999999999999999\r\n\r\n0\r\n\r\n",
	"xml bomb": "POST /b-1?delete HTTP/1.1\r\nHost: localhost\r\nContent-Length: 114\r\n\r\n" +
		`<!DOCTYPE a [<!ENTITY x "y"><!ENTITY z "&x;&x;&x;&x;">]><Delete><Object><Key>&z;&z;&z;</Key></Object></Delete>    `,
	"gzip that is none": "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AmazonSSM.GetParameter\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
	"cbor that is none": "POST /service/GraniteServiceVersion20100801/operation/PutMetricData HTTP/1.1\r\nHost: localhost\r\nSmithy-Protocol: rpc-v2-cbor\r\nContent-Length: 9\r\n\r\n\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
	"slashes":           "GET ////////_nephele////reset HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"odd origin":        "GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: http://[::1\r\n\r\n",
	"odd host literal":  "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
	"dots for a host":   "GET / HTTP/1.1\r\nHost: ....localhost\r\n\r\n",
	"forwarded junk":    "GET / HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: ,,,,\r\nX-Forwarded-Host: \r\n\r\n",
}

func TestHostileRequests(t *testing.T) {
	t.Parallel()
	for mode, change := range map[string]func(*door.Options){
		"off": impatient,
		"on":  func(o *door.Options) { impatient(o); o.Auth = true },
	} {
		h := open(t, change)
		for name, text := range hostile {
			t.Run(mode+" "+name, func(t *testing.T) {
				t.Parallel()
				c := dial(t, h)
				go io.WriteString(c, text) //nolint:errcheck // the server may hang up early
				resp, err := http.ReadResponse(bufio.NewReader(c), nil)
				if err != nil {
					return // closed: an answer too
				}
				defer resp.Body.Close()
				if isFault(resp.StatusCode) {
					body, _ := io.ReadAll(resp.Body)
					t.Errorf("%d %s", resp.StatusCode, body)
				}
			})
		}
		t.Cleanup(func() {
			if log := h.log.String(); strings.Contains(log, "msg=panic") {
				t.Error(log)
			}
		})
	}
}

// A request smuggled behind another is read as a body, or not at all: of
// Content-Length and Transfer-Encoding the latter counts (RFC 9112 section 6.3).
func TestSmuggling(t *testing.T) {
	t.Parallel()
	h := open(t, impatient)
	c := dial(t, h)
	io.WriteString(c, "PUT /b-1/outer HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"+ //nolint:errcheck // shows below
		"2e\r\nPUT /b-1/inner HTTP/1.1\r\nContent-Length: 0\r\n\r\n\r\n0\r\n\r\n")
	if err := ended(c); err != nil {
		t.Fatal(err)
	}
	if _, ok := h.object("b-1/inner"); ok {
		t.Error("the inner request was served")
	}
}

func TestPlainPeerOfATLSListener(t *testing.T) {
	t.Parallel()
	h := open(t, func(o *door.Options) { impatient(o); o.Authority = nil })
	c := tls.Client(dial(t, h), &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // there is no TLS to verify
	if err := c.HandshakeContext(t.Context()); err == nil {
		t.Error("TLS without an authority")
	}
	if resp := ask(t, h, "GET", "/b-1/k", ""); resp.StatusCode != 404 {
		t.Errorf("plain text: %d", resp.StatusCode)
	}
}

// FuzzDoor throws bytes at a door that demands signatures.
func FuzzDoor(f *testing.F) {
	for _, text := range hostile {
		if len(text) < 4<<10 {
			f.Add([]byte(text))
		}
	}
	h := open(f, withAuth)
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
		if err != nil {
			return
		}
		r.RemoteAddr = "127.0.0.1:1"
		w := &memoryWriter{header: http.Header{}}
		h.door.ServeHTTP(w, r)
		if w.status == 0 || isFault(w.status) {
			t.Fatalf("%d %s", w.status, w.body.String())
		}
	})
}

type memoryWriter struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *memoryWriter) Header() http.Header { return w.header }

func (w *memoryWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *memoryWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}
