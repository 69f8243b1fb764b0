package door

import (
	"bufio"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"
)

// tlsRecord is the first byte of a TLS handshake record.
const tlsRecord = 22

// listener hands out connections once their first byte has come: those that
// begin a TLS handshake as *tls.Conn, which net/http knows how to treat. A peer
// that connects and stays silent never reaches the server and costs one
// goroutine until the header timeout ends it.
type listener struct {
	net.Listener
	config *tls.Config         // nil: no TLS
	marked func(net.Addr) bool // takes over the mark of a connection from there
	wait   time.Duration

	ready chan net.Conn
	fail  chan error    // the error that ended accepting
	done  chan struct{} // closed by Close
	close sync.Once

	mu      sync.Mutex
	pending map[net.Conn]struct{} // waiting for their first byte
}

func (d *Door) listen(l net.Listener) *listener {
	out := &listener{
		Listener: l, marked: d.takeMark, wait: d.opts.Timeouts.Header,
		ready: make(chan net.Conn), fail: make(chan error, 1), done: make(chan struct{}),
		pending: make(map[net.Conn]struct{}),
	}
	if d.opts.Authority != nil {
		out.config = d.opts.Authority.TLSConfig()
	}
	go out.accept()
	return out
}

func (l *listener) accept() {
	backoff := acceptBackoff{}
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			if backoff.wait(err, l.done) {
				continue
			}
			l.fail <- err
			return
		}
		backoff = acceptBackoff{}
		if l.track(c) {
			go l.sniff(c)
		}
	}
}

// acceptBackoff waits out passing errors such as too many open files.
type acceptBackoff struct{ delay time.Duration }

// wait reports whether it is worth another try.
func (b *acceptBackoff) wait(err error, done <-chan struct{}) bool {
	if errors.Is(err, net.ErrClosed) {
		return false
	}
	b.delay = min(max(2*b.delay, 5*time.Millisecond), time.Second)
	select {
	case <-time.After(b.delay):
		return true
	case <-done:
		return false
	}
}

// sniff waits for a connection's first byte and passes the connection on.
func (l *listener) sniff(c net.Conn) {
	first, err := peek(c, l.wait)
	if !l.untrack(c) || err != nil {
		c.Close() //nolint:errcheck // nobody is told
		return
	}
	first.untrusted = l.marked(c.RemoteAddr())
	var out net.Conn = first
	if first.first() == tlsRecord && l.config != nil {
		out = tls.Server(first, l.config)
	}
	select {
	case l.ready <- out:
	case <-l.done:
		c.Close() //nolint:errcheck // nobody is told
	}
}

func (l *listener) track(c net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pending == nil {
		c.Close() //nolint:errcheck // the listener is closed
		return false
	}
	l.pending[c] = struct{}{}
	return true
}

// untrack reports whether c was still waited for.
func (l *listener) untrack(c net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, ok := l.pending[c]
	delete(l.pending, c)
	return ok
}

// Accept returns the next connection that has begun to speak.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.ready:
		return c, nil
	case err := <-l.fail:
		l.fail <- err
		return nil, err
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close stops accepting and closes the connections that have not spoken yet.
func (l *listener) Close() error {
	err := net.ErrClosed
	l.close.Do(func() {
		close(l.done)
		err = l.Listener.Close()
		l.mu.Lock()
		defer l.mu.Unlock()
		for c := range l.pending {
			c.Close() //nolint:errcheck // it has said nothing
		}
		l.pending = nil
	})
	return err
}

// peeked is a connection whose first bytes have been read ahead.
type peeked struct {
	net.Conn
	ahead     *bufio.Reader // nil once drained
	byte0     byte
	untrusted bool // see Door.MarkUntrusted
}

// peek reads ahead at least one byte within wait.
func peek(c net.Conn, wait time.Duration) (*peeked, error) {
	if err := c.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return nil, err
	}
	p := &peeked{Conn: c, ahead: bufio.NewReaderSize(c, 16)}
	b, err := p.ahead.Peek(1)
	if err != nil {
		return nil, err
	}
	p.byte0 = b[0]
	return p, c.SetReadDeadline(time.Time{})
}

func (p *peeked) first() byte { return p.byte0 }

// Read gives what was read ahead first.
func (p *peeked) Read(b []byte) (int, error) {
	if p.ahead == nil {
		return p.Conn.Read(b)
	}
	n, err := p.ahead.Read(b)
	if p.ahead.Buffered() == 0 {
		p.ahead = nil
	}
	return n, err
}
