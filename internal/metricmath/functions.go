package metricmath

import (
	"math"
	"strings"
)

// function is one of the language's functions.
type function struct {
	least, most int // arguments; most < 0 means any number
	eval        func(env *Env, n *node) (Value, error)
}

// functions by name. It is filled at start because evaluation refers to it.
var functions map[string]function

func init() {
	functions = map[string]function{
		"ABS":             pointwise(math.Abs),
		"CEIL":            pointwise(math.Ceil),
		"FLOOR":           pointwise(math.Floor),
		"LOG":             pointwise(math.Log),
		"LOG10":           pointwise(math.Log10),
		"AVG":             aggregate(average),
		"MAX":             aggregate(highest),
		"MIN":             aggregate(lowest),
		"STDDEV":          aggregate(deviation),
		"SUM":             aggregate(total),
		"DATAPOINT_COUNT": aggregate(count),
		"DIFF":            perSeries(differences(func(dv, _ float64) float64 { return dv })),
		"DIFF_TIME":       perSeries(differences(func(_, dt float64) float64 { return dt })),
		"RATE":            perSeries(differences(func(dv, dt float64) float64 { return dv / dt })),
		"RUNNING_SUM":     perSeries(runningSum),
		"FILL":            {2, 2, fill},
		"IF":              {2, 3, choose},
		"FIRST":           arrayEnd(func([]*Series) int { return 0 }),
		"LAST":            arrayEnd(func(s []*Series) int { return len(s) - 1 }),
		"METRICS":         {0, 1, metrics},
		"METRIC_COUNT":    {1, 1, metricCount},
		"PERIOD":          {1, 1, period},
		"REMOVE_EMPTY":    {1, 1, removeEmpty},
		"SEARCH":          {2, 3, search},
		"SLICE":           {2, 3, slice},
		"SORT":            {3, 4, sortSeries},
		"TIME_SERIES":     {1, 1, timeSeries},
	}
	for name, f := range calendar {
		functions[name] = overGrid(f)
	}
	for _, name := range []string{"ANOMALY_DETECTION_BAND", "INSIGHT_RULE_METRIC", "SERVICE_QUOTA", "LAMBDA", "DB_PERF_INSIGHTS"} {
		functions[name] = function{0, -1, func(*Env, *node) (Value, error) {
			return Value{}, &NotImplementedError{name}
		}}
	}
}

// wrongType is the error of an argument that the function does not take.
func wrongType(n *node, v Value) error {
	return errorf("The function %s does not accept an argument of the type %s", n.text, v.Kind)
}

// series evaluates an argument that must be TS or TS[].
func (env *Env) series(n *node, i int) (Value, error) {
	v, err := env.eval(n.args[i])
	if err == nil && v.Kind == Scalar {
		err = wrongType(n, v)
	}
	return v, err
}

// array evaluates an argument that must be TS[].
func (env *Env) arrayArg(n *node, i int) (Value, error) {
	v, err := env.eval(n.args[i])
	if err == nil && v.Kind != Array {
		err = wrongType(n, v)
	}
	return v, err
}

// scalar evaluates an argument that must be S.
func (env *Env) scalar(n *node, i int) (float64, error) {
	v, err := env.eval(n.args[i])
	if err == nil && v.Kind != Scalar {
		err = wrongType(n, v)
	}
	return v.Number, err
}

// perSeries is a function from a series to a series, also of each in an array.
func perSeries(f func(*Series) *Series) function {
	return function{1, 1, func(env *Env, n *node) (Value, error) {
		v, err := env.series(n, 0)
		if err != nil {
			return Value{}, err
		}
		return v.each(f), nil
	}}
}

// pointwise is a function of values. It takes scalars too.
func pointwise(f func(float64) float64) function {
	return function{1, 1, func(env *Env, n *node) (Value, error) {
		v, err := env.eval(n.args[0])
		if err != nil {
			return Value{}, err
		}
		if v.Kind == Scalar {
			return Number(f(v.Number)), nil
		}
		return v.each(func(s *Series) *Series { return s.mapped(f) }), nil
	}}
}

// differences applies f to each value's distance, in value and in seconds, to
// the one before. The first value has none before it.
func differences(f func(dv, dt float64) float64) func(*Series) *Series {
	return func(s *Series) *Series {
		out := s.derive(len(s.Times))
		for i := 1; i < len(s.Times); i++ {
			out.add(s.Times[i], f(s.Values[i]-s.Values[i-1], float64(s.Times[i]-s.Times[i-1])))
		}
		return out
	}
}

func runningSum(s *Series) *Series {
	sum := 0.0
	return s.mapped(func(v float64) float64 {
		sum += v
		return sum
	})
}

// arrayEnd is FIRST or LAST.
func arrayEnd(which func([]*Series) int) function {
	return function{1, 1, func(env *Env, n *node) (Value, error) {
		v, err := env.arrayArg(n, 0)
		if err != nil {
			return Value{}, err
		}
		if len(v.Series) == 0 {
			return One(&Series{Period: env.Period}), nil
		}
		return One(v.Series[which(v.Series)]), nil
	}}
}

// metrics is METRICS() or METRICS("part").
func metrics(env *Env, n *node) (Value, error) {
	part := ""
	if len(n.args) == 1 {
		if n.args[0].kind != nodeString {
			return Value{}, errorf("The argument of the function METRICS must be a string")
		}
		part = n.args[0].text
	}
	s, err := env.Metrics(part)
	if err == nil && len(s) > maxArray {
		err = errorf("An array holds at most %d time series", maxArray)
	}
	return List(s), err
}

func metricCount(env *Env, n *node) (Value, error) {
	v, err := env.arrayArg(n, 0)
	return Number(float64(len(v.Series))), err
}

// period accepts metrics alone, as the documentation says.
func period(env *Env, n *node) (Value, error) {
	v, err := env.eval(n.args[0])
	switch {
	case err != nil:
		return Value{}, err
	case v.Kind != TimeSeries:
		return Value{}, wrongType(n, v)
	case !v.Series[0].Metric:
		return Value{}, errorf("The function PERIOD accepts metrics only, not the results of expressions")
	}
	return Number(float64(v.Series[0].Period)), nil
}

func removeEmpty(env *Env, n *node) (Value, error) {
	v, err := env.arrayArg(n, 0)
	var full []*Series
	for _, s := range v.Series {
		if len(s.Times) > 0 {
			full = append(full, s)
		}
	}
	return List(full), err
}

// timeSeries is TIME_SERIES: a scalar in every period.
func timeSeries(env *Env, n *node) (Value, error) {
	v, err := env.scalar(n, 0)
	if err != nil {
		return Value{}, err
	}
	out := &Series{Period: env.Period}
	err = env.grid(env.Period, func(t int64) { out.add(t, v) })
	return One(out), err
}

// search is SEARCH('query', 'statistic'[, period]).
func search(env *Env, n *node) (Value, error) {
	if n.args[0].kind != nodeString || n.args[1].kind != nodeString {
		return Value{}, errorf("The function SEARCH takes a search expression and a statistic, both in quotes")
	}
	q, err := ParseSearch(n.args[0].text)
	if err != nil {
		return Value{}, err
	}
	seconds := 0.0
	if len(n.args) == 3 {
		seconds, err = env.scalar(n, 2)
		if err != nil {
			return Value{}, err
		}
		if seconds < 1 || seconds > math.MaxInt32 || seconds != math.Trunc(seconds) {
			return Value{}, errorf("Invalid period of the function SEARCH: %g", seconds)
		}
	}
	s, err := env.Search(q, strings.TrimSpace(n.args[1].text), int64(seconds))
	return List(s), err
}
