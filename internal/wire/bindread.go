package wire

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"nephele.dev/nephele/internal/shape"
)

// A binder reads members from paths, queries and headers.
type binder struct{ *state }

// labels reads path labels.
func (d binder) labels(b *bindings, v reflect.Value, labels map[string]string) (seen uint64, err error) {
	for _, f := range b.labels {
		s, ok := labels[f.name]
		if !ok {
			continue
		}
		if err := parseText(f, v.Field(f.Field), s, shape.DateTime); err != nil {
			return seen, &bindingError{f.name, err}
		}
		seen |= f.bit
	}
	return seen, nil
}

// query reads query parameters. A map takes those that no other member does.
func (d binder) query(b *bindings, v reflect.Value, q url.Values) (seen uint64, err error) {
	for _, f := range b.query {
		x := v.Field(f.Field)
		values := q[f.name]
		switch f.plan.Kind {
		case shape.Map:
			err = d.queryMap(b, f, x, q)
		case shape.List:
			err = d.queryList(f, x, values)
		default:
			if len(values) > 0 {
				err = d.one(f, x, values[0], shape.DateTime)
			}
		}
		if err != nil {
			return seen, &bindingError{f.name, err}
		}
		if len(values) > 0 || f.plan.Kind == shape.Map && !x.IsNil() {
			seen |= f.bit
		}
	}
	return seen, nil
}

// queryList reads a repeated parameter: ?id=1&id=2.
func (d binder) queryList(f *field, v reflect.Value, values []string) error {
	if len(values) == 0 {
		return nil
	}
	clearList(v)
	for _, s := range values {
		if err := d.spend(1); err != nil {
			return err
		}
		if err := parseText(f.plan.elem, grow(v), s, shape.DateTime); err != nil {
			return err
		}
	}
	return nil
}

// queryMap gathers the parameters that are not bound to another member of b.
func (d binder) queryMap(b *bindings, f *field, v reflect.Value, q url.Values) error {
	taken := map[string]bool{}
	for _, g := range b.query {
		taken[g.name] = g != f
	}
	for name, values := range q {
		if taken[name] {
			continue
		}
		if err := d.spend(2); err != nil {
			return err
		}
		if v.IsNil() {
			v.Set(reflect.MakeMap(v.Type()))
		}
		entry := reflect.New(v.Type().Elem()).Elem()
		var err error
		if f.plan.value.plan.Kind == shape.List {
			err = d.queryList(f.plan.value, entry, values)
		} else {
			err = parseText(f.plan.value, entry, values[0], shape.DateTime)
		}
		if err != nil {
			return err
		}
		v.SetMapIndex(mapKey(v, name), entry)
	}
	return nil
}

// one reads a value that may be empty only where that means something.
func (d binder) one(f *field, v reflect.Value, s string, def shape.TimestampFormat) error {
	if s == "" && f.plan.Kind != shape.String && f.plan.Kind != shape.Blob {
		return nil
	}
	return parseText(f, v, s, def)
}

// headers reads headers. An empty one counts as absent.
func (d binder) headers(b *bindings, v reflect.Value, h http.Header) (seen uint64, err error) {
	for _, f := range b.headers {
		values := h[http.CanonicalHeaderKey(f.name)]
		if f.name == "Host" || len(values) == 0 || len(values) == 1 && values[0] == "" {
			continue
		}
		if err := d.header(f, v.Field(f.Field), values); err != nil {
			return seen, &bindingError{f.name, err}
		}
		seen |= f.bit
	}
	for _, f := range b.prefixes {
		if err := d.prefixed(f, v.Field(f.Field), h); err != nil {
			return seen, &bindingError{f.name, err}
		}
		seen |= f.bit
	}
	return seen, nil
}

// header reads one member from its header. A repeated header counts only for
// lists; RFC 9110 allows it nowhere else.
func (d binder) header(f *field, v reflect.Value, values []string) error {
	if f.plan.Kind == shape.List {
		return d.headerList(f, v, values)
	}
	s := strings.TrimSpace(values[0])
	if f.JSONValue {
		b, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			return malformed("not base64")
		}
		s = string(b)
	}
	return d.one(f, v, s, shape.HTTPDate)
}

// headerList reads a list, whether it came as one header with commas or as
// several headers.
func (d binder) headerList(f *field, v reflect.Value, values []string) error {
	clearList(v)
	elem := f.plan.elem
	dates := elem.plan.Kind == shape.Timestamp && formatOf(elem, shape.HTTPDate) == shape.HTTPDate
	for _, s := range values {
		for _, item := range splitHeader(s, dates) {
			if err := d.spend(1); err != nil {
				return err
			}
			if err := parseText(elem, grow(v), item, shape.HTTPDate); err != nil {
				return err
			}
		}
	}
	return nil
}

// splitHeader splits a list at its commas; items may be quoted, and dates hold
// a comma each.
func splitHeader(s string, dates bool) []string {
	var items []string
	var item strings.Builder
	quoted, commas := false, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\' && i+1 < len(s):
			i++
			item.WriteByte(s[i])
		case c == ',' && !quoted:
			if commas++; dates && commas%2 == 1 {
				item.WriteByte(c)
				continue
			}
			items = append(items, strings.TrimSpace(item.String()))
			item.Reset()
		default:
			item.WriteByte(c)
		}
	}
	return append(items, strings.TrimSpace(item.String()))
}

// prefixed reads a map of headers; their names are kept in lower case.
func (d binder) prefixed(f *field, v reflect.Value, h http.Header) error {
	prefix := strings.ToLower(f.name)
	for name, values := range h {
		lower := strings.ToLower(name)
		if !strings.HasPrefix(lower, prefix) || len(values) == 0 {
			continue
		}
		if err := d.spend(2); err != nil {
			return err
		}
		if v.IsNil() {
			v.Set(reflect.MakeMap(v.Type()))
		}
		entry := reflect.New(v.Type().Elem()).Elem()
		if err := parseText(f.plan.value, entry, strings.Join(values, ","), shape.HTTPDate); err != nil {
			return err
		}
		v.SetMapIndex(mapKey(v, lower[len(prefix):]), entry)
	}
	return nil
}
