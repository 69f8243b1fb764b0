package oracle

import (
	"fmt"
	"io"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"nephele.dev/nephele/internal/shape"
)

// A maker makes trees.
type maker struct {
	edge bool // the ends of every range instead of ordinary values
	drop func(m *shape.Member) bool
	open []*shape.Shape
}

// document makes the tree of an input, output or error.
func (g *maker) document(op *shape.Operation, s *shape.Shape) map[string]any {
	g.open = append(g.open, s)
	defer func() { g.open = g.open[:len(g.open)-1] }()
	out := map[string]any{}
	for _, m := range s.Members {
		if g.drop != nil && g.drop(m) || m.Shape.Kind == shape.EventStream {
			continue
		}
		if x := g.member(m); x != nil {
			out[m.Name] = x
		}
		if m.Location == shape.StatusCode {
			out[m.Name] = int64(op.Status)
		}
	}
	return out
}

func (g *maker) member(m *shape.Member) any {
	switch m.Shape.Kind {
	case shape.Structure:
		return g.structure(m.Shape)
	case shape.Union:
		return g.union(m.Shape)
	case shape.List:
		return g.list(m)
	case shape.Map:
		return g.dict(m)
	}
	return g.scalar(m)
}

// cut ends recursion at the second level of a shape.
func (g *maker) cut(s *shape.Shape) bool {
	n := 0
	for _, o := range g.open {
		if o == s {
			n++
		}
	}
	return n > 1
}

func (g *maker) structure(s *shape.Shape) any {
	if g.cut(s) {
		return nil
	}
	g.open = append(g.open, s)
	defer func() { g.open = g.open[:len(g.open)-1] }()
	out := map[string]any{}
	for _, m := range s.Members {
		if x := g.member(m); x != nil {
			out[m.Name] = x
		}
	}
	return out
}

// union sets the first variant that can be set.
func (g *maker) union(s *shape.Shape) any {
	if g.cut(s) {
		return nil
	}
	g.open = append(g.open, s)
	defer func() { g.open = g.open[:len(g.open)-1] }()
	for _, m := range s.Members {
		if x := g.member(m); x != nil {
			return map[string]any{m.Name: x}
		}
	}
	return nil
}

func (g *maker) list(m *shape.Member) any {
	if g.edge && m.Location == shape.Body {
		return []any{}
	}
	e := *m.Shape.Elem
	e.Location = m.Location
	x := g.member(&e)
	if x == nil {
		return nil
	}
	return []any{x, g.member(&e)}
}

func (g *maker) dict(m *shape.Member) any {
	v := *m.Shape.Value
	v.Location = m.Location
	x := g.member(&v)
	if x == nil {
		return nil
	}
	keys := []string{"one", "two"}
	if e := m.Shape.Key.Shape.Enum; len(e) > 1 {
		keys = e[:2]
	}
	return map[string]any{keys[0]: x, keys[1]: g.member(&v)}
}

var moment = time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)

func (g *maker) scalar(m *shape.Member) any {
	switch m.Shape.Kind {
	case shape.String:
		return g.text(m)
	case shape.Boolean:
		return !g.edge
	case shape.Integer:
		if strings.EqualFold(m.WireName, "Content-Length") {
			return int64(len(payload))
		}
		return pick(g.edge, int64(math.MinInt32), int64(math.MaxInt32))
	case shape.Long:
		if strings.EqualFold(m.WireName, "Content-Length") {
			return int64(len(payload))
		}
		return pick(g.edge, int64(math.MinInt64), int64(1<<53+1))
	case shape.Float:
		return pick(g.edge, float64(float32(-1e-30)), float64(float32(1234.5)))
	case shape.Double:
		return pick(g.edge, math.Inf(-1), 1234.56789e-12)
	case shape.Timestamp:
		if m.Location != shape.Body || m.Shape.TimestampFormat == shape.HTTPDate {
			return moment
		}
		return pick(g.edge, moment, moment.Add(789*time.Millisecond))
	case shape.Blob:
		return []byte(payload)
	}
	return nil
}

