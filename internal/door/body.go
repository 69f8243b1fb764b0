package door

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/door/sigv4"
	"nephele.dev/nephele/internal/wire"
)

// inflow is the body as the connection gives it: counted, and held to move.
type inflow struct {
	body    io.ReadCloser
	control *http.ResponseController
	stall   time.Duration
	bytes   int64
	ended   atomic.Bool
	aborted atomic.Bool
	limited bool // a deadline is set
}

func newInflow(r *http.Request, control *http.ResponseController, stall time.Duration) *inflow {
	in := &inflow{body: r.Body, control: control, stall: stall}
	if r.Body == nil || r.Body == http.NoBody {
		in.body = http.NoBody
		in.ended.Store(true)
	}
	return in
}

// Read reads with a deadline that each call moves. It is taken away at the
// end, for net/http goes on reading to notice that the client is gone.
func (in *inflow) Read(p []byte) (int, error) {
	if !in.ended.Load() {
		in.limited = true
		in.control.SetReadDeadline(time.Now().Add(in.stall)) //nolint:errcheck // without deadlines in tests
	}
	if in.aborted.Load() {
		return 0, errAborted
	}
	n, err := in.body.Read(p)
	in.bytes += int64(n)
	if errors.Is(err, io.EOF) {
		in.end()
	}
	return n, err
}

func (in *inflow) end() {
	in.ended.Store(true)
	if in.limited {
		in.control.SetReadDeadline(time.Time{}) //nolint:errcheck // as above
	}
}

// errAborted ends the reading of a body that a reset of the server cuts off.
var errAborted = errors.New("door: the upload was cut off")

// abort cuts off a body that is being read elsewhere.
func (in *inflow) abort() {
	in.aborted.Store(true)
	if !in.ended.Load() {
		in.control.SetReadDeadline(time.Now()) //nolint:errcheck // as above
	}
}

// Close closes the body.
func (in *inflow) Close() error { return in.body.Close() }

// abandon bounds what net/http does with a body that nobody wanted: it reads a
// little on, so that the client can hear the answer.
func (in *inflow) abandon() {
	if !in.ended.Load() {
		in.control.SetReadDeadline(time.Now().Add(min(in.stall, abandonTime))) //nolint:errcheck // as above
	}
}

const abandonTime = 5 * time.Second

// buffer reads the whole body, of at most limit bytes, and verifies the
// signature on the way if that is still to be done.
func (c *call) buffer(limit int64) ([]byte, error) {
	if c.read {
		return c.body, nil
	}
	if c.r.ContentLength > limit {
		return nil, tooLarge(c.family(), limit)
	}
	body, err := readAll(c.r.Body, c.r.ContentLength, limit, c.hold)
	switch {
	case errors.Is(err, errTooLong):
		return nil, tooLarge(c.family(), limit)
	case errors.Is(err, errCrowded):
		c.w.Header().Set("Retry-After", "1")
		return nil, crowded(c.family())
	case err != nil:
		return nil, bodyError(c.family(), err, c.sig)
	}
	c.body, c.read = body, true
	return body, nil
}

var errTooLong = errors.New("body too long")

// maxAhead bounds what is allocated for a body because it was announced.
const maxAhead = 64 * kib

// readAll reads up to limit bytes. What is announced is allocated at once, but
// no more than maxAhead of it before that much has come. Each larger buffer is
// asked for first, and the one before it released.
func readAll(r io.Reader, announced, limit int64, hold func(size int64) (release func(), ok bool)) ([]byte, error) {
	body := make([]byte, 0, min(max(announced, 0), maxAhead)+bytes.MinRead)
	for {
		if len(body) == cap(body) {
			size := grown(int64(cap(body)), announced, limit)
			release, ok := hold(size)
			if !ok {
				return nil, errCrowded
			}
			body = append(make([]byte, 0, size), body...)
			release()
		}
		n, err := r.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case int64(len(body)) > limit:
			return nil, errTooLong
		case errors.Is(err, io.EOF):
			return body, nil
		case err != nil:
			return nil, err
		}
	}
}

