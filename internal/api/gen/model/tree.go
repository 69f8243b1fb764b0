package model

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// Object is a JSON object whose fields keep their order. Values are Object,
// []any, string, json.Number, bool or nil.
type Object []Field

// Field is one field of an Object.
type Field struct {
	Key   string
	Value any
}

// Get returns the value of key, and nil when there is none.
func (o Object) Get(key string) any {
	for _, f := range o {
		if f.Key == key {
			return f.Value
		}
	}
	return nil
}

// Object returns the object under key; it is empty when there is none.
func (o Object) Object(key string) Object {
	v, _ := o.Get(key).(Object)
	return v
}

// Set replaces the value of key in place or appends it.
func (o *Object) Set(key string, value any) {
	for i := range *o {
		if (*o)[i].Key == key {
			(*o)[i].Value = value
			return
		}
	}
	*o = append(*o, Field{key, value})
}

// Delete removes key and reports whether it was there.
func (o *Object) Delete(key string) bool {
	n := len(*o)
	*o = slices.DeleteFunc(*o, func(f Field) bool { return f.Key == key })
	return len(*o) < n
}

// Sorted returns o with its fields ordered by key.
func (o Object) Sorted() Object {
	s := slices.Clone(o)
	slices.SortStableFunc(s, func(a, b Field) int { return bytes.Compare([]byte(a.Key), []byte(b.Key)) })
	return s
}

// Parse reads one JSON document; anything after it is an error.
func Parse(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	v, err := parseValue(d)
	if err != nil {
		return nil, fmt.Errorf("at byte %d: %w", d.InputOffset(), err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("at byte %d: text after the document", d.InputOffset())
	}
	return v, nil
}

// ParseObject is Parse for documents that must be objects.
func ParseObject(data []byte) (Object, error) {
	v, err := Parse(data)
	if err != nil {
		return nil, err
	}
	o, ok := v.(Object)
	if !ok {
		return nil, fmt.Errorf("the document is a %T, not an object", v)
	}
	return o, nil
}

func parseValue(d *json.Decoder) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('{'):
		return parseFields(d)
	case json.Delim('['):
		return parseItems(d)
	}
	return t, nil
}

func parseFields(d *json.Decoder) (Object, error) {
	o := Object{}
	for d.More() {
		k, err := d.Token()
		if err != nil {
			return nil, err
		}
		v, err := parseValue(d)
		if err != nil {
			return nil, err
		}
		o = append(o, Field{k.(string), v})
	}
	_, err := d.Token()
	return o, err
}

func parseItems(d *json.Decoder) ([]any, error) {
	a := []any{}
	for d.More() {
		v, err := parseValue(d)
		if err != nil {
			return nil, err
		}
		a = append(a, v)
	}
	_, err := d.Token()
	return a, err
}
