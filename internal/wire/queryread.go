package wire

import (
	"reflect"

	"nephele.dev/nephele/internal/shape"
)

// A queryDecoder reads the parameters of awsQuery and ec2Query along a plan.
type queryDecoder struct {
	state
	names queryNames
}

// queryNames are the two dialects of parameter names.
type queryNames struct {
	ec2 bool // every list is flattened
}

// queryName is a structure member's name.
func (f *field) queryName() string {
	if f.QueryName != "" {
		return f.QueryName
	}
	return f.name
}

// flat reports whether a list or map has no level of its own.
func (q queryNames) flat(f *field) bool { return q.ec2 || f.flat }

// list is the name of a list member's entries below its structure, and of the
// level between ("" for none).
func (q queryNames) list(f *field) (name, level string) {
	switch {
	case q.ec2 || f.QueryName != "":
		return f.queryName(), ""
	case f.flat:
		return f.entryName(), ""
	}
	return f.name, f.plan.elem.name
}

// entry is the names of a map's keys and values, and of the level of its
// entries ("" for none).
func (q queryNames) entry(f *field) (key, value, level string) {
	key, value = f.plan.key.name, f.plan.value.name
	if !q.flat(f) {
		level = "entry"
	}
	return key, value, level
}

// structure reads the members that have parameters below n. It goes through
// the model's members rather than the caller's names, of which there may be
// many more.
func (d *queryDecoder) structure(p *plan, v reflect.Value, n *formNode) error {
	if err := d.enter(); err != nil {
		return err
	}
	var seen uint64
	for _, f := range p.fields {
		c := d.lookup(f, n)
		if c == nil {
			continue
		}
		seen |= f.bit
		d.push(f.path)
		if err := d.any(f, v.Field(f.Field), c); err != nil {
			return err
		}
		d.pop()
	}
	if p.required&^seen != 0 {
		d.lacking(p, seen)
	}
	d.leave()
	return nil
}

// lookup finds a member's parameters, under the entries' name too for a
// flattened list that has two.
func (d *queryDecoder) lookup(f *field, n *formNode) *formNode {
	if f.plan.Kind == shape.List {
		if name, _ := d.names.list(f); n.kids[name] != nil {
			return n.kids[name]
		}
	}
	return n.kids[f.queryName()]
}

// any reads what is at n into v. An empty parameter is an empty string, and
// for other scalars absent.
func (d *queryDecoder) any(f *field, v reflect.Value, n *formNode) error {
	switch f.plan.Kind {
	case shape.Structure, shape.Union:
		if v.IsNil() {
			if err := d.spend(f.plan.cost); err != nil {
				return err
			}
			v.Set(reflect.New(v.Type().Elem()))
		}
		return d.structure(f.plan, v.Elem(), n)
	case shape.List:
		return d.list(f, v, n)
	case shape.Map:
		return d.dict(f, v, n)
	case shape.String:
		slot(v).SetString(n.value)
		return nil
	}
	if n.value == "" && f.plan.Kind != shape.Blob {
		return nil
	}
	if err := parseText(f, v, n.value, shape.DateTime); err != nil {
		return malformed("Invalid value for parameter %s: %s", f.Name, err)
	}
	return nil
}

// list reads entries; "Name=" alone is an empty list.
func (d *queryDecoder) list(f *field, v reflect.Value, n *formNode) error {
	if err := d.enter(); err != nil {
		return err
	}
	if _, level := d.names.list(f); level != "" {
		n = n.kids[level]
	}
	clearList(v)
	if n == nil {
		d.leave()
		return nil
	}
	for i, c := range n.numbered() {
		if err := d.spend(1); err != nil {
			return err
		}
		d.pushIndex(i + 1)
		if err := d.any(f.plan.elem, grow(v), c); err != nil {
			return err
		}
		d.pop()
	}
	d.leave()
	return nil
}

// dict reads entries of a key and a value. Entries without a key are skipped.
func (d *queryDecoder) dict(f *field, v reflect.Value, n *formNode) error {
	if err := d.enter(); err != nil {
		return err
	}
	keyName, valueName, level := d.names.entry(f)
	if level != "" {
		n = n.kids[level]
	}
	v.Set(reflect.MakeMap(v.Type()))
	if n == nil {
		d.leave()
		return nil
	}
	for _, c := range n.numbered() {
		if err := d.spend(2); err != nil {
			return err
		}
		k := c.kids[keyName]
		if k == nil {
			continue
		}
		value := reflect.New(v.Type().Elem()).Elem()
		if x := c.kids[valueName]; x != nil {
			d.pushKey(k.value)
			if err := d.any(f.plan.value, value, x); err != nil {
				return err
			}
			d.pop()
		} else if value.Kind() == reflect.Pointer {
			continue
		}
		v.SetMapIndex(mapKey(v, k.value), value)
	}
	d.leave()
	return nil
}
