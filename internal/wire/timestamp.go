package wire

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"nephele.dev/nephele/internal/shape"
)

// millisAlways is DateTime with three digits of fraction even when they are
// zero, as S3 writes its documents.
const millisAlways shape.TimestampFormat = 100

// The years that RFC 3339 can write. Times beyond are refused on the way in.
const (
	minEpoch = -62135596800 // 0001-01-01T00:00:00Z
	maxEpoch = 253402300799 // 9999-12-31T23:59:59Z
)

// formatOf is the timestamp format of a member: its own, its shape's, or the
// protocol's default for the place.
func formatOf(f *field, def shape.TimestampFormat) shape.TimestampFormat {
	if f.TimestampFormat != shape.DefaultFormat {
		return f.TimestampFormat
	}
	if f.plan.TimestampFormat != shape.DefaultFormat {
		return f.plan.TimestampFormat
	}
	return def
}

// appendTime writes t with the millisecond precision that AWS keeps.
func appendTime(b []byte, t time.Time, format shape.TimestampFormat) []byte {
	t = t.UTC()
	switch format {
	case shape.EpochSeconds:
		return appendEpoch(b, t)
	case shape.HTTPDate:
		return t.AppendFormat(b, http.TimeFormat)
	case millisAlways:
		return t.AppendFormat(b, "2006-01-02T15:04:05.000Z")
	}
	return t.Truncate(time.Millisecond).AppendFormat(b, "2006-01-02T15:04:05.999Z")
}

// appendEpoch writes seconds with up to three digits of fraction.
func appendEpoch(b []byte, t time.Time) []byte {
	ms := t.UnixMilli()
	if ms < 0 {
		b, ms = append(b, '-'), -ms
	}
	b = strconv.AppendInt(b, ms/1000, 10)
	frac := ms % 1000
	if frac == 0 {
		return b
	}
	b = append(b, '.', byte('0'+frac/100))
	if frac%100 != 0 {
		b = append(b, byte('0'+frac/10%10))
	}
	if frac%10 != 0 {
		b = append(b, byte('0'+frac%10))
	}
	return b
}

// parseTime reads a timestamp. Clients are lax: a number is accepted where a
// date is due and the other way round, as AWS does.
func parseTime(s string, format shape.TimestampFormat) (time.Time, error) {
	if format == shape.EpochSeconds {
		if t, err := parseEpoch(s); err == nil {
			return t, nil
		}
	}
	for _, layout := range []string{
		time.RFC3339Nano,
		http.TimeFormat,
		"Mon, 02 Jan 2006 15:04:05.999999999 GMT",
		"Mon, 2 Jan 2006 15:04:05 GMT",
		time.RFC1123Z,
		"2006-01-02T15:04:05.999999999",
		"2006-01-02T15:04Z",
		"2006-01-02",
		"20060102T150405Z",
		time.RFC850,
		time.ANSIC,
		"2006-01-02T15:04:05.999999999Z0700",
	} {
		if t, err := time.Parse(layout, s); err == nil && inRange(t.Unix()) {
			return t.UTC(), nil
		}
	}
	if t, err := parseEpoch(s); err == nil {
		return t, nil
	}
	return time.Time{}, malformed("%q is not a timestamp", clip(s))
}

// parseEpoch reads seconds since 1970 with a fraction.
func parseEpoch(s string) (time.Time, error) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		if !inRange(n) {
			return time.Time{}, malformed("timestamp is out of range")
		}
		return time.Unix(n, 0).UTC(), nil
	}
	x, err := parseFloat(s, 64)
	if err != nil {
		return time.Time{}, malformed("%q is not a timestamp", clip(s))
	}
	return epochTime(x)
}

// epochTime turns seconds into a time, to the microsecond: a float64 holds no
// more for the dates in use.
func epochTime(x float64) (time.Time, error) {
	if math.IsNaN(x) || x < minEpoch || x > maxEpoch {
		return time.Time{}, malformed("timestamp is out of range")
	}
	return time.UnixMicro(int64(math.Round(x * 1e6))).UTC(), nil
}

// inRange reports whether a time has a year of four digits.
func inRange(sec int64) bool { return sec >= minEpoch && sec <= maxEpoch }
