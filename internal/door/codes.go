package door

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/door/sigv4"
	"nephele.dev/nephele/internal/shape"
)

// family is a group of services that refuse signatures in the same words.
type family uint8

const (
	familyJSON  family = iota // awsJson, CBOR: ...Exception, 400
	familyREST                // restJson1: ...Exception, 403
	familyQuery               // awsQuery, CloudFront: no suffix, 403
	familyEC2
	familyS3
)

func familyOf(svc *shape.Service, p shape.Protocol) family {
	switch p {
	case shape.RestJSON:
		return familyREST
	case shape.Query:
		return familyQuery
	case shape.EC2Query:
		return familyEC2
	case shape.RestXML:
		if svc == nil || svc.Name == "s3" {
			return familyS3
		}
		return familyQuery
	case shape.JSON10, shape.JSON11, shape.CBOR:
	}
	return familyJSON
}

// refusal holds the codes of the families but S3 for one thing that is wrong.
type refusal struct {
	json  string
	query string
	ec2   string
}

var (
	refusedMissing    = refusal{"MissingAuthenticationTokenException", "MissingAuthenticationToken", "MissingAuthenticationToken"}
	refusedIncomplete = refusal{"IncompleteSignatureException", "IncompleteSignature", "IncompleteSignature"}
	refusedMismatch   = refusal{"InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure"}
	refusedTime       = refusal{"InvalidSignatureException", "SignatureDoesNotMatch", "RequestExpired"}
	refusedKey        = refusal{"UnrecognizedClientException", "InvalidClientTokenId", "AuthFailure"}
	refusedToken      = refusal{"ExpiredTokenException", "ExpiredToken", "RequestExpired"}
)

// in is the refusal as a family words it.
func (r refusal) in(f family, message string) *awserr.Error {
	switch {
	case f == familyJSON:
		return awserr.New(r.json, http.StatusBadRequest, "%s", message)
	case f == familyREST:
		return awserr.New(r.json, http.StatusForbidden, "%s", message)
	case f == familyQuery && r.query == refusedIncomplete.query:
		return awserr.New(r.query, http.StatusBadRequest, "%s", message)
	case f == familyQuery:
		return awserr.New(r.query, http.StatusForbidden, "%s", message)
	case r.ec2 == "AuthFailure":
		return awserr.New(r.ec2, http.StatusUnauthorized, "AWS was not able to validate the provided access credentials")
	case r.ec2 == "RequestExpired":
		return awserr.New(r.ec2, http.StatusBadRequest, "Request has expired.")
	}
	return awserr.New(r.ec2, http.StatusBadRequest, "%s", message)
}

// signatureError is the answer to a signature that sigv4 refused.
func signatureError(f family, e *sigv4.Error, s *sigv4.Signature) *awserr.Error {
	if f == familyS3 {
		return s3SignatureError(e, s).Because(e)
	}
	switch e.Reason {
	case sigv4.Missing:
		message := e.Message
		if f == familyREST || f == familyJSON {
			message = "Missing Authentication Token"
		}
		return refusedMissing.in(f, message)
	case sigv4.Incomplete, sigv4.QueryMalformed, sigv4.Unsupported, sigv4.Ambiguous:
		return refusedIncomplete.in(f, e.Message)
	case sigv4.Skewed, sigv4.Expired, sigv4.NotYetValid:
		return refusedTime.in(f, e.Message)
	default:
		return refusedMismatch.in(f, e.Message)
	}
}

