package egress

import (
	"context"
	"errors"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Addr is an end of a connection that the proxy made.
type Addr = net.Addr

// Resolver turns a host name into addresses; *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Dialer opens connections to literal addresses; *net.Dialer is one.
type Dialer interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

// Options configure a Proxy.
type Options struct {
	Policy Policy
	// OnDial is told of every connection made, before a byte is sent on it:
	// its own end and the other. The function it returns is called when the
	// connection has been closed.
	OnDial func(local, remote Addr) (release func())
	// Resolver and Dialer default to the system's.
	Resolver Resolver
	Dialer   Dialer
	Logger   *slog.Logger
}

// Limits of one proxy. A browser opens six connections a host.
const (
	maxHeader    = 256 << 10
	maxConns     = 512 // from the box
	maxRefusals  = 20  // kept for the log
	headerWait   = 30 * time.Second
	idleTimeout  = 2 * time.Minute
	copyBuffered = 32 << 10
)

// forwarding are the headers that net/http/httputil takes out for a reverse
// proxy. Here they are the program's own.
var forwarding = []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"}

// Stats are the counts of a proxy so far.
type Stats struct {
	Requests       int64 // plain requests, tunnels and calls of DialContext, refused ones included
	Refused        int64
	Sent, Received int64 // bytes to and from the outside
	Refusals       []string
}

// Proxy serves one run.
type Proxy struct {
	o         Options
	machine   []netip.Addr
	server    *http.Server
	transport *http.Transport
	slots     chan struct{}

	requests, refused, sent, received atomic.Int64

	mu       sync.Mutex
	closed   bool
	conns    map[*conn]struct{}
	refusals []string
}

// New returns a proxy. Close it.
func New(o Options) *Proxy {
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
	if o.Dialer == nil {
		o.Dialer = &net.Dialer{Timeout: dialTimeout}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	p := &Proxy{o: o, conns: map[*conn]struct{}{}, slots: make(chan struct{}, maxConns)}
	if !o.Policy.AllowPrivate {
		p.machine = machineAddrs()
	}
	p.transport = &http.Transport{
		DialContext:            func(ctx context.Context, _, addr string) (net.Conn, error) { return p.dial(ctx, "tcp", addr) },
		DisableCompression:     true, // what the server sent is what the program gets
		IdleConnTimeout:        idleTimeout,
		MaxIdleConnsPerHost:    16,
		MaxResponseHeaderBytes: maxHeader,
	}
	p.server = &http.Server{
		Handler:           p,
		ReadHeaderTimeout: headerWait,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          log.New(io.Discard, "", 0), // a box that hangs up is no event
	}
	return p
}

// Serve serves l until Close. It closes l.
func (p *Proxy) Serve(l net.Listener) error {
	err := p.server.Serve(&limited{Listener: l, slots: p.slots})
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// Close ends every connection at once.
func (p *Proxy) Close() error {
	p.mu.Lock()
	p.closed = true
	open := make([]*conn, 0, len(p.conns))
	for c := range p.conns {
		open = append(open, c)
	}
	p.mu.Unlock()
	err := p.server.Close()
	for _, c := range open {
		_ = c.Close()
	}
	p.transport.CloseIdleConnections()
	return err
}

// Stats returns the counts so far.
func (p *Proxy) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return Stats{
		Requests: p.requests.Load(), Refused: p.refused.Load(),
		Sent: p.sent.Load(), Received: p.received.Load(),
		Refusals: append([]string(nil), p.refusals...),
	}
}

// ServeHTTP implements http.Handler.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.requests.Add(1)
	switch {
	case r.Method == http.MethodConnect:
		p.tunnel(w, r)
	case r.URL.Scheme == "http" && r.URL.Host != "":
		p.forward(w, r)
	default:
		http.Error(w, "This is the sandbox's proxy: send CONNECT or an absolute http:// URL.", http.StatusBadRequest)
	}
}

// forward passes on one plain request. A network failure drops the connection,
// so that the program sees a failed request as it would without a proxy; a
// refusal is answered, so that its author learns why.
func (p *Proxy) forward(w http.ResponseWriter, r *http.Request) {
	rp := httputil.ReverseProxy{
		Transport: p.transport,
		Rewrite: func(pr *httputil.ProxyRequest) {
			pr.Out.Host = pr.In.Host
			pr.Out.Header.Del("Proxy-Connection")
			for _, name := range forwarding {
				if v, ok := pr.In.Header[name]; ok {
					pr.Out.Header[name] = v
				}
			}
		},
		ErrorLog: log.New(io.Discard, "", 0),
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if refused, ok := errors.AsType[*RefusedError](err); ok {
				p.refuse(w, refused)
				return
			}
			p.o.Logger.Debug("egress failed", "target", r.URL.Host, "error", err)
			panic(http.ErrAbortHandler)
		},
	}
	rp.ServeHTTP(w, r)
}

// refuse answers 403 with the reason.
func (p *Proxy) refuse(w http.ResponseWriter, err *RefusedError) {
	p.note(err)
	w.Header().Set("X-Nephele-Egress", "refused")
	http.Error(w, err.Error(), http.StatusForbidden)
}

// note counts a refusal and keeps it for the run's log.
func (p *Proxy) note(err *RefusedError) {
	p.refused.Add(1)
	p.o.Logger.Info("egress refused", "target", err.Target, "reason", err.Reason)
	p.mu.Lock()
	if len(p.refusals) < maxRefusals {
		p.refusals = append(p.refusals, err.Error())
	}
	p.mu.Unlock()
}

// limited keeps a box from opening connections without end.
type limited struct {
	net.Listener
	slots chan struct{}
}

func (l *limited) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case l.slots <- struct{}{}:
			return &slotted{Conn: c, free: sync.OnceFunc(func() { <-l.slots })}, nil
		default:
			_ = c.Close()
		}
	}
}

// slotted gives its place back when it is closed.
type slotted struct {
	net.Conn
	free func()
}

func (s *slotted) Close() error { s.free(); return s.Conn.Close() }

// CloseWrite passes on the end of one direction.
func (s *slotted) CloseWrite() error {
	if w, ok := s.Conn.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return nil
}
