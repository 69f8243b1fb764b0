// Package sigv4 verifies AWS Signature Version 4, the server's side of what
// every AWS SDK does to a request.
//
// A signature binds a request to a secret that never travels:
//
//	canonical request  method, path, query, signed headers, hash of the body
//	string to sign     algorithm, time, scope, SHA-256 of the canonical request
//	key                HMAC chain of secret, date, region, service, "aws4_request"
//	signature          HMAC-SHA256(key, string to sign)
//
// Parse reads what a request claims (Authorization header, or the X-Amz-*
// query parameters of a presigned URL), Signature.CheckTime judges its age,
// Signature.Verify the signature itself, and NewBody reads the body and
// verifies what is said about it.
//
// # The body
//
// x-amz-content-sha256 says how a body is protected. Without the header the
// hash of the whole body stands in the canonical request, so the caller of
// Verify must have it. With the header the signature covers what the header
// says, and Body holds the stream to it:
//
//	64 hex digits                               hash compared at the end
//	UNSIGNED-PAYLOAD                            nothing promised
//	STREAMING-AWS4-HMAC-SHA256-PAYLOAD          chunks, each signed, each
//	                                            signature seeded by the one before
//	STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER  the same, then signed trailers
//	STREAMING-UNSIGNED-PAYLOAD-TRAILER          chunks and a trailing checksum
//
// Body passes bytes on before it can know that they are genuine, so that no
// chunk has to fit in memory. Whoever reads it must treat any error but io.EOF
// as "none of this counts": an object is committed after io.EOF only.
//
// # Where clients differ
//
// The canonical form is not unique in practice. For paths S3 signs what it
// sends, the other services escape it once more, and some SDKs take out empty
// and dot segments first; queries are sorted before or after escaping. Verify
// accepts each form that a client in use makes. This opens no gap because every
// form is a function of the request alone, and two requests that share a form
// mean the same: the same path after unescaping (for services other than S3,
// after CleanPath, which the router must then go by), the same set of query
// parameters.
//
// # Replay
//
// As at AWS, a request that was signed can be sent again for as long as its
// time is good, 15 minutes, or the life of a presigned URL. Nothing is kept to
// refuse the second one.
//
// Sources: "AWS Signature Version 4 for API requests" in the IAM user guide;
// "Authenticating Requests" and "Signature Calculations for the Authorization
// Header: Transferring Payload in Multiple Chunks" in the S3 API reference.
package sigv4
