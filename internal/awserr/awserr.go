package awserr

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
)

// Fault says whose mistake an error is. Clients retry server faults.
type Fault string

// The two faults of the Smithy error trait.
const (
	Client Fault = "client"
	Server Fault = "server"
)

// Error is an answer to a caller in AWS's terms.
type Error struct {
	Code    string         // wire code, for example "ResourceNotFoundException"
	Message string         // shown to the caller; never holds a secret
	Status  int            // HTTP status
	Fault   Fault          // whose mistake it is
	Fields  map[string]any // further modelled members by their model name, for example "resourceName"
	Header  http.Header    // further HTTP headers of the answer, where the protocol has any
	Cause   error          // what led here; logged, never sent
}

// Error returns the code and message, and the cause where there is one.
func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.Cause)
	}
	return e.Code + ": " + e.Message
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// With returns a copy of e that also carries the modelled member name.
func (e *Error) With(name string, value any) *Error {
	c := *e
	c.Fields = make(map[string]any, len(e.Fields)+1)
	maps.Copy(c.Fields, e.Fields)
	c.Fields[name] = value
	return &c
}

// WithHeader returns a copy of e that also sends an HTTP header. The REST
// protocols write it; in the others a message has no headers of its own.
func (e *Error) WithHeader(name, value string) *Error {
	c := *e
	c.Header = e.Header.Clone()
	if c.Header == nil {
		c.Header = http.Header{}
	}
	c.Header.Set(name, value)
	return &c
}

// Because returns a copy of e whose cause is err.
func (e *Error) Because(err error) *Error {
	c := *e
	c.Cause = err
	return &c
}

// New returns an error with the given code and status; the fault follows from
// the status. Generated constructors call it.
func New(code string, status int, format string, args ...any) *Error {
	fault := Client
	if status >= http.StatusInternalServerError {
		fault = Server
	}
	msg := format
	if len(args) > 0 {
		msg = fmt.Sprintf(format, args...)
	}
	return &Error{Code: code, Message: msg, Status: status, Fault: fault}
}

// As returns the *Error in err's chain, or nil.
func As(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return nil
}

// ErrText is in the chain of an error about a text that no database takes: it
// has a NUL in it, or is not UTF-8. Where one comes from a caller, it is the
// caller's mistake.
var ErrText = errors.New("a text with a NUL, or that is not UTF-8")

// Is reports whether err's chain holds an *Error with the given code.
func Is(err error, code string) bool {
	e := As(err)
	return e != nil && e.Code == code
}

// Wrap prefixes *err with where it passed, unless *err is nil or an *Error,
// which is an answer already. Use it deferred at the top of an exported function:
//
//	defer awserr.Wrap(&err, "store.Open(%q)", url)
func Wrap(err *error, format string, args ...any) {
	if *err == nil || As(*err) != nil {
		return
	}
	*err = fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), *err)
}