// s3Codes are the codes and statuses of S3's refusals. Those not here take
// more than a code.
var s3Codes = map[sigv4.Reason]struct {
	code   string
	status int
}{
	sigv4.Missing:          {"AccessDenied", http.StatusForbidden},
	sigv4.Unsupported:      {"InvalidRequest", http.StatusBadRequest},
	sigv4.Ambiguous:        {"InvalidArgument", http.StatusBadRequest},
	sigv4.Incomplete:       {"AuthorizationHeaderMalformed", http.StatusBadRequest},
	sigv4.QueryMalformed:   {"AuthorizationQueryParametersError", http.StatusBadRequest},
	sigv4.NotYetValid:      {"AccessDenied", http.StatusForbidden},
	sigv4.UnsignedHeader:   {"AccessDenied", http.StatusForbidden},
	sigv4.HashMissing:      {"InvalidRequest", http.StatusBadRequest},
	sigv4.HashInvalid:      {"InvalidArgument", http.StatusBadRequest},
	sigv4.HashMismatch:     {"XAmzContentSHA256Mismatch", http.StatusBadRequest},
	sigv4.LengthMissing:    {"MissingContentLength", http.StatusLengthRequired},
	sigv4.BodyMalformed:    {"InvalidRequest", http.StatusBadRequest},
	sigv4.BodyIncomplete:   {"IncompleteBody", http.StatusBadRequest},
	sigv4.ChunkTooSmall:    {"InvalidChunkSizeError", http.StatusForbidden},
	sigv4.TrailerMalformed: {"MalformedTrailerError", http.StatusBadRequest},
	sigv4.ChecksumMismatch: {"BadDigest", http.StatusBadRequest},
	sigv4.Mismatch:         {"SignatureDoesNotMatch", http.StatusForbidden},
	sigv4.ChunkMismatch:    {"SignatureDoesNotMatch", http.StatusForbidden},
	sigv4.Skewed:           {"RequestTimeTooSkewed", http.StatusForbidden},
	sigv4.Expired:          {"AccessDenied", http.StatusForbidden},
	sigv4.WrongScope:       {"AuthorizationHeaderMalformed", http.StatusBadRequest},
}

func s3SignatureError(e *sigv4.Error, s *sigv4.Signature) *awserr.Error {
	c := s3Codes[e.Reason]
	out := awserr.New(c.code, c.status, "%s", e.Message)
	switch e.Reason {
	case sigv4.Missing:
		out.Message = "Access Denied"
	case sigv4.Incomplete:
		out.Message = "The authorization header is malformed; " + e.Message
		if e.Name == "x-amz-date" {
			out = awserr.New("AccessDenied", http.StatusForbidden, "AWS authentication requires a valid Date or x-amz-date header")
		}
	case sigv4.Unsupported:
		if !strings.HasPrefix(e.Got, "AWS") {
			out = awserr.New("InvalidArgument", c.status, "Unsupported Authorization Type").With("ArgumentName", "Authorization")
		}
	case sigv4.WrongScope:
		s3Scope(out, e, s)
	case sigv4.TrailerMalformed:
		if e.Name == "x-amz-trailer" {
			out.Code = "InvalidRequest"
		}
	default:
		s3Details(out, e, s)
	}
	return out
}

// s3Scope words the refusal of a scope, in which S3 tells the right region.
func s3Scope(out *awserr.Error, e *sigv4.Error, s *sigv4.Signature) {
	message := e.Message
	if e.Name == "region" {
		message = "the region '" + e.Got + "' is wrong; expecting '" + e.Want + "'"
		out.Fields = map[string]any{"Region": e.Want}
	}
	out.Message = "The authorization header is malformed; " + message
	if s != nil && s.Presigned {
		out.Code, out.Message = "AuthorizationQueryParametersError", "Error parsing the X-Amz-Credential parameter; "+message
	}
}

// s3Details adds the elements that S3 has in the errors that people debug by.
func s3Details(out *awserr.Error, e *sigv4.Error, s *sigv4.Signature) {
	add := func(pairs ...string) {
		out.Fields = make(map[string]any, len(pairs)/2)
		for i := 0; i < len(pairs); i += 2 {
			out.Fields[pairs[i]] = pairs[i+1]
		}
	}
	switch e.Reason {
	case sigv4.Mismatch, sigv4.ChunkMismatch:
		out.Message = "The request signature we calculated does not match the signature you provided. Check your key and signing method."
		if s != nil {
			add("AWSAccessKeyId", s.AccessKeyID)
		}
	case sigv4.Skewed:
		out.Message = "The difference between the request time and the current time is too large."
		add("RequestTime", e.Got, "ServerTime", e.Want, "MaxAllowedSkewMilliseconds", strconv.FormatInt(sigv4.MaxSkew.Milliseconds(), 10))
	case sigv4.Expired:
		add("Expires", e.Got, "ServerTime", e.Want, "X-Amz-Expires", strconv.FormatInt(int64(s.Expires/time.Second), 10))
	case sigv4.UnsignedHeader:
		add("HeadersNotSigned", e.Name)
	case sigv4.HashMismatch:
		add("ClientComputedContentSHA256", e.Got, "S3ComputedContentSHA256", e.Want)
	case sigv4.HashInvalid:
		add("ArgumentName", e.Name, "ArgumentValue", e.Got)
	}
}

