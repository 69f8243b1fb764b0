// Package inputs makes, for any operation, an input that its model accepts:
// required members alone, the smallest values that hold to the constraints.
package inputs

import (
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"nephele.dev/nephele/internal/shape"
)

// Maker makes inputs. Named gives values for members by their name, which are
// taken where the model accepts them; "Operation.Member" comes before
// "service:Member", and that before "Member".
type Maker struct {
	Named map[string]string
	Extra map[string][]string // optional members to fill, by operation
}

// Make returns a pointer to op's input, and whether every required member could
// be given a value.
func (m *Maker) Make(op *shape.Operation) (any, bool) {
	in := reflect.New(op.Input.Type)
	ok := m.structure(op, op.Input, in.Elem(), 0)
	return in.Interface(), ok
}

func (m *Maker) structure(op *shape.Operation, s *shape.Shape, v reflect.Value, depth int) bool {
	for i, member := range s.Members {
		if s.Kind == shape.Union && i > 0 {
			return true
		}
		if !member.Required && s.Kind != shape.Union && !m.extra(op, member.Name, depth) {
			continue
		}
		if !m.set(op, member, v.Field(member.Field), depth) {
			return false
		}
	}
	return true
}

func (m *Maker) extra(op *shape.Operation, member string, depth int) bool {
	if depth > 0 {
		return false
	}
	return slices.Contains(m.Extra[op.Name], member)
}

func (m *Maker) set(op *shape.Operation, member *shape.Member, v reflect.Value, depth int) bool {
	s := member.Shape
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch s.Kind {
	case shape.Structure, shape.Union:
		return depth < 6 && m.structure(op, s, v, depth+1)
	case shape.List:
		return m.list(op, member, v, depth)
	case shape.Map:
		return m.mapping(op, s, v, depth)
	}
	return m.scalar(op, member, v)
}

func (m *Maker) list(op *shape.Operation, member *shape.Member, v reflect.Value, depth int) bool {
	n := max(1, int(least(member.Shape)))
	v.Set(reflect.MakeSlice(v.Type(), n, n))
	elem := *member.Shape.Elem
	elem.Name = member.Name
	for i := range n {
		if !m.set(op, &elem, v.Index(i), depth+1) {
			return false
		}
	}
	return true
}

func (m *Maker) mapping(op *shape.Operation, s *shape.Shape, v reflect.Value, depth int) bool {
	v.Set(reflect.MakeMap(v.Type()))
	if least(s) == 0 {
		return true
	}
	key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
	if !m.set(op, s.Key, key, depth+1) || !m.set(op, s.Value, value, depth+1) {
		return false
	}
	v.SetMapIndex(key, value)
	return true
}

func least(s *shape.Shape) float64 {
	if s.Min == nil {
		return 0
	}
	return *s.Min
}

func (m *Maker) scalar(op *shape.Operation, member *shape.Member, v reflect.Value) bool {
	s := member.Shape
	switch s.Kind {
	case shape.String:
		text, ok := m.text(op, member)
		v.SetString(text)
		return ok
	case shape.Integer, shape.Long:
		v.SetInt(int64(least(s)))
	case shape.Float, shape.Double:
		v.SetFloat(least(s))
	case shape.Timestamp:
		v.Set(reflect.ValueOf(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)))
	case shape.Blob:
		if v.Kind() == reflect.Interface {
			v.Set(reflect.ValueOf(io.Reader(strings.NewReader("x"))))
			return true
		}
		v.SetBytes(make([]byte, max(1, int(least(s)))))
	}
	return true
}

func (m *Maker) text(op *shape.Operation, member *shape.Member) (string, bool) {
	s := member.Shape
	if len(s.Enum) > 0 {
		return s.Enum[0], true
	}
	for _, name := range []string{op.Name + "." + member.Name, op.Service.Name + ":" + member.Name, member.Name} {
		if text, ok := m.Named[name]; ok && holds(s, text) {
			return text, true
		}
	}
	if s.RE2 == "" {
		return strings.Repeat("x", max(1, int(least(s)))), true
	}
	body := strings.TrimSuffix(strings.TrimPrefix(s.RE2, `\A(?:`), `)\z`)
	for seed := range 200 {
		if text := rapid.StringMatching(body).Example(seed); holds(s, text) && text != "" {
			return text, true
		}
	}
	return "", false
}

// holds reports whether text keeps s's constraints.
func holds(s *shape.Shape, text string) bool {
	n := float64(len([]rune(text)))
	if s.Min != nil && n < *s.Min || s.Max != nil && n > *s.Max {
		return false
	}
	return s.RE2 == "" || regexp.MustCompile(s.RE2).MatchString(text)
}
