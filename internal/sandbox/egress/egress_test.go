package egress

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// names is a resolver that answers from a table; each question takes the next
// answer, so that a name can change its mind.
type names map[string][]string

func (n names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	answers := n[host]
	if len(answers) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	if len(answers) > 1 {
		n[host] = answers[1:]
	}
	var out []netip.Addr
	for text := range strings.SplitSeq(answers[0], ",") {
		out = append(out, netip.MustParseAddr(text))
	}
	return out, nil
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	const always, strict, never = "always", "strict", "never"
	tests := map[string]string{ // host -> when it is refused
		"93.184.216.34": never, "2606:2800:220:1::1": never, "[2606:2800:220:1::1]": never, "public.test": never,
		"169.254.169.254": always, "169.254.0.1": always, "0xa9fea9fe": always, "0xA9.0xFE.0xA9.0xFE": always,
		"2852039166": always, "0251.0376.0251.0376": always, "169.254.43518": always, "169.16689662": always,
		"::ffff:169.254.169.254": always, "::ffff:a9fe:a9fe": always, "::169.254.169.254": always,
		"64:ff9b::a9fe:a9fe": always, "2002:a9fe:a9fe::1": always, "fd00:ec2::254": always, "fe80::1": always,
		"fe80::1%eth0": always, "168.63.129.16": always, "100.100.100.200": always, "192.0.0.192": always,
		"0.0.0.0": always, "0": always, "0x0": always, "::": always, "224.0.0.1": always, "255.255.255.255": always,
		"240.0.0.1": always, "ff02::1": always, "2001:0:4136:e378::1": always, "metadata.test": always, "mapped.test": always,
		"127.0.0.1": strict, "127.1": strict, "0x7f.1": strict, "0177.0.0.1": strict, "2130706433": strict, "127.0.0.1.": strict,
		"::1": strict, "::ffff:127.0.0.1": strict, "64:ff9b::7f00:1": strict, "10.1.2.3": strict, "172.31.255.255": strict,
		"192.168.0.1": strict, "100.64.0.1": strict, "fc00::1": strict, "fd12::1": strict, "198.18.0.1": strict, "intranet.test": strict,
		"172.32.0.1": never, "11.0.0.1": never, "100.128.0.1": never, "192.169.0.1": never,
	}
	resolver := names{
		"public.test": {"93.184.216.34"}, "metadata.test": {"169.254.169.254"}, "mapped.test": {"::ffff:169.254.169.254"},
		"intranet.test": {"10.0.0.7"},
	}
	for host, when := range tests {
		for _, open := range []bool{false, true} {
			p := New(Options{Policy: Policy{AllowPrivate: open}, Resolver: resolver})
			addrs, err := p.resolve(t.Context(), host)
			if err != nil {
				t.Fatalf("%s: %v", host, err)
			}
			allowed, why := p.admit(addrs, 80)
			refused := len(allowed) == 0
			if want := when == always || when == strict && !open; refused != want {
				t.Errorf("%s (AllowPrivate %v): refused %v (%s), want %v", host, open, refused, why, want)
			}
		}
	}
}

// TestDialContext: what the server sends itself goes by the policy too.
func TestDialContext(t *testing.T) {
	t.Parallel()
	site := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(site.Close)
	address := site.Listener.Addr().String()
	for open, want := range map[bool]string{true: "", false: "127.0.0.1 is a private address"} {
		p := New(Options{Policy: Policy{AllowPrivate: open}})
		t.Cleanup(func() { _ = p.Close() })
		c, err := p.DialContext(t.Context(), "tcp", address)
		if err == nil {
			_ = c.Close()
		}
		got := ""
		if refused, ok := errors.AsType[*RefusedError](err); ok {
			got = refused.Reason
		}
		if got != want || (err == nil) != (want == "") {
			t.Errorf("private addresses %t: %v", open, err)
		}
		if s := p.Stats(); s.Requests != 1 || (s.Refused == 1) == open || len(s.Refusals) == 1 == open {
			t.Errorf("private addresses %t: %+v", open, s)
		}
	}
}

// TestDialContextOverUDP: datagrams are judged as connections are, and do not
// mark an address for the door.
func TestDialContextOverUDP(t *testing.T) {
	t.Parallel()
	l, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	for open := range map[bool]bool{true: true, false: false} {
		p := New(Options{Policy: Policy{AllowPrivate: open}, OnDial: func(Addr, Addr) func() {
			t.Error("OnDial was told of a datagram")
			return func() {}
		}})
		t.Cleanup(func() { _ = p.Close() })
		c, err := p.DialContext(t.Context(), "udp", l.LocalAddr().String())
		if err != nil {
			if _, refused := errors.AsType[*RefusedError](err); !refused || open {
				t.Errorf("private addresses %t: %v", open, err)
			}
			continue
		}
		if !open {
			t.Error("a private address was not refused")
		}
		if _, err := c.Write([]byte("ping")); err != nil {
			t.Error(err)
		}
		b := make([]byte, 8)
		if n, _, err := l.ReadFrom(b); err != nil || string(b[:n]) != "ping" {
			t.Errorf("%q %v", b[:n], err)
		}
		if _, err := p.DialContext(t.Context(), "udp", "169.254.169.254:53"); err == nil {
			t.Error("a metadata address was not refused")
		}
	}
}

