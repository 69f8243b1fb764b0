package wire

import (
	"reflect"
	"time"

	"nephele.dev/nephele/internal/shape"
)

// A cborDecoder reads a CBOR item (RFC 8949) along a plan.
type cborDecoder struct {
	state
	cborScanner
}

// newCBORDecoder returns a decoder of b, whose bytes it refers to only while
// it reads.
func newCBORDecoder(b []byte, l Limits) *cborDecoder {
	return &cborDecoder{state: state{limits: l}, cborScanner: cborScanner{b: b}}
}

// document reads the one item of the body into the structure v. An empty body
// is an empty structure.
func (d *cborDecoder) document(p *plan, v reflect.Value) error {
	if len(d.b) == 0 || d.null() {
		d.lacking(p, 0)
	} else if err := d.structure(p, v); err != nil {
		return err
	}
	if d.i != len(d.b) {
		return malformed("bytes after the CBOR item")
	}
	return nil
}

// any reads a value of f into v. v is the field itself: nil pointers and
// slices are made here.
func (d *cborDecoder) any(f *field, v reflect.Value) error {
	switch f.plan.Kind {
	case shape.Structure, shape.Union:
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

// structure reads a map whose keys are member names. Keys in another case or
// of another model are skipped with their values.
func (d *cborDecoder) structure(p *plan, v reflect.Value) error {
	it, err := d.container(majorMap, "a Structure")
	if err != nil {
		return err
	}
	if err := d.enter(); err != nil {
		return err
	}
	var seen uint64
	set := 0
	for it.more(&d.cborScanner) {
		key, err := d.text()
		if err != nil {
			return err
		}
		f := p.byName[string(key)]
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

// list reads an array. The slice grows as entries arrive, never by the
// announced count.
func (d *cborDecoder) list(p *plan, v reflect.Value) error {
	it, err := d.container(majorArray, "a List")
	if err != nil {
		return err
	}
	if err := d.enter(); err != nil {
		return err
	}
	clearList(v)
	for i := 1; it.more(&d.cborScanner); i++ {
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

// dict reads a map with text keys. A null value is as good as no entry.
func (d *cborDecoder) dict(p *plan, v reflect.Value) error {
	it, err := d.container(majorMap, "a Map")
	if err != nil {
		return err
	}
	if err := d.enter(); err != nil {
		return err
	}
	v.Set(reflect.MakeMap(v.Type()))
	entry := reflect.New(v.Type().Elem()).Elem()
	for it.more(&d.cborScanner) {
		key, err := d.text()
		if err != nil {
			return err
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

// scalar reads a value that is neither structure nor collection.
func (d *cborDecoder) scalar(f *field, v reflect.Value) error {
	switch f.plan.Kind {
	case shape.String:
		s, err := d.text()
		if err != nil {
			return err
		}
		slot(v).SetString(string(s))
	case shape.Blob:
		b, err := d.bytes()
		if err != nil {
			return err
		}
		v.SetBytes(append([]byte{}, b...))
	case shape.Boolean:
		b, err := d.boolean()
		if err != nil {
			return err
		}
		slot(v).SetBool(b)
	case shape.Timestamp:
		t, err := d.timestamp()
		if err != nil {
			return err
		}
		setTime(v, t)
	default:
		return d.number(f, v)
	}
	return nil
}

// number reads any CBOR number into an integer or a float. Clients shrink
// floats to integers and widen integers to floats; what loses a fraction or
// overflows is refused.
func (d *cborDecoder) number(f *field, v reflect.Value) error {
	x, n, isInt, err := d.numeric()
	if err != nil {
		return err
	}
	switch f.plan.Kind {
	case shape.Float, shape.Double:
		if isInt {
			x = float64(n)
		}
		slot(v).SetFloat(x)
		return nil
	}
	if !isInt {
		if x != float64(int64(x)) || x >= 1<<53 || x <= -1<<53 {
			return malformed("a fraction can not be converted to %s", kindName(f.plan.Kind))
		}
		n = int64(x)
	}
	if s := slot(v); s.OverflowInt(n) {
		return malformed("%d can not be converted to %s", n, kindName(f.plan.Kind))
	} else {
		s.SetInt(n)
	}
	return nil
}

// timestamp reads tag 1 round a number of seconds; a bare number is accepted.
func (d *cborDecoder) timestamp() (time.Time, error) {
	if tag, ok := d.tag(); ok && tag != tagEpoch {
		return time.Time{}, malformed("CBOR tag %d where a timestamp was expected", tag)
	}
	x, n, isInt, err := d.numeric()
	switch {
	case err != nil:
		return time.Time{}, err
	case !isInt:
		return epochTime(x)
	case !inRange(n):
		return time.Time{}, malformed("timestamp is out of range")
	}
	return time.Unix(n, 0).UTC(), nil
}
