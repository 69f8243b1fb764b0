package model

import (
	"bytes"
	"encoding/json"
	"strings"
)

// lineLimit is the width up to which a value is written on one line.
const lineLimit = 100

// Format writes a tree so that a change to a model reads well in a diff:
// what fits in a line stays on one, anything longer has a line for each field.
// The result is deterministic and ends in a newline.
func Format(v any) []byte {
	var b bytes.Buffer
	format(&b, v, 0)
	b.WriteByte('\n')
	return b.Bytes()
}

func format(b *bytes.Buffer, v any, depth int) {
	flat := compact(v)
	if len(flat)+depth <= lineLimit {
		b.WriteString(flat)
		return
	}
	switch v := v.(type) {
	case Object:
		b.WriteByte('{')
		for i, f := range v {
			newline(b, i, depth+1)
			b.WriteString(quote(f.Key))
			b.WriteByte(':')
			format(b, f.Value, depth+1)
		}
		newline(b, 0, depth)
		b.WriteByte('}')
	case []any:
		b.WriteByte('[')
		for i, e := range v {
			newline(b, i, depth+1)
			format(b, e, depth+1)
		}
		newline(b, 0, depth)
		b.WriteByte(']')
	default:
		b.WriteString(flat)
	}
}

// newline starts item i of a list: a comma after the one before it, a line
// break, and the indentation.
func newline(b *bytes.Buffer, i, depth int) {
	if i > 0 {
		b.WriteByte(',')
	}
	b.WriteByte('\n')
	b.WriteString(strings.Repeat(" ", depth))
}

// compact writes v on one line.
func compact(v any) string {
	switch v := v.(type) {
	case Object:
		parts := make([]string, len(v))
		for i, f := range v {
			parts[i] = quote(f.Key) + ":" + compact(f.Value)
		}
		return "{" + strings.Join(parts, ",") + "}"
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = compact(e)
		}
		return "[" + strings.Join(parts, ",") + "]"
	case string:
		return quote(v)
	}
	b, _ := json.Marshal(v) // json.Number, bool and nil cannot fail
	return string(b)
}

// quote writes a JSON string without escaping <, > and &.
func quote(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string and a Buffer cannot fail
	return strings.TrimSuffix(b.String(), "\n")
}
