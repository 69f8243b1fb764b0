package multicheck

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// response is what an HTTP check found. It is the first response: redirects
// are responses like others, and are not followed.
type response struct {
	status int
	header http.Header
	doc    document
	millis float64
}

func (f *response) body() []byte        { return f.doc.bytes }
func (f *response) document() *document { return &f.doc }

// checkHTTP sends the request. Without assertions a status of 400 and above is
// a failure.
func (r *run) checkHTTP(ctx context.Context, s *step, res *StepResult) (observation, error) {
	c := s.http
	raw, err := r.text(ctx, c.url)
	if err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	u, err := checkURL(raw)
	if err != nil {
		return nil, fmt.Errorf("url %w", err)
	}
	r.learnPassword(u)
	res.Target = r.cleanURL(u)
	q := &request{check: c, url: u, step: s.Step}
	if q.body, err = r.optional(ctx, c.body); err != nil {
		return nil, fmt.Errorf("body: %w", err)
	}
	if q.headers, err = r.headers(ctx, c); err != nil {
		return nil, err
	}
	f, err := r.send(ctx, q, res)
	if err != nil {
		return nil, err
	}
	if len(s.assertions) == 0 && f.status >= http.StatusBadRequest {
		return nil, fmt.Errorf("the server answered %d %s", f.status, http.StatusText(f.status))
	}
	return f, nil
}

// request is one HTTP check's request, which may be sent twice (oauth.go).
type request struct {
	step    Step
	check   *httpCheck
	url     *url.URL
	headers http.Header
	body    string
}

// headers are those of the check and those of every check.
func (r *run) headers(ctx context.Context, c *httpCheck) (http.Header, error) {
	h := http.Header{}
	for _, each := range c.headers {
		v, err := r.text(ctx, each.value)
		if err != nil {
			return nil, fmt.Errorf("headers.%s: %w", each.name, err)
		}
		h.Set(each.name, v)
	}
	if h.Get("User-Agent") == "" {
		agent, err := r.text(ctx, r.plan.userAgent)
		if err != nil {
			return nil, fmt.Errorf("globalSettings.userAgent: %w", err)
		}
		if agent == "" {
			agent = r.deps.UserAgent
		}
		h.Set("User-Agent", strings.TrimSpace(agent+" "+r.deps.Settings.UserAgent))
	}
	if r.deps.TraceHeader != nil && h.Get("X-Amzn-Trace-Id") == "" {
		h.Set("X-Amzn-Trace-Id", r.deps.TraceHeader())
	}
	return h, nil
}

// send authenticates and sends the request. A token from an earlier step or run
// that the server no longer takes (401, 407) is replaced once.
func (r *run) send(ctx context.Context, q *request, res *StepResult) (*response, error) {
	for fresh := false; ; fresh = true {
		req, err := http.NewRequestWithContext(ctx, q.check.method, q.url.String(), strings.NewReader(q.body))
		if err != nil {
			return nil, errors.New("the request cannot be made")
		}
		if q.check.body == nil {
			req.Body, req.GetBody, req.ContentLength = nil, nil, 0
		}
		req.Header = q.headers.Clone()
		if host := req.Header.Get("Host"); host != "" {
			req.Host = host
			req.Header.Del("Host")
		}
		if password, ok := q.url.User.Password(); ok && req.Header.Get("Authorization") == "" {
			req.SetBasicAuth(q.url.User.Username(), password)
			r.redactor.add(q.url.User.Username() + ":" + password)
		}
		cached, err := r.authenticate(ctx, q, req, fresh)
		if err != nil {
			return nil, fmt.Errorf("authentication: %w", explain(ctx, err))
		}
		f, err := r.exchange(ctx, q, req, res)
		refused := err == nil && (f.status == http.StatusUnauthorized || f.status == http.StatusProxyAuthRequired)
		if cached && refused {
			r.log(slog.LevelInfo, "%s: the server answered %d to a token in use; a new one is requested", q.step.Name, f.status)
			continue
		}
		return f, err
	}
}