func pick[T any](edge bool, a, b T) T {
	if edge {
		return a
	}
	return b
}

const payload = "hello\x00\xff"

func (g *maker) text(m *shape.Member) any {
	switch {
	case m.JSONValue && m.Location == shape.Header:
		return `{"a":[1,"b"]}`
	case len(m.Shape.Enum) > 0:
		return m.Shape.Enum[0]
	case m.Name == "MaxItems":
		return "7"
	case m.Name == "Bucket":
		return "bucket"
	case m.HostLabel:
		return "label"
	case m.Location == shape.URI:
		return "a/b c+d%é"
	case m.Location == shape.QueryString:
		return "q&=+ %é"
	case m.Location != shape.Body:
		return "header value"
	case m.XMLAttribute:
		return "CanonicalUser"
	case g.edge:
		return ""
	}
	return m.Name + " <&>\"'\\ é€\U0001F642 \r\n\tend"
}

// comparable brings scalars into a form that cmp shows well.
func comparable(v any) any {
	switch v := v.(type) {
	case []byte:
		return fmt.Sprintf("%q", v)
	case float64:
		return fmt.Sprint(float32(v), " ", v)
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			if c := comparable(x); c != nil {
				out[k] = c
			}
		}
		return out
	case []any:
		if len(v) == 0 {
			return nil // not every protocol tells an empty list from none
		}
		out := []any{}
		for _, x := range v {
			out = append(out, comparable(x))
		}
		return out
	case string:
		if v == "" {
			return nil
		}
	}
	return v
}

// setScalar sets a settable value, ours or the SDK's, to a tree's scalar.
func setScalar(v reflect.Value, x any) error {
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	x = across(v, x)
	switch x := x.(type) {
	case string:
		if v.Kind() != reflect.String {
			return fmt.Errorf("string into %s", v.Type())
		}
		v.SetString(x)
	case bool:
		v.SetBool(x)
	case int64:
		if !v.CanInt() || v.OverflowInt(x) || v.Kind() == reflect.String {
			return fmt.Errorf("integer into %s", v.Type())
		}
		v.SetInt(x)
	case float64:
		if !v.CanFloat() {
			return fmt.Errorf("float into %s", v.Type())
		}
		v.SetFloat(x)
	case time.Time:
		if v.Type() != reflect.TypeFor[time.Time]() {
			return fmt.Errorf("time into %s", v.Type())
		}
		v.Set(reflect.ValueOf(x))
	case []byte:
		if v.Kind() == reflect.Slice {
			v.SetBytes(x)
		} else {
			v.Set(reflect.ValueOf(io.NopCloser(strings.NewReader(string(x)))))
		}
	}
	return nil
}

// across turns digits into a number and back: the SDK has a number for a few
// members that are strings in our models, and the other way round.
func across(v reflect.Value, x any) any {
	switch s := x.(type) {
	case string:
		if n, err := strconv.ParseInt(s, 10, 64); err == nil && v.CanInt() {
			return n
		}
	case int64:
		if v.Kind() == reflect.String {
			return strconv.FormatInt(s, 10)
		}
	}
	return x
}

// getScalar is the inverse of setScalar; nil for an absent value.
func getScalar(v reflect.Value) any {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		return v.Interface()
	case v.Kind() == reflect.String:
		return v.String()
	case v.Kind() == reflect.Bool:
		return v.Bool()
	case v.CanInt():
		return v.Int()
	case v.CanFloat():
		return v.Float()
	case v.Kind() == reflect.Slice:
		if v.IsNil() {
			return nil
		}
		return append([]byte{}, v.Bytes()...)
	}
	if r, ok := reflect.TypeAssert[io.Reader](v); ok {
		b, _ := io.ReadAll(r)
		return b
	}
	return nil
}
