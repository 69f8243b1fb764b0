package plot

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// scale maps values to pixels: low to from, high to to.
type scale struct{ low, high, from, to float64 }

func (s scale) at(v float64) float64 {
	if s.high == s.low {
		return (s.from + s.to) / 2
	}
	p := s.from + (v-s.low)/(s.high-s.low)*(s.to-s.from)
	if math.IsNaN(p) { // the range is beyond what floats hold
		return s.from
	}
	return math.Min(math.Max(p, -1e9), 1e9)
}

// niceStep returns a step of 1, 2 or 5 times a power of ten that covers span in
// at most n steps.
func niceStep(span float64, n int) float64 {
	if span <= 0 || math.IsInf(span, 0) || math.IsNaN(span) {
		return 1
	}
	raw := span / float64(max(n, 1))
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5} {
		if raw <= m*power*(1+1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// valueScale is a scale with its ticks.
type valueScale struct {
	scale
	ticks []float64
	step  float64
}

// newValueScale makes the axis for values from low to high, whose bounds a may
// set. Free bounds go to the next tick; data above zero begins at zero when it
// comes near.
func newValueScale(a Axis, low, high float64, bottom, top, ticks int) valueScale {
	if low > high { // no data
		low, high = 0, 1
	}
	if low > 0 && low < high*0.6 || low == high && low > 0 {
		low = 0
	}
	if a.Min != nil {
		low = *a.Min
	}
	if a.Max != nil {
		high = *a.Max
	}
	if high <= low {
		if a.Max != nil && a.Min == nil {
			low = high - math.Max(1, math.Abs(high))
		} else {
			high = low + math.Max(1, math.Abs(low))
		}
	}
	step := niceStep(high-low, ticks)
	if a.Min == nil {
		low = math.Floor(low/step+1e-9) * step
	}
	if a.Max == nil {
		high = math.Ceil(high/step-1e-9) * step
	}
	v := valueScale{scale: scale{low, high, float64(bottom), float64(top)}, step: step}
	for n := math.Ceil(low/step - 1e-9); n*step <= high+step*1e-9 && len(v.ticks) < 100; n++ {
		v.ticks = append(v.ticks, n*step)
	}
	return v
}

// label writes a tick with as many decimals as the step needs, and large
// numbers with k, M, G and so on.
func (v valueScale) label(tick float64) string { return compact(tick, v.step) }

var prefixes = []struct {
	size float64
	name string
}{{1e15, "P"}, {1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}}

// compact writes v so that steps of the given size are told apart.
func compact(v, step float64) string {
	unit, name := 1.0, ""
	for _, p := range prefixes {
		if math.Abs(v) >= p.size*10 || math.Abs(v) >= p.size && p.size > 1e3 || math.Abs(v) >= p.size && math.Mod(step, p.size/10) == 0 {
			unit, name = p.size, p.name
			break
		}
	}
	if v == 0 {
		return "0"
	}
	if math.Abs(v) >= 1e19 || math.Abs(v) < 1e-6 {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	decimals := 0
	if s := step / unit; s < 1 {
		decimals = min(int(math.Ceil(-math.Log10(s)-1e-9)), 6)
	}
	text := strconv.FormatFloat(v/unit, 'f', decimals, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	return text + name
}

// timeSteps are the distances of ticks on a time axis.
var timeSteps = []time.Duration{
	time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
	24 * time.Hour, 2 * 24 * time.Hour, 7 * 24 * time.Hour, 14 * 24 * time.Hour, 30 * 24 * time.Hour, 90 * 24 * time.Hour,
}

// timeTicks returns the ticks of the window, at most n or so, on round times of
// the zone, and how to write them.
func timeTicks(from, to time.Time, zone *time.Location, n int) (ticks []time.Time, layout string) {
	span := to.Sub(from)
	step := timeSteps[len(timeSteps)-1]
	for _, s := range timeSteps {
		if span/s <= time.Duration(max(n, 1)) {
			step = s
			break
		}
	}
	_, offset := from.In(zone).Zone()
	shift := time.Duration(offset) * time.Second
	for t := from.Add(shift).Truncate(step).Add(-shift); !t.After(to) && len(ticks) < 200; t = t.Add(step) {
		if !t.Before(from) {
			ticks = append(ticks, t)
		}
	}
	switch {
	case step < time.Minute:
		layout = "15:04:05"
	case step < 24*time.Hour && span <= 24*time.Hour:
		layout = "15:04"
	case step < 24*time.Hour:
		layout = "01/02 15:04"
	default:
		layout = "01/02"
	}
	return ticks, layout
}
