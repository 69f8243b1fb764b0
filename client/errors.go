package client

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/shape"
)

// ErrNoRegion says that a service needs a region and none is configured.
var ErrNoRegion = errors.New("no region is given: set AWS_REGION, a region in the profile, or the option")

// ErrNoCredentials says that no credentials could be found or fetched.
var ErrNoCredentials = errors.New("unable to locate credentials")

// Error is a service's refusal of a call.
type Error struct {
	Service   string         // package name, for example "sns"
	Operation string         // for example "Publish"
	Code      string         // for example "NotFoundException"
	Message   string         // as the service says it
	Status    int            // HTTP status
	RequestID string         // as the service names the request
	HostID    string         // S3's second request id
	Fields    map[string]any // further modelled members by name
	Header    http.Header    // of the answer
	Attempts  int            // how many were made
	Exhausted bool           // the error was worth another attempt, but there were none left

	aliases   []string // other names of the code
	retryable bool     // modelled so
}

// Error is the text that the AWS CLI prints.
func (e *Error) Error() string {
	retries := ""
	if e.Exhausted {
		retries = fmt.Sprintf(" (reached max retries: %d)", e.Attempts-1)
	}
	return fmt.Sprintf("An error occurred (%s) when calling the %s operation%s: %s", e.Code, e.Operation, retries, e.Message)
}

// Has reports whether the error has one of the codes, under whichever of its
// names: services that came from the query protocol know two for one error.
func (e *Error) Has(codes ...string) bool {
	return slices.ContainsFunc(codes, func(c string) bool { return c == e.Code || slices.Contains(e.aliases, c) })
}

// HasCode reports whether err is an *Error with one of the codes.
func HasCode(err error, codes ...string) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Has(codes...)
}

// ParamError lists everything that is wrong with an input. Nothing was sent.
type ParamError struct {
	Operation string
	Problems  []string // in botocore's words
}

// Error holds one line for each problem.
func (e *ParamError) Error() string {
	return "Parameter validation failed:\n" + strings.Join(e.Problems, "\n")
}

// ConnectionError says that no answer came from an endpoint.
type ConnectionError struct {
	URL string // scheme and host alone
	Err error
}

// Error names the endpoint.
func (e *ConnectionError) Error() string {
	return fmt.Sprintf("Could not connect to the endpoint URL %q: %v", e.URL, e.Err)
}

// Unwrap returns what happened.
func (e *ConnectionError) Unwrap() error { return e.Err }

// NameError says that nothing has the name asked for.
type NameError struct {
	Kind  string   // service, operation, waiter, protocol
	Name  string   // as given
	Valid []string // what there is
}

// Error names what there is unless that is long.
func (e *NameError) Error() string {
	if len(e.Valid) > 40 {
		return fmt.Sprintf("unknown %s %q", e.Kind, e.Name)
	}
	return fmt.Sprintf("unknown %s %q, valid: %s", e.Kind, e.Name, strings.Join(e.Valid, ", "))
}

// newError makes the public form of an error answer.
func newError(op *shape.Operation, resp *http.Response, fault *awserr.Error) *Error {
	e := &Error{
		Service: op.Service.Name, Operation: op.Name, Code: fault.Code, Message: fault.Message,
		Status: resp.StatusCode, RequestID: requestID(resp.Header), HostID: resp.Header.Get("X-Amz-Id-2"), Header: resp.Header,
	}
	s := errorShape(op, fault.Code)
	if s == nil {
		return e
	}
	e.retryable = s.Error.Retryable
	for _, name := range []string{s.Name, s.Error.Code, s.Error.QueryCode} {
		if name != "" && name != e.Code {
			e.aliases = append(e.aliases, name)
		}
	}
	for name, value := range fault.Fields {
		m := s.Member(name)
		if m == nil {
			continue
		}
		if v, ok := outputValue(m.Shape, reflect.ValueOf(value)); ok {
			if e.Fields == nil {
				e.Fields = map[string]any{}
			}
			e.Fields[name] = v
		}
	}
	return e
}

// errorShape finds the shape of a code, the operation's own first.
func errorShape(op *shape.Operation, code string) *shape.Shape {
	for _, s := range op.Errors {
		if s.Error != nil && (s.Error.Code == code || s.Name == code) {
			return s
		}
	}
	return op.Service.Error(code)
}

// requestID is the request's name in an answer's header.
func requestID(h http.Header) string {
	for _, name := range []string{"X-Amzn-Requestid", "X-Amz-Request-Id", "X-Amz-Requestid"} {
		if id := h.Get(name); id != "" {
			return id
		}
	}
	return ""
}
