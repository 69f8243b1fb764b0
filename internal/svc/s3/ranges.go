package s3

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"nephele.dev/nephele/internal/awserr"
)

// span is a stretch of an object's bytes.
type span struct{ offset, length int64 }

// header is the span as Content-Range has it.
func (p span) header(size int64) *string {
	return new(fmt.Sprintf("bytes %d-%d/%d", p.offset, p.offset+p.length-1, size))
}

// parseRange reads a Range header for an object of the given size. Like S3 it
// knows one range of bytes and passes over anything else: ok is then false.
func parseRange(text string, size int64) (p span, ok bool, err *awserr.Error) {
	from, to, ok := strings.Cut(strings.TrimPrefix(text, "bytes="), "-")
	if !ok || !strings.HasPrefix(text, "bytes=") {
		return span{}, false, nil
	}
	if from == "" {
		n, ok := parseOffset(to)
		switch {
		case !ok:
			return span{}, false, nil
		case n == 0 || size == 0:
			return span{}, false, errRange(text, size)
		}
		n = min(n, size)
		return span{size - n, n}, true, nil
	}
	first, ok1 := parseOffset(from)
	last, ok2 := parseOffset(to)
	if to == "" {
		last, ok2 = size-1, true
	}
	switch {
	case !ok1 || !ok2 || to != "" && last < first:
		return span{}, false, nil
	case first >= size:
		return span{}, false, errRange(text, size)
	}
	last = min(last, size-1)
	return span{first, last - first + 1}, true, nil
}

// parseOffset reads digits; more than fit are as good as the largest offset.
func parseOffset(s string) (int64, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 1<<63 - 1, true
	}
	return n, true
}

func errRange(text string, size int64) *awserr.Error {
	return awserr.New("InvalidRange", http.StatusRequestedRangeNotSatisfiable, "The requested range is not satisfiable").
		With("RangeRequested", text).With("ActualObjectSize", size)
}
