package metricmath

// choose is IF(condition, then[, otherwise]).
//
// A condition that is a series is looked at time by time; any value but zero is
// true. Where it is true and then has no value, the result is 0. Where it is
// false and otherwise has no value, or there is no otherwise, the result has
// none. Where the condition has no value, the result has none, except that a
// scalar otherwise stands at the times of then.
//
// A scalar condition selects one side as a whole.
func choose(env *Env, n *node) (Value, error) {
	args := make([]Value, len(n.args))
	for i := range n.args {
		v, err := env.eval(n.args[i])
		if err != nil {
			return Value{}, err
		}
		if v.Kind == Array {
			return Value{}, wrongType(n, v)
		}
		args[i] = v
	}
	cond, then := args[0], args[1]
	otherwise := One(&Series{Period: env.Period})
	if len(args) == 3 {
		otherwise = args[2]
	}
	if cond.Kind == Scalar {
		if cond.Number != 0 {
			return then, nil
		}
		return otherwise, nil
	}
	return One(chosen(cond.Series[0], then, otherwise)), nil
}

func chosen(cond *Series, then, otherwise Value) *Series {
	yes, no := valueAt(then), valueAt(otherwise)
	out := cond.derive(len(cond.Times))
	if then.Kind == TimeSeries {
		out.Label, out.Source = then.Series[0].Label, then.Series[0].Source
	}
	at := func(t int64, is float64, has bool) {
		if has && is != 0 {
			v, _ := yes(t) // 0 when missing
			out.add(t, v)
		} else if v, ok := no(t); ok {
			out.add(t, v)
		}
	}
	if then.Kind != TimeSeries || otherwise.Kind != Scalar {
		for i, t := range cond.Times {
			at(t, cond.Values[i], true)
		}
		return out
	}
	merge(cond, then.Series[0], at)
	return out
}

// merge calls f for every time of a or b with the value of a, if it has one.
func merge(a, b *Series, f func(t int64, v float64, has bool)) {
	for i, j := 0, 0; i < len(a.Times) || j < len(b.Times); {
		switch {
		case j == len(b.Times) || i < len(a.Times) && a.Times[i] < b.Times[j]:
			f(a.Times[i], a.Values[i], true)
			i++
		case i == len(a.Times) || b.Times[j] < a.Times[i]:
			f(b.Times[j], 0, false)
			j++
		default:
			f(a.Times[i], a.Values[i], true)
			i++
			j++
		}
	}
}

// valueAt looks values up by ascending times.
func valueAt(v Value) func(t int64) (float64, bool) {
	if v.Kind == Scalar {
		return func(int64) (float64, bool) { return v.Number, true }
	}
	s, i := v.Series[0], 0
	return func(t int64) (float64, bool) {
		for i < len(s.Times) && s.Times[i] < t {
			i++
		}
		if i < len(s.Times) && s.Times[i] == t {
			return s.Values[i], true
		}
		return 0, false
	}
}
