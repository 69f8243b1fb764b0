package validate_test

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"nephele.dev/nephele/internal/api/events"
	"nephele.dev/nephele/internal/api/lambda"
	"nephele.dev/nephele/internal/api/logs"
	"nephele.dev/nephele/internal/api/rum"
	"nephele.dev/nephele/internal/api/ssm"
	"nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/validate"
)

// slot is a place in a generated input that a mutation can spoil.
type slot struct {
	shape *shape.Shape
	elem  bool                // an element, key or value, reported at its list or map
	set   func(reflect.Value) // puts another value there
}

// maker makes valid inputs and remembers their slots.
type maker struct {
	t     *rapid.T
	slots []slot
}

// TestGeneratedInputs holds for every operation of several services: an input
// made of valid values has no violation, and one with a single value spoilt has
// as many as that value breaks constraints, each reported once.
func TestGeneratedInputs(t *testing.T) {
	t.Parallel()
	var ops []*shape.Operation
	for _, s := range []*shape.Service{synthetics.Service(), ssm.Service(), logs.Service(), lambda.Service(), rum.Service(), events.Service()} {
		ops = append(ops, s.Operations()...)
	}
	rapid.Check(t, func(t *rapid.T) {
		op := rapid.SampledFrom(ops).Draw(t, "operation")
		m := &maker{t: t}
		in := reflect.New(op.Input.Type)
		m.structure(op.Input, in.Elem(), 0)
		if got := validate.Violations(op, in.Interface()); len(got) > 0 {
			t.Fatalf("%s:%s: a valid input has violations: %s", op.Service.Name, op.Name, strings.Join(got, "\n"))
		}
		if len(m.slots) == 0 {
			return
		}
		spoilt := rapid.SampledFrom(m.slots).Draw(t, "slot")
		want, ok := m.spoil(spoilt)
		if !ok {
			return
		}
		got := validate.Violations(op, in.Interface())
		if len(got) != want || len(slices.Compact(slices.Sorted(slices.Values(got)))) != want {
			t.Fatalf("%s:%s: %s spoilt: want %d violations, got %q", op.Service.Name, op.Name, spoilt.shape.Name, want, got)
		}
	})
}

func (m *maker) structure(s *shape.Shape, v reflect.Value, depth int) {
	for i, mem := range s.Members {
		if s.Kind == shape.Union && i > 0 {
			return
		}
		if mem.Shape.Streaming || mem.Shape.Document || mem.Shape.Kind == shape.EventStream {
			continue
		}
		if !mem.Required && (depth > 3 || !rapid.Bool().Draw(m.t, "present")) {
			continue
		}
		f, mark := v.Field(mem.Field), len(m.slots)
		if val, ok := m.value(mem.Shape, f.Type(), depth+1, false, f.Set); ok {
			f.Set(val)
			continue
		}
		if mem.Required {
			m.t.Skip("no valid value for", mem.Shape.Name)
		}
		m.slots = m.slots[:mark]
	}
}

// value makes a valid value of Go type typ and notes its slot.
func (m *maker) value(s *shape.Shape, typ reflect.Type, depth int, elem bool, set func(reflect.Value)) (reflect.Value, bool) {
	if typ.Kind() == reflect.Pointer {
		inner := reflect.New(typ.Elem())
		if s.Kind == shape.Structure || s.Kind == shape.Union {
			if depth > 6 {
				return reflect.Value{}, false
			}
			m.structure(s, inner.Elem(), depth)
			return inner, true
		}
		v, ok := m.value(s, typ.Elem(), depth, elem, func(v reflect.Value) {
			p := reflect.New(typ.Elem())
			p.Elem().Set(v)
			set(p)
		})
		if !ok {
			return reflect.Value{}, false
		}
		inner.Elem().Set(v)
		return inner, true
	}
	switch s.Kind {
	case shape.List:
		return m.list(s, typ, depth, set)
	case shape.Map:
		return m.mapping(s, typ, depth, set)
	}
	v, ok := m.scalar(s, typ)
	if ok {
		m.slots = append(m.slots, slot{s, elem, set})
	}
	return v, ok
}

func (m *maker) list(s *shape.Shape, typ reflect.Type, depth int, set func(reflect.Value)) (reflect.Value, bool) {
	n := m.count(s)
	v := reflect.MakeSlice(typ, n, n)
	for i := range n {
		e, ok := m.value(s.Elem.Shape, typ.Elem(), depth+1, true, v.Index(i).Set)
		if !ok {
			return reflect.Value{}, false
		}
		v.Index(i).Set(e)
	}
	m.slots = append(m.slots, slot{s, false, set})
	return v, true
}

func (m *maker) mapping(s *shape.Shape, typ reflect.Type, depth int, set func(reflect.Value)) (reflect.Value, bool) {
	v := reflect.MakeMap(typ)
	for range m.count(s) {
		k, ok := m.scalar(s.Key.Shape, typ.Key())
		if !ok {
			return reflect.Value{}, false
		}
		e, ok := m.value(s.Value.Shape, typ.Elem(), depth+1, true, func(e reflect.Value) { v.SetMapIndex(k, e) })
		if !ok {
			return reflect.Value{}, false
		}
		v.SetMapIndex(k, e)
	}
	if s.Min != nil && v.Len() < int(*s.Min) {
		return reflect.Value{}, false // equal keys
	}
	return v, true
}

