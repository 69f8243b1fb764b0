package validate

import (
	"net/http"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/shape"
)

// rules are one service's way of reporting violations.
type rules struct {
	code    string // wire code of the error; "" is the protocol's
	own     bool   // the service validates by itself
	missing bool   // only absent members are checked, and reported one by one as MissingParameter
	silent  bool   // values are never shown
	notNull bool   // constraints of elements end in "Member must not be null"
}

// byService holds the services that differ from their protocol's habit, by
// the name of their generated package.
var byService = map[string]rules{
	"s3":         {own: true},
	"cloudfront": {own: true},
	"ec2":        {missing: true},
	"cloudwatch": {code: "ValidationError"},
	"logs":       {code: "InvalidParameterException"},
	"sns":        {code: "InvalidParameter"},
	"sqs":        {missing: true},
	"iam":        {silent: true, notNull: true},
	"lambda":     {notNull: true},
}

// code is the wire code of a validation error of svc.
func (r rules) errorCode(svc *shape.Service) string {
	if r.code != "" {
		return r.code
	}
	if svc.Speaks(shape.Query) || svc.Speaks(shape.EC2Query) {
		return "ValidationError"
	}
	return "ValidationException"
}

// textCodes are the codes of Text of services that validate by themselves.
var textCodes = map[string]string{
	"s3": "InvalidArgument", "cloudfront": "InvalidArgument", "sqs": "InvalidParameterValue", "ec2": "InvalidParameterValue",
}

// Text is the answer to an input with a text that cannot be looked for or kept
// (awserr.ErrText), where no rule of the service refuses it before.
func Text(op *shape.Operation) *awserr.Error {
	code := textCodes[op.Service.Name]
	if code == "" {
		code = byService[op.Service.Name].errorCode(op.Service)
	}
	return awserr.New(code, http.StatusBadRequest, "The request holds text with the character U+0000, or that is not valid UTF-8.")
}

// missingParameter is the answer of services that report absent members so.
func missingParameter(name string) *awserr.Error {
	return awserr.New("MissingParameter", http.StatusBadRequest,
		"The request must contain the parameter %s", name)
}
