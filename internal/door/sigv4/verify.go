package sigv4

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// EmptyHash is the SHA-256 of nothing.
const EmptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// HeaderDecides reports whether the signature can be verified before the body
// is there: x-amz-content-sha256 stands in for it, or is not needed.
func (s *Signature) HeaderDecides() bool {
	return s.Payload != "" || s.Presigned && IsS3(s.Scope.Service)
}

// BodyHash is the SHA-256 of a whole body, in the form Verify wants.
func BodyHash(body []byte) string {
	if len(body) == 0 {
		return EmptyHash
	}
	h := sha256.Sum256(body)
	return hex.EncodeToString(h[:])
}

// Verify checks that the holder of key, made by SigningKey for s.Scope, signed
// the request. bodyHash is BodyHash of the body; it may be "" when
// HeaderDecides. Where x-amz-content-sha256 holds a hash and bodyHash is given
// both must agree. The error is an *Error, and does not tell how close it was.
func (s *Signature) Verify(r *http.Request, key []byte, bodyHash string) error {
	if err := s.checkSigned(r); err != nil {
		return err
	}
	hash, err := s.payloadHash(bodyHash)
	if err != nil {
		return err
	}
	queries, err := s.queries()
	if err != nil {
		return err
	}
	buf := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(buf)
	for path := range s.paths() {
		for _, query := range queries {
			s.canonical(buf, r, path, query, hash)
			if s.matches(buf, key) {
				return s.CheckBody(bodyHash)
			}
		}
	}
	return refuse(Mismatch, mismatchText)
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// checkSigned requires the signature to cover what changes a request's
// meaning: its host, its time, and every x-amz-* header, hence the session token.
func (s *Signature) checkSigned(r *http.Request) error {
	if !s.covers("host") {
		return unsigned("host", "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
	}
	if !s.Presigned && !s.covers("x-amz-date") && !s.covers("date") {
		return unsigned("x-amz-date", "'X-Amz-Date' or 'Date' must be a 'SignedHeader' in the AWS Authorization.")
	}
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Amz-") && !s.coversHeader(name) {
			return unsigned(strings.ToLower(name), "There were headers present in the request which were not signed")
		}
	}
	return nil
}

func unsigned(name, message string) error {
	return &Error{Reason: UnsignedHeader, Message: message, Name: name}
}

func (s *Signature) covers(name string) bool {
	_, ok := slices.BinarySearch(s.signed, name)
	return ok
}

// coversHeader is covers for a name in canonical form, without allocating.
func (s *Signature) coversHeader(name string) bool {
	return slices.ContainsFunc(s.signed, func(n string) bool { return strings.EqualFold(n, name) })
}

// payloadHash is the last line of the canonical request.
func (s *Signature) payloadHash(bodyHash string) (string, error) {
	s3 := IsS3(s.Scope.Service)
	switch {
	case s.Payload != "":
		return s.Payload, nil
	case s3 && s.Presigned:
		return UnsignedPayload, nil
	case s3:
		return "", &Error{
			Reason: HashMissing, Name: "x-amz-content-sha256",
			Message: "Missing required header for this request: x-amz-content-sha256",
		}
	case bodyHash == "":
		return EmptyHash, nil
	}
	return bodyHash, nil
}

// CheckBody compares the hash that was signed, if one was, with that of the
// body. The error is an *Error.
func (s *Signature) CheckBody(bodyHash string) error {
	if bodyHash == "" || !IsHash(s.Payload) || s.Payload == bodyHash {
		return nil
	}
	return hashMismatch(s.Payload, bodyHash)
}

func hashMismatch(got, want string) error {
	return &Error{
		Reason: HashMismatch, Got: got, Want: want, Name: "x-amz-content-sha256",
		Message: "The provided 'x-amz-content-sha256' header does not match what was computed.",
	}
}

// matches reports whether the canonical request in buf has the signature s.
func (s *Signature) matches(buf *bytes.Buffer, key []byte) bool {
	sum := sha256.Sum256(buf.Bytes())
	buf.Reset()
	buf.WriteString(algorithm + "\n")
	buf.WriteString(s.stamp)
	buf.WriteByte('\n')
	buf.WriteString(s.Scope.String())
	buf.WriteByte('\n')
	var digits [hashDigits]byte
	hex.Encode(digits[:], sum[:])
	buf.Write(digits[:])
	return equalMAC(key, buf.Bytes(), s.mac)
}

// equalMAC compares, in constant time, a signature in hexadecimal with that
// of text under key.
func equalMAC(key, text []byte, mac string) bool {
	h := hmac.New(sha256.New, key)
	h.Write(text)
	var sum [sha256.Size]byte
	var digits [hashDigits]byte
	hex.Encode(digits[:], h.Sum(sum[:0]))
	return subtle.ConstantTimeCompare(digits[:], []byte(mac)) == 1
}
