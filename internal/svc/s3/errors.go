package s3

import (
	"net/http"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
)

// Most S3 errors are documented but not modelled. Codes, statuses and messages
// are those of the API reference's list of error codes; the fields are those
// that S3 sends with them.

func badRequest(code, format string, args ...any) *awserr.Error {
	return awserr.New(code, http.StatusBadRequest, format, args...)
}

func errInvalidArgument(name, value, format string, args ...any) *awserr.Error {
	return badRequest("InvalidArgument", format, args...).With("ArgumentName", name).With("ArgumentValue", value)
}

func errNoSuchBucket(name string) *awserr.Error {
	return api.NewNoSuchBucket("The specified bucket does not exist").With("BucketName", name)
}

func errInvalidBucketName(name string) *awserr.Error {
	return badRequest("InvalidBucketName", "The specified bucket is not valid.").With("BucketName", name)
}

func errAccessDenied() *awserr.Error { return api.NewAccessDenied("Access Denied") }

func errNoSuchKey(key string) *awserr.Error {
	return api.NewNoSuchKey("The specified key does not exist.").With("Key", key)
}

func errNoSuchUpload(id string) *awserr.Error {
	return api.NewNoSuchUpload("The specified upload does not exist. The upload ID may be invalid, "+
		"or the upload may have been aborted or completed.").With("UploadId", id)
}

func errPrecondition(condition string) *awserr.Error {
	return awserr.New("PreconditionFailed", http.StatusPreconditionFailed,
		"At least one of the pre-conditions you specified did not hold").With("Condition", condition)
}

func errConflict(key, condition string) *awserr.Error {
	return awserr.New("ConditionalRequestConflict", http.StatusConflict,
		"The conditional request cannot succeed due to a conflicting operation against this resource.").
		With("Key", key).With("Condition", condition)
}

func errMalformedXML() *awserr.Error {
	return badRequest("MalformedXML",
		"The XML you provided was not well-formed or did not validate against our published schema")
}

func errInvalidRequest(format string, args ...any) *awserr.Error {
	return api.NewInvalidRequest(format, args...)
}

// errHeader refuses a header or parameter whose effect Nephele does not have.
func errHeader(name string) *awserr.Error {
	return awserr.New("NotImplemented", http.StatusNotImplemented,
		"A header you provided implies functionality that is not implemented").With("Header", name)
}

func errTooLarge(size int64) *awserr.Error {
	return badRequest("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size").
		With("ProposedSize", size).With("MaxSizeAllowed", int64(maxPut))
}

func errIncompleteBody() *awserr.Error {
	return badRequest("IncompleteBody",
		"You did not provide the number of bytes specified by the Content-Length HTTP header")
}

func errTimeout() *awserr.Error {
	return badRequest("RequestTimeout", "Your socket connection to the server was not read from or written to "+
		"within the timeout period. Idle connections will be closed.")
}
