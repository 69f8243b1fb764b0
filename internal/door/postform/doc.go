// Package postform reads and judges HTML forms that upload a file to S3
// ("Browser-Based Uploads Using POST", S3 API reference).
//
//	Read    multipart/form-data up to its file, whose bytes stay a stream
//	Policy  what the signer of the form allowed: an expiration and conditions
//	Claim   who signed the policy, by Signature Version 4 or 2
//
// The fields before the file are bounded by what S3 allows; nothing behind the
// file is read. A policy covers a form when each condition holds and each field
// but those that S3 excepts is named by a condition.
package postform
