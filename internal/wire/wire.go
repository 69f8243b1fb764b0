package wire

import (
	"context"
	"io"
	"net/http"
	"net/url"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/shape"
)

// Limits bound what one message may cost. A zero field means its default.
type Limits struct {
	MaxBody    int64 // bytes of a body after decompression; default 64 MiB
	MaxDepth   int   // nesting of structures, lists and maps; default 100
	MaxMembers int   // values in one message, about 64 bytes of memory each; default 1,048,576
	MaxRatio   int64 // growth of a compressed body beyond its first MiB; default 200
}

// withDefaults fills in what is zero.
func (l Limits) withDefaults() Limits {
	if l.MaxBody == 0 {
		l.MaxBody = 64 << 20
	}
	if l.MaxDepth == 0 {
		l.MaxDepth = 100
	}
	if l.MaxMembers == 0 {
		l.MaxMembers = 1 << 20
	}
	if l.MaxRatio == 0 {
		l.MaxRatio = 200
	}
	return l
}

// Request is what a codec decodes. The door has checked size and signature.
type Request struct {
	HTTP   *http.Request
	Labels map[string]string // path labels by name, unescaped (REST protocols)
	Form   url.Values        // form fields (query protocols); nil: parsed from URL and Body
	Body   []byte            // the buffered body
	Stream io.Reader         // the body of operations for which StreamsRequest holds
}

// Input is a decoded request.
type Input struct {
	Value   any      // pointer to the operation's generated input struct
	Missing []string // required members absent on the wire: "code.s3Bucket", "tags.1.member.key"
}

// Codec translates between HTTP messages and values of one protocol. Codecs
// are stateless and safe for concurrent use.
type Codec interface {
	Protocol() shape.Protocol

	// DecodeRequest reads an operation's input. Its errors are *awserr.Error
	// with the code that the protocol's services use for malformed input.
	DecodeRequest(op *shape.Operation, r *Request) (Input, error)

	// EncodeResponse writes out, a pointer to the operation's output struct
	// (nil stands for an empty one). It closes a streaming member that is an
	// io.Closer. An event stream is written event by event, each flushed, until
	// its sequence ends. An error after the header is out means a broken
	// connection.
	EncodeResponse(w http.ResponseWriter, op *shape.Operation, out any, requestID string) error

	// EncodeError writes an error answer. op may be nil when the request named
	// no operation.
	EncodeError(w http.ResponseWriter, svc *shape.Service, op *shape.Operation, err *awserr.Error, requestID string) error

	// EncodeRequest is the client's side: an unsigned request for endpoint.
	EncodeRequest(ctx context.Context, endpoint *url.URL, op *shape.Operation, in any) (*http.Request, error)

	// DecodeResponse reads an answer into a new output struct. An error answer
	// is returned as *awserr.Error. A streaming member is the response's body
	// and the caller's to close. An event stream is a sequence to be ranged over
	// once, which closes the body. Otherwise the body has been read.
	DecodeResponse(op *shape.Operation, resp *http.Response) (any, error)
}

// For returns the codec of a protocol with the default limits. It panics for a
// protocol that does not exist.
func For(p shape.Protocol) Codec { return New(p, Limits{}) }

// New returns the codec of a protocol with the given limits.
func New(p shape.Protocol, l Limits) Codec {
	l = l.withDefaults()
	switch p {
	case shape.JSON10, shape.JSON11:
		return &jsonCodec{protocol: p, limits: l}
	case shape.CBOR:
		return &cborCodec{limits: l}
	case shape.Query, shape.EC2Query:
		return &queryCodec{protocol: p, limits: l}
	case shape.RestJSON, shape.RestXML:
		return &restCodec{protocol: p, limits: l}
	}
	panic("wire: unknown protocol " + string(p))
}

// StreamsRequest reports whether the body of op's request is a stream that
// must not be buffered.
func StreamsRequest(op *shape.Operation) bool { return streams(op.Input) }

// StreamsResponse reports whether the body of op's response is a stream.
func StreamsResponse(op *shape.Operation) bool { return streams(op.Output) }

// streams reports whether the payload of s is a stream.
func streams(s *shape.Shape) bool {
	if s.Payload == "" {
		return false
	}
	m := s.Member(s.Payload)
	return m != nil && m.Shape.Kind == shape.Blob && m.Shape.Streaming
}
