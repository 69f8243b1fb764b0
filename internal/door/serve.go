package door

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"nephele.dev/nephele/internal/awserr"
)

const serverName = "Nephele"

// ServeHTTP implements http.Handler. Serve is the way to the outside; this one
// is for tests and for embedding.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer d.recover(w, r)
	p := d.peerOf(r)
	if isAdmin(r.URL.Path) && d.hosts.read(r.Host).bucket == "" {
		d.serveAdmin(w, r)
		return
	}
	if h := d.public(r); h != nil {
		h.ServeHTTP(w, r)
		return
	}
	done, paged := d.browser(w, r)
	if done {
		return
	}
	if host := d.hosts.read(r.Host); host.site && d.opts.Buckets != nil {
		d.serveSite(w, r, p, host.bucket)
		return
	}
	d.confine(w, r)
	c := d.newCall(w, r, p)
	c.paged = paged
	c.serve()
}

// public returns what serves a public document, or nil.
func (d *Door) public(r *http.Request) http.Handler {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return nil
	}
	for prefix, h := range d.opts.Public {
		if strings.HasPrefix(r.URL.Path, prefix) && d.hosts.read(r.Host).bucket == "" {
			return h
		}
	}
	return nil
}

// recover answers after a panic of ours. Those of handlers have been caught by
// the plane.
func (d *Door) recover(w http.ResponseWriter, r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(p)
	}
	d.log.Error("panic", "method", r.Method, "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
	w.WriteHeader(http.StatusInternalServerError)
}

// finish tells the log and the metrics about an answered call.
func (d *Door) finish(c *call, err error) {
	o := &Observation{Status: c.w.status, Duration: time.Since(c.begin), BytesIn: c.in.bytes, BytesOut: c.w.bytes}
	if c.match.Service != nil {
		o.Service = c.match.Service.Name
	}
	if c.match.Operation != nil {
		o.Operation = c.match.Operation.Name
	}
	if e := awserr.As(err); e != nil {
		o.Code = e.Code
	} else if err != nil {
		o.Code = "InternalFailure"
	}
	if d.opts.Observe != nil {
		d.opts.Observe(o)
	}
	d.logAccess(c, o)
}

// logAccess writes one record a call: at debug level when the plane has
// written its own already, at info level for calls that did not get that far.
// It holds no header and no query, where signatures and tokens are.
func (d *Door) logAccess(c *call, o *Observation) {
	level := slog.LevelDebug
	if !c.reached {
		level = slog.LevelInfo
	}
	ctx := c.r.Context()
	if !d.log.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("request_id", c.id), slog.String("service", o.Service), slog.String("operation", o.Operation),
		slog.String("protocol", string(c.match.Protocol)), slog.Int("status", o.Status), slog.String("code", o.Code),
		slog.Duration("duration", o.Duration), slog.Int64("bytes_in", o.BytesIn), slog.Int64("bytes_out", o.BytesOut),
		slog.String("method", c.r.Method), slog.String("path", c.r.URL.Path), slog.String("host", c.r.Host),
		slog.String("http", c.r.Proto), slog.Bool("tls", c.peer.secure), slog.String("source_ip", c.peer.addr.String()),
		slog.String("account", c.caller.Account), slog.String("access_key", c.hint.AccessKeyID),
		slog.String("user_agent", c.r.UserAgent()),
	}
	d.log.LogAttrs(ctx, level, "request", attrs...)
}

// setEscapedPath makes path, escaped, the request's.
func setEscapedPath(r *http.Request, path string) {
	plain, err := url.PathUnescape(path)
	if err != nil {
		return
	}
	u := *r.URL
	u.Path, u.RawPath = plain, path
	r.URL = &u
}
