package metricmath

import "sort"

// fill is FILL(series, filler): the filler is a scalar, a series, REPEAT or
// LINEAR. A series is filled over the whole window, at its own period.
func fill(env *Env, n *node) (Value, error) {
	v, err := env.series(n, 0)
	if err != nil {
		return Value{}, err
	}
	if n.args[1].kind == nodeWord {
		switch n.args[1].text {
		case "REPEAT":
			return env.fillAll(v, repeated)
		case "LINEAR":
			return env.fillAll(v, linear)
		}
		return Value{}, errorf("The second argument of the function FILL must be a number, a time series, REPEAT or LINEAR")
	}
	filler, err := env.eval(n.args[1])
	switch {
	case err != nil:
		return Value{}, err
	case filler.Kind == Array:
		return Value{}, wrongType(n, filler)
	case filler.Kind == Scalar:
		return env.fillAll(v, func(*Series, int, int64) (float64, bool) { return filler.Number, true })
	}
	with := filler.Series[0]
	return env.fillAll(v, func(_ *Series, _ int, t int64) (float64, bool) {
		i := sort.Search(len(with.Times), func(i int) bool { return with.Times[i] >= t })
		if i < len(with.Times) && with.Times[i] == t {
			return with.Values[i], true
		}
		return 0, false
	})
}

// filler computes the missing value of s at t; next is the index of the first
// point behind t.
type filler func(s *Series, next int, t int64) (v float64, ok bool)

// repeated is the last value before.
func repeated(s *Series, next int, _ int64) (float64, bool) {
	if next == 0 {
		return 0, false
	}
	return s.Values[next-1], true
}

// linear lies on the line between the values around. Outside of them there is
// none.
func linear(s *Series, next int, t int64) (float64, bool) {
	if next == 0 || next == len(s.Times) {
		return 0, false
	}
	t0, t1 := s.Times[next-1], s.Times[next]
	v0, v1 := s.Values[next-1], s.Values[next]
	return v0 + (v1-v0)*float64(t-t0)/float64(t1-t0), true
}

func (env *Env) fillAll(v Value, f filler) (Value, error) {
	var failed error
	out := v.each(func(s *Series) *Series {
		filled, err := env.fillOne(s, f)
		if err != nil {
			failed = err
		}
		return filled
	})
	return out, failed
}

// fillOne keeps all points of s, and adds those of the grid that it lacks.
func (env *Env) fillOne(s *Series, f filler) (*Series, error) {
	out := s.derive(len(s.Times))
	i := 0
	err := env.grid(s.Period, func(t int64) {
		for ; i < len(s.Times) && s.Times[i] < t; i++ {
			out.add(s.Times[i], s.Values[i])
		}
		if i < len(s.Times) && s.Times[i] == t {
			return // the next turn adds it
		}
		if v, ok := f(s, i, t); ok {
			out.add(t, v)
		}
	})
	for ; i < len(s.Times); i++ {
		out.add(s.Times[i], s.Values[i])
	}
	return out, err
}
