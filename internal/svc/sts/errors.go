package sts

import (
	"errors"
	"net/http"

	api "nephele.dev/nephele/internal/api/sts"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/session"
)

// Errors that every operation of AWS's query protocol may answer.

func denied(format string, args ...any) *awserr.Error {
	return awserr.New("AccessDenied", http.StatusForbidden, format, args...)
}

func invalid(format string, args ...any) *awserr.Error {
	return awserr.New("ValidationError", http.StatusBadRequest, format, args...)
}

func invalidValue(message string) *awserr.Error {
	return awserr.New("InvalidParameterValue", http.StatusBadRequest, "%s", message)
}

// notBuilt refuses a part of an operation that is not there.
func notBuilt(format string, args ...any) *awserr.Error {
	return awserr.New("NotImplemented", http.StatusNotImplemented, format, args...)
}

// tooLarge is AWS's word for claims that do not fit a token.
func tooLarge(err error) error {
	if errors.Is(err, session.ErrTooLarge) {
		return api.NewPackedPolicyTooLargeException("Serialized token too large for session")
	}
	return err
}

// noMFA refuses calls that give an MFA device.
func noMFA(serial, code *string) error {
	if serial == nil && code == nil {
		return nil
	}
	return notBuilt("Nephele does not implement MFA devices yet: SerialNumber and TokenCode cannot be given.")
}
