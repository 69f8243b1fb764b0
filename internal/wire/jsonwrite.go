package wire

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"nephele.dev/nephele/internal/shape"
)

// A jsonEncoder appends a value along its plan.
type jsonEncoder struct {
	b         []byte
	wireNames bool // members by locationName, and only those bound to the body
}

// structure writes the members that are set.
func (e *jsonEncoder) structure(p *plan, v reflect.Value) {
	e.b = append(e.b, '{')
	fields := p.fields
	if e.wireNames {
		fields = p.rest.body
	}
	for _, f := range fields {
		x, ok := held(v.Field(f.Field))
		if !ok || f.plan.Kind == shape.EventStream {
			continue
		}
		if e.wireNames {
			e.b = append(e.b, f.wireKey...)
		} else {
			e.b = append(e.b, f.jsonKey...)
		}
		e.any(f, x)
		e.b = append(e.b, ',')
	}
	e.close('}')
}

// close replaces the comma after the last entry.
func (e *jsonEncoder) close(c byte) {
	if n := len(e.b) - 1; e.b[n] == ',' {
		e.b[n] = c
		return
	}
	e.b = append(e.b, c)
}

// any writes v, which held has returned.
func (e *jsonEncoder) any(f *field, v reflect.Value) {
	switch f.plan.Kind {
	case shape.Structure, shape.Union:
		if f.plan.Document {
			e.free(v)
			return
		}
		e.structure(f.plan, v)
	case shape.List:
		e.list(f.plan, v)
	case shape.Map:
		e.dict(f.plan, v)
	case shape.String:
		e.b = appendJSONString(e.b, v.String())
	case shape.Blob:
		e.quoted(f, v)
	case shape.Timestamp:
		if formatOf(f, shape.EpochSeconds) == shape.EpochSeconds {
			e.b = appendText(e.b, f, v, shape.EpochSeconds)
		} else {
			e.quoted(f, v)
		}
	case shape.Float, shape.Double:
		if _, odd := nonFinite(v.Float()); odd {
			e.quoted(f, v)
		} else {
			e.b = appendText(e.b, f, v, 0)
		}
	default:
		e.b = appendText(e.b, f, v, 0)
	}
}

// quoted writes text that needs no escaping.
func (e *jsonEncoder) quoted(f *field, v reflect.Value) {
	e.b = append(e.b, '"')
	e.b = appendText(e.b, f, v, shape.EpochSeconds)
	e.b = append(e.b, '"')
}

// list writes an array; an absent entry is a null and keeps its place.
func (e *jsonEncoder) list(p *plan, v reflect.Value) {
	e.b = append(e.b, '[')
	for i := range v.Len() {
		if x, ok := held(v.Index(i)); ok {
			e.any(p.elem, x)
		} else {
			e.b = append(e.b, "null"...)
		}
		e.b = append(e.b, ',')
	}
	e.close(']')
}

// dict writes a map in the order of its keys.
func (e *jsonEncoder) dict(p *plan, v reflect.Value) {
	e.b = append(e.b, '{')
	for _, k := range sortedKeys(v) {
		x, ok := held(v.MapIndex(k))
		if !ok {
			continue
		}
		e.b = appendJSONString(e.b, k.String())
		e.b = append(e.b, ':')
		e.any(p.value, x)
		e.b = append(e.b, ',')
	}
	e.close('}')
}

// free writes a free-form document. A value that JSON cannot hold becomes
// null.
func (e *jsonEncoder) free(v reflect.Value) {
	b, err := json.Marshal(v.Interface())
	if err != nil {
		b = []byte("null")
	}
	e.b = append(e.b, b...)
}

// sortedKeys makes what we write the same each time.
func sortedKeys(m reflect.Value) []reflect.Value {
	keys := m.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	return keys
}

const hexDigits = "0123456789abcdef"

// appendJSONString writes s quoted. Bytes that are not UTF-8 become U+FFFD.
func appendJSONString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= ' ' && c != '"' && c != '\\' {
				i++
				continue
			}
			b = appendJSONEscape(append(b, s[start:i]...), c)
			i++
			start = i
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			b = append(append(b, s[start:i]...), "\uFFFD"...)
			start = i + 1
		}
		i += n
	}
	return append(append(b, s[start:]...), '"')
}

// appendJSONEscape writes the escape of a character below space, a quote or a
// backslash.
func appendJSONEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	}
	return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}
