package client

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"nephele.dev/nephele/internal/shape"
)

// slot is the settable value behind an optional scalar, or v itself.
func slot(v reflect.Value) reflect.Value {
	if v.Kind() != reflect.Pointer {
		return v
	}
	if v.IsNil() {
		v.Set(reflect.New(v.Type().Elem()))
	}
	return v.Elem()
}

// scalar sets dst to a text, number, boolean or time.
func (b *builder) scalar(m *shape.Member, dst reflect.Value, given any, path string) {
	v := reflect.Indirect(reflect.ValueOf(given))
	switch m.Shape.Kind {
	case shape.String:
		b.text(m, dst, given, v, path)
	case shape.Boolean:
		if !v.IsValid() || v.Kind() != reflect.Bool {
			b.mistyped(given, path, "boolean")
			return
		}
		slot(dst).SetBool(v.Bool())
	case shape.Integer, shape.Long:
		n, ok := integer(v)
		if !ok || slot(dst).OverflowInt(n) {
			b.mistyped(given, path, "integer")
			return
		}
		b.atLeast(m.Shape, float64(n), given, path)
		slot(dst).SetInt(n)
	case shape.Float, shape.Double:
		f, ok := number(v)
		if !ok {
			b.mistyped(given, path, "number")
			return
		}
		b.atLeast(m.Shape, f, given, path)
		slot(dst).SetFloat(f)
	case shape.Timestamp:
		t, ok := timestamp(v)
		if !ok {
			b.mistyped(given, path, "time, timestamp-string, seconds since 1970")
			return
		}
		slot(dst).Set(reflect.ValueOf(t))
	}
}

func (b *builder) text(m *shape.Member, dst reflect.Value, given any, v reflect.Value, path string) {
	if _, isNumber := given.(json.Number); isNumber || !v.IsValid() || v.Kind() != reflect.String {
		b.mistyped(given, path, "string")
		return
	}
	s, n := v.String(), utf8.RuneCountInString(v.String())
	switch {
	case n == 0 && (m.Location == shape.URI || m.HostLabel) && (m.Shape.Min == nil || *m.Shape.Min < 1):
		// Part of a path or a host: without it another resource would be named.
		b.problem("Invalid length for parameter %s, value: 0, valid min length: 1", at(path))
	default:
		b.length(m.Shape, n, path)
	}
	slot(dst).SetString(s)
}

// atLeast checks the lower bound of a number.
func (b *builder) atLeast(s *shape.Shape, n float64, given any, path string) {
	if s.Min != nil && n < *s.Min {
		b.problem("Invalid value for parameter %s, value: %s, valid min value: %v", at(path), brief(given), *s.Min)
	}
}

// integer takes integers, and floats that are one, as JSON has no others.
func integer(v reflect.Value) (int64, bool) {
	switch {
	case !v.IsValid():
		return 0, false
	case v.CanInt():
		return v.Int(), true
	case v.CanUint():
		return int64(v.Uint()), v.Uint() <= math.MaxInt64
	case v.CanFloat():
		f := v.Float()
		return int64(f), f == math.Trunc(f) && math.Abs(f) < 1<<63
	case v.Type() == reflect.TypeFor[json.Number]():
		if n, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
			return n, true
		}
		f, err := strconv.ParseFloat(v.String(), 64)
		return int64(f), err == nil && f == math.Trunc(f) && math.Abs(f) < 1<<53
	}
	return 0, false
}

func number(v reflect.Value) (float64, bool) {
	switch {
	case !v.IsValid():
		return 0, false
	case v.CanInt():
		return float64(v.Int()), true
	case v.CanUint():
		return float64(v.Uint()), true
	case v.CanFloat():
		return v.Float(), true
	case v.Type() == reflect.TypeFor[json.Number]():
		f, err := strconv.ParseFloat(v.String(), 64)
		return f, err == nil
	}
	return 0, false
}

// layouts are the texts that are taken for a time; those without a zone are UTC.
var layouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", time.DateOnly, http.TimeFormat}

func timestamp(v reflect.Value) (time.Time, bool) {
	if !v.IsValid() {
		return time.Time{}, false
	}
	if t, ok := reflect.TypeAssert[time.Time](v); ok {
		return t, true
	}
	if v.Kind() == reflect.String {
		for _, layout := range layouts {
			if t, err := time.Parse(layout, v.String()); err == nil {
				return t, true
			}
		}
		v = reflect.ValueOf(json.Number(strings.TrimSpace(v.String())))
	}
	f, ok := number(v)
	if !ok || math.IsNaN(f) || math.Abs(f) > 1e12 {
		return time.Time{}, false
	}
	sec, frac := math.Modf(f)
	return time.Unix(int64(sec), int64(math.Round(frac*1e9))).UTC(), true
}

// blob takes bytes, a text or a stream. A text in JSON is base64.
func (b *builder) blob(s *shape.Shape, dst reflect.Value, given any, path string) {
	r, ok := b.reader(given)
	if !ok {
		b.mistyped(given, path, "blob, string, stream")
		return
	}
	if s.Streaming {
		dst.Set(reflect.ValueOf(&r).Elem())
		return
	}
	data, err := io.ReadAll(r)
	if err != nil {
		b.problem("Invalid value for parameter %s: %v", at(path), err)
		return
	}
	if data == nil {
		data = []byte{}
	}
	dst.SetBytes(data)
}

func (b *builder) reader(given any) (io.Reader, bool) {
	switch x := given.(type) {
	case []byte:
		return bytes.NewReader(x), true
	case io.Reader:
		return x, !nilled(reflect.ValueOf(x))
	case json.Number:
		return nil, false
	}
	v := reflect.Indirect(reflect.ValueOf(given))
	if !v.IsValid() || v.Kind() != reflect.String {
		return nil, false
	}
	if !b.base64 {
		return strings.NewReader(v.String()), true
	}
	data, err := base64.StdEncoding.DecodeString(v.String())
	return bytes.NewReader(data), err == nil
}

// jsonValue sets a text of JSON to any value, or to a text that is JSON already.
func (b *builder) jsonValue(dst reflect.Value, given any, path string) {
	if s, ok := given.(string); ok {
		slot(dst).SetString(s)
		return
	}
	if given == nil {
		b.mistyped(given, path, "string, JSON")
		return
	}
	data, err := json.Marshal(given)
	if err != nil {
		b.problem("Invalid parameter %s must be json serializable: %v", at(path), err)
		return
	}
	slot(dst).SetString(string(data))
}
