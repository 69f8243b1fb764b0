package s3

import (
	"net/netip"
	"strings"
	"unicode/utf8"

	"nephele.dev/nephele/internal/awserr"
)

// Limits of the API reference.
const (
	maxKey      = 1024    // bytes of a key
	maxMetadata = 2048    // bytes of user metadata, names and values together
	maxPut      = 5 << 30 // bytes of one PutObject, UploadPart or CopyObject
	minPart     = 5 << 20 // bytes of a part that is not the last
	maxParts    = 10_000  // number of the last part
	maxObject   = 5 << 40 // bytes of a multipart object
	pageLimit   = 1000    // entries of a listing
	maxDelete   = 1000    // keys of one DeleteObjects
	nullVersion = "null"  // the version id of what was put while versioning was not enabled
	pathMarker  = "/"     // between bucket and key
	defaultMIME = "binary/octet-stream"
)

// Names that the rules reserve for other kinds of bucket and for access points.
var (
	reservedPrefixes = []string{"xn--", "sthree-", "amzn-s3-demo-"}
	reservedSuffixes = []string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"}
)

// validBucketName follows "General purpose bucket naming rules" of the S3 User
// Guide.
func validBucketName(name string) bool {
	if len(name) < 3 || len(name) > 63 || !alphanumeric(name[0]) || !alphanumeric(name[len(name)-1]) {
		return false
	}
	for i := range len(name) {
		if c := name[i]; !alphanumeric(c) && c != '-' && c != '.' {
			return false
		}
	}
	if strings.Contains(name, "..") {
		return false
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return false
	}
	for _, p := range reservedPrefixes {
		if strings.HasPrefix(name, p) {
			return false
		}
	}
	for _, s := range reservedSuffixes {
		if strings.HasSuffix(name, s) {
			return false
		}
	}
	return true
}

func alphanumeric(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }

// checkKey refuses keys that S3 refuses, and those with a NUL, which
// PostgreSQL's text cannot hold.
func checkKey(key string) *awserr.Error {
	switch {
	case key == "":
		return errInvalidArgument("Key", key, "Object key must not be empty")
	case len(key) > maxKey:
		return badRequest("KeyTooLongError", "Your key is too long").
			With("Size", len(key)).With("MaxSizeAllowed", maxKey)
	case !utf8.ValidString(key) || strings.IndexByte(key, 0) >= 0:
		return badRequest("InvalidURI", "Couldn't parse the specified URI.")
	}
	return nil
}

// after returns the smallest string that is greater than every string with the
// given prefix, and false when there is none. It is valid UTF-8 if prefix is:
// strings order by their code points as by their bytes.
func after(prefix string) (string, bool) {
	for prefix != "" {
		r, size := utf8.DecodeLastRuneInString(prefix)
		prefix = prefix[:len(prefix)-size]
		switch r {
		case utf8.MaxRune:
			continue
		case 0xD7FF: // the surrogates are not characters
			return prefix + "\uE000", true
		}
		return prefix + string(r+1), true
	}
	return "", false
}
