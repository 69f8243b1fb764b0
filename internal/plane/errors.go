package plane

import (
	"net/http"
	"strings"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/shape"
)

// NotImplemented is the answer to an operation that AWS has and Nephele does
// not have yet: code NotImplemented, status 501.
func NotImplemented(op *shape.Operation) *awserr.Error {
	return awserr.New("NotImplemented", http.StatusNotImplemented,
		"Nephele does not implement %s:%s yet.", op.Service.Name, op.Name)
}

// internalNames are the codes for an internal failure of services whose model
// does not name one.
var internalNames = map[string]string{
	"s3":         "InternalError",
	"ec2":        "InternalError",
	"sqs":        "InternalError",
	"sns":        "InternalError",
	"iam":        "ServiceFailure",
	"ssm":        "InternalServerError",
	"cloudwatch": "InternalServiceError",
	"cloudfront": "InternalError",
	"events":     "InternalException",
	"kms":        "KMSInternalException",
}

// internalFailure is what a caller sees of a fault of ours, under the
// service's own name for it.
func internalFailure(op *shape.Operation) *awserr.Error {
	code := internalNames[op.Service.Name]
	if code == "" {
		code = modelledInternal(op)
	}
	return awserr.New(code, http.StatusInternalServerError,
		"We encountered an internal error. Please try again.")
}

// modelledInternal is the code of the operation's server error, or
// InternalFailure, which every AWS service may answer.
func modelledInternal(op *shape.Operation) string {
	for _, s := range op.Errors {
		if s.Error == nil || s.Error.Status != http.StatusInternalServerError && s.Error.Sender {
			continue
		}
		if strings.HasPrefix(s.Error.Code, "Internal") || s.Error.Code == "ServiceException" {
			return s.Error.Code
		}
	}
	return "InternalFailure"
}

// deniedNames are the codes for a refusal of services that do not follow
// their protocol's habit.
var deniedNames = map[string]string{
	"ec2": "UnauthorizedOperation",
	"sns": "AuthorizationError",
}

// refusalText is the message of a refusal. S3 tells strangers nothing; EC2
// tells the details to those who may decode them.
func (p *Plane) refusalText(svc *shape.Service, r policy.Request, d policy.Decision) string {
	if svc.Name == "s3" && r.Principal.Kind == policy.Anonymous {
		return "Access Denied"
	}
	if svc.Name == "ec2" && p.opts.Explain != nil {
		return "You are not authorized to perform this operation. " + policy.Message(r, d) +
			". Encoded authorization failure message: " + p.opts.Explain(r, d)
	}
	text := policy.Message(r, d)
	if svc.Name == "sns" { // which alone writes its prefix like this
		text = strings.ReplaceAll(text, " sns:", " SNS:")
	}
	return text
}

// accessDenied is a refusal. AwsJson services answer it with 400, others 403;
// those that spoke the query protocol before keep its code and status.
func accessDenied(svc *shape.Service, message string) *awserr.Error {
	code, status := deniedNames[svc.Name], http.StatusForbidden
	p := svc.Protocols[0]
	if svc.QueryCompatible {
		p = shape.Query
	}
	switch p {
	case shape.JSON10, shape.JSON11, shape.CBOR:
		status = http.StatusBadRequest
		if code == "" {
			code = "AccessDeniedException"
		}
	case shape.RestJSON:
		if code == "" {
			code = "AccessDeniedException"
		}
	case shape.Query, shape.EC2Query, shape.RestXML:
	}
	if code == "" {
		code = "AccessDenied"
	}
	return awserr.New(code, status, "%s", message)
}
