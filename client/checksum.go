package client

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
	"net/http"
	"reflect"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/zeebo/xxh3"
)

// checksums by the names of S3's ChecksumAlgorithm. CRC64NVME is the CRC-64 of
// the NVM Express specification.
var checksums = map[string]func() hash.Hash{
	"CRC32":     func() hash.Hash { return crc32.NewIEEE() },
	"CRC32C":    func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) },
	"CRC64NVME": func() hash.Hash { return crc64.New(crc64.MakeTable(0x9a6c9329ac4bc9b5)) },
	"MD5":       md5.New,
	"SHA1":      sha1.New,
	"SHA256":    sha256.New,
	"SHA512":    sha512.New,
	"XXHASH64":  func() hash.Hash { return xxhash.New() },
	"XXHASH3":   func() hash.Hash { return xxh3.New() },
	"XXHASH128": func() hash.Hash { return xxh128{xxh3.New()} },
}

// xxh128 makes a hash.Hash of the 128-bit sum that the hasher has as well.
type xxh128 struct{ *xxh3.Hasher }

// Size implements hash.Hash.
func (xxh128) Size() int { return 16 }

// Sum implements hash.Hash.
func (h xxh128) Sum(b []byte) []byte {
	sum := h.Sum128().Bytes()
	return append(b, sum[:]...)
}

// checksum adds the header that the input asks for, or that the operation wants.
// Codecs have put Content-MD5 on bodies that they wrote themselves.
func (k *call) checksum(r *http.Request) error {
	if k.bare && k.stream != nil {
		return nil
	}
	algorithm := k.text(k.op.ChecksumMember)
	if algorithm == "" {
		if k.op.ChecksumRequired && k.stream != nil && k.text("ContentMD5") == "" {
			return setSum(r, "Content-MD5", md5.New())
		}
		return nil
	}
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Amz-Checksum-") && name != "X-Amz-Checksum-Algorithm" && name != "X-Amz-Checksum-Type" {
			return nil // the caller has computed it
		}
	}
	newHash := checksums[strings.ToUpper(algorithm)]
	if newHash == nil {
		return &ParamError{Operation: k.op.Name, Problems: []string{fmt.Sprintf(
			"Invalid value for parameter %s, value: %s, valid values: %s", k.op.ChecksumMember, algorithm, strings.Join(sortedKeys(checksums), ", "))}}
	}
	if r.Body == http.NoBody && k.stream == nil {
		return nil // CreateMultipartUpload names the algorithm of the parts
	}
	return setSum(r, "X-Amz-Checksum-"+strings.ToLower(algorithm), newHash())
}

func setSum(r *http.Request, header string, h hash.Hash) error {
	body, err := r.GetBody()
	if err != nil {
		return err
	}
	if _, err := io.Copy(h, body); err != nil {
		return fmt.Errorf("reading the stream to send: %w", err)
	}
	r.Header.Set(header, base64.StdEncoding.EncodeToString(h.Sum(nil)))
	return nil
}

// text is a member of the input that is a text; "" when it is absent.
func (k *call) text(member string) string {
	m := k.op.Input.Member(member)
	if m == nil {
		return ""
	}
	v := reflect.Indirect(reflect.ValueOf(k.in).Elem().Field(m.Field))
	if !v.IsValid() || v.Kind() != reflect.String {
		return ""
	}
	return v.String()
}
