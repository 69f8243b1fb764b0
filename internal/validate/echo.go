package validate

import (
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"nephele.dev/nephele/internal/shape"
)

// maxEcho bounds how much of a value a message repeats, in bytes.
const maxEcho = 2048

// hidden reports whether values of s must not be shown.
func hidden(s *shape.Shape) bool {
	switch {
	case s.Sensitive || s.Kind == shape.Blob:
		return true
	case s.Kind == shape.List:
		return hidden(s.Elem.Shape)
	case s.Kind == shape.Map:
		return hidden(s.Key.Shape) || hidden(s.Value.Shape)
	default:
		return false
	}
}

// echo writes a value as it appears in a message.
func echo(s *shape.Shape, v reflect.Value) string {
	var b strings.Builder
	write(&b, s, v)
	return clip(b.String())
}

func write(b *strings.Builder, s *shape.Shape, v reflect.Value) {
	v = reflect.Indirect(v)
	if !v.IsValid() {
		b.WriteString("null")
		return
	}
	if b.Len() > maxEcho {
		return
	}
	if s.Sensitive {
		b.WriteString("***")
		return
	}
	switch s.Kind {
	case shape.List:
		writeList(b, s, v)
	case shape.Map:
		writeMap(b, s, v)
	case shape.Structure, shape.Union:
		writeStructure(b, s, v)
	default:
		b.WriteString(scalarText(v))
	}
}

func writeList(b *strings.Builder, s *shape.Shape, v reflect.Value) {
	b.WriteByte('[')
	for i := range v.Len() {
		if i > 0 {
			b.WriteString(", ")
		}
		if b.Len() > maxEcho {
			return
		}
		write(b, s.Elem.Shape, v.Index(i))
	}
	b.WriteByte(']')
}

func writeMap(b *strings.Builder, s *shape.Shape, v reflect.Value) {
	b.WriteByte('{')
	for i, k := range sortedKeys(v) {
		if i > 0 {
			b.WriteString(", ")
		}
		if b.Len() > maxEcho {
			return
		}
		write(b, s.Key.Shape, k)
		b.WriteByte('=')
		write(b, s.Value.Shape, v.MapIndex(k))
	}
	b.WriteByte('}')
}

// writeStructure writes the members that are present.
func writeStructure(b *strings.Builder, s *shape.Shape, v reflect.Value) {
	b.WriteString(s.Name + "(")
	first := true
	for _, m := range s.Members {
		f := v.Field(m.Field)
		if f.IsZero() && !m.Required || m.Shape.Streaming {
			continue
		}
		if !first {
			b.WriteString(", ")
		}
		first = false
		b.WriteString(m.Name + "=")
		write(b, m.Shape, f)
	}
	b.WriteByte(')')
}

func scalarText(v reflect.Value) string {
	switch v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Int32, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10)
	case reflect.Float32, reflect.Float64:
		return javaDouble(v.Float())
	case reflect.Slice:
		return "***" // bytes
	default:
		if t, ok := reflect.TypeAssert[time.Time](v); ok {
			return t.UTC().Format(time.RFC3339)
		}
		return ""
	}
}

// javaDouble writes f as Java's Double.toString does for everyday values:
// always with a fraction.
func javaDouble(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == math.Trunc(f) && math.Abs(f) < 1e7:
		return strconv.FormatFloat(f, 'f', 1, 64)
	}
	return strconv.FormatFloat(f, 'G', -1, 64)
}

// sortedKeys returns a map's keys in order, so that messages are stable.
func sortedKeys(m reflect.Value) []reflect.Value {
	keys := m.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	return keys
}
