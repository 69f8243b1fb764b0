package door_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"testing"

	"nephele.dev/nephele/internal/door"
)

func TestAdminHandlerAndUntrusted(t *testing.T) {
	t.Parallel()
	h := open(t, func(o *door.Options) {
		o.Admin = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "inside") }) //nolint:errcheck // a test
	})
	if resp := ask(t, h, "GET", "/_nephele/metrics", ""); resp.body != "inside" {
		t.Errorf("%d %s", resp.StatusCode, resp.body)
	}
	if resp := ask(t, h, "GET", "/_nephele/metrics", "", "Host", "evil.com"); resp.StatusCode != 403 {
		t.Errorf("rebound name: %d", resp.StatusCode)
	}
	if resp := ask(t, h, "PUT", "/_nephele/k", "1", "Host", "bkt.s3.localhost"); resp.StatusCode != 200 {
		t.Errorf("a key of that name: %d %s", resp.StatusCode, resp.body)
	}
	var release func()
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err == nil {
			release = h.door.MarkUntrusted(c.LocalAddr(), c.RemoteAddr())
		}
		return c, err
	}}}
	defer client.CloseIdleConnections()
	status := func(path string) int {
		resp, err := client.Get(h.url() + path)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body) //nolint:errcheck // for the connection's sake
		resp.Body.Close()
		return resp.StatusCode
	}
	for _, path := range []string{"/_nephele/metrics", "/_nephele/health", "//_nephele/health", "/%5Fnephele/health", "/./_nephele/health"} {
		if got := status(path); got != 403 {
			t.Errorf("untrusted %s: %d", path, got)
		}
	}
	if got := status("/b-1/k"); got != 404 {
		t.Errorf("the API of untrusted code: %d", got)
	}
	release()
	if got := status("/_nephele/metrics"); got != 403 {
		t.Errorf("the same connection after release: %d", got)
	}
	if resp := ask(t, h, "GET", "/_nephele/metrics", ""); resp.StatusCode != 200 {
		t.Errorf("another connection: %d", resp.StatusCode)
	}
}

// A connection that untrusted code has closed may still have requests to be
// read: they are its own all the same.
func TestUntrustedConnectionThatIsGone(t *testing.T) {
	t.Parallel()
	const admin = "GET /_nephele/metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
	inside := make(chan struct{}, 9)
	withAdmin := func(o *door.Options) {
		o.Admin = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { inside <- struct{}{} })
	}
	second := func(t *testing.T, c net.Conn, skip int) {
		t.Helper()
		in := bufio.NewReader(c)
		for i := range skip + 1 {
			resp, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, resp.Body) //nolint:errcheck // a test
			resp.Body.Close()
			if i == skip && resp.StatusCode != 403 {
				t.Errorf("the admin call: %d", resp.StatusCode)
			}
		}
		if len(inside) != 0 {
			t.Error("it was let in")
		}
	}
	t.Run("requests in the pipe", func(t *testing.T) {
		h := open(t, withAdmin)
		c := dial(t, h)
		release := h.door.MarkUntrusted(c.LocalAddr(), c.RemoteAddr())
		io.WriteString(c, "GET /canary/slow HTTP/1.1\r\nHost: synthetics.localhost\r\n\r\n"+admin) //nolint:errcheck // a test
		<-h.entered
		release()
		h.leave <- struct{}{}
		second(t, c, 1)
	})
	t.Run("inside TLS", func(t *testing.T) {
		h := open(t, withAdmin)
		plain := dial(t, h)
		release := h.door.MarkUntrusted(plain.LocalAddr(), plain.RemoteAddr())
		c := tls.Client(plain, &tls.Config{RootCAs: h.authority.Pool(), ServerName: "localhost"})
		if err := c.HandshakeContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		release()
		io.WriteString(c, admin) //nolint:errcheck // a test
		second(t, c, 0)
	})
	t.Run("not looked at yet", func(t *testing.T) {
		h := open(t, withAdmin)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		release := h.door.MarkUntrusted(c.LocalAddr(), nil)
		io.WriteString(c, admin) //nolint:errcheck // a test
		release()
		go h.door.Serve(l) //nolint:errcheck // ends with the house
		second(t, c, 0)
	})
}