const invalidToken = "The security token included in the request is invalid."

// keyError is the answer to an error of Credentials.
func keyError(f family, err error, accessKeyID string) *awserr.Error {
	s3 := f == familyS3
	switch {
	case errors.Is(err, ErrUnknownKey) && s3:
		return awserr.New("InvalidAccessKeyId", http.StatusForbidden,
			"The AWS Access Key Id you provided does not exist in our records.").With("AWSAccessKeyId", accessKeyID)
	case errors.Is(err, ErrInvalidToken) && s3:
		return awserr.New("InvalidToken", http.StatusBadRequest, "The provided token is malformed or otherwise invalid.")
	case errors.Is(err, ErrExpiredToken) && s3:
		return awserr.New("ExpiredToken", http.StatusBadRequest, "The provided token has expired.")
	case errors.Is(err, ErrUnknownKey), errors.Is(err, ErrInvalidToken):
		return refusedKey.in(f, invalidToken)
	case errors.Is(err, ErrExpiredToken):
		return refusedToken.in(f, "The security token included in the request is expired")
	}
	return internalError(f).Because(err)
}

func internalError(f family) *awserr.Error {
	code := "InternalFailure"
	if f == familyS3 || f == familyEC2 {
		code = "InternalError"
	}
	return awserr.New(code, http.StatusInternalServerError, "We encountered an internal error. Please try again.")
}

// tooLarge is the answer to a body beyond its limit.
func tooLarge(f family, limit int64) *awserr.Error {
	message := "Request must be smaller than " + strconv.FormatInt(limit, 10) + " bytes."
	switch f {
	case familyS3:
		return awserr.New("MaxMessageLengthExceeded", http.StatusBadRequest, "Your request was too big.").
			With("MaxMessageLengthBytes", strconv.FormatInt(limit, 10))
	case familyQuery, familyEC2:
		return awserr.New("RequestEntityTooLarge", http.StatusRequestEntityTooLarge, "%s", message)
	case familyJSON, familyREST:
	}
	return awserr.New("RequestEntityTooLargeException", http.StatusRequestEntityTooLarge, "%s", message)
}

// crowded is the answer to a body for which there is no room now. SDKs try
// again, by the code and by the status.
func crowded(f family) *awserr.Error {
	code, message := "ThrottlingException", "Rate exceeded"
	switch f {
	case familyS3:
		code, message = "SlowDown", "Please reduce your request rate."
	case familyEC2:
		code, message = "RequestLimitExceeded", "Request limit exceeded."
	case familyQuery:
		code = "Throttling"
	case familyJSON, familyREST:
	}
	return awserr.New(code, http.StatusServiceUnavailable, "%s", message)
}

// bodyError is the answer to a body that could not be read to its end.
func bodyError(f family, err error, s *sigv4.Signature) *awserr.Error {
	if e := awserr.As(err); e != nil {
		return e
	}
	if e, ok := errors.AsType[*sigv4.Error](err); ok {
		return signatureError(f, e, s)
	}
	suffix := ""
	if f == familyJSON || f == familyREST {
		suffix = "Exception"
	}
	if isTimeout(err) {
		return awserr.New("RequestTimeout"+suffix, http.StatusBadRequest,
			"Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.").Because(err)
	}
	code := "IncompleteBody"
	if f != familyS3 {
		code = "MalformedRequest" + suffix
	}
	return awserr.New(code, http.StatusBadRequest, "The request body terminated unexpectedly").Because(err)
}

func isTimeout(err error) bool {
	t, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return ok && t.Timeout()
}
