package wire

import (
	"net/url"
	"reflect"
	"strconv"

	"nephele.dev/nephele/internal/shape"
)

// A queryEncoder fills a form along a plan.
type queryEncoder struct {
	form  url.Values
	names queryNames
}

// structure writes the members below prefix, which is "" or ends with a dot.
func (e *queryEncoder) structure(p *plan, v reflect.Value, prefix string) {
	for _, f := range p.fields {
		x, ok := held(v.Field(f.Field))
		if !ok {
			continue
		}
		name := f.queryName()
		if f.plan.Kind == shape.List {
			name, _ = e.names.list(f)
		}
		e.any(f, x, prefix+name)
	}
}

// any writes v, which held has returned, under name.
func (e *queryEncoder) any(f *field, v reflect.Value, name string) {
	switch f.plan.Kind {
	case shape.Structure, shape.Union:
		e.structure(f.plan, v, name+".")
	case shape.List:
		e.list(f, v, name)
	case shape.Map:
		e.dict(f, v, name)
	default:
		e.form.Set(name, string(appendText(nil, f, v, shape.DateTime)))
	}
}

// list writes the entries numbered from 1. An empty list is "Name=" in
// awsQuery; EC2 has no way to say it.
func (e *queryEncoder) list(f *field, v reflect.Value, name string) {
	if v.Len() == 0 {
		if !e.names.ec2 {
			e.form.Set(name, "")
		}
		return
	}
	if _, level := e.names.list(f); level != "" {
		name += "." + level
	}
	for i := range v.Len() {
		if x, ok := held(v.Index(i)); ok {
			e.any(f.plan.elem, x, name+"."+strconv.Itoa(i+1))
		}
	}
}

// dict writes numbered entries in the order of their keys.
func (e *queryEncoder) dict(f *field, v reflect.Value, name string) {
	key, value, level := e.names.entry(f)
	if level != "" {
		name += "." + level
	}
	for i, k := range sortedKeys(v) {
		at := name + "." + strconv.Itoa(i+1) + "."
		e.form.Set(at+key, k.String())
		if x, ok := held(v.MapIndex(k)); ok {
			e.any(f.plan.value, x, at+value)
		}
	}
}
