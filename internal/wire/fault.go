package wire

import (
	"errors"
	"fmt"
	"net/http"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/shape"
)

// A malformedError says what is wrong with a message; the codec turns it into
// the answer of its protocol.
type malformedError struct{ reason string }

// Error returns the reason, which is fit to be shown to the caller.
func (e *malformedError) Error() string { return e.reason }

// malformed returns a malformedError.
func malformed(format string, args ...any) error {
	return &malformedError{fmt.Sprintf(format, args...)}
}

// errTooLarge is a body beyond Limits.MaxBody.
var errTooLarge = errors.New("request body is too large")

// refusal turns a decoder's error into the answer that services of the
// protocol give to malformed input.
func refusal(p shape.Protocol, op *shape.Operation, err error) *awserr.Error {
	if e := awserr.As(err); e != nil {
		return e
	}
	if errors.Is(err, errTooLarge) {
		return tooLarge(op)
	}
	switch p {
	case shape.Query:
		return awserr.New("MalformedInput", http.StatusBadRequest, "%s", err)
	case shape.EC2Query:
		return awserr.New("InvalidParameterValue", http.StatusBadRequest, "%s", err)
	case shape.RestXML:
		return refusalXML(op, err)
	}
	return awserr.New("SerializationException", http.StatusBadRequest, "%s", err)
}

// refusalXML tells a bad header or parameter from a bad document, as S3 does.
// S3's text for the latter says nothing of the reason; it stays in the cause.
func refusalXML(op *shape.Operation, err error) *awserr.Error {
	if _, ok := errors.AsType[*bindingError](err); ok {
		return awserr.New("InvalidArgument", http.StatusBadRequest, "%s", err)
	}
	if isS3(op.Service) {
		return awserr.New("MalformedXML", http.StatusBadRequest,
			"The XML you provided was not well-formed or did not validate against our published schema").Because(err)
	}
	return awserr.New("MalformedInput", http.StatusBadRequest, "%s", err)
}

// tooLarge is the answer to a body beyond the limit.
func tooLarge(op *shape.Operation) *awserr.Error {
	if op != nil && isS3(op.Service) {
		return awserr.New("EntityTooLarge", http.StatusBadRequest,
			"Your proposed upload exceeds the maximum allowed size")
	}
	return awserr.New("RequestEntityTooLargeException", http.StatusRequestEntityTooLarge, "Request body is too large")
}

// A bindingError is a bad value in a path, query or header.
type bindingError struct {
	name string
	err  error
}

// Error names the header, parameter or label.
func (e *bindingError) Error() string { return fmt.Sprintf("Invalid value for %s: %s", e.name, e.err) }

// Unwrap returns what is wrong with the value.
func (e *bindingError) Unwrap() error { return e.err }