func TestLookupReadsLiterals(t *testing.T) {
	t.Parallel()
	p := New(Options{Resolver: names{"public.test": {"93.184.216.34"}}})
	t.Cleanup(func() { _ = p.Close() })
	for host, want := range map[string]string{"0x7f.1": "127.0.0.1", "public.test": "93.184.216.34"} {
		if got, err := p.LookupNetIP(t.Context(), "ip", host); err != nil || len(got) != 1 || got[0].String() != want {
			t.Errorf("%s: %v %v", host, got, err)
		}
	}
}

func TestOwnAddressesAreNotPublic(t *testing.T) {
	t.Parallel()
	p := New(Options{})
	p.machine = append(p.machine, netip.MustParseAddr("93.184.216.34"))
	if allowed, why := p.admit([]netip.Addr{netip.MustParseAddr("93.184.216.34")}, 22); len(allowed) > 0 {
		t.Error("an address of this machine is allowed")
	} else if !strings.Contains(why, "this machine") {
		t.Error(why)
	}
}

func TestExceptionsAreExactAndNeverMetadata(t *testing.T) {
	t.Parallel()
	p := New(Options{Policy: Policy{Allow: []netip.AddrPort{
		netip.MustParseAddrPort("127.0.0.1:4566"), netip.MustParseAddrPort("169.254.169.254:80"),
	}}})
	for target, want := range map[string]bool{"127.0.0.1:4566": true, "127.0.0.1:4567": false, "127.0.0.2:4566": false, "169.254.169.254:80": false} {
		a := netip.MustParseAddrPort(target)
		if allowed, _ := p.admit([]netip.Addr{a.Addr()}, a.Port()); (len(allowed) > 0) != want {
			t.Errorf("%s allowed: %v", target, !want)
		}
	}
}

func TestParseAddr(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"1.2.3.4": "1.2.3.4", "1.2.772": "1.2.3.4", "1.131844": "1.2.3.4", "16909060": "1.2.3.4", "0x01020304": "1.2.3.4",
		"01.02.03.04": "1.2.3.4", "0x1.0x2.0x3.0x4": "1.2.3.4", "[::1]": "::1", "1.2.3.4.": "1.2.3.4",
		"": "", "a.b": "", "1.2.3.4.5": "", "256.1.1.1": "", "1.2.3.256": "", "08.1.1.1": "", "4294967296": "", "1..2": "",
		"example.com": "", "-1": "", "+1": "", "1_0": "",
	}
	for text, want := range tests {
		got := ""
		if addr, ok := parseAddr(text); ok {
			got = addr.String()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func FuzzParseAddr(f *testing.F) {
	for _, s := range []string{"127.1", "0x7f.1", "[::ffff:1.2.3.4]", "1.2.3.4%eth0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if addr, ok := parseAddr(s); ok && !addr.IsValid() {
			t.Errorf("%q parses to an invalid address", s)
		}
	})
}

// serve starts a proxy and returns a client that uses it, and its address.
func serve(t *testing.T, o Options) (*Proxy, string) {
	t.Helper()
	p := New(o)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- p.Serve(l) }()
	t.Cleanup(func() {
		_ = p.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return p, l.Addr().String()
}

// ask sends a raw request and returns the status line and the connection.
func ask(t *testing.T, proxy, request string) (string, net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("tcp", proxy)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(c)
	status, _ := r.ReadString('\n')
	return strings.TrimSpace(status), c, r
}

func TestForwardAndTunnel(t *testing.T) {
	t.Parallel()
	var connections atomic.Int64
	var marked atomic.Value
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if marked.Load() != r.RemoteAddr {
			w.WriteHeader(http.StatusTeapot) // OnDial came too late
		}
		fmt.Fprint(w, r.Method, " ", r.Host, r.URL.Path, " ", r.Header.Get("X-Forwarded-For"), r.Header.Get("Proxy-Connection"))
	}))
	t.Cleanup(site.Close)
	host := strings.TrimPrefix(site.URL, "http://")
	p, proxy := serve(t, Options{Policy: Policy{AllowPrivate: true}, OnDial: func(local, _ Addr) func() {
		marked.Store(local.String())
		connections.Add(1)
		return func() { connections.Add(-1) }
	}})
	_, _, r := ask(t, proxy, "GET "+site.URL+"/a HTTP/1.1\r\nHost: "+host+"\r\nProxy-Connection: keep-alive\r\nX-Forwarded-For: own\r\nConnection: close\r\n\r\n")
	body, _ := io.ReadAll(r)
	if !strings.HasSuffix(string(body), "GET "+host+"/a own") {
		t.Errorf("forwarded: %s", body)
	}
	status, c, r := ask(t, proxy, "CONNECT "+host+" HTTP/1.1\r\nHost: "+host+"\r\n\r\n")
	if status != "HTTP/1.1 200 Connection established" {
		t.Fatal(status)
	}
	if told, _ := r.ReadString('\n'); !regexp.MustCompile(`^X-Nephele-Egress-Peer: 127\.0\.0\.1 dns=\d+\.\d{3} connect=\d+\.\d{3}\r\n$`).MatchString(told) {
		t.Errorf("of the peer it told %q", told)
	}
	_, _ = r.ReadString('\n')
	fmt.Fprintf(c, "GET /b HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", host)
	body, _ = io.ReadAll(r)
	if !strings.HasPrefix(string(body), "HTTP/1.1 200") || !strings.HasSuffix(string(body), "GET "+host+"/b ") {
		t.Errorf("tunnelled: %s", body)
	}
	_ = p.Close()
	if n := connections.Load(); n != 0 {
		t.Errorf("%d connections were not released", n)
	}
	if s := p.Stats(); s.Requests != 2 || s.Refused != 0 || s.Sent == 0 || s.Received == 0 {
		t.Errorf("%+v", s)
	}
}

