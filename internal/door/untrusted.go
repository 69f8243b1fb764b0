package door

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// mark says that a connection carries requests of untrusted code.
type mark struct{ seen atomic.Bool }

// markLinger is how long a mark outlives a connection that was closed before
// the listener came to look at it: its bytes may still wait in the kernel.
const markLinger = time.Second

// MarkUntrusted makes the door refuse every path below /_nephele/ on the
// connection from local to remote, the two addresses of one that the egress
// proxy has dialled for untrusted code. Call it before the first byte is sent,
// and release once the connection is closed.
//
// The listener takes the mark over when the first byte has come. From then on
// it is the connection's own: requests that were sent before the end, and that
// are read after it, find it still.
func (d *Door) MarkUntrusted(local, remote net.Addr) (release func()) {
	key, m := local.String(), new(mark)
	d.untrusted.Store(key, m)
	forget := func() { d.untrusted.CompareAndDelete(key, m) }
	return func() {
		if m.seen.Load() || !d.listens(remote) {
			forget()
			return
		}
		time.AfterFunc(markLinger, forget)
	}
}

// listens reports whether a connection to addr can be one of ours.
func (d *Door) listens(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return true
	}
	_, ours := d.ports.Load(tcp.Port)
	return ours
}

// takeMark reports whether the connection from remote is marked.
func (d *Door) takeMark(remote net.Addr) bool {
	m, ok := d.untrusted.Load(remote.String())
	if ok {
		m.(*mark).seen.Store(true)
	}
	return ok
}

// untrustedKey is the key of a connection's mark in the contexts of its
// requests.
type untrustedKey struct{}

// connContext hands the mark of a connection to its requests.
func connContext(ctx context.Context, c net.Conn) context.Context {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	if p, ok := c.(*peeked); ok && p.untrusted {
		return context.WithValue(ctx, untrustedKey{}, true)
	}
	return ctx
}

// isUntrusted reports whether r comes from untrusted code.
func (d *Door) isUntrusted(r *http.Request) bool {
	if r.Context().Value(untrustedKey{}) != nil {
		return true
	}
	_, marked := d.untrusted.Load(r.RemoteAddr)
	return marked
}
