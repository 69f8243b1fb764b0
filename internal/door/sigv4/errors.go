package sigv4

import "fmt"

// Reason says what is wrong with a signature. Each service has its own code
// for each of them.
type Reason uint8

// The reasons.
const (
	Missing          Reason = iota + 1 // the request carries no signature at all
	Unsupported                        // another mechanism, for example Signature Version 2
	Ambiguous                          // more than one signature
	Incomplete                         // a part of the signature is absent or cannot be read
	QueryMalformed                     // the same, in a presigned URL
	WrongScope                         // the credential scope does not fit the request
	Skewed                             // the signer's clock is more than MaxSkew from ours
	Expired                            // a presigned URL after its time
	NotYetValid                        // a presigned URL before its time
	UnsignedHeader                     // a header that must be signed is not
	Mismatch                           // the signature is not that of the request
	HashMissing                        // x-amz-content-sha256 is absent where it must stand
	HashInvalid                        // x-amz-content-sha256 has no known form
	HashMismatch                       // the body is not the one whose hash was signed
	LengthMissing                      // chunks without x-amz-decoded-content-length
	BodyMalformed                      // chunk framing is broken
	BodyIncomplete                     // the body ends early or has another length than announced
	ChunkTooSmall                      // a chunk below MinChunk that is not the last
	ChunkMismatch                      // the signature of a chunk or of the trailers is wrong
	TrailerMalformed                   // the trailers are not those announced, or unreadable
	ChecksumMismatch                   // a trailing checksum is not the body's
)

// Error is a refusal.
type Error struct {
	Reason  Reason
	Message string // in AWS's words where its services share them; holds no secret
	Name    string // the header or checksum that the refusal is about
	Got     string // what the request says, where it helps: a hash, a time
	Want    string // what it should say
}

// Error returns the message.
func (e *Error) Error() string { return "sigv4: " + e.Message }

// ErrAmbiguous refuses a request that carries more than one signature.
var ErrAmbiguous error = refuse(Ambiguous, "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, "+
	"Signature query string parameter or the Authorization header should be specified")

func refuse(r Reason, format string, args ...any) *Error {
	return &Error{Reason: r, Message: fmt.Sprintf(format, args...)}
}

// mismatchText is what AWS's services answer to a wrong signature.
const mismatchText = "The request signature we calculated does not match the signature you provided. " +
	"Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
