package s3

import (
	"context"
	"crypto/md5"  //nolint:gosec // a checksum of the protocol
	"crypto/sha1" //nolint:gosec // likewise
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"reflect"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/zeebo/xxh3"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
)

// How a checksum covers a multipart object.
const (
	fullObject = "FULL_OBJECT" // as if it had been uploaded whole
	composite  = "COMPOSITE"   // the sum of the parts' sums
)

// defaultAlgorithm is what S3 computes when nobody asks for anything.
const defaultAlgorithm = "CRC64NVME"

// algorithm is one of the checksums that clients may send and ask for.
type algorithm struct {
	new  func() hash.Hash
	crc  *crcParams // nil where sums of parts cannot be combined into one of the whole
	size int        // bytes
}

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	nvme       = crc64.MakeTable(nvmePolynomial)
)

// nvmePolynomial is the CRC-64 of the NVM Express specification, bit-reversed.
const nvmePolynomial = 0x9a6c9329ac4bc9b5

var algorithms = map[string]algorithm{
	"CRC32":     {func() hash.Hash { return crc32.NewIEEE() }, &crcParams{32, crc32.IEEE}, 4},
	"CRC32C":    {func() hash.Hash { return crc32.New(castagnoli) }, &crcParams{32, crc32.Castagnoli}, 4},
	"CRC64NVME": {func() hash.Hash { return crc64.New(nvme) }, &crcParams{64, nvmePolynomial}, 8},
	"SHA1":      {sha1.New, nil, sha1.Size},
	"SHA256":    {sha256.New, nil, sha256.Size},
	"SHA512":    {sha512.New, nil, sha512.Size},
	"MD5":       {md5.New, nil, md5.Size},
	"XXHASH64":  {func() hash.Hash { return xxhash.New() }, nil, 8},
	"XXHASH3":   {func() hash.Hash { return xxh3.New() }, nil, 8},
	"XXHASH128": {func() hash.Hash { return xxh128{xxh3.New()} }, nil, 16},
}

// xxh128 makes a hash.Hash of the 128-bit sum that the hasher has as well.
type xxh128 struct{ *xxh3.Hasher }

// Size implements hash.Hash.
func (xxh128) Size() int { return 16 }

// Sum implements hash.Hash: the canonical, big-endian form.
func (h xxh128) Sum(b []byte) []byte {
	sum := h.Sum128().Bytes()
	return append(b, sum[:]...)
}

// checksum is the stored checksum of an object or a part.
type checksum struct{ Algorithm, Type, Value string }

// claim is the checksum that a request names: the algorithm, and the value
// where it came in a header. In a trailer the door checks the value.
type claim struct{ algorithm, value string }

// readClaim finds the checksum that an upload's input names: the header
// x-amz-checksum-*, x-amz-sdk-checksum-algorithm, or an announced trailer.
func readClaim(ctx context.Context, in any) (claim, *awserr.Error) {
	var c claim
	v := reflect.ValueOf(in).Elem()
	for name, a := range algorithms {
		f := v.FieldByName("Checksum" + name)
		if f.IsNil() {
			continue
		}
		if c.value != "" {
			return claim{}, errInvalidRequest("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
		}
		c = claim{name, f.Elem().String()}
		if raw, err := base64.StdEncoding.DecodeString(c.value); err != nil || len(raw) != a.size {
			return claim{}, errInvalidRequest("Value for %s header is invalid.", sumHeader(name))
		}
	}
	return c.orAnnounced(ctx, v)
}

// orAnnounced fills in the algorithm of a request that sends no value.
func (c claim) orAnnounced(ctx context.Context, in reflect.Value) (claim, *awserr.Error) {
	if c.value != "" {
		return c, nil
	}
	if f := in.FieldByName("ChecksumAlgorithm"); f.IsValid() && !f.IsNil() {
		c.algorithm = f.Elem().String()
	}
	trailer := plane.FromContext(ctx).Header.Get("X-Amz-Trailer")
	if name, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(trailer)), "x-amz-checksum-"); ok {
		c.algorithm = strings.ToUpper(name)
	}
	return c, checkAlgorithm(c.algorithm)
}

// checkAlgorithm accepts the algorithms we compute, and none.
func checkAlgorithm(name string) *awserr.Error {
	if _, ok := algorithms[name]; ok || name == "" {
		return nil
	}
	return errInvalidRequest("Checksum algorithm provided is unsupported. Please try again with any of the " +
		"valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256, SHA512, MD5, XXHASH64, XXHASH3, XXHASH128]")
}

func sumHeader(algorithm string) string { return "x-amz-checksum-" + strings.ToLower(algorithm) }

// setChecksum sets the members ChecksumX and, where there is one, ChecksumType
// of an output. Every structure with checksums has these members under the
// same names, and the generator gives them no common type.
func setChecksum(out any, c checksum) {
	if c.Algorithm == "" {
		return
	}
	v := reflect.ValueOf(out).Elem()
	setString(v.FieldByName("Checksum"+c.Algorithm), c.Value)
	if c.Type != "" {
		setString(v.FieldByName("ChecksumType"), c.Type)
	}
}

// setString points a *string, or a pointer to an enumeration, at s.
func setString(f reflect.Value, s string) {
	if !f.IsValid() {
		return
	}
	p := reflect.New(f.Type().Elem())
	p.Elem().SetString(s)
	f.Set(p)
}

func encodeSum(raw []byte) string { return base64.StdEncoding.EncodeToString(raw) }
