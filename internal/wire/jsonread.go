package wire

import (
	"encoding/json"
	"reflect"
	"strconv"

	"nephele.dev/nephele/internal/shape"
)

// A jsonDecoder reads a JSON document along a plan.
type jsonDecoder struct {
	state
	jsonScanner
	wireNames bool // members by locationName (restJson1), not by model name
}

// newJSONDecoder returns a decoder of b, whose bytes it refers to only while
// it reads.
func newJSONDecoder(b []byte, l Limits, wireNames bool) *jsonDecoder {
	return &jsonDecoder{state: state{limits: l}, jsonScanner: jsonScanner{b: b}, wireNames: wireNames}
}

// document reads the one value of the body into the structure v. An empty
// body is an empty structure.
func (d *jsonDecoder) document(p *plan, v reflect.Value) error {
	d.space()
	if d.i == len(d.b) || d.null() {
		d.lacking(p, 0)
		return d.end()
	}
	if err := d.structure(p, v); err != nil {
		return err
	}
	return d.end()
}

// end refuses anything but white space.
func (d *jsonDecoder) end() error {
	d.space()
	if d.i != len(d.b) {
		return d.unexpected()
	}
	return nil
}

// any reads a value of f into v. v is the field itself: nil pointers and
// slices are made here.
func (d *jsonDecoder) any(f *field, v reflect.Value) error {
	switch f.plan.Kind {
	case shape.Structure, shape.Union:
		if f.plan.Document {
			return d.free(v)
		}
		if v.IsNil() {
			if err := d.spend(f.plan.cost); err != nil {
				return err
			}
			v.Set(reflect.New(v.Type().Elem()))
		}
		return d.structure(f.plan, v.Elem())
	case shape.List:
		return d.list(f.plan, v)
	case shape.Map:
		return d.dict(f.plan, v)
	case shape.EventStream:
		return d.skip(d.limits.MaxDepth)
	}
	return d.scalar(f, v)
}

// structure reads an object. A member given twice counts as its last value;
// unknown members are skipped unread but for their syntax.
func (d *jsonDecoder) structure(p *plan, v reflect.Value) error {
	if err := d.open('{', "a Structure"); err != nil {
		return err
	}
	if err := d.enter(); err != nil {
		return err
	}
	names := p.byName
	if d.wireNames {
		names = p.rest.byWire
	}
	var seen uint64
	set := 0
	for first := true; ; first = false {
		key, more, err := d.key(first)
		if err != nil {
			return err
		}
		if !more {
			break
		}
		f := names[string(key)]
		if f == nil {
			if err := d.skip(d.limits.MaxDepth); err != nil {
				return err
			}
			continue
		}
		if d.null() {
			continue
		}
		d.push(f.path)
		if err := d.any(f, v.Field(f.Field)); err != nil {
			return err
		}
		d.pop()
		seen |= f.bit
		set++
	}
	if p.Kind == shape.Union && set > 1 {
		return malformed("a union must have exactly one member set")
	}
	if p.required&^seen != 0 {
		d.lacking(p, seen)
	}
	d.leave()
	return nil
}

// list reads an array.
func (d *jsonDecoder) list(p *plan, v reflect.Value) error {
	if err := d.open('[', "a List"); err != nil {
		return err
	}
	if err := d.enter(); err != nil {
		return err
	}
	clearList(v)
	for i := 1; ; i++ {
		more, err := d.next(i == 1, ']')
		if err != nil {
			return err
		}
		if !more {
			break
		}
		if err := d.spend(1); err != nil {
			return err
		}
		d.pushIndex(i)
		entry := grow(v) // a null keeps its place
		if d.null() {
			d.lack("")
		} else if err := d.any(p.elem, entry); err != nil {
			return err
		}
		d.pop()
	}
	d.leave()
	return nil
}

