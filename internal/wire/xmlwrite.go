package wire

import (
	"reflect"
	"unicode/utf8"

	"nephele.dev/nephele/internal/shape"
)

const xmlHeader = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

// An xmlEncoder appends a value along its plan.
type xmlEncoder struct {
	b     []byte
	def   shape.TimestampFormat
	query bool // an answer of awsQuery
}

// open writes a start tag; close writes its end.
func (e *xmlEncoder) open(name string) {
	e.b = append(append(append(e.b, '<'), name...), '>')
}

// openNamespace writes a start tag with a default namespace, unless that is
// "".
func (e *xmlEncoder) openNamespace(name, uri string) {
	e.b = append(append(e.b, '<'), name...)
	e.namespace("", uri)
	e.b = append(e.b, '>')
}

// close writes an end tag.
func (e *xmlEncoder) close(name string) {
	e.b = append(append(append(e.b, '<', '/'), name...), '>')
}

// namespace writes a namespace declaration inside a start tag.
func (e *xmlEncoder) namespace(prefix, uri string) {
	if uri == "" {
		return
	}
	e.b = append(e.b, " xmlns"...)
	if prefix != "" {
		e.b = append(append(e.b, ':'), prefix...)
	}
	e.b = append(e.b, `="`...)
	e.b = append(appendXMLText(e.b, uri), '"')
}

// element writes text in an element of its own.
func (e *xmlEncoder) element(name, text string) {
	e.open(name)
	e.b = appendXMLText(e.b, text)
	e.close(name)
}

// any writes v as the element name.
func (e *xmlEncoder) any(f *field, name string, v reflect.Value) {
	e.b = append(append(e.b, '<'), name...)
	e.namespace(f.XMLNamePrefix, f.XMLNamespace)
	switch f.plan.Kind {
	case shape.Structure, shape.Union:
		if f.XMLNamespace == "" {
			e.namespace(f.plan.XMLNamePrefix, f.plan.XMLNamespace)
		}
		e.attributes(f.plan, v)
		e.b = append(e.b, '>')
		e.members(f.plan, v)
	case shape.List:
		e.b = append(e.b, '>')
		e.entries(f.plan, f.plan.elem.name, v)
	case shape.Map:
		e.b = append(e.b, '>')
		e.dict(f.plan, "entry", v)
	case shape.String:
		e.b = append(e.b, '>')
		e.b = appendXMLText(e.b, v.String())
	default:
		e.b = append(e.b, '>')
		e.b = appendText(e.b, f, v, e.def)
	}
	e.close(name)
}

// attributes writes the members of p that are attributes.
func (e *xmlEncoder) attributes(p *plan, v reflect.Value) {
	for _, f := range p.xml.attrs {
		x, ok := held(v.Field(f.Field))
		if !ok {
			continue
		}
		e.b = append(append(append(e.b, ' '), f.name...), `="`...)
		e.b = appendXMLText(e.b, string(appendText(nil, f, x, e.def)))
		e.b = append(e.b, '"')
	}
}

// members writes the elements of a structure without one round them.
func (e *xmlEncoder) members(p *plan, v reflect.Value) {
	for _, f := range p.xml.elements {
		e.member(f, v.Field(f.Field))
	}
}

// member writes a member under its own name; flattened lists and maps have one
// element for each entry and none round them.
func (e *xmlEncoder) member(f *field, v reflect.Value) {
	x, ok := held(v)
	name, entry := f.name, f.entryName()
	if e.query && f.QueryName != "" {
		name, entry = f.QueryName, f.QueryName
	}
	switch {
	case !ok || f.plan.Kind == shape.EventStream:
	case f.flat && f.plan.Kind == shape.List:
		e.entries(f.plan, entry, x)
	case f.flat && f.plan.Kind == shape.Map:
		e.dict(f.plan, name, x)
	default:
		e.any(f, name, x)
	}
}

// entries writes each entry of a list as the element name.
func (e *xmlEncoder) entries(p *plan, name string, v reflect.Value) {
	for i := range v.Len() {
		if x, ok := held(v.Index(i)); ok {
			e.any(p.elem, name, x)
		}
	}
}

// dict writes each entry of a map as the element name, in the order of the
// keys.
func (e *xmlEncoder) dict(p *plan, name string, v reflect.Value) {
	for _, k := range sortedKeys(v) {
		x, ok := held(v.MapIndex(k))
		if !ok {
			continue
		}
		e.open(name)
		e.element(p.key.name, k.String())
		e.any(p.value, p.value.name, x)
		e.close(name)
	}
}

// appendXMLText escapes s for text and attributes. A carriage return must be a
// reference, or readers make it a line feed; what XML 1.0 cannot hold becomes
// U+FFFD.
func appendXMLText(b []byte, s string) []byte {
	start := 0
	for i := 0; i < len(s); {
		esc, n := xmlEscape(s[i:])
		if esc != "" {
			b = append(append(b, s[start:i]...), esc...)
			start = i + n
		}
		i += n
	}
	return append(b, s[start:]...)
}

// xmlEscape returns what stands for the first character of s, "" for itself,
// and its length.
func xmlEscape(s string) (string, int) {
	switch c := s[0]; {
	case c == '&':
		return "&amp;", 1
	case c == '<':
		return "&lt;", 1
	case c == '>':
		return "&gt;", 1
	case c == '"':
		return "&quot;", 1
	case c == '\r':
		return "&#xD;", 1
	case c == '\n', c == '\t':
		return "", 1
	case c < ' ':
		return "\uFFFD", 1
	case c < utf8.RuneSelf:
		return "", 1
	}
	r, n := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && n == 1 || r == 0xFFFE || r == 0xFFFF {
		return "\uFFFD", n
	}
	return "", n
}
