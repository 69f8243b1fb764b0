package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"time"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/shape"
)

// userAgent is what requests say they come from.
const userAgent = "nephele-client/1.0 lang/go"

// A call is one operation with its input, in whatever attempts it takes.
type call struct {
	client  *Client
	op      *shape.Operation
	in      any    // pointer to the input struct
	stream  *body  // the streaming member of in
	region  string // S3 may say that a bucket is elsewhere
	moved   bool   // it did
	decode  bool   // keys of an S3 listing come back URL-encoded
	bare    bool   // the content of the stream is left open, and so is its checksum
	attempt int
	paid    int    // for the last retry
	skewed  bool   // the clock was corrected for this call
	digest  string // SHA-256 of the body, once it is known
}

// spool makes a streaming member of the input readable again.
func (k *call) spool() error {
	m := streamOf(k.op.Input)
	if m == nil {
		return nil
	}
	field := reflect.ValueOf(k.in).Elem().Field(m.Field)
	r, ok := reflect.TypeAssert[io.Reader](field)
	if !ok {
		r = http.NoBody
	}
	b, err := newBody(r)
	if err != nil {
		return err
	}
	k.stream = b
	field.Set(reflect.ValueOf(b))
	return nil
}

// streamOf is the member of an input or output that is a stream, or nil.
func streamOf(s *shape.Shape) *shape.Member {
	for _, m := range s.Members {
		if m.Shape.Kind == shape.EventStream || m.Name == s.Payload && m.Shape.Kind == shape.Blob && m.Shape.Streaming {
			return m
		}
	}
	return nil
}

// close gives up what spool made.
func (k *call) close() {
	if k.stream != nil {
		k.stream.close()
	}
}

// request encodes the call for a target, not yet signed.
func (k *call) request(ctx context.Context, t target) (*http.Request, error) {
	r, err := k.client.codec.EncodeRequest(ctx, t.url, k.op, k.in)
	if err != nil {
		return nil, &ParamError{Operation: k.op.Name, Problems: []string{strings.TrimPrefix(err.Error(), "wire: ")}}
	}
	if !t.aws { // other endpoints have one name: prefixes of operations are AWS's alone
		r.URL.Host, r.Host = t.url.Host, t.url.Host
	}
	if k.stream != nil {
		r.ContentLength = k.stream.size
		r.GetBody = func() (io.ReadCloser, error) { return k.stream.open(), nil }
	}
	if r.ContentLength == 0 {
		r.Body, r.GetBody = http.NoBody, func() (io.ReadCloser, error) { return http.NoBody, nil }
		if len(k.op.Input.Members) == 0 || r.Method == http.MethodGet || r.Method == http.MethodHead {
			r.Header.Del("Content-Type")
		}
	}
	r.Header.Set("User-Agent", userAgent)
	if err := k.checksum(r); err != nil {
		return nil, err
	}
	return r, k.address(r, t)
}

// run makes attempts until one succeeds or none is left.
func (k *call) run(ctx context.Context) (*Response, error) {
	t, err := k.client.session.resolve(k.client.service, k.region, k.client.endpoint)
	if err != nil {
		return nil, err
	}
	base, err := k.request(ctx, t)
	if err != nil {
		return nil, err
	}
	for k.attempt = 1; ; k.attempt++ {
		resp, err := k.once(ctx, base, t)
		if err == nil {
			k.client.bucket.give(k.paid)
			return resp, nil
		}
		if next, ok := k.elsewhere(err); ok {
			k.moved, k.region = true, next
			if t, err = k.client.session.resolve(k.client.service, next, k.client.endpoint); err != nil {
				return nil, err
			}
			if base, err = k.request(ctx, t); err != nil {
				return nil, err
			}
			continue
		}
		if err := k.pause(ctx, err); err != nil {
			return nil, err
		}
	}
}

// once signs and sends the request and reads the answer.
func (k *call) once(ctx context.Context, base *http.Request, t target) (*Response, error) {
	r := base.Clone(ctx)
	bodyOf, err := base.GetBody()
	if err != nil {
		return nil, err
	}
	r.Body = bodyOf
	if err := k.sign(ctx, r, t); err != nil {
		return nil, err
	}
	log := k.client.session.logger
	log.DebugContext(ctx, "request", slog.String("operation", k.op.Name), slog.Int("attempt", k.attempt),
		slog.String("method", r.Method), slog.String("url", r.URL.String()), slog.Any("header", shown(r.Header)))
	resp, err := k.client.session.http.Do(r) //nolint:bodyclose // the codec closes it, or the caller a stream
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, &ConnectionError{URL: hostOf(r), Err: err}
	}
	log.DebugContext(ctx, "response", slog.String("operation", k.op.Name), slog.Int("status", resp.StatusCode),
		slog.String("requestID", requestID(resp.Header)), slog.Any("header", resp.Header))
	return k.read(resp, r)
}

// read decodes an answer.
func (k *call) read(resp *http.Response, r *http.Request) (*Response, error) {
	if err := s3Fault(k.op, resp); err != nil {
		return nil, &ConnectionError{URL: hostOf(r), Err: err}
	}
	out, err := k.client.codec.DecodeResponse(k.op, resp)
	if fault := awserr.As(err); fault != nil {
		e := newError(k.op, resp, fault)
		e.Attempts = k.attempt
		return nil, e
	}
	if err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, &ConnectionError{URL: hostOf(r), Err: err}
		}
		return nil, fmt.Errorf("reading the answer of %s: %w", k.op.Name, err)
	}
	m := newOutput(k.op, out)
	k.finish(m)
	return &Response{Output: m, RequestID: requestID(resp.Header), Status: resp.StatusCode, Header: resp.Header, Attempts: k.attempt}, nil
}

// s3Fault turns an error that S3 sends under status 200, when it had begun to
// answer before it knew, into one of status 500.
func s3Fault(op *shape.Operation, resp *http.Response) error {
	if op.Service.Name != "s3" || resp.StatusCode != http.StatusOK || op.Method == http.MethodHead || streamOf(op.Output) != nil {
		return nil
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	_ = resp.Body.Close()
	if err != nil {
		return err
	}
	resp.Body = io.NopCloser(bytes.NewReader(data))
	head := bytes.TrimSpace(data[:min(len(data), 512)])
	if bytes.HasPrefix(head, []byte("<?xml")) {
		_, head, _ = bytes.Cut(head, []byte("?>"))
	}
	if bytes.HasPrefix(bytes.TrimSpace(head), []byte("<Error>")) {
		resp.StatusCode = http.StatusInternalServerError
	}
	return nil
}

// shown is a header without what must not be logged.
func shown(h http.Header) http.Header {
	c := h.Clone()
	for _, name := range []string{
		"Authorization", "X-Amz-Security-Token",
		"X-Amz-Server-Side-Encryption-Customer-Key", "X-Amz-Copy-Source-Server-Side-Encryption-Customer-Key",
	} {
		if c.Get(name) != "" {
			c.Set(name, "(hidden)")
		}
	}
	return c
}

// now is the time by the server's clock.
func (c *Client) now() time.Time { return time.Now().Add(time.Duration(c.skew.Load())) }
