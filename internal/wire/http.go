package wire

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/shape"
)

// buffers holds the slices that answers are built in. Those that grew past
// keepBuffer are left to the collector.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4096); return &b }}

const keepBuffer = 1 << 20

// getBuffer returns a buffer of no contents; putBuffer takes it back.
func getBuffer() *[]byte { return buffers.Get().(*[]byte) }

// putBuffer keeps b, which grew from *p, for the next answer.
func putBuffer(p *[]byte, b []byte) {
	if cap(b) <= keepBuffer {
		*p = b[:0]
		buffers.Put(p)
	}
}

// isS3 reports whether svc is S3, which differs from restXml in errors,
// request ids, time format and Content-Encoding.
func isS3(svc *shape.Service) bool { return svc != nil && svc.Name == "s3" }

// writeBody writes a whole buffered answer.
func writeBody(w http.ResponseWriter, status int, contentType string, body []byte) error {
	h := w.Header()
	if contentType != "" {
		h["Content-Type"] = []string{contentType}
	}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	if len(body) == 0 {
		return nil
	}
	_, err := w.Write(body)
	return err
}

// setRequestID names the request in the headers where its service's clients
// look for it.
func setRequestID(h http.Header, svc *shape.Service, id string) {
	if isS3(svc) {
		h["X-Amz-Request-Id"] = []string{id}
		h["X-Amz-Id-2"] = []string{base64.StdEncoding.EncodeToString([]byte(id))}
		return
	}
	h["X-Amzn-Requestid"] = []string{id}
}

// outputOf returns the struct behind out; nil stands for an empty one.
func outputOf(s *shape.Shape, out any) (reflect.Value, error) {
	v := reflect.ValueOf(out)
	if !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return reflect.New(s.Type).Elem(), nil
	}
	if v.Kind() != reflect.Pointer || v.Type().Elem() != s.Type {
		return v, fmt.Errorf("wire: %T is not a pointer to %s", out, s.Type)
	}
	return v.Elem(), nil
}

// tokenKey is the context key of WithTokens.
type tokenKey struct{}

// WithTokens makes EncodeRequest take the idempotency tokens it fills in from
// next instead of random UUIDs.
func WithTokens(ctx context.Context, next func() string) context.Context {
	return context.WithValue(ctx, tokenKey{}, next)
}

// newToken returns an idempotency token: a random UUID (RFC 9562, version 4).
func newToken(ctx context.Context) string {
	if next, ok := ctx.Value(tokenKey{}).(func() string); ok {
		return next()
	}
	var b [16]byte
	_, _ = rand.Read(b[:]) // crypto/rand never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// inputOf returns the struct to send: in itself, or a copy with idempotency
// tokens where in has none.
func inputOf(ctx context.Context, op *shape.Operation, in any) (reflect.Value, error) {
	v, err := outputOf(op.Input, in)
	if err != nil {
		return v, err
	}
	copied := false
	for _, f := range planOf(op.Input).fields {
		if !f.Idempotency || f.plan.Kind != shape.String {
			continue
		}
		if x, ok := held(v.Field(f.Field)); ok && x.String() != "" {
			continue
		}
		if !copied {
			c := reflect.New(v.Type()).Elem()
			c.Set(v)
			v, copied = c, true
		}
		field := v.Field(f.Field)
		field.SetZero()
		slot(field).SetString(newToken(ctx))
	}
	return v, nil
}

// newRequest builds a client's request. path is escaped.
func newRequest(ctx context.Context, endpoint *url.URL, op *shape.Operation, v reflect.Value, path string, q url.Values, body io.Reader) (*http.Request, error) {
	u := *endpoint
	full := strings.TrimSuffix(u.EscapedPath(), "/") + path
	raw, err := url.PathUnescape(full)
	if err != nil {
		return nil, fmt.Errorf("wire: path %q: %w", full, err)
	}
	u.Path, u.RawPath = raw, full
	u.RawQuery = q.Encode()
	host, err := hostPrefix(op, v)
	if err != nil {
		return nil, err
	}
	u.Host = host + u.Host
	r, err := http.NewRequestWithContext(ctx, op.Method, u.String(), body)
	if err != nil {
		return nil, fmt.Errorf("wire: %s: %w", op.Name, err)
	}
	return r, nil
}

// hostPrefix fills the labels of an operation's host prefix.
func hostPrefix(op *shape.Operation, v reflect.Value) (string, error) {
	host := op.Host
	if !strings.Contains(host, "{") {
		return host, nil
	}
	for _, f := range planOf(op.Input).fields {
		if !f.HostLabel {
			continue
		}
		x, ok := held(v.Field(f.Field))
		if !ok || !validHostLabel(x.String()) {
			return "", fmt.Errorf("wire: %s: %s is no part of a host name", op.Name, f.Name)
		}
		host = strings.ReplaceAll(host, "{"+f.Name+"}", x.String())
	}
	return host, nil
}

// validHostLabel reports whether s can be a part of a host name (RFC 1123).
func validHostLabel(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c != '-' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return s != "" && len(s) <= 63
}

// setBody gives a client's request its type and, where the operation asks for
// it, its checksum.
func setBody(r *http.Request, op *shape.Operation, contentType string, body []byte) {
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	if op.ChecksumRequired && r.Header.Get("Content-MD5") == "" {
		sum := md5.Sum(body)
		r.Header.Set("Content-MD5", base64.StdEncoding.EncodeToString(sum[:]))
	}
}

// readResponse reads and closes a client's whole answer.
func readResponse(resp *http.Response, l Limits) ([]byte, error) {
	if resp.Body == nil {
		return nil, nil
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, l.MaxBody+1))
	if err != nil {
		return nil, fmt.Errorf("wire: reading the answer: %w", err)
	}
	if int64(len(b)) > l.MaxBody {
		return nil, errTooLarge
	}
	return b, nil
}

// errorType finds an error's code in a header or in the body's field: what
// stands between a '#' and a ':'.
func errorType(s string) string {
	s, _, _ = strings.Cut(s, ":")
	return s[strings.LastIndexByte(s, '#')+1:]
}

// undecodable is an error answer that cannot be read.
func undecodable(resp *http.Response, body []byte) *awserr.Error {
	body = bytes.ToValidUTF8(body[:min(len(body), 200)], []byte("?"))
	code := errorType(resp.Header.Get("X-Amzn-Errortype"))
	if code == "" {
		code = "UnknownError"
	}
	return awserr.New(code, resp.StatusCode, "%s", body)
}
