package wire

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"reflect"
	"strings"

	"nephele.dev/nephele/internal/shape"
)

// An xmlDecoder reads an XML document along a plan.
type xmlDecoder struct {
	state
	tok   *xml.Decoder
	def   shape.TimestampFormat
	query bool // an answer of awsQuery
}

// newXMLDecoder returns a decoder of b. The tokenizer is strict and knows no
// entities beyond the five, so none can expand.
func newXMLDecoder(b []byte, l Limits) *xmlDecoder {
	return &xmlDecoder{state: state{limits: l}, tok: xml.NewDecoder(bytes.NewReader(b)), def: shape.DateTime}
}

// root reads up to the document's first element.
func (d *xmlDecoder) root() (xml.StartElement, error) {
	for {
		t, err := d.token()
		if err != nil {
			return xml.StartElement{}, err
		}
		if start, ok := t.(xml.StartElement); ok {
			return start, nil
		}
	}
}

// token returns the next token; the end of the input is an error.
func (d *xmlDecoder) token() (xml.Token, error) {
	t, err := d.tok.Token()
	if errors.Is(err, io.EOF) {
		return nil, malformed("unexpected end of XML input")
	}
	if err != nil {
		return nil, malformed("%s", err)
	}
	return t, nil
}

// finish refuses anything but white space and comments after the root.
func (d *xmlDecoder) finish() error {
	for {
		t, err := d.tok.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return malformed("%s", err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			return malformed("a second root element")
		case xml.CharData:
			if len(bytes.TrimSpace(t)) > 0 {
				return malformed("text after the root element")
			}
		}
	}
}

// document reads the one document of the body, whatever its root is called.
func (d *xmlDecoder) document(p *plan, v reflect.Value) error {
	start, err := d.root()
	if err != nil {
		return err
	}
	if err := d.structure(p, v, start); err != nil {
		return err
	}
	return d.finish()
}

// children calls f, which must read to the child's end, for each child of the
// open element, and returns at its end.
func (d *xmlDecoder) children(f func(xml.StartElement) error) error {
	if err := d.enter(); err != nil {
		return err
	}
	for {
		t, err := d.token()
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if err := f(t); err != nil {
				return err
			}
		case xml.EndElement:
			d.leave()
			return nil
		}
	}
}

// skip reads to the end of the open element without recursion.
func (d *xmlDecoder) skip() error {
	for depth := 1; depth > 0; {
		t, err := d.token()
		if err != nil {
			return err
		}
		switch t.(type) {
		case xml.StartElement:
			depth++
			if depth > d.limits.MaxDepth {
				return malformed("nesting is deeper than %d levels", d.limits.MaxDepth)
			}
		case xml.EndElement:
			depth--
		}
	}
	return nil
}

// structure reads the attributes of start and the elements up to its end.
func (d *xmlDecoder) structure(p *plan, v reflect.Value, start xml.StartElement) error {
	var seen uint64
	for _, f := range p.xml.attrs {
		for _, a := range start.Attr {
			if a.Name.Local == localName(f.name) && a.Name.Space != "xmlns" {
				if err := parseText(f, v.Field(f.Field), a.Value, d.def); err != nil {
					return err
				}
				seen |= f.bit
			}
		}
	}
	var flat map[*field]int
	names := p.xml.byName
	if d.query {
		names = p.xml.byQuery
	}
	err := d.children(func(child xml.StartElement) error {
		f := names[child.Name.Local]
		if f == nil {
			return d.skip()
		}
		seen |= f.bit
		d.push(f.path)
		defer d.pop()
		if f.flat && (f.plan.Kind == shape.List || f.plan.Kind == shape.Map) {
			if flat == nil {
				flat = map[*field]int{}
			}
			flat[f]++
			return d.flattened(f, v.Field(f.Field), child, flat[f])
		}
		return d.any(f, v.Field(f.Field), child)
	})
	if err != nil {
		return err
	}
	if p.required&^seen != 0 {
		d.lacking(p, seen)
	}
	return nil
}

// localName drops a namespace prefix.
func localName(s string) string { return s[strings.IndexByte(s, ':')+1:] }

// any reads the element start into v. White space round numbers and dates does
// not count; in strings it does.
func (d *xmlDecoder) any(f *field, v reflect.Value, start xml.StartElement) error {
	switch f.plan.Kind {
	case shape.Structure, shape.Union:
		if v.IsNil() {
			if err := d.spend(f.plan.cost); err != nil {
				return err
			}
			v.Set(reflect.New(v.Type().Elem()))
		}
		return d.structure(f.plan, v.Elem(), start)
	case shape.List:
		return d.list(f.plan, v)
	case shape.Map:
		return d.dict(f.plan, v)
	}
	s, err := d.text()
	if err != nil {
		return err
	}
	if f.plan.Kind != shape.String {
		s = strings.TrimSpace(s)
		if s == "" && f.plan.Kind != shape.Blob {
			return nil // <Size/> says no more than its absence
		}
	}
	return parseText(f, v, s, d.def)
}

// text reads the text of the open element to its end.
func (d *xmlDecoder) text() (string, error) {
	var first string
	var rest []byte
	for {
		t, err := d.token()
		if err != nil {
			return "", err
		}
		switch t := t.(type) {
		case xml.CharData:
			if first == "" && rest == nil {
				first = string(t)
			} else {
				rest = append(rest, t...)
			}
		case xml.StartElement:
			return "", malformed("element <%s> where text was expected", clip(t.Name.Local))
		case xml.EndElement:
			return first + string(rest), nil
		}
	}
}

// list reads the entries of a list that has an element of its own.
func (d *xmlDecoder) list(p *plan, v reflect.Value) error {
	clearList(v)
	i := 0
	return d.children(func(child xml.StartElement) error {
		if child.Name.Local != p.elem.name {
			return d.skip()
		}
		if err := d.spend(1); err != nil {
			return err
		}
		i++
		d.pushIndex(i)
		defer d.pop()
		return d.any(p.elem, grow(v), child)
	})
}

// flattened reads one entry of a flattened list or map.
func (d *xmlDecoder) flattened(f *field, v reflect.Value, start xml.StartElement, i int) error {
	if err := d.spend(1); err != nil {
		return err
	}
	if f.plan.Kind == shape.Map {
		if v.IsNil() {
			v.Set(reflect.MakeMap(v.Type()))
		}
		return d.entry(f.plan, v)
	}
	d.pushIndex(i)
	defer d.pop()
	return d.any(f.plan.elem, grow(v), start)
}

// dict reads the entries of a map that has an element of its own.
func (d *xmlDecoder) dict(p *plan, v reflect.Value) error {
	v.Set(reflect.MakeMap(v.Type()))
	return d.children(func(child xml.StartElement) error {
		if child.Name.Local != "entry" {
			return d.skip()
		}
		return d.entry(p, v)
	})
}

// entry reads one key and value.
func (d *xmlDecoder) entry(p *plan, v reflect.Value) error {
	if err := d.spend(2); err != nil {
		return err
	}
	var key string
	value := reflect.New(v.Type().Elem()).Elem()
	err := d.children(func(child xml.StartElement) (err error) {
		switch child.Name.Local {
		case p.key.name:
			key, err = d.text()
		case p.value.name:
			d.pushKey(key)
			defer d.pop()
			err = d.any(p.value, value, child)
		default:
			err = d.skip()
		}
		return err
	})
	if err != nil {
		return err
	}
	v.SetMapIndex(mapKey(v, key), value)
	return nil
}
