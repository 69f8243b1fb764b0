package wire

import (
	"bytes"
	"encoding/base64"
	"math"
	"reflect"
	"strconv"
	"time"

	"nephele.dev/nephele/internal/shape"
)

// parseText reads a scalar from its textual form, which query, XML and the
// HTTP bindings share.
func parseText(f *field, v reflect.Value, s string, def shape.TimestampFormat) error {
	switch f.plan.Kind {
	case shape.String:
		slot(v).SetString(s)
	case shape.Boolean:
		return parseBool(v, s)
	case shape.Integer, shape.Long:
		n, err := strconv.ParseInt(s, 10, bits(f.plan.Kind))
		if err != nil {
			return malformed("%q is not %s", clip(s), kindName(f.plan.Kind))
		}
		slot(v).SetInt(n)
	case shape.Float, shape.Double:
		x, err := parseFloat(s, bits(f.plan.Kind))
		if err != nil {
			return malformed("%q is not a number", clip(s))
		}
		slot(v).SetFloat(x)
	case shape.Timestamp:
		t, err := parseTime(s, formatOf(f, def))
		if err != nil {
			return err
		}
		setTime(v, t)
	case shape.Blob:
		b, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			return malformed("not base64")
		}
		v.SetBytes(b)
	default:
		return malformed("text where a %s was expected", kindName(f.plan.Kind))
	}
	return nil
}

// appendText writes a scalar's textual form; v is what held returned.
func appendText(b []byte, f *field, v reflect.Value, def shape.TimestampFormat) []byte {
	switch f.plan.Kind {
	case shape.String:
		return append(b, v.String()...)
	case shape.Boolean:
		return strconv.AppendBool(b, v.Bool())
	case shape.Integer, shape.Long:
		return strconv.AppendInt(b, v.Int(), 10)
	case shape.Float, shape.Double:
		return appendFloat(b, v.Float(), bits(f.plan.Kind))
	case shape.Timestamp:
		return appendTime(b, timeOf(v), formatOf(f, def))
	case shape.Blob:
		return base64.StdEncoding.AppendEncode(b, v.Bytes())
	}
	return b
}

// parseBool reads the spellings of AWS's clients.
func parseBool(v reflect.Value, s string) error {
	switch s {
	case "true", "True", "TRUE", "1":
		slot(v).SetBool(true)
	case "false", "False", "FALSE", "0":
		slot(v).SetBool(false)
	default:
		return malformed("%q is not a boolean", clip(s))
	}
	return nil
}

// bits is the size of a number of kind k.
func bits(k shape.Kind) int {
	if k == shape.Integer || k == shape.Float {
		return 32
	}
	return 64
}

// kindName is a kind as the messages of AWS's JSON services name it.
func kindName(k shape.Kind) string {
	switch k {
	case shape.String:
		return "a String"
	case shape.Boolean:
		return "a Boolean"
	case shape.Integer:
		return "an Integer"
	case shape.Long:
		return "a Long"
	case shape.Float:
		return "a Float"
	case shape.Double:
		return "a Double"
	case shape.Timestamp:
		return "a Timestamp"
	case shape.Blob:
		return "a Blob"
	case shape.List:
		return "a List"
	case shape.Map:
		return "a Map"
	}
	return "a Structure"
}

// clip shortens a caller's text for an error message.
func clip(s string) string {
	if len(s) > 64 {
		return s[:64] + "..."
	}
	return s
}

// parseFloat reads a number or one of Smithy's three names. Go's other
// spellings (inf, hexadecimal, underscores) are refused.
func parseFloat(s string, bits int) (float64, error) {
	switch s {
	case "NaN":
		return math.NaN(), nil
	case "Infinity":
		return math.Inf(1), nil
	case "-Infinity":
		return math.Inf(-1), nil
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9', c == '+', c == '-', c == '.', c == 'e', c == 'E':
		default:
			return 0, strconv.ErrSyntax
		}
	}
	return strconv.ParseFloat(s, bits)
}

// nonFinite returns Smithy's name of a float that has no digits.
func nonFinite(x float64) (string, bool) {
	switch {
	case math.IsNaN(x):
		return "NaN", true
	case math.IsInf(x, 1):
		return "Infinity", true
	case math.IsInf(x, -1):
		return "-Infinity", true
	}
	return "", false
}

// appendFloat writes the shortest digits that read back equal, without an
// exponent for the magnitudes that people use. A whole number keeps a fraction,
// as in AWS: a Sum is 3.0, and clients without types make a float of it.
func appendFloat(b []byte, x float64, bits int) []byte {
	if name, ok := nonFinite(x); ok {
		return append(b, name...)
	}
	format := byte('f')
	if abs := math.Abs(x); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	n := len(b)
	if b = strconv.AppendFloat(b, x, format, -1, bits); format == 'f' && bytes.IndexByte(b[n:], '.') < 0 {
		b = append(b, ".0"...)
	}
	return b
}

// setTime and timeOf reach a time.Time without boxing it.
func setTime(v reflect.Value, t time.Time) {
	*slot(v).Addr().Interface().(*time.Time) = t
}

func timeOf(v reflect.Value) time.Time {
	if v.CanAddr() {
		return *v.Addr().Interface().(*time.Time)
	}
	return v.Interface().(time.Time)
}
