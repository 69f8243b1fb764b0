package protocol

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"nephele.dev/nephele/internal/shape"
)

// fill sets v, a member's Go value, to what a suite's parameters say.
func fill(t *testing.T, m *shape.Member, v reflect.Value, x any) {
	t.Helper()
	if x == nil {
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch m.Shape.Kind {
	case shape.Structure, shape.Union:
		fillStruct(t, m.Shape, v, x.(map[string]any))
	case shape.List:
		list := x.([]any)
		v.Set(reflect.MakeSlice(v.Type(), len(list), len(list)))
		for i, e := range list {
			fill(t, m.Shape.Elem, v.Index(i), e)
		}
	case shape.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for k, e := range x.(map[string]any) {
			entry := reflect.New(v.Type().Elem()).Elem()
			fill(t, m.Shape.Value, entry, e)
			v.SetMapIndex(reflect.ValueOf(k), entry)
		}
	case shape.Blob:
		if m.Shape.Streaming {
			v.Set(reflect.ValueOf(strings.NewReader(x.(string))))
		} else {
			v.SetBytes([]byte(x.(string)))
		}
	case shape.Timestamp:
		v.Set(reflect.ValueOf(time.Unix(int64(x.(float64)), 0).UTC()))
	case shape.String:
		if m.JSONValue {
			b, _ := json.Marshal(x)
			x = string(b)
		}
		v.SetString(x.(string))
	case shape.Boolean:
		v.SetBool(x.(bool))
	case shape.Integer, shape.Long:
		v.SetInt(int64(x.(float64)))
	case shape.Float, shape.Double:
		v.SetFloat(number(x))
	}
}

func number(x any) float64 {
	switch x {
	case "NaN":
		return math.NaN()
	case "Infinity":
		return math.Inf(1)
	case "-Infinity":
		return math.Inf(-1)
	}
	return x.(float64)
}

func fillStruct(t *testing.T, s *shape.Shape, v reflect.Value, x map[string]any) {
	t.Helper()
	for name, e := range x {
		m := s.Member(name)
		if m == nil {
			t.Fatalf("parameter %s is not in %s", name, s.Name)
		}
		fill(t, m, v.Field(m.Field), e)
	}
}

// dump is the inverse of fill: what is absent is left out.
func dump(m *shape.Member, v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		if v.IsNil() {
			return nil
		}
	}
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch m.Shape.Kind {
	case shape.Structure, shape.Union:
		return dumpStruct(m.Shape, v)
	case shape.List:
		list := []any{}
		for i := range v.Len() {
			list = append(list, dump(m.Shape.Elem, v.Index(i)))
		}
		return list
	case shape.Map:
		out := map[string]any{}
		for _, k := range v.MapKeys() {
			out[k.String()] = dump(m.Shape.Value, v.MapIndex(k))
		}
		return out
	case shape.Blob:
		if m.Shape.Streaming {
			b, _ := io.ReadAll(v.Interface().(io.Reader))
			return string(b)
		}
		return string(v.Bytes())
	case shape.Timestamp:
		return float64(v.Interface().(time.Time).Unix())
	case shape.String:
		if m.JSONValue {
			var x any
			if json.Unmarshal([]byte(v.String()), &x) == nil {
				return x
			}
		}
		return v.String()
	case shape.Boolean:
		return v.Bool()
	case shape.Integer, shape.Long:
		return float64(v.Int())
	case shape.Float:
		return floatText(v.Float(), 32)
	case shape.Double:
		return floatText(v.Float(), 64)
	}
	return fmt.Sprint(v.Interface())
}

// floatText makes floats comparable: a float32 by its shortest digits, NaN by
// name.
func floatText(x float64, bits int) any {
	if math.IsNaN(x) {
		return "NaN"
	}
	if bits == 32 {
		return fmt.Sprint(float32(x))
	}
	return fmt.Sprint(x)
}

func dumpStruct(s *shape.Shape, v reflect.Value) map[string]any {
	out := map[string]any{}
	for _, m := range s.Members {
		if x := dump(m, v.Field(m.Field)); x != nil {
			out[m.Name] = x
		}
	}
	return out
}

// expected brings a suite's values into dump's form by way of the Go value.
func expected(t *testing.T, s *shape.Shape, x map[string]any) map[string]any {
	t.Helper()
	v := reflect.New(s.Type).Elem()
	fillStruct(t, s, v, x)
	return dumpStruct(s, v)
}
