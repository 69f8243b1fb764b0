package metricmath

import (
	"cmp"
	"math"
	"slices"
)

// statistic reduces values to one. total is how many there would be if none
// were missing. There is at least one value.
type statistic func(values []float64, total int) float64

// average counts missing values as zero.
func average(v []float64, total int) float64 { return sumOf(v) / float64(total) }

func highest(v []float64, _ int) float64 { return slices.Max(v) }

func lowest(v []float64, _ int) float64 { return slices.Min(v) }

func total(v []float64, _ int) float64 { return sumOf(v) }

func count(v []float64, _ int) float64 { return float64(len(v)) }

// deviation is the standard deviation of the values as a population.
func deviation(v []float64, _ int) float64 {
	mean := sumOf(v) / float64(len(v))
	sum := 0.0
	for _, x := range v {
		sum += (x - mean) * (x - mean)
	}
	return math.Sqrt(sum / float64(len(v)))
}

func sumOf(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum
}

// aggregate is a function that makes a scalar of a series, and a series of an
// array. A series without values is zero.
func aggregate(f statistic) function {
	return function{1, 1, func(env *Env, n *node) (Value, error) {
		v, err := env.eval(n.args[0])
		switch {
		case err != nil:
			return Value{}, err
		case v.Kind == Scalar:
			return Value{}, wrongType(n, v)
		case v.Kind == TimeSeries:
			return Number(v.Series[0].reduce(f)), nil
		}
		return One(across(v.Series, f)), nil
	}}
}

func (s *Series) reduce(f statistic) float64 {
	if len(s.Values) == 0 {
		return 0
	}
	return f(s.Values, len(s.Values))
}

// across reduces an array at every time that one of its series has.
func across(list []*Series, f statistic) *Series {
	type point struct {
		t int64
		v float64
	}
	n := 0
	out := &Series{}
	for _, s := range list {
		n += len(s.Times)
		out.Period = max(out.Period, s.Period)
	}
	points := make([]point, 0, n)
	for _, s := range list {
		for i, t := range s.Times {
			points = append(points, point{t, s.Values[i]})
		}
	}
	slices.SortStableFunc(points, func(a, b point) int { return cmp.Compare(a.t, b.t) })
	var values []float64
	for i := 0; i < len(points); {
		values = values[:0]
		t := points[i].t
		for ; i < len(points) && points[i].t == t; i++ {
			values = append(values, points[i].v)
		}
		out.add(t, f(values, len(list)))
	}
	return out
}

// orders are the functions that SORT knows.
var orders = map[string]statistic{"AVG": average, "MIN": lowest, "MAX": highest, "SUM": total}

// sortSeries is SORT(array, FUNCTION, ASC|DESC[, limit]).
func sortSeries(env *Env, n *node) (Value, error) {
	v, err := env.arrayArg(n, 0)
	if err != nil {
		return Value{}, err
	}
	f, known := orders[n.args[1].text]
	direction := n.args[2].text
	if n.args[1].kind != nodeWord || !known {
		return Value{}, errorf("The second argument of the function SORT must be AVG, MIN, MAX or SUM")
	}
	if n.args[2].kind != nodeWord || direction != "ASC" && direction != "DESC" {
		return Value{}, errorf("The third argument of the function SORT must be ASC or DESC")
	}
	list := v.Series
	if len(n.args) == 4 {
		limit, err := env.scalar(n, 3)
		if err != nil {
			return Value{}, err
		}
		return List(ranked(list, f, direction == "DESC", int(math.Max(0, math.Min(limit, maxArray))))), nil
	}
	return List(ranked(list, f, direction == "DESC", len(list))), nil
}

// ranked returns the first limit series in the order of f. Those without values
// come last.
func ranked(list []*Series, f statistic, descending bool, limit int) []*Series {
	sorted := slices.Clone(list)
	keys := make(map[*Series]float64, len(list))
	for _, s := range list {
		keys[s] = s.reduce(f)
	}
	slices.SortStableFunc(sorted, func(a, b *Series) int {
		if empty := cmp.Compare(truth(len(a.Values) == 0), truth(len(b.Values) == 0)); empty != 0 {
			return empty
		}
		if descending {
			a, b = b, a
		}
		return cmp.Compare(keys[a], keys[b])
	})
	return sorted[:min(limit, len(sorted))]
}

// slice is SLICE(array, from[, to]): a single index to the end.
func slice(env *Env, n *node) (Value, error) {
	v, err := env.arrayArg(n, 0)
	if err != nil {
		return Value{}, err
	}
	bounds := []float64{0, float64(len(v.Series))}
	for i := 1; i < len(n.args); i++ {
		if bounds[i-1], err = env.scalar(n, i); err != nil {
			return Value{}, err
		}
	}
	limit := float64(len(v.Series))
	from := int(math.Min(math.Max(bounds[0], 0), limit))
	to := int(math.Min(math.Max(bounds[1], float64(from)), limit))
	return List(v.Series[from:to]), nil
}
