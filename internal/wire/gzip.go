package wire

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
)

// Inflate returns body as it was before the Content-Encoding that h names:
// gzip, or none. The result is bounded by l.MaxBody and, beyond its first MiB,
// by l.MaxRatio times the size of body.
func Inflate(h http.Header, body []byte, l Limits) ([]byte, error) {
	switch strings.ToLower(strings.TrimSpace(h.Get("Content-Encoding"))) {
	case "gzip", "x-gzip":
	default:
		return body, nil // aws-chunked is the door's; others are none of ours
	}
	if len(body) == 0 {
		return body, nil
	}
	l = l.withDefaults()
	limit := min(l.MaxBody, 1<<20+l.MaxRatio*int64(len(body)))
	r, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, malformed("the body is not gzip")
	}
	out, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, malformed("the body is not gzip")
	}
	if int64(len(out)) > limit {
		return nil, errTooLarge
	}
	return out, nil
}
