package metricmath

import "math"

// operators compute one point.
var operators = map[string]func(a, b float64) float64{
	"+":  func(a, b float64) float64 { return a + b },
	"-":  func(a, b float64) float64 { return a - b },
	"*":  func(a, b float64) float64 { return a * b },
	"/":  func(a, b float64) float64 { return a / b },
	"^":  math.Pow,
	"==": func(a, b float64) float64 { return truth(a == b) },
	"!=": func(a, b float64) float64 { return truth(a != b) },
	"<":  func(a, b float64) float64 { return truth(a < b) },
	"<=": func(a, b float64) float64 { return truth(a <= b) },
	">":  func(a, b float64) float64 { return truth(a > b) },
	">=": func(a, b float64) float64 { return truth(a >= b) },
	"&&": func(a, b float64) float64 { return truth(a != 0 && b != 0) },
	"||": func(a, b float64) float64 { return truth(a != 0 || b != 0) },
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// combine applies an operator to two values: point by point, an array element
// by element. Two arrays do not combine.
func combine(op string, a, b Value) (Value, error) {
	f := operators[op]
	switch {
	case a.Kind == Scalar && b.Kind == Scalar:
		return Number(f(a.Number, b.Number)), nil
	case a.Kind == Scalar:
		return b.each(func(s *Series) *Series {
			return s.mapped(func(y float64) float64 { return f(a.Number, y) })
		}), nil
	case b.Kind == Scalar:
		return a.each(func(s *Series) *Series {
			return s.mapped(func(x float64) float64 { return f(x, b.Number) })
		}), nil
	case a.Kind == Array && b.Kind == Array:
		return Value{}, errorf("Unsupported operand types of %s: TS[] and TS[]", op)
	case b.Kind == Array:
		return b.each(func(s *Series) *Series {
			out := zip(a.Series[0], s, f)
			out.Label, out.Source = s.Label, s.Source
			return out
		}), nil
	default:
		return a.each(func(s *Series) *Series { return zip(s, b.Series[0], f) }), nil
	}
}

// mapped applies f to every value; what is no finite number is left out.
func (s *Series) mapped(f func(float64) float64) *Series {
	out := s.derive(len(s.Times))
	for i, t := range s.Times {
		out.add(t, f(s.Values[i]))
	}
	return out
}

// zip applies f at every time that either has; a missing value counts as zero.
func zip(a, b *Series, f func(x, y float64) float64) *Series {
	out := a.derive(max(len(a.Times), len(b.Times)))
	out.Period = max(a.Period, b.Period)
	for i, j := 0, 0; i < len(a.Times) || j < len(b.Times); {
		switch {
		case j == len(b.Times) || i < len(a.Times) && a.Times[i] < b.Times[j]:
			out.add(a.Times[i], f(a.Values[i], 0))
			i++
		case i == len(a.Times) || b.Times[j] < a.Times[i]:
			out.add(b.Times[j], f(0, b.Values[j]))
			j++
		default:
			out.add(a.Times[i], f(a.Values[i], b.Values[j]))
			i++
			j++
		}
	}
	return out
}
