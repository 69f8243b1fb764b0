package oracle

import (
	"bytes"
	"reflect"

	"nephele.dev/nephele/internal/shape"
)

// setOurs sets a generated struct to a tree.
func setOurs(s *shape.Shape, v reflect.Value, x map[string]any) error {
	for _, m := range s.Members {
		if e, ok := x[m.Name]; ok {
			if err := setOur(m, v.Field(m.Field), e); err != nil {
				return err
			}
		}
	}
	return nil
}

func setOur(m *shape.Member, v reflect.Value, x any) error {
	switch m.Shape.Kind {
	case shape.Structure, shape.Union:
		v.Set(reflect.New(v.Type().Elem()))
		return setOurs(m.Shape, v.Elem(), x.(map[string]any))
	case shape.List:
		list := x.([]any)
		v.Set(reflect.MakeSlice(v.Type(), len(list), len(list)))
		for i, e := range list {
			if err := setOur(m.Shape.Elem, v.Index(i), e); err != nil {
				return err
			}
		}
		return nil
	case shape.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for k, e := range x.(map[string]any) {
			entry := reflect.New(v.Type().Elem()).Elem()
			if err := setOur(m.Shape.Value, entry, e); err != nil {
				return err
			}
			v.SetMapIndex(reflect.ValueOf(k), entry)
		}
		return nil
	case shape.Blob:
		if m.Shape.Streaming {
			v.Set(reflect.ValueOf(bytes.NewReader(x.([]byte))))
			return nil
		}
	}
	return setScalar(v, x)
}

// getOurs turns a generated struct into a tree.
func getOurs(s *shape.Shape, v reflect.Value) map[string]any {
	out := map[string]any{}
	for _, m := range s.Members {
		if x := getOur(m, v.Field(m.Field)); x != nil {
			out[m.Name] = x
		}
	}
	return out
}

func getOur(m *shape.Member, v reflect.Value) any {
	switch m.Shape.Kind {
	case shape.Structure, shape.Union:
		if v.IsNil() {
			return nil
		}
		return getOurs(m.Shape, v.Elem())
	case shape.List:
		if v.IsNil() {
			return nil
		}
		out := []any{}
		for i := range v.Len() {
			out = append(out, getOur(m.Shape.Elem, v.Index(i)))
		}
		return out
	case shape.Map:
		if v.IsNil() {
			return nil
		}
		out := map[string]any{}
		for _, k := range v.MapKeys() {
			out[k.String()] = getOur(m.Shape.Value, v.MapIndex(k))
		}
		return out
	case shape.EventStream:
		return nil
	}
	if v.Kind() == reflect.Interface && v.IsNil() {
		return nil
	}
	return getScalar(v)
}