// dict reads an object with free keys. A null value is as good as no entry.
func (d *jsonDecoder) dict(p *plan, v reflect.Value) error {
	if err := d.open('{', "a Map"); err != nil {
		return err
	}
	if err := d.enter(); err != nil {
		return err
	}
	v.Set(reflect.MakeMap(v.Type()))
	entry := reflect.New(v.Type().Elem()).Elem()
	for first := true; ; first = false {
		key, more, err := d.key(first)
		if err != nil {
			return err
		}
		if !more {
			break
		}
		if d.null() {
			continue
		}
		if err := d.spend(2); err != nil {
			return err
		}
		name := string(key)
		d.pushKey(name)
		entry.SetZero()
		if err := d.any(p.value, entry); err != nil {
			return err
		}
		d.pop()
		v.SetMapIndex(mapKey(v, name), entry)
	}
	d.leave()
	return nil
}

// mapKey is name as the map's key type, which may be a named string.
func mapKey(m reflect.Value, name string) reflect.Value {
	k := reflect.ValueOf(name)
	if t := m.Type().Key(); t != k.Type() {
		return k.Convert(t)
	}
	return k
}

// free reads a free-form document with encoding/json once its depth is known
// to be bounded.
func (d *jsonDecoder) free(v reflect.Value) error {
	d.space()
	start := d.i
	if err := d.skip(d.limits.MaxDepth); err != nil {
		return err
	}
	if err := d.spend((d.i - start) / 4); err != nil {
		return err
	}
	if err := json.Unmarshal(d.b[start:d.i], v.Addr().Interface()); err != nil {
		return malformed("%s", err)
	}
	return nil
}

// scalar reads a value that is neither structure nor collection. The errors
// speak of the token found, as AWS's do.
func (d *jsonDecoder) scalar(f *field, v reflect.Value) error {
	switch d.peek() {
	case '"':
		s, err := d.str()
		if err != nil {
			return err
		}
		return d.fromString(f, v, s)
	case 't', 'f':
		b, err := d.boolean()
		if err != nil {
			return err
		}
		if f.plan.Kind != shape.Boolean {
			return malformed("%s_VALUE can not be converted to %s", map[bool]string{true: "TRUE", false: "FALSE"}[b], kindName(f.plan.Kind))
		}
		slot(v).SetBool(b)
		return nil
	case '{':
		return malformed("Start of structure or map found where not expected.")
	case '[':
		return malformed("Start of list found where not expected")
	}
	n, err := d.number()
	if err != nil {
		return err
	}
	return d.fromNumber(f, v, n)
}

// fromString stores a string where the member is one, or is written as one:
// blobs, dates, and floats without digits.
func (d *jsonDecoder) fromString(f *field, v reflect.Value, s []byte) error {
	switch f.plan.Kind {
	case shape.String:
		slot(v).SetString(string(s))
		return nil
	case shape.Blob, shape.Timestamp:
		return parseText(f, v, string(s), shape.EpochSeconds)
	case shape.Float, shape.Double:
		switch string(s) {
		case "NaN", "Infinity", "-Infinity":
			return parseText(f, v, string(s), shape.DefaultFormat)
		}
	}
	return malformed("STRING_VALUE can not be converted to %s", kindName(f.plan.Kind))
}

// fromNumber stores a number; in a timestamp it counts seconds.
func (d *jsonDecoder) fromNumber(f *field, v reflect.Value, n []byte) error {
	switch f.plan.Kind {
	case shape.Integer, shape.Long:
		i, err := parseIntegral(string(n), bits(f.plan.Kind))
		if err != nil {
			return malformed("NUMBER_VALUE %s can not be converted to %s", clip(string(n)), kindName(f.plan.Kind))
		}
		slot(v).SetInt(i)
	case shape.Float, shape.Double, shape.Timestamp:
		return parseText(f, v, string(n), shape.EpochSeconds)
	default:
		return malformed("NUMBER_VALUE can not be converted to %s", kindName(f.plan.Kind))
	}
	return nil
}

// parseIntegral reads an integer that may be written with an empty fraction
// or an exponent, as 1.0 and 1e3 are.
func parseIntegral(s string, bits int) (int64, error) {
	i, err := strconv.ParseInt(s, 10, bits)
	if err == nil {
		return i, nil
	}
	x, ferr := parseFloat(s, 64)
	if ferr != nil || x != float64(int64(x)) || x >= 1<<53 || x <= -1<<53 {
		return 0, err
	}
	if bits == 32 && x != float64(int32(x)) {
		return 0, err
	}
	return int64(x), nil
}
