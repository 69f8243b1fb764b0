package metricmath

import "time"

// calendar holds the functions of a time, in UTC.
var calendar = map[string]func(time.Time) float64{
	"MINUTE": func(t time.Time) float64 { return float64(t.Minute()) },
	"HOUR":   func(t time.Time) float64 { return float64(t.Hour()) },
	"DAY":    func(t time.Time) float64 { return float64((t.Weekday()+6)%7 + 1) }, // Monday is 1
	"DATE":   func(t time.Time) float64 { return float64(t.Day()) },
	"MONTH":  func(t time.Time) float64 { return float64(t.Month()) },
	"YEAR":   func(t time.Time) float64 { return float64(t.Year()) },
	"EPOCH":  func(t time.Time) float64 { return float64(t.Unix()) },
}

// overGrid is a calendar function: it takes period and range of a series, and
// has a value for every period in it.
func overGrid(f func(time.Time) float64) function {
	return function{1, 1, func(env *Env, n *node) (Value, error) {
		v, err := env.series(n, 0)
		if err != nil {
			return Value{}, err
		}
		if v.Kind != TimeSeries {
			return Value{}, wrongType(n, v)
		}
		s := v.Series[0]
		out := s.derive(len(s.Times))
		err = env.grid(s.Period, func(t int64) { out.add(t, f(time.Unix(t, 0).UTC())) })
		return One(out), err
	}}
}
