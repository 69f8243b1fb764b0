package metricmath

import (
	"fmt"
	"math"
)

// Kind is the type of a Value.
type Kind int

// The types, as the documentation abbreviates them.
const (
	Scalar     Kind = iota // S
	TimeSeries             // TS
	Array                  // TS[]
)

// String returns the documentation's name of k.
func (k Kind) String() string { return [...]string{"S", "TS", "TS[]"}[k] }

// Series is a time series. Expressions never change one in place.
type Series struct {
	Label  string
	Period int64     // seconds between points; 0 when unknown
	Times  []int64   // seconds since 1970, ascending
	Values []float64 // as many as Times; finite
	Source any       // what the caller knows of it; kept by functions of one series
	Metric bool      // read, not computed: what PERIOD accepts
}

// derive returns an empty series that descends from s, with room for n points.
func (s *Series) derive(n int) *Series {
	return &Series{
		Label: s.Label, Period: s.Period, Source: s.Source,
		Times: make([]int64, 0, n), Values: make([]float64, 0, n),
	}
}

// add appends a point unless v is no finite number.
func (s *Series) add(t int64, v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return
	}
	s.Times, s.Values = append(s.Times, t), append(s.Values, v)
}

// Value is the result of an expression.
type Value struct {
	Kind   Kind
	Number float64   // of a Scalar
	Series []*Series // one for a TimeSeries
}

// Number makes a scalar.
func Number(v float64) Value { return Value{Number: v} }

// One makes a time series.
func One(s *Series) Value { return Value{Kind: TimeSeries, Series: []*Series{s}} }

// List makes an array.
func List(s []*Series) Value { return Value{Kind: Array, Series: s} }

// each applies f to every series and keeps the type.
func (v Value) each(f func(*Series) *Series) Value {
	out := make([]*Series, len(v.Series))
	for i, s := range v.Series {
		out[i] = f(s)
	}
	return Value{Kind: v.Kind, Series: out}
}

// Error says what is wrong with an expression; its text is for the caller.
type Error struct{ Text string }

// Error implements error.
func (e *Error) Error() string { return e.Text }

func errorf(format string, args ...any) error { return &Error{fmt.Sprintf(format, args...)} }

// NotImplementedError says that an expression uses a function which is known
// and not there.
type NotImplementedError struct{ Function string }

// Error implements error.
func (e *NotImplementedError) Error() string {
	return "the metric math function " + e.Function + " is not implemented"
}
