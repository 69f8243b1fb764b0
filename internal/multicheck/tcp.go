package multicheck

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"nephele.dev/nephele/internal/sandbox/egress"
)

// TCPDetails are what a TCP check found.
type TCPDetails struct {
	Address  string `json:"address,omitempty"` // that was connected to
	Received int    `json:"receivedBytes"`
}

// stream is what a TCP check found.
type stream struct {
	failure error // to connect
	data    []byte
	millis  float64
}

func (f *stream) body() []byte { return f.data }

// checkTCP connects, sends, and reads.
func (r *run) checkTCP(ctx context.Context, s *step, res *StepResult) (observation, error) {
	c := s.tcp
	host, port, err := r.target(ctx, c.hostname, c.port, 0)
	if err != nil {
		return nil, err
	}
	res.Target = net.JoinHostPort(host, strconv.Itoa(port))
	wait, err := r.number(ctx, c.connectWait, milliseconds(defaultConnectionTimeout))
	if err != nil {
		return nil, fmt.Errorf("connectionTimeout %w", err)
	}
	q, err := r.conversation(ctx, s)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	conn, err := r.open(ctx, host, port, time.Duration(wait)*time.Millisecond, res)
	if err != nil {
		if _, refused := errors.AsType[*egress.RefusedError](err); refused || !expectsNoConnection(ctx, r, s) {
			return nil, err
		}
		return &stream{failure: err, millis: since(start)}, nil
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	f := &stream{}
	err = q.hold(ctx, r, conn, f, &res.Timings)
	f.millis = since(start)
	res.Details = TCPDetails{conn.RemoteAddr().String(), len(f.data)}
	if err != nil {
		return nil, err
	}
	return f, nil
}

// target resolves the references of a host and a port.
func (r *run) target(ctx context.Context, host text, port number, def int) (string, int, error) {
	h, err := r.text(ctx, host)
	if err != nil {
		return "", 0, fmt.Errorf("hostname: %w", err)
	}
	if err := checkHost(h); err != nil {
		return "", 0, fmt.Errorf("hostname %w", err)
	}
	p, err := r.number(ctx, port, float64(def))
	if err != nil {
		return "", 0, fmt.Errorf("port %w", err)
	}
	return h, int(p), nil
}

// open connects within connectionTimeout.
func (r *run) open(ctx context.Context, host string, port int, wait time.Duration, res *StepResult) (net.Conn, error) {
	within, cancel := context.WithTimeoutCause(ctx, wait, connectError(wait))
	defer cancel()
	conn, err := r.connect(within, "tcp", host, port, &res.Timings)
	if err == nil {
		return conn, nil
	}
	if cause, ok := errors.AsType[connectError](context.Cause(within)); ok && within.Err() != nil {
		return nil, cause
	}
	return nil, err
}

type connectError time.Duration

func (e connectError) Error() string {
	return fmt.Sprintf("no connection within %d ms", time.Duration(e).Milliseconds())
}

// expectsNoConnection reports whether a step asserts that it cannot connect.
func expectsNoConnection(ctx context.Context, r *run, s *step) bool {
	for _, a := range s.assertions {
		if want, err := r.flag(ctx, a.flag, true); a.kind == connected && err == nil && !want {
			return true
		}
	}
	return false
}

// conversation is what is sent and what is waited for.
type conversation struct {
	send, expect []byte
	idle         time.Duration // readTimeout: how long to wait for more
	reads        bool
	step         *step
	patient      bool // only the end of the data tells
}

// conversation resolves the references of a check. Data is read if something
// depends on it.
func (r *run) conversation(ctx context.Context, s *step) (*conversation, error) {
	c, q := s.tcp, &conversation{step: s}
	ms, err := r.number(ctx, c.readout, milliseconds(defaultReadTimeout))
	if err != nil {
		return nil, fmt.Errorf("readTimeout %w", err)
	}
	q.idle = time.Duration(ms) * time.Millisecond
	for _, each := range []struct {
		name string
		from *text
		to   *[]byte
	}{{"sendData", c.send, &q.send}, {"expectedResponse", c.expect, &q.expect}} {
		v, err := r.optional(ctx, each.from)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", each.name, err)
		}
		if *each.to, err = decodeAs(c.encoding, v); err != nil {
			return nil, fmt.Errorf("%s %w", each.name, err)
		}
	}
	q.reads = c.expect != nil || len(s.extractors) > 0
	q.patient = len(s.extractors) > 0
	for _, a := range s.assertions {
		if a.kind == responseData || a.kind == responseSize {
			q.reads = true
			q.patient = q.patient || a.operator == opNotContains || a.kind == responseSize && a.operator != opGreater
		}
	}
	return q, nil
}

