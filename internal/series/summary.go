package series

import "math"

// Summary is what is kept of the values of one metric in one period: exact
// count, sum, minimum and maximum, and, where all values are known, their
// Distribution.
//
// Whether they are known follows from the fields. With Min equal to Max there
// is only one value, whatever the count. Otherwise Dist tells them; a nil Dist
// means that a statistic set came in, of which only the four numbers are known.
// These are the cases in which CloudWatch too answers percentiles.
type Summary struct {
	Count, Sum, Min, Max float64
	Dist                 *Distribution
}

// point summarizes count values that are all equal.
func point(value, count float64) Summary {
	return Summary{Count: count, Sum: value * count, Min: value, Max: value}
}

// summarize summarizes values[i] seen counts[i] times; nil counts mean once each.
func summarize(values, counts []float64) Summary {
	var s Summary
	for i, v := range values {
		n := 1.0
		if counts != nil {
			n = counts[i]
		}
		s.Merge(point(v, n))
	}
	return s
}

// Merge adds what o summarizes to s. The result shares nothing with o.
func (s *Summary) Merge(o Summary) {
	if o.Count == 0 && o.Sum == 0 {
		return
	}
	if s.Count == 0 && s.Sum == 0 {
		*s = o
		s.Dist = o.Dist.clone()
		return
	}
	s.Dist = mergedDistribution(s, &o)
	s.Count += o.Count
	s.Sum += o.Sum
	s.Min = math.Min(s.Min, o.Min)
	s.Max = math.Max(s.Max, o.Max)
}

// mergedDistribution returns the distribution of both, nil when it is not known
// or not needed. It may reuse s's, never o's.
func mergedDistribution(s, o *Summary) *Distribution {
	if !s.known() || !o.known() {
		return nil
	}
	if s.Min == s.Max && o.Min == o.Max && s.Min == o.Min {
		return nil // still a single value
	}
	d := s.Dist
	if d == nil {
		d = &Distribution{}
		d.add(s.Min, s.Count)
	}
	if o.Dist == nil {
		d.add(o.Min, o.Count)
	} else {
		d.merge(o.Dist)
	}
	return d
}

// known reports whether every value is known, not only the four numbers.
func (s *Summary) known() bool { return s.Dist != nil || s.Min == s.Max }

// bins returns the values in ascending order with their counts. ok is false
// when they are not known.
func (s *Summary) bins() (bins []bin, ok bool) {
	switch {
	case s.Count == 0 || !s.known():
		return nil, false
	case s.Dist == nil:
		return []bin{{s.Min, s.Count}}, true
	default:
		return s.Dist.sorted(s.Min, s.Max), true
	}
}
