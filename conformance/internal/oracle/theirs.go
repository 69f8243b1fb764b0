package oracle

import (
	"bytes"
	"reflect"
	"strconv"
	"strings"

	"nephele.dev/nephele/internal/shape"
)

// A mirror sets and reads the SDK's structs.
type mirror struct {
	variants map[string]reflect.Type // union variants by type name
	note     func(format string, args ...any)
}

// fieldOf finds the SDK's field of a member.
func fieldOf(v reflect.Value, name string) (reflect.Value, bool) {
	f, ok := v.Type().FieldByName(strings.ToUpper(name[:1]) + name[1:])
	if !ok {
		f, ok = v.Type().FieldByNameFunc(func(n string) bool { return strings.EqualFold(strings.TrimSuffix(n, "_"), name) })
	}
	if !ok || !f.IsExported() {
		return reflect.Value{}, false
	}
	return v.FieldByIndex(f.Index), true
}

// setStruct sets the SDK's struct v to x, and takes out of x what the SDK does
// not have.
func (c *mirror) setStruct(s *shape.Shape, v reflect.Value, x map[string]any) {
	for _, m := range s.Members {
		e, ok := x[m.Name]
		if !ok {
			continue
		}
		f, ok := fieldOf(v, m.Name)
		if !ok || !c.set(m, f, e) {
			c.note("%s.%s is not in the SDK", s.Name, m.Name)
			delete(x, m.Name)
		}
	}
}

// set reports whether the SDK's type can hold x.
func (c *mirror) set(m *shape.Member, v reflect.Value, x any) bool {
	switch m.Shape.Kind {
	case shape.Structure:
		if v.Kind() == reflect.Interface {
			return c.setUnion(m.Shape, v, firstOnly(m.Shape, x.(map[string]any)))
		}
		if v.Kind() == reflect.Pointer {
			v.Set(reflect.New(v.Type().Elem()))
			v = v.Elem()
		}
		if v.Kind() != reflect.Struct {
			return false
		}
		c.setStruct(m.Shape, v, x.(map[string]any))
		return true
	case shape.Union:
		return c.setUnion(m.Shape, v, x.(map[string]any))
	case shape.List:
		list := x.([]any)
		if v.Kind() != reflect.Slice {
			return false
		}
		v.Set(reflect.MakeSlice(v.Type(), len(list), len(list)))
		for i, e := range list {
			if !c.set(m.Shape.Elem, v.Index(i), e) {
				return false
			}
		}
		return true
	case shape.Map:
		return c.setMap(m, v, x.(map[string]any))
	case shape.Blob:
		if m.Shape.Streaming {
			v.Set(reflect.ValueOf(bytes.NewReader(x.([]byte))))
			return true
		}
	}
	if err := setScalar(v, x); err != nil {
		v.SetZero()
		return false
	}
	return true
}

// firstOnly leaves one member in x: what is a structure in our model is a
// union in the SDK.
func firstOnly(s *shape.Shape, x map[string]any) map[string]any {
	found := false
	for _, m := range s.Members {
		if _, ok := x[m.Name]; ok && found {
			delete(x, m.Name)
		} else if ok {
			found = true
		}
	}
	return x
}

func (c *mirror) setMap(m *shape.Member, v reflect.Value, x map[string]any) bool {
	if v.Kind() != reflect.Map {
		return false
	}
	v.Set(reflect.MakeMap(v.Type()))
	for k, e := range x {
		entry := reflect.New(v.Type().Elem()).Elem()
		if !c.set(m.Shape.Value, entry, e) {
			return false
		}
		v.SetMapIndex(reflect.ValueOf(k).Convert(v.Type().Key()), entry)
	}
	return true
}

// setUnion makes the SDK's variant type, such as types.NodeFilterMemberName.
func (c *mirror) setUnion(s *shape.Shape, v reflect.Value, x map[string]any) bool {
	for _, m := range s.Members {
		e, ok := x[m.Name]
		if !ok {
			continue
		}
		t := c.variants[s.Name+"Member"+strings.ToUpper(m.Name[:1])+m.Name[1:]]
		if t == nil || v.Kind() != reflect.Interface || !reflect.PointerTo(t).Implements(v.Type()) {
			return false
		}
		p := reflect.New(t)
		if !c.set(m, p.Elem().FieldByName("Value"), e) {
			return false
		}
		v.Set(p)
	}
	return true
}

// getStruct turns the SDK's struct into a tree.
func (c *mirror) getStruct(s *shape.Shape, v reflect.Value) map[string]any {
	out := map[string]any{}
	for _, m := range s.Members {
		f, ok := fieldOf(v, m.Name)
		if !ok {
			c.note("%s.%s is not in the SDK", s.Name, m.Name)
			continue
		}
		if x := c.get(m, f); x != nil {
			out[m.Name] = x
		}
	}
	return out
}

func (c *mirror) get(m *shape.Member, v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		if v.IsNil() {
			return nil
		}
	}
	switch m.Shape.Kind {
	case shape.Structure:
		if v.Kind() == reflect.Interface {
			return c.getUnion(m.Shape, v)
		}
		if v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		return c.getStruct(m.Shape, v)
	case shape.Union:
		return c.getUnion(m.Shape, v)
	case shape.List:
		out := []any{}
		for i := range v.Len() {
			out = append(out, c.get(m.Shape.Elem, v.Index(i)))
		}
		return out
	case shape.Map:
		out := map[string]any{}
		for _, k := range v.MapKeys() {
			out[k.String()] = c.get(m.Shape.Value, v.MapIndex(k))
		}
		return out
	case shape.EventStream:
		return nil
	}
	return sameKind(m.Shape, getScalar(v))
}

// sameKind undoes across.
func sameKind(s *shape.Shape, x any) any {
	switch v := x.(type) {
	case int64:
		if s.Kind == shape.String {
			return strconv.FormatInt(v, 10)
		}
	case string:
		if n, err := strconv.ParseInt(v, 10, 64); err == nil && (s.Kind == shape.Integer || s.Kind == shape.Long) {
			return n
		}
	}
	return x
}

func (c *mirror) getUnion(s *shape.Shape, v reflect.Value) any {
	if v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	_, name, _ := strings.Cut(v.Type().Name(), "Member")
	for _, m := range s.Members {
		if strings.EqualFold(m.Name, name) {
			return map[string]any{m.Name: c.get(m, v.FieldByName("Value"))}
		}
	}
	return nil
}

// without takes out of tree x what the SDK's type t cannot hold, so that what
// is compared is what both sides know.
func (c *mirror) without(s *shape.Shape, t reflect.Type, x map[string]any) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() == reflect.Interface {
		firstOnly(s, x)
		return
	}
	zero := reflect.New(t).Elem()
	for _, m := range s.Members {
		e, ok := x[m.Name]
		if !ok {
			continue
		}
		f, ok := fieldOf(zero, m.Name)
		if !ok {
			c.note("%s.%s is not in the SDK", s.Name, m.Name)
			delete(x, m.Name)
			continue
		}
		c.trim(m, f.Type(), e)
	}
}

func (c *mirror) trim(m *shape.Member, t reflect.Type, x any) {
	switch m.Shape.Kind {
	case shape.Structure:
		c.without(m.Shape, t, x.(map[string]any))
	case shape.List:
		for _, e := range x.([]any) {
			c.trim(m.Shape.Elem, t.Elem(), e)
		}
	case shape.Map:
		for _, e := range x.(map[string]any) {
			c.trim(m.Shape.Value, t.Elem(), e)
		}
	}
}