// exchange sends one request, reads its response, and keeps both for the report.
func (r *run) exchange(ctx context.Context, q *request, req *http.Request, res *StepResult) (*response, error) {
	res.Timings = Timings{}
	start := time.Now()
	f, err := r.roundTrip(ctx, req, &res.Timings)
	res.Timings.Total = since(start)
	x := Exchange{Step: q.step.Num, StepName: q.step.Name, Method: req.Method, URL: r.cleanURL(q.url), Timings: res.Timings}
	report := &r.deps.Settings.Report
	if report.IncludeRequestHeaders {
		x.RequestHeaders = r.cleanHeaders(req.Header)
	}
	if report.IncludeRequestBody {
		x.RequestBody = r.cleanBody([]byte(q.body))
	}
	if f != nil {
		x.Status, x.StatusText = f.status, http.StatusText(f.status)
		f.millis = res.Timings.Total
		if report.IncludeResponseHeaders {
			x.ResponseHeaders = r.cleanHeaders(f.header)
		}
		if report.IncludeResponseBody {
			x.ResponseBody = r.cleanBody(f.doc.bytes)
		}
	}
	if err != nil {
		x.Error = r.redactor.clean(explain(ctx, err).Error())
	}
	r.logExchange(&x, q, req, f)
	r.result.Exchanges = append(r.result.Exchanges, x)
	res.Exchange = len(r.result.Exchanges)
	return f, err
}

// clock takes the times of an exchange. The transport's goroutines may outlive
// RoundTrip, so they write under a lock.
type clock struct {
	mu          sync.Mutex
	way         Timings // DNS, Connect and TLS
	sent, first time.Time
}

// read returns the phases up to the first byte, and when that came.
func (c *clock) read() (Timings, time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.way
	if !c.sent.IsZero() && !c.first.IsZero() {
		t.Wait = max(0, milliseconds(c.first.Sub(c.sent)))
	}
	return t, c.first
}

func (c *clock) trace(ctx context.Context) context.Context {
	note := func(t *time.Time) {
		c.mu.Lock()
		defer c.mu.Unlock()
		*t = time.Now()
	}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest:         func(httptrace.WroteRequestInfo) { note(&c.sent) },
		GotFirstResponseByte: func() { note(&c.first) },
	})
}

// dial connects for the transport, with TLS if secure is not nil.
func (r *run) dial(ctx context.Context, address string, secure *tls.Config, c *clock) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return nil, err
	}
	var t Timings
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.way = t
	}()
	conn, err := r.connect(ctx, "tcp", host, n, &t)
	if err != nil || secure == nil {
		return conn, err
	}
	return handshake(ctx, conn, secure, &t)
}

// roundTrip sends a request on a connection of its own, so that each check
// measures all of the way. It returns what it has of the response with an error
// when reading the body failed.
func (r *run) roundTrip(ctx context.Context, req *http.Request, t *Timings) (*response, error) {
	var c clock
	secure := &tls.Config{ServerName: req.URL.Hostname(), RootCAs: r.deps.Roots, MinVersion: tls.VersionTLS12}
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) { return r.dial(ctx, address, nil, &c) },
		DialTLSContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			return r.dial(ctx, address, secure, &c)
		},
		DisableKeepAlives:      true,
		DisableCompression:     true, // decoded below, within a limit
		MaxResponseHeaderBytes: maxHeaderBytes,
	}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req.WithContext(c.trace(ctx)))
	if err != nil {
		*t, _ = c.read()
		return nil, err
	}
	defer resp.Body.Close()
	f := &response{status: resp.StatusCode, header: resp.Header}
	f.doc.bytes, err = readBody(resp)
	way, first := c.read()
	*t, t.Receive = way, since(first)
	return f, err
}

// handshake speaks TLS on conn, which it closes when that fails.
func handshake(ctx context.Context, conn net.Conn, config *tls.Config, t *Timings) (net.Conn, error) {
	start := time.Now()
	secure := tls.Client(conn, config)
	err := secure.HandshakeContext(ctx)
	t.TLS = since(start)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return secure, nil
}

// errTooLarge is the guide's limit on responses.
var errTooLarge = errors.New("the response is larger than 1 MB")

// readBody reads and decodes a body. Both its forms are limited. What cannot be
// decoded is judged as it is.
func readBody(resp *http.Response) ([]byte, error) {
	raw, err := readLimited(resp.Body)
	if err != nil {
		return nil, err
	}
	decoded := decoder(resp.Header.Get("Content-Encoding"), raw)
	if decoded == nil {
		return raw, nil
	}
	b, err := readLimited(decoded)
	if err == nil || errors.Is(err, errTooLarge) {
		return b, err
	}
	return raw, nil //nolint:nilerr // the server's mistake is no failure of the check
}

