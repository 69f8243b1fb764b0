package sigv4

import (
	"crypto/md5"  //nolint:gosec // a checksum of S3's, not a protection
	"crypto/sha1" //nolint:gosec // as above
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/zeebo/xxh3"
)

// checksumPrefix begins the names of checksum headers and trailers.
const checksumPrefix = "x-amz-checksum-"

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	// nvme is CRC-64/NVME, in the reversed notation of hash/crc64, which like
	// the standard begins and ends with all bits inverted.
	nvme = crc64.MakeTable(0x9a6c9329ac4bc9b5)
)

// NewChecksum returns the hash that S3 knows by an algorithm's name ("CRC32",
// "CRC32C", "CRC64NVME", "MD5", "SHA1", "SHA256", "SHA512", "XXHASH64",
// "XXHASH3", "XXHASH128", in any case), or nil for another name. Its Sum is what
// the x-amz-checksum-* headers hold in base64.
func NewChecksum(algorithm string) hash.Hash {
	switch strings.ToLower(algorithm) {
	case "crc32":
		return crc32.NewIEEE()
	case "crc32c":
		return crc32.New(castagnoli)
	case "crc64nvme":
		return crc64.New(nvme)
	case "sha1":
		return sha1.New() //nolint:gosec // as above
	case "sha256":
		return sha256.New()
	case "sha512":
		return sha512.New()
	case "md5":
		return md5.New() //nolint:gosec // as above
	case "xxhash64":
		return xxhash.New()
	case "xxhash3":
		return xxh3.New()
	case "xxhash128":
		return xxh128{xxh3.New()}
	}
	return nil
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
