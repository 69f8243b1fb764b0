package door

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"strings"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/door/sigv4"
	"nephele.dev/nephele/internal/shape"
)

// sumPrefix begins the headers that hold checksums, in canonical form.
const sumPrefix = "X-Amz-Checksum-"

// checkDigests compares a body that has come whole with the digests that an S3
// request's header announces: Content-MD5, and where the operation's body has a
// checksum, x-amz-checksum-*. Objects stream; their handler compares those.
func checkDigests(op *shape.Operation, h http.Header, body []byte) error {
	if announced := h.Get("Content-MD5"); announced != "" {
		if err := checkDigest("md5", announced, body); err != nil {
			return err
		}
	}
	if !op.ChecksumRequired && op.ChecksumMember == "" {
		return nil
	}
	for name, values := range h {
		algorithm, ok := strings.CutPrefix(name, sumPrefix)
		if !ok || len(values) == 0 {
			continue
		}
		if err := checkDigest(algorithm, values[0], body); err != nil {
			return err
		}
	}
	return nil
}

// checkDigest compares one digest. What names no algorithm (the header
// x-amz-checksum-mode, for one) is not a digest.
func checkDigest(algorithm, announced string, body []byte) error {
	sum := sigv4.NewChecksum(algorithm)
	if sum == nil {
		return nil
	}
	name := sumPrefix + algorithm
	if algorithm == "md5" {
		name = "Content-MD5"
	}
	want, err := base64.StdEncoding.DecodeString(announced)
	if err != nil || len(want) != sum.Size() {
		if algorithm == "md5" {
			return awserr.New("InvalidDigest", http.StatusBadRequest, "The Content-MD5 you specified was invalid.")
		}
		return awserr.New("InvalidRequest", http.StatusBadRequest, "Value for %s header is invalid.", strings.ToLower(name))
	}
	_, _ = sum.Write(body) // a hash takes everything
	if !bytes.Equal(sum.Sum(nil), want) {
		return awserr.New("BadDigest", http.StatusBadRequest, "The %s you specified did not match what we received.", name)
	}
	return nil
}