// count is a valid number of entries, few of them.
func (m *maker) count(s *shape.Shape) int {
	least, most := 0, 2
	if s.Min != nil {
		least = int(*s.Min)
	}
	if s.Max != nil {
		most = min(most, int(*s.Max))
	}
	return rapid.IntRange(least, max(least, most)).Draw(m.t, "entries")
}

func (m *maker) scalar(s *shape.Shape, typ reflect.Type) (reflect.Value, bool) {
	v := reflect.New(typ).Elem()
	switch s.Kind {
	case shape.String:
		text, ok := m.text(s)
		v.SetString(text)
		return v, ok
	case shape.Boolean:
		v.SetBool(rapid.Bool().Draw(m.t, "bool"))
	case shape.Integer, shape.Long:
		v.SetInt(int64(inRange(s)))
	case shape.Float, shape.Double:
		v.SetFloat(inRange(s))
	case shape.Timestamp:
		v.Set(reflect.ValueOf(time.Unix(rapid.Int64Range(0, 1<<31).Draw(m.t, "time"), 0)))
	case shape.Blob:
		v.SetBytes(make([]byte, int(inRange(s))))
	default:
		return v, false
	}
	return v, true
}

func inRange(s *shape.Shape) float64 {
	switch {
	case s.Min != nil:
		return *s.Min
	case s.Max != nil:
		return *s.Max
	}
	return 1
}

// text is a string that holds to s, where one is found.
func (m *maker) text(s *shape.Shape) (string, bool) {
	if len(s.Enum) > 0 {
		return rapid.SampledFrom(s.Enum).Draw(m.t, "enum"), true
	}
	if s.Pattern == "" {
		n := 1
		if s.Min != nil {
			n = max(n, int(*s.Min))
		}
		return strings.Repeat("x", n), true
	}
	body := strings.TrimSuffix(strings.TrimPrefix(s.RE2, `\A(?:`), `)\z`)
	g := rapid.StringMatching(body)
	first := rapid.IntRange(0, 1000).Draw(m.t, "seed")
	for seed := range 40 {
		if text := g.Example(first + seed); breaks(s, reflect.ValueOf(text)) == 0 {
			return text, true
		}
	}
	return "", false
}

// spoil puts a value into a slot that breaks something, and says how many
// violations that makes.
func (m *maker) spoil(s slot) (want int, ok bool) {
	v, ok := m.badValue(s.shape)
	if !ok {
		return 0, false
	}
	n := breaks(s.shape, v)
	if n == 0 {
		return 0, false
	}
	s.set(v)
	if s.elem {
		n = 1
	}
	return n, true
}

func (m *maker) badValue(s *shape.Shape) (reflect.Value, bool) {
	switch s.Kind {
	case shape.String:
		bad := []string{"", "\x01 \u2028~", strings.Repeat("x", 4)}
		if s.Max != nil && *s.Max < 1<<20 {
			bad = append(bad, strings.Repeat("x", int(*s.Max)+1))
		}
		v := reflect.New(reflect.TypeFor[string]()).Elem()
		if s.Type != nil {
			v = reflect.New(s.Type).Elem()
		}
		v.SetString(rapid.SampledFrom(bad).Draw(m.t, "bad"))
		return v, true
	case shape.Integer:
		return reflect.ValueOf(int32(outOfRange(s))), true
	case shape.Long:
		return reflect.ValueOf(int64(outOfRange(s))), true
	default:
		return reflect.Value{}, false
	}
}

func outOfRange(s *shape.Shape) float64 {
	switch {
	case s.Min != nil:
		return *s.Min - 1
	case s.Max != nil && *s.Max < 1<<31-1:
		return *s.Max + 1
	}
	return 0
}

// breaks is the oracle: how many constraints of s a scalar breaks, worked out
// without the code under test.
func breaks(s *shape.Shape, v reflect.Value) int {
	n := 0
	count := func(bad bool) {
		if bad {
			n++
		}
	}
	switch s.Kind {
	case shape.String:
		length := float64(utf8.RuneCountInString(v.String()))
		count(s.Min != nil && length < *s.Min)
		count(s.Max != nil && length > *s.Max)
		count(s.RE2 != "" && !regexp.MustCompile(s.RE2).MatchString(v.String()))
		count(len(s.Enum) > 0 && !slices.Contains(s.Enum, v.String()))
	case shape.Integer, shape.Long:
		count(s.Min != nil && float64(v.Int()) < *s.Min)
		count(s.Max != nil && float64(v.Int()) > *s.Max)
	default:
		panic(fmt.Sprint("no oracle for kind ", s.Kind))
	}
	return n
}

func BenchmarkInput(b *testing.B) {
	op := synthetics.Service().Operation("CreateCanary")
	in := &synthetics.CreateCanaryInput{
		Name: "checkout", ArtifactS3Location: "s3://b/p", ExecutionRoleArn: "arn:aws:iam::123456789012:role/r",
		RuntimeVersion: "syn-nodejs-puppeteer-10.0",
		Code:           &synthetics.CanaryCodeInput{Handler: new("index.handler")},
		Schedule:       &synthetics.CanaryScheduleInput{Expression: "rate(5 minutes)"},
		Tags:           map[string]string{"env": "test"},
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := validate.Decoded(op, in, nil); err != nil {
			b.Fatal(err)
		}
	}
}
