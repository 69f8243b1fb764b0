// Package tree turns message bodies into trees that can be compared by what
// they mean: JSON, CBOR, XML and forms without regard to order or spelling.
package tree

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"net/url"
	"reflect"
	"sort"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// JSON parses a JSON text; an empty one is nil.
func JSON(b []byte) (any, error) {
	if len(bytes.TrimSpace(b)) == 0 {
		return nil, nil
	}
	var v any
	err := json.Unmarshal(b, &v)
	return v, err
}

// CBOR parses a CBOR item; an empty one is nil. Numbers become float64, and
// tagged times seconds.
func CBOR(b []byte) (any, error) {
	if len(b) == 0 {
		return nil, nil
	}
	mode, err := cbor.DecOptions{DefaultMapType: reflect.TypeFor[map[string]any]()}.DecMode()
	if err != nil {
		return nil, err
	}
	var v any
	if err := mode.Unmarshal(b, &v); err != nil {
		return nil, err
	}
	return plain(v), nil
}

// plain reduces CBOR's types to those of JSON; bytes stay bytes.
func plain(v any) any {
	switch v := v.(type) {
	case uint64:
		return float64(v)
	case int64:
		return float64(v)
	case float64:
		if math.IsNaN(v) {
			return "NaN"
		}
	case time.Time:
		return float64(v.UnixMilli()) / 1000
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = plain(v[k])
		}
	}
	return v
}

// Form parses a form; an empty one is empty.
func Form(b []byte) (any, error) {
	q, err := url.ParseQuery(string(b))
	out := map[string]any{}
	for k, v := range q {
		out[k] = v[0]
	}
	return out, err
}

// XML parses an XML document into nested maps: children by local name, each a
// list; attributes as "@name"; text as "#text" where there are no children.
func XML(b []byte) (any, error) {
	if len(bytes.TrimSpace(b)) == 0 {
		return nil, nil
	}
	d := xml.NewDecoder(bytes.NewReader(b))
	for {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		if s, ok := t.(xml.StartElement); ok {
			v, err := element(d, s)
			if err != nil {
				return nil, err
			}
			if _, err := d.Token(); !errors.Is(err, io.EOF) {
				return nil, fmt.Errorf("more than one document: %w", err)
			}
			return map[string]any{s.Name.Local: v}, nil
		}
	}
}

func element(d *xml.Decoder, start xml.StartElement) (any, error) {
	out := map[string]any{}
	for _, a := range start.Attr {
		if a.Name.Space == "" && a.Name.Local == "xmlns" {
			out["@xmlns"] = strings.TrimSuffix(a.Value, "/")
		} else {
			out["@"+a.Name.Local] = a.Value
		}
	}
	text, kids := "", false
	for {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.CharData:
			text += string(t)
		case xml.StartElement:
			v, err := element(d, t)
			if err != nil {
				return nil, err
			}
			list, _ := out[t.Name.Local].([]any)
			out[t.Name.Local] = append(list, v)
			kids = true
		case xml.EndElement:
			if !kids && text != "" {
				out["#text"] = text
			}
			return out, nil
		}
	}
}

// Without returns v without the map entries whose path ends in one of the
// given names, at any depth.
func Without(v any, names ...string) any {
	switch v := v.(type) {
	case map[string]any:
		for _, n := range names {
			delete(v, n)
		}
		for k := range v {
			v[k] = Without(v[k], names...)
		}
	case []any:
		for i := range v {
			v[i] = Without(v[i], names...)
		}
	}
	return v
}

// Leaves lists every leaf of v as path and value.
func Leaves(v any) map[string]string {
	out := map[string]string{}
	collect(out, "", v)
	return out
}

func collect(out map[string]string, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		sort.Strings(keys)
		for _, k := range keys {
			collect(out, path+"\x00"+k, v[k])
		}
		if len(v) == 0 {
			out[path] = "{}"
		}
	case []any:
		for i, e := range v {
			collect(out, fmt.Sprintf("%s\x00%d", path, i), e)
		}
		if len(v) == 0 {
			out[path] = "[]"
		}
	case nil:
	default:
		out[path] = fmt.Sprint(v)
	}
}

// Names are the parts of a leaf's path.
func Names(path string) []string { return strings.Split(strings.TrimPrefix(path, "\x00"), "\x00") }
