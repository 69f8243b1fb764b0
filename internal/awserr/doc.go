// Package awserr is the one error type that crosses rooms in Nephele.
//
// An *Error is an answer: its code, message and HTTP status are what an AWS
// client is shown, so its message is always safe to send. Any other error that
// reaches the plane is a fault of ours; the caller sees "InternalFailure" (or
// the service's own name for it) and the text goes to the log alone.
//
// Generated API packages hold a constructor for each modelled error, for
// example synthetics.NewConflictException("Canary is not in a startable state").
// Codes that every service shares (throttling, access denied, missing
// credentials) have constructors here.
package awserr