// hold sends and reads. Reading ends with the data, when nothing has come for
// readTimeout, or when all that is waited for is there.
func (q *conversation) hold(ctx context.Context, r *run, conn net.Conn, f *stream, t *Timings) error {
	if len(q.send) > 0 {
		if _, err := conn.Write(q.send); err != nil {
			return err
		}
	}
	if !q.reads {
		return nil
	}
	sent := time.Now()
	b := make([]byte, 4096)
	for {
		if err := conn.SetReadDeadline(q.deadline(ctx)); err != nil {
			return err
		}
		n, err := conn.Read(b)
		if n > 0 && len(f.data) == 0 {
			t.Wait = since(sent)
		}
		f.data = append(f.data, b[:n]...)
		t.Receive = max(0, since(sent)-t.Wait)
		switch {
		case len(f.data) > maxTCPResponse:
			return fmt.Errorf("the response is larger than %d bytes", maxTCPResponse)
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, io.EOF), errors.Is(err, os.ErrDeadlineExceeded), q.satisfied(ctx, r, f):
			return q.missing(r, f)
		case err != nil:
			return err
		}
	}
}

func (q *conversation) deadline(ctx context.Context) time.Time {
	d := time.Now().Add(q.idle)
	if end, ok := ctx.Deadline(); ok && end.Before(d) {
		return end
	}
	return d
}

// satisfied reports whether more data cannot change the verdict.
func (q *conversation) satisfied(ctx context.Context, r *run, f *stream) bool {
	if q.patient || len(f.data) == 0 || q.missing(r, f) != nil {
		return false
	}
	for _, a := range q.step.assertions {
		if a.kind != responseData && a.kind != responseSize {
			continue
		}
		if _, ok, err := f.judge(ctx, r, a); err == nil && !ok {
			return false
		}
	}
	return true
}

// missing is the failure of expectedResponse, which has to be in the data.
func (q *conversation) missing(r *run, f *stream) error {
	if bytes.Contains(f.data, q.expect) {
		return nil
	}
	return fmt.Errorf("expectedResponse: expected %s, got %s", r.showBytes(q.expect, q.step.tcp.encoding), r.showBytes(f.data, q.step.tcp.encoding))
}

// showBytes words data.
func (r *run) showBytes(b []byte, encoding string) string {
	switch {
	case len(b) == 0:
		return "no data"
	case encoding == hexEncoding:
		return r.redactor.show(hex.EncodeToString(b))
	}
	return strconv.Quote(r.redactor.show(strings.ToValidUTF8(string(b), "\uFFFD")))
}

// judge implements observation.
func (f *stream) judge(ctx context.Context, r *run, a *assertion) (string, bool, error) {
	if a.kind == connected {
		want, err := r.flag(ctx, a.flag, true)
		return strconv.FormatBool(f.failure == nil), (f.failure == nil) == want, err
	}
	if f.failure != nil {
		return "", false, explain(ctx, f.failure)
	}
	switch a.kind {
	case "RESPONSE_TIME":
		return judgeTime(ctx, r, a, f.millis)
	case responseSize:
		want, err := r.number(ctx, a.number, 0)
		return strconv.Itoa(len(f.data)), a.compareNumber(float64(len(f.data)), want), err
	}
	want, err := r.text(ctx, a.value)
	if err != nil {
		return "", false, err
	}
	got := string(f.data)
	if a.encoding == hexEncoding && a.operator == opRegex {
		got = hex.EncodeToString(f.data) // an expression is about the digits
	} else {
		b, err := decodeAs(a.encoding, want)
		if err != nil {
			return "", false, fmt.Errorf("the expected value %w", err)
		}
		want = string(b)
	}
	ok, err := a.compareText(ctx, got, want)
	return r.showBytes(f.data, a.encoding), ok, err
}
