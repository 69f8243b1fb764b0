package series

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func oneTo(n int) Summary {
	values := make([]float64, n)
	for i := range values {
		values[i] = float64(i + 1)
	}
	return summarize(values, nil)
}

func TestPercentile(t *testing.T) {
	t.Parallel()
	hundred := oneTo(100)
	weighted := summarize([]float64{10, 1}, []float64{1, 99})
	for _, tt := range []struct {
		name    string
		s       Summary
		percent float64
		want    float64
	}{
		{"p0", hundred, 0, 1},
		{"p1", hundred, 1, 1},
		{"p50", hundred, 50, 50},
		{"p99", hundred, 99, 99},
		{"p99.9", hundred, 99.9, 100},
		{"p100", hundred, 100, 100},
		{"weighted p99", weighted, 99, 1},
		{"weighted p99.5", weighted, 99.5, 10},
		{"one value", point(7, 12), 50, 7},
	} {
		if got, ok := tt.s.Percentile(tt.percent); !ok || got != tt.want {
			t.Errorf("%s = %v, %v, want %v", tt.name, got, ok, tt.want)
		}
	}
}

func TestPercentileUnknown(t *testing.T) {
	t.Parallel()
	set := Summary{Count: 10, Sum: 50, Min: 1, Max: 9}
	mixed := oneTo(5)
	mixed.Merge(set)
	negative := summarize([]float64{-1, 5}, nil)
	for name, s := range map[string]Summary{"set": set, "mixed": mixed, "negative": negative, "empty": {}} {
		if v, ok := s.Percentile(50); ok {
			t.Errorf("%s: p50 = %v, want unknown", name, v)
		}
	}
	single := Summary{Count: 3, Sum: 12, Min: 4, Max: 4} // a set of one value is known
	if v, ok := single.Percentile(50); !ok || v != 4 {
		t.Errorf("set of equal values: %v, %v", v, ok)
	}
}

func TestWithin(t *testing.T) {
	t.Parallel()
	s := oneTo(100)
	percent := func(v float64) Bound { return Bound{Value: v, Percent: true} }
	abs := func(v float64) Bound { return Bound{Value: v} }
	open := Bound{Open: true}
	for _, tt := range []struct {
		name       string
		low, high  Bound
		count, sum float64
	}{
		{"all", open, open, 100, 5050},
		{"10%:90%", percent(10), percent(90), 80, 4040},
		{"values, low exclusive, high inclusive", abs(10), abs(20), 10, 155},
		{"up to a value", open, abs(3), 3, 6},
		{"above a percentile", percent(99), open, 1, 100},
		{"half a bin", percent(99.5), open, 0.5, 50},
	} {
		count, sum, ok := s.Within(tt.low, tt.high)
		if !ok || math.Abs(count-tt.count) > 1e-9 || math.Abs(sum-tt.sum) > 1e-9 {
			t.Errorf("%s: %v, %v, %v, want %v, %v", tt.name, count, sum, ok, tt.count, tt.sum)
		}
	}
	if mean, ok := s.Winsorized(percent(10), percent(90)); !ok || math.Abs(mean-50.4) > 1e-9 {
		t.Errorf("winsorized mean = %v, %v", mean, ok)
	}
}

// TestSketchError holds the sketch to its promised error, merged from parts or
// not, and checks that merging in another order changes nothing.
func TestSketchError(t *testing.T) {
	t.Parallel()
	noise := rand.New(rand.NewPCG(1, 2))
	var values []float64
	var whole Summary
	parts := make([]Summary, 7)
	for i := range 20_000 {
		v := math.Exp(noise.NormFloat64() * 3)
		values = append(values, v)
		whole.Merge(point(v, 1))
		parts[i%7].Merge(point(v, 1))
	}
	var merged Summary
	for i := range parts {
		merged.Merge(parts[6-i])
	}
	slices.Sort(values)
	for _, p := range []float64{0.1, 1, 25, 50, 90, 99, 99.9, 100} {
		want := values[max(0, int(math.Ceil(p*200-1e-6))-1)]
		got, ok := whole.Percentile(p)
		if !ok || math.Abs(got-want) > want*sketchAccuracy*1.01 {
			t.Errorf("p%v = %v, want %v within %v", p, got, want, sketchAccuracy)
		}
		if again, _ := merged.Percentile(p); again != got {
			t.Errorf("p%v merged from parts = %v, not %v", p, again, got)
		}
	}
	if got := whole.Dist.append(nil); len(got) > 16<<10 {
		t.Errorf("sketch takes %d bytes", len(got))
	}
}

// TestChunkRoundTrip encodes random buckets and reads them back.
func TestChunkRoundTrip(t *testing.T) {
	t.Parallel()
	origin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(rt *rapid.T) {
		bs := newBuckets(origin, time.Minute)
		for range rapid.IntRange(0, 30).Draw(rt, "n") {
			at := origin.Add(time.Duration(rapid.IntRange(0, 359).Draw(rt, "minute")) * time.Minute)
			unit := rapid.SampledFrom([]string{"", "Count", "Seconds"}).Draw(rt, "unit")
			s := summarize(rapid.SliceOfN(rapid.Float64Range(-1e9, 1e9), 1, 5).Draw(rt, "values"), nil)
			switch rapid.IntRange(0, 9).Draw(rt, "kind") {
			case 0:
				s = Summary{Count: 2.5, Sum: 10, Min: 1, Max: 9}
			case 1:
				s = oneTo(300) // a sketch
			}
			bs.add(at, unit, s)
		}
		want := bs.sorted()
		got, err := decodeChunk(encodeChunk(origin, time.Minute, want), origin, time.Minute)
		if err != nil {
			rt.Fatal(err)
		}
		sameBins := cmp.Comparer(func(a, b *Distribution) bool {
			if a == nil || b == nil {
				return a == b
			}
			return slices.Equal(a.sorted(-1e300, 1e300), b.sorted(-1e300, 1e300))
		})
		if diff := cmp.Diff(want, got, sameBins); diff != "" {
			rt.Fatal(diff)
		}
	})
}

func FuzzDecodeChunk(f *testing.F) {
	origin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	f.Add(encodeChunk(origin, time.Minute, []Bucket{
		{origin, "Count", oneTo(3)},
		{origin.Add(time.Minute), "", oneTo(300)},
		{origin.Add(time.Hour), "", Summary{Count: 2, Sum: 3, Min: 1, Max: 2}},
	}))
	f.Fuzz(func(t *testing.T, data []byte) {
		bs, err := decodeChunk(data, origin, time.Minute)
		if err != nil {
			return
		}
		for i := range bs {
			bs[i].Percentile(50)
		}
	})
}
