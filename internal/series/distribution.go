package series

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/DataDog/sketches-go/ddsketch"
	"github.com/DataDog/sketches-go/ddsketch/mapping"
	"github.com/DataDog/sketches-go/ddsketch/store"
)

// Up to exactValues different values a distribution is exact; a datum of
// PutMetricData holds at most 150, so what one call puts is never blurred.
// Beyond, it becomes a DDSketch: every quantile within sketchAccuracy of the
// true value, relatively, in at most sketchBins bins. Those span a factor of
// 1e17, the lowest values collapse first.
const (
	exactValues    = 256
	sketchAccuracy = 0.005
	sketchBins     = 4096
)

// bin is a value and how often it was seen. Counts may be fractions: the API
// takes doubles.
type bin struct{ value, count float64 }

// Distribution holds values for percentiles: exactly while they are few, as a
// mergeable sketch when they are many. The zero value is empty.
type Distribution struct {
	exact  []bin              // ascending; used while sketch is nil
	sketch *ddsketch.DDSketch // nil while exact
}

func (d *Distribution) add(value, count float64) {
	if count <= 0 {
		return
	}
	if d.sketch != nil {
		// The sketch refuses only what no caller passes: NaN, infinities and
		// magnitudes beyond the API's 2^360.
		_ = d.sketch.AddWithCount(value, count)
		return
	}
	i := sort.Search(len(d.exact), func(i int) bool { return d.exact[i].value >= value })
	if i < len(d.exact) && d.exact[i].value == value {
		d.exact[i].count += count
		return
	}
	d.exact = slices.Insert(d.exact, i, bin{value, count})
	if len(d.exact) > exactValues {
		d.blur()
	}
}

// blur turns the exact values into a sketch.
func (d *Distribution) blur() {
	d.sketch = newSketch()
	for _, b := range d.exact {
		_ = d.sketch.AddWithCount(b.value, b.count)
	}
	d.exact = nil
}

func newSketch() *ddsketch.DDSketch {
	m, err := mapping.NewLogarithmicMapping(sketchAccuracy)
	if err != nil {
		panic(err) // a constant accuracy between 0 and 1 is always valid
	}
	return ddsketch.NewDDSketchFromStoreProvider(m, newSketchStore)
}

func newSketchStore() store.Store { return store.NewCollapsingLowestDenseStore(sketchBins) }

func (d *Distribution) merge(o *Distribution) {
	if o.sketch == nil {
		for _, b := range o.exact {
			d.add(b.value, b.count)
		}
		return
	}
	if d.sketch == nil {
		d.blur()
	}
	_ = d.sketch.MergeWith(o.sketch) // fails only for another accuracy
}

func (d *Distribution) clone() *Distribution {
	if d == nil {
		return nil
	}
	c := &Distribution{exact: slices.Clone(d.exact)}
	if d.sketch != nil {
		c.sketch = d.sketch.Copy()
	}
	return c
}

// sorted returns the bins in ascending order, clamped to the true extremes,
// which a sketch's rounding may overshoot.
func (d *Distribution) sorted(lowest, highest float64) []bin {
	if d.sketch == nil {
		return d.exact
	}
	var bins []bin
	d.sketch.ForEach(func(value, count float64) bool {
		bins = append(bins, bin{min(max(value, lowest), highest), count})
		return false
	})
	slices.SortFunc(bins, func(a, b bin) int {
		switch {
		case a.value < b.value:
			return -1
		case a.value > b.value:
			return 1
		}
		return 0
	})
	return bins
}

// The two encodings, told apart by their first byte.
const (
	encodedExact  = 1
	encodedSketch = 2
)

var errCorrupt = errors.New("series: stored bytes are corrupt")

// append encodes d. A nil distribution has no encoding.
func (d *Distribution) append(b []byte) []byte {
	if d.sketch != nil {
		b = append(b, encodedSketch)
		d.sketch.Encode(&b, false)
		return b
	}
	b = append(b, encodedExact)
	b = binary.AppendUvarint(b, uint64(len(d.exact)))
	for _, x := range d.exact {
		b = appendFloat(b, x.value)
		b = appendCount(b, x.count)
	}
	return b
}

// decodeDistribution reads what append wrote; b holds nothing else.
func decodeDistribution(b []byte) (*Distribution, error) {
	if len(b) == 0 {
		return nil, errCorrupt
	}
	switch b[0] {
	case encodedSketch:
		return decodeSketch(b[1:])
	case encodedExact:
		return decodeExact(b[1:])
	default:
		return nil, fmt.Errorf("%w: distribution kind %d", errCorrupt, b[0])
	}
}

func decodeSketch(b []byte) (*Distribution, error) {
	s, err := ddsketch.DecodeDDSketch(b, newSketchStore, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errCorrupt, err)
	}
	return &Distribution{sketch: s}, nil
}

func decodeExact(b []byte) (*Distribution, error) {
	r := reader{b: b}
	n := r.uvarint()
	if n > exactValues {
		return nil, errCorrupt
	}
	d := &Distribution{exact: make([]bin, n)}
	for i := range d.exact {
		d.exact[i] = bin{r.float(), r.count()}
	}
	if r.bad || len(r.b) > 0 {
		return nil, errCorrupt
	}
	return d, nil
}

func appendFloat(b []byte, f float64) []byte {
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(f))
}

// appendCount spends a byte on small whole numbers, nine on fractions.
func appendCount(b []byte, n float64) []byte {
	if n >= 0 && n < 1<<52 && n == math.Trunc(n) {
		return binary.AppendUvarint(b, uint64(n)<<1)
	}
	return appendFloat(append(b, 1), n)
}

// reader takes encoded numbers off a slice; bad is set once one is missing.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) float() float64 {
	p := r.bytes(8)
	if p == nil {
		return 0
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(p))
}

func (r *reader) count() float64 {
	v := r.uvarint()
	if v&1 == 1 {
		return r.float()
	}
	return float64(v >> 1)
}

func (r *reader) bytes(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return nil
	}
	p := r.b[:n]
	r.b = r.b[n:]
	return p
}
