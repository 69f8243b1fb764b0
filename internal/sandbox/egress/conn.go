package egress

import (
	"net"
	"sync"
)

// conn is a connection that is closed with the proxy and tells when it is
// closed. The ends that lead outside count their bytes.
type conn struct {
	net.Conn
	proxy   *Proxy
	outside bool
	done    func()
}

// track closes c when the proxy is closed.
func (p *Proxy) track(c net.Conn, outside bool, release func()) net.Conn {
	out := &conn{Conn: c, proxy: p, outside: outside}
	out.done = sync.OnceFunc(func() {
		release()
		p.mu.Lock()
		delete(p.conns, out)
		p.mu.Unlock()
	})
	p.mu.Lock()
	closed := p.closed
	if !closed {
		p.conns[out] = struct{}{}
	}
	p.mu.Unlock()
	if closed {
		_ = out.Close()
	}
	return out
}

func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.outside {
		c.proxy.received.Add(int64(n))
	}
	return n, err
}

func (c *conn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if c.outside {
		c.proxy.sent.Add(int64(n))
	}
	return n, err
}

// CloseWrite passes on the end of one direction.
func (c *conn) CloseWrite() error {
	if w, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return nil
}

func (c *conn) Close() error {
	defer c.done() // whoever goes by the mark must find it to the end
	return c.Conn.Close()
}
