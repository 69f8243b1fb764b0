package s3

import (
	"context"
	"crypto/md5" //nolint:gosec // an ETag, not a signature
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"time"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/blob"
)

// body is what an upload claims about its bytes.
type body struct {
	reader io.Reader
	length *int64  // Content-Length; nil when the caller is inside and did not say
	md5    *string // Content-MD5
	claim  claim
	key    *customerKey // to encrypt with, or nil
}

// stored is a blob that is durable and has no row yet, or the bytes of a small
// object.
type stored struct {
	data  string // name of the blob
	size  int64
	etag  string // hex MD5 of the blob
	sum   checksum
	begun time.Time
	small []byte // the bytes, when they are not in a blob
}

// stream writes a body to a new blob. Nothing is left when it fails. The
// checksum is by the claimed algorithm, or fallback when none is claimed.
func (s *Service) stream(ctx context.Context, b body, fallback string) (stored, error) {
	v, err := newVerifier(b, fallback)
	if err != nil {
		return stored{}, err
	}
	begun := time.Now()
	name := blobName(begun)
	info, err2 := s.blobs.Put(ctx, name, b.key.cipher(v, name, 0))
	if err2 != nil {
		return stored{}, uploadError(v, err2)
	}
	return stored{
		data: name, size: v.n, etag: hex.EncodeToString(info.MD5), begun: begun,
		sum: checksum{Algorithm: v.algorithm, Type: fullObject, Value: encodeSum(v.sum.Sum(nil))},
	}, nil
}

// uploadError tells what the client did wrong from what went wrong with us.
func uploadError(v *verifier, err error) error {
	if e := awserr.As(err); e != nil {
		return e
	}
	if errors.Is(v.failure, io.ErrUnexpectedEOF) {
		return errIncompleteBody().Because(err)
	}
	return err
}

// discard deletes a blob whose row was not committed. What it leaves is found
// by the search for orphans.
func (s *Service) discard(ctx context.Context, st stored) {
	if isSmall(st.data) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := s.blobs.Delete(ctx, st.data); err != nil && !errors.Is(err, blob.ErrNotFound) {
		s.log.WarnContext(ctx, "left a blob without an object", "blob", st.data, "error", err)
	}
}

// overdue reports whether the upload took so long that the search for orphans
// may have met its blob.
func (st stored) overdue() bool { return time.Since(st.begun) > uploadLimit }

// hourLayout is the part of a blob's name that says when its upload began.
const hourLayout = "2006010215"

const blobPrefix = "s3/"

func blobName(begun time.Time) string {
	return blobPrefix + begun.UTC().Format(hourLayout) + "/" + randomName()
}

// randomName is 128 random bits in hex.
func randomName() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// verifier passes bytes on while it counts and sums them. It fails instead of
// ending when they are not those that were promised, so that the blob is never
// published.
type verifier struct {
	r         io.Reader
	length    int64 // -1: any
	n         int64
	algorithm string
	sum       hash.Hash
	want      string    // base64 of the checksum, or ""
	md5       hash.Hash // nil without Content-MD5
	wantMD5   string
	failure   error
}

func newVerifier(b body, fallback string) (*verifier, error) {
	v := &verifier{r: b.reader, length: -1, algorithm: fallback, want: b.claim.value}
	if v.r == nil {
		v.r = eof{}
	}
	if b.length != nil {
		v.length = *b.length
		if v.length > maxPut {
			return nil, errTooLarge(v.length)
		}
	}
	if b.claim.algorithm != "" {
		v.algorithm = b.claim.algorithm
	}
	v.sum = algorithms[v.algorithm].new()
	if b.md5 != nil {
		raw, err := base64.StdEncoding.DecodeString(*b.md5)
		if err != nil || len(raw) != md5.Size {
			return nil, badRequest("InvalidDigest", "The Content-MD5 you specified was invalid.").With("Content-MD5", *b.md5)
		}
		v.md5, v.wantMD5 = md5.New(), *b.md5
	}
	return v, nil
}

// Read implements io.Reader.
func (v *verifier) Read(p []byte) (int, error) {
	n, err := v.r.Read(p)
	v.n += int64(n)
	if v.n > maxPut {
		return 0, v.fail(errTooLarge(v.n))
	}
	v.sum.Write(p[:n])
	if v.md5 != nil {
		v.md5.Write(p[:n])
	}
	if err == nil {
		return n, nil
	}
	if !errors.Is(err, io.EOF) {
		return n, v.fail(err)
	}
	if err := v.check(); err != nil {
		return 0, v.fail(err)
	}
	return n, io.EOF
}

func (v *verifier) fail(err error) error {
	v.failure = err
	return err
}

// check compares what came with what was promised.
func (v *verifier) check() error {
	if v.length >= 0 && v.n != v.length {
		return errIncompleteBody()
	}
	if v.md5 != nil && encodeSum(v.md5.Sum(nil)) != v.wantMD5 {
		return badRequest("BadDigest", "The Content-MD5 you specified did not match what we received.").
			With("ExpectedDigest", v.wantMD5).With("CalculatedDigest", encodeSum(v.md5.Sum(nil)))
	}
	if v.want != "" && encodeSum(v.sum.Sum(nil)) != v.want {
		return badRequest("BadDigest", "The %s you specified did not match the calculated checksum.", v.algorithm)
	}
	return nil
}

type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }
