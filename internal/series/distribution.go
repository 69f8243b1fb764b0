package series

import (
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