// grown is the size of the buffer that follows one of size bytes: twice as
// large, but no larger than is needed. It has room for what tells the end.
func grown(size, announced, limit int64) int64 {
	need := limit + bytes.MinRead
	if announced >= 0 && announced < limit {
		need = announced + bytes.MinRead
	}
	if need <= size { // more comes than was announced
		need = limit + bytes.MinRead
	}
	return min(2*size, need)
}

// discard reads a body that is not wanted, so that a client that only listens
// when it has sent all hears the answer. One that waits to be asked for the body
// is not, and in HTTP/2 the answer arrives anyhow.
func (c *call) discard() {
	if c.read || c.r.ProtoMajor > 1 || c.r.Header.Get("Expect") != "" {
		return
	}
	limit := bodyLimit(c.match.Service, c.match.Operation)
	io.Copy(io.Discard, io.LimitReader(c.r.Body, limit)) //nolint:errcheck // the answer tells all
}

// payload is the request for the codec, with the body whole or as a stream.
// The signature has been verified when it returns; a stream goes on being
// verified while it is read.
func (c *call) payload() (*wire.Request, error) {
	req := &wire.Request{HTTP: c.r, Labels: c.match.Labels, Form: c.match.Form}
	op := c.match.Operation
	if c.match.Service.Name == "s3" || wire.StreamsRequest(op) && (c.proven || !c.door.opts.Auth) {
		stream, err := c.stream()
		if err != nil {
			return nil, err
		}
		if wire.StreamsRequest(op) {
			req.Stream = stream
			return req, c.checkLength(stream)
		}
		c.r.Body = stream
	}
	body, err := c.buffer(bodyLimit(c.match.Service, op))
	if err != nil {
		return nil, err
	}
	req.Body = body
	if err := c.proveBody(body); err != nil || c.family() != familyS3 {
		return req, err
	}
	return req, checkDigests(op, c.r.Header, body)
}

// proveBody verifies the signature of a request whose body has come.
func (c *call) proveBody(body []byte) error {
	if c.sig == nil {
		return nil
	}
	hash := sigv4.BodyHash(body)
	if !c.proven {
		return c.prove(hash)
	}
	if err := c.sig.CheckBody(hash); err != nil && c.match.Service.Name != "s3" {
		return c.refuse(err)
	}
	return nil
}

// stream takes the framing off the body and makes the header tell of what is
// left, as if it had come that way.
func (c *call) stream() (*payloadStream, error) {
	body, err := sigv4.NewBody(c.r, c.sig, c.key)
	if err != nil {
		return nil, c.refuse(err)
	}
	h := c.r.Header
	if encoding := h.Get("Content-Encoding"); strings.Contains(encoding, awsChunked) {
		setOrDelete(h, "Content-Encoding", withoutToken(encoding, awsChunked))
	}
	c.r.ContentLength = body.Length()
	if body.Length() >= 0 {
		h.Set("Content-Length", strconv.FormatInt(body.Length(), 10))
	}
	return &payloadStream{Body: body, call: c}, nil
}

// checkLength requires S3's objects to tell their size in advance.
func (c *call) checkLength(s *payloadStream) error {
	if s.Length() >= 0 || c.match.Service.Name != "s3" {
		return nil
	}
	return awserr.New("MissingContentLength", http.StatusLengthRequired, "You must provide the Content-Length HTTP header.")
}

// payloadStream is a body in the hands of a handler. Its errors are answers,
// so that the handler can return them as they are. After io.EOF its Trailer
// method has the verified trailing checksum.
type payloadStream struct {
	*sigv4.Body
	call *call
}

// Read implements io.Reader.
func (s *payloadStream) Read(p []byte) (int, error) {
	n, err := s.Body.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = bodyError(s.call.family(), err, s.call.sig)
	}
	return n, err
}

const awsChunked = "aws-chunked"

// withoutToken takes a token out of a comma-separated list.
func withoutToken(list, token string) string {
	parts := slices.DeleteFunc(strings.Split(list, ","), func(p string) bool { return strings.TrimSpace(p) == token })
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return strings.Join(parts, ",")
}

func setOrDelete(h http.Header, name, value string) {
	if value == "" {
		h.Del(name)
		return
	}
	h.Set(name, value)
}