// decoder undoes a Content-Encoding; nil where there is none that is known.
func decoder(encoding string, raw []byte) io.Reader {
	switch strings.ToLower(encoding) {
	case "gzip", "x-gzip":
		if z, err := gzip.NewReader(bytes.NewReader(raw)); err == nil {
			return z
		}
	case "deflate": // RFC 9110 says zlib; some servers send what is inside
		if z, err := zlib.NewReader(bytes.NewReader(raw)); err == nil {
			return z
		}
		return flate.NewReader(bytes.NewReader(raw))
	}
	return nil
}

func readLimited(from io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(from, MaxBody+1))
	if len(b) > MaxBody {
		return nil, errTooLarge
	}
	return b, err
}

// judge implements observation.
func (f *response) judge(ctx context.Context, r *run, a *assertion) (string, bool, error) {
	switch a.kind {
	case statusCode:
		return f.judgeStatus(ctx, r, a)
	case "RESPONSE_TIME":
		return judgeTime(ctx, r, a, f.millis)
	case "HEADER":
		return f.judgeHeader(ctx, r, a)
	}
	return f.judgeBody(ctx, r, a)
}

func (f *response) judgeStatus(ctx context.Context, r *run, a *assertion) (string, bool, error) {
	actual := strconv.Itoa(f.status)
	if a.operator == opRange {
		low, err := r.number(ctx, a.min, 0)
		if err != nil {
			return "", false, err
		}
		high, err := r.number(ctx, a.max, 0)
		return actual, low <= float64(f.status) && float64(f.status) <= high, err
	}
	want, err := r.number(ctx, a.number, 0)
	return actual, a.compareNumber(float64(f.status), want), err
}

// judgeTime compares whole milliseconds when the condition is equality.
func judgeTime(ctx context.Context, r *run, a *assertion, ms float64) (string, bool, error) {
	want, err := r.number(ctx, a.number, 0)
	if a.operator == opEquals {
		ms = float64(int64(ms + 0.5))
	}
	return plain(ms), a.compareNumber(ms, want), err
}

// judgeHeader compares the values of a header, joined by commas as RFC 9110
// section 5.3 allows. A header that is absent differs from every value.
func (f *response) judgeHeader(ctx context.Context, r *run, a *assertion) (string, bool, error) {
	name, err := r.text(ctx, a.name)
	if err != nil {
		return "", false, err
	}
	values, there := f.header[http.CanonicalHeaderKey(name)]
	if a.operator == opExist {
		want, err := r.flag(ctx, a.flag, true)
		return strconv.FormatBool(there), there == want, err
	}
	want, err := r.text(ctx, a.value)
	if err != nil {
		return "", false, err
	}
	if !there {
		return "no such header", a.operator == opNotEquals || a.operator == opNotContains, nil
	}
	got := strings.Join(values, ", ")
	ok, err := a.compareText(ctx, got, want)
	return strconv.Quote(got), ok, err
}

// judgeBody compares the body's text or the values at a path. No value at the
// path differs from every value.
func (f *response) judgeBody(ctx context.Context, r *run, a *assertion) (string, bool, error) {
	got := []string{string(f.doc.bytes)}
	there := len(f.doc.bytes) > 0
	if a.target == "JSON" {
		values, err := r.find(ctx, &f.doc, a.pathText, a.path)
		if err != nil {
			return "", false, err
		}
		there = len(values) > 0
		if got, err = writeAll(values); err != nil {
			return "", false, err
		}
	}
	if a.operator == opExists {
		want, err := r.flag(ctx, a.flag, true)
		return strconv.FormatBool(there), there == want, err
	}
	want, err := r.text(ctx, a.value)
	if err != nil {
		return "", false, err
	}
	ok, err := a.compareAny(ctx, got, want)
	return r.showValues(got), ok, err
}

// showValues words what was found. Values are cleaned before they are cut, lest
// half a secret is left.
func (r *run) showValues(got []string) string {
	switch len(got) {
	case 0:
		return "no value"
	case 1:
		return strconv.Quote(r.redactor.show(got[0]))
	}
	first := make([]string, 0, 3)
	for _, s := range got[:min(len(got), 3)] {
		first = append(first, strconv.Quote(r.redactor.show(s)))
	}
	out := strings.Join(first, ", ")
	if len(got) > 3 {
		out += fmt.Sprintf(" and %d more", len(got)-3)
	}
	return out
}
