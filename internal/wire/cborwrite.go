package wire

import (
	"encoding/binary"
	"math"
	"reflect"
	"time"

	"nephele.dev/nephele/internal/shape"
)

// A cborEncoder appends a value along its plan. Structures are maps of
// indefinite length, which spares counting the members that are set.
type cborEncoder struct{ b []byte }

// structure writes the members that are set, by their model names.
func (e *cborEncoder) structure(p *plan, v reflect.Value) {
	e.b = append(e.b, majorMap<<5|indefinite)
	for _, f := range p.fields {
		x, ok := held(v.Field(f.Field))
		if !ok || f.plan.Kind == shape.EventStream {
			continue
		}
		e.text(f.Name)
		e.any(f, x)
	}
	e.b = append(e.b, cborBreak)
}

// any writes v, which held has returned.
func (e *cborEncoder) any(f *field, v reflect.Value) {
	switch f.plan.Kind {
	case shape.Structure, shape.Union:
		e.structure(f.plan, v)
	case shape.List:
		e.list(f.plan, v)
	case shape.Map:
		e.dict(f.plan, v)
	case shape.String:
		e.text(v.String())
	case shape.Blob:
		e.head(majorBytes, uint64(v.Len()))
		e.b = append(e.b, v.Bytes()...)
	case shape.Boolean:
		if v.Bool() {
			e.b = append(e.b, cborTrue)
		} else {
			e.b = append(e.b, cborFalse)
		}
	case shape.Integer, shape.Long:
		e.integer(v.Int())
	case shape.Float:
		e.b = append(e.b, cborFloat32)
		e.b = binary.BigEndian.AppendUint32(e.b, math.Float32bits(float32(v.Float())))
	case shape.Double:
		e.double(v.Float())
	case shape.Timestamp:
		e.timestamp(timeOf(v))
	}
}

// head writes an item's first byte and its argument in the fewest bytes.
func (e *cborEncoder) head(major byte, n uint64) {
	major <<= 5
	switch {
	case n < 24:
		e.b = append(e.b, major|byte(n))
	case n <= math.MaxUint8:
		e.b = append(e.b, major|24, byte(n))
	case n <= math.MaxUint16:
		e.b = binary.BigEndian.AppendUint16(append(e.b, major|25), uint16(n))
	case n <= math.MaxUint32:
		e.b = binary.BigEndian.AppendUint32(append(e.b, major|26), uint32(n))
	default:
		e.b = binary.BigEndian.AppendUint64(append(e.b, major|27), n)
	}
}

// text writes a text string of definite length.
func (e *cborEncoder) text(s string) {
	e.head(majorText, uint64(len(s)))
	e.b = append(e.b, s...)
}

// integer writes n in the fewest bytes.
func (e *cborEncoder) integer(n int64) {
	if n < 0 {
		e.head(majorNegInt, uint64(-1-n))
		return
	}
	e.head(majorUint, uint64(n))
}

// double writes eight bytes always: readers of a double member take them
// without a second look.
func (e *cborEncoder) double(x float64) {
	e.b = binary.BigEndian.AppendUint64(append(e.b, cborFloat64), math.Float64bits(x))
}

// timestamp writes tag 1 and seconds, whole or with milliseconds.
func (e *cborEncoder) timestamp(t time.Time) {
	e.head(majorTag, tagEpoch)
	ms := t.UnixMilli()
	if ms%1000 == 0 {
		e.integer(ms / 1000)
		return
	}
	e.double(float64(ms) / 1000)
}

// list writes an array; an absent entry is a null and keeps its place.
func (e *cborEncoder) list(p *plan, v reflect.Value) {
	e.head(majorArray, uint64(v.Len()))
	for i := range v.Len() {
		if x, ok := held(v.Index(i)); ok {
			e.any(p.elem, x)
		} else {
			e.b = append(e.b, cborNull)
		}
	}
}

// dict writes a map in the order of its keys.
func (e *cborEncoder) dict(p *plan, v reflect.Value) {
	e.b = append(e.b, majorMap<<5|indefinite)
	for _, k := range sortedKeys(v) {
		if x, ok := held(v.MapIndex(k)); ok {
			e.text(k.String())
			e.any(p.value, x)
		}
	}
	e.b = append(e.b, cborBreak)
}
