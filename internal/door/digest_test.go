package door

import (
	"net/http"
	"testing"

	"nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
)

func TestDigestsOfWholeBodies(t *testing.T) {
	t.Parallel()
	const body = "hello"
	tests := map[string]struct{ operation, header, value, code string }{
		"MD5":                     {"PutBucketTagging", "Content-MD5", "XUFAKrxLKna5cZ2REBfFkg==", ""},
		"wrong MD5":               {"PutBucketTagging", "Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA==", "BadDigest"},
		"no MD5":                  {"PutBucketTagging", "Content-MD5", "hello", "InvalidDigest"},
		"CRC32":                   {"DeleteObjects", "x-amz-checksum-crc32", "NhCmhg==", ""},
		"wrong CRC32":             {"DeleteObjects", "x-amz-checksum-crc32", "AAAAAA==", "BadDigest"},
		"no CRC32":                {"DeleteObjects", "x-amz-checksum-crc32", "AAA=", "InvalidRequest"},
		"not a digest":            {"DeleteObjects", "x-amz-checksum-mode", "ENABLED", ""},
		"the object's, not ours":  {"CompleteMultipartUpload", "x-amz-checksum-crc32", "AAAAAA==", ""},
		"nothing is announced":    {"DeleteObjects", "Content-Type", "application/xml", ""},
		"wrong MD5, no checksums": {"CompleteMultipartUpload", "Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA==", "BadDigest"},
	}
	for name, test := range tests {
		h := http.Header{}
		h.Set(test.header, test.value)
		err := checkDigests(s3.Service().Operation(test.operation), h, []byte(body))
		if got := awserr.As(err); (got == nil) != (test.code == "") || got != nil && got.Code != test.code {
			t.Errorf("%s: %v, want %q", name, err, test.code)
		}
	}
}
