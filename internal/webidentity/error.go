package webidentity

import (
	"errors"
	"fmt"
	"time"
)

// Kinds of Error, for errors.Is.
var (
	ErrInvalid     = errors.New("webidentity: invalid token")          // STS: InvalidIdentityToken
	ErrExpired     = errors.New("webidentity: expired token")          // STS: ExpiredTokenException
	ErrNoProvider  = errors.New("webidentity: unknown provider")       // STS: InvalidIdentityToken
	ErrAudience    = errors.New("webidentity: wrong audience")         // STS: InvalidIdentityToken
	ErrUnreachable = errors.New("webidentity: provider not available") // STS: IDPCommunicationError
)

// Causes of ErrInvalid that callers tell apart.
var (
	ErrMalformed = errors.New("webidentity: not a JSON Web Token")
	ErrSignature = errors.New("webidentity: signature does not verify")
)

// Error says why a token is not believed. Its text is STS's and may be shown to
// the caller.
type Error struct {
	Kind    error // one of the kinds above
	Text    string
	Cause   error     // for the log; may be nil
	Expired time.Time // when an expired token did
}

// Error implements error.
func (e *Error) Error() string { return e.Text }

// Unwrap makes errors.Is find the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Cause}
}

func invalid(format string, args ...any) *Error {
	return &Error{Kind: ErrInvalid, Text: fmt.Sprintf(format, args...)}
}

// unreachable is an issuer whose documents cannot be had, or cannot be used.
func unreachable(cause error) *Error {
	return &Error{
		Kind: ErrUnreachable, Cause: cause,
		Text: "Couldn't retrieve verification key from your identity provider, " +
			"please reference AssumeRoleWithWebIdentity documentation for requirements",
	}
}
