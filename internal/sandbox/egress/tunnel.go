package egress

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// tunnel answers CONNECT: it dials, then passes bytes both ways.
func (p *Proxy) tunnel(w http.ResponseWriter, r *http.Request) {
	var told peer
	out, err := p.dial(context.WithValue(r.Context(), peerKey{}, &told), "tcp", r.Host)
	var refused *RefusedError
	switch {
	case errors.As(err, &refused):
		p.refuse(w, refused)
		return
	case err != nil:
		p.o.Logger.Debug("egress failed", "target", r.Host, "error", err)
		w.Header().Set("X-Nephele-Egress", code(err))
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer out.Close()
	raw, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	in := p.track(raw, false, func() {})
	defer in.Close()
	_ = in.SetDeadline(time.Time{})
	if _, err := io.WriteString(in, "HTTP/1.1 200 Connection established\r\n"+told.header()+"\r\n"); err != nil {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { pipe(out, buffered.Reader) })
	both.Go(func() { pipe(in, out) })
	both.Wait()
}

// pipe copies one direction to its end and passes the end on.
func pipe(dst net.Conn, src io.Reader) {
	_, _ = io.CopyBuffer(struct{ io.Writer }{dst}, src, make([]byte, copyBuffered))
	if w, ok := dst.(interface{ CloseWrite() error }); ok && w.CloseWrite() == nil {
		return
	}
	_ = dst.Close()
}

// code names a network failure the way Node.js does, for its error objects.
func code(err error) string {
	var dns *net.DNSError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, &dns):
		return "ENOTFOUND"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "ETIMEDOUT"
	}
	return "ECONNREFUSED"
}