func TestRefusedTargetsAreAnsweredAndCounted(t *testing.T) {
	t.Parallel()
	p, proxy := serve(t, Options{Policy: Policy{AllowPrivate: true}})
	for _, request := range []string{
		"CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET http://169.254.169.254/latest/meta-data/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET http://0xa9fea9fe/ HTTP/1.1\r\nHost: x\r\n\r\n",
		"CONNECT [::ffff:169.254.169.254]:80 HTTP/1.1\r\nHost: x\r\n\r\n",
		"CONNECT nonsense HTTP/1.1\r\nHost: x\r\n\r\n",
		"CONNECT 93.184.216.34:0 HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		if status, _, _ := ask(t, proxy, request); !strings.HasPrefix(status, "HTTP/1.1 403") {
			t.Errorf("%q answered %q", request, status)
		}
	}
	if status, _, _ := ask(t, proxy, "GET /_nephele/health HTTP/1.1\r\nHost: x\r\n\r\n"); !strings.HasPrefix(status, "HTTP/1.1 400") {
		t.Errorf("a request to the proxy itself answered %q", status)
	}
	want := "the sandbox refuses 169.254.169.254:80: 169.254.169.254 is a metadata or link-local address"
	if s := p.Stats(); s.Refused != 6 || s.Refusals[0] != want {
		t.Errorf("%d refused, %q", s.Refused, s.Refusals)
	}
}

// A name that answers with a public address for the judgement and a private
// one for the connection gets the connection it was judged by.
func TestRebindingGainsNothing(t *testing.T) {
	t.Parallel()
	var dialled []string
	dialer := dialerFunc(func(_ context.Context, _, address string) (net.Conn, error) {
		dialled = append(dialled, address)
		return nil, fmt.Errorf("nobody there")
	})
	p := New(Options{Dialer: dialer, Resolver: names{
		"rebind.test": {"93.184.216.34", "127.0.0.1", "127.0.0.1"},
		"mixed.test":  {"127.0.0.1,93.184.216.35,::1,2606:2800::1"},
	}})
	_, _ = p.dial(t.Context(), "tcp", "rebind.test:80")
	_, _ = p.dial(t.Context(), "tcp", "rebind.test:80")
	_, _ = p.dial(t.Context(), "tcp", "mixed.test:443")
	want := []string{"93.184.216.34:80", "93.184.216.35:443", "[2606:2800::1]:443"}
	if diff := cmp.Diff(want, dialled); diff != "" {
		t.Errorf("dialled (-want +got):\n%s", diff)
	}
}

func TestRedirectsAreJudgedAgain(t *testing.T) {
	t.Parallel()
	site := httptest.NewServer(http.RedirectHandler("http://169.254.169.254/latest/", http.StatusFound))
	t.Cleanup(site.Close)
	_, proxy := serve(t, Options{Policy: Policy{AllowPrivate: true}})
	status, _, _ := ask(t, proxy, "GET "+site.URL+"/ HTTP/1.1\r\nHost: x\r\n\r\n")
	if !strings.HasPrefix(status, "HTTP/1.1 302") {
		t.Errorf("the proxy followed a redirect: %q", status)
	}
}

func TestNetworkFailures(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	_ = l.Close()
	_, proxy := serve(t, Options{Policy: Policy{AllowPrivate: true}, Resolver: names{}})
	for target, want := range map[string]string{closed: "ECONNREFUSED", "missing.test:80": "ENOTFOUND"} {
		status, _, r := ask(t, proxy, "CONNECT "+target+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		rest, _ := io.ReadAll(r)
		if !strings.HasPrefix(status, "HTTP/1.1 502") || !strings.Contains(string(rest), "X-Nephele-Egress: "+want) {
			t.Errorf("%s: %s %s", target, status, rest)
		}
	}
	if status, _, _ := ask(t, proxy, "GET http://"+closed+"/ HTTP/1.1\r\nHost: x\r\n\r\n"); status != "" {
		t.Errorf("a failed plain request was answered: %q", status)
	}
}

type dialerFunc func(ctx context.Context, network, address string) (net.Conn, error)

func (f dialerFunc) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return f(ctx, network, address)
}
