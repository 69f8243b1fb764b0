package series

import "math"

// Bound limits a range of values: a percentile (0 to 100) or an absolute value.
// Open means there is no limit on this side.
type Bound struct {
	Value   float64
	Percent bool
	Open    bool
}

// Average returns Sum/Count.
func (s *Summary) Average() float64 { return s.Sum / s.Count }

// Percentile returns the smallest value that at least percent of 100 of all
// values do not exceed (nearest rank). ok is false when it cannot be known:
// statistic sets were mixed in, or a value is negative, for which CloudWatch
// has no percentiles.
func (s *Summary) Percentile(percent float64) (value float64, ok bool) {
	bins, ok := s.ranked()
	if !ok {
		return 0, false
	}
	rank := percent / 100 * s.Count
	seen := 0.0
	for _, b := range bins {
		seen += b.count
		if seen >= rank-1e-9*s.Count {
			return b.value, true
		}
	}
	return s.Max, true
}

// Within returns count and sum of the values between two bounds: above low, up
// to and including high, as the documentation of trimmed statistics has it. A
// percentile bound may fall inside a bin and then takes that share of it.
// ok is as for Percentile.
func (s *Summary) Within(low, high Bound) (count, sum float64, ok bool) {
	bins, ok := s.ranked()
	if !ok {
		return 0, 0, false
	}
	seen := 0.0
	for _, b := range bins {
		n := s.share(b, seen, low, high)
		seen += b.count
		count += n
		sum += n * b.value
	}
	return count, sum, true
}

// share returns how much of bin b, before which seen values lie, is within.
func (s *Summary) share(b bin, seen float64, low, high Bound) float64 {
	from, to := seen, seen+b.count
	switch {
	case low.Open:
	case low.Percent:
		from = math.Max(from, low.Value/100*s.Count)
	case b.value <= low.Value:
		return 0
	}
	switch {
	case high.Open:
	case high.Percent:
		to = math.Min(to, high.Value/100*s.Count)
	case b.value > high.Value:
		return 0
	}
	return math.Max(to-from, 0)
}

// Winsorized returns the mean after values outside the bounds are replaced by
// the value at the bound. ok is as for Percentile.
func (s *Summary) Winsorized(low, high Bound) (mean float64, ok bool) {
	bins, ok := s.ranked()
	if !ok {
		return 0, false
	}
	lo, hi := s.boundary(low, s.Min), s.boundary(high, s.Max)
	sum := 0.0
	for _, b := range bins {
		sum += b.count * math.Min(math.Max(b.value, lo), hi)
	}
	return sum / s.Count, true
}

// boundary returns the value that b stands for.
func (s *Summary) boundary(b Bound, open float64) float64 {
	switch {
	case b.Open:
		return open
	case b.Percent:
		v, _ := s.Percentile(b.Value)
		return v
	default:
		return b.Value
	}
}

// ranked returns the bins where rank statistics exist.
func (s *Summary) ranked() ([]bin, bool) {
	if s.Min < 0 {
		return nil, false
	}
	return s.bins()
}
