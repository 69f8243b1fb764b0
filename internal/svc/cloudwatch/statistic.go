package cloudwatch

import (
	"math"
	"regexp"
	"strconv"
	"strings"

	"nephele.dev/nephele/internal/series"
)

// statistic computes one number from a bucket; ok is false when the bucket's
// data does not allow it (percentiles of statistic sets or negative values).
type statistic func(s *series.Summary) (value float64, ok bool)

// simple holds the five statistics that every bucket has.
var simple = map[string]statistic{
	"SampleCount": func(s *series.Summary) (float64, bool) { return s.Count, true },
	"Average":     func(s *series.Summary) (float64, bool) { return s.Average(), s.Count > 0 },
	"Sum":         func(s *series.Summary) (float64, bool) { return s.Sum, true },
	"Minimum":     func(s *series.Summary) (float64, bool) { return s.Min, true },
	"Maximum":     func(s *series.Summary) (float64, bool) { return s.Max, true },
	"IQM":         trimmed("tm", percent(25), percent(75)),
}

// The two notations of the other statistics: p99.9 or tm90 with one percentile,
// TM(10%:90%) or PR(100:2000) with bounds of which one may be missing.
var (
	shortNotation = regexp.MustCompile(`^(p|tm|wm|tc|ts)(\d{1,3}(?:\.\d{1,10})?)$`)
	longNotation  = regexp.MustCompile(`^(TM|WM|TC|TS|PR)\(([^:()]*):([^:()]*)\)$`)
)

// parseStatistic understands every statistic of the metrics user guide. ok is
// false for anything else.
func parseStatistic(name string) (f statistic, ok bool) {
	if f, ok := simple[name]; ok {
		return f, true
	}
	if m := shortNotation.FindStringSubmatch(name); m != nil {
		p, err := strconv.ParseFloat(m[2], 64)
		if err != nil || p > 100 {
			return nil, false
		}
		if m[1] == "p" {
			return func(s *series.Summary) (float64, bool) { return s.Percentile(p) }, true
		}
		return trimmed(m[1], series.Bound{Open: true}, percent(p)), true
	}
	m := longNotation.FindStringSubmatch(name)
	if m == nil {
		return nil, false
	}
	low, okLow := parseBound(m[2])
	high, okHigh := parseBound(m[3])
	if !okLow || !okHigh || low.Open && high.Open || !sameKind(low, high) || m[1] == "PR" && (low.Percent || high.Percent) {
		return nil, false
	}
	return trimmed(strings.ToLower(m[1]), low, high), true
}

func percent(p float64) series.Bound { return series.Bound{Value: p, Percent: true} }

// parseBound reads "10%", "0.5" or "".
func parseBound(s string) (b series.Bound, ok bool) {
	if s == "" {
		return series.Bound{Open: true}, true
	}
	digits, isPercent := strings.CutSuffix(s, "%")
	v, err := strconv.ParseFloat(digits, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || isPercent && (v < 0 || v > 100) {
		return b, false
	}
	return series.Bound{Value: v, Percent: isPercent}, true
}

// sameKind reports whether the bounds are in order and not a percentile and a
// value.
func sameKind(low, high series.Bound) bool {
	return low.Open || high.Open || low.Percent == high.Percent && low.Value < high.Value
}

// trimmed returns the statistic of the values within two bounds: tm is their
// mean, tc their count, ts their sum, pr their share of all in percent, and wm
// the mean with values outside moved to the bounds.
func trimmed(kind string, low, high series.Bound) statistic {
	if kind == "wm" {
		return func(s *series.Summary) (float64, bool) { return s.Winsorized(low, high) }
	}
	return func(s *series.Summary) (float64, bool) {
		count, sum, ok := s.Within(low, high)
		switch kind {
		case "tc":
			return count, ok
		case "ts":
			return sum, ok
		case "pr":
			return 100 * count / s.Count, ok
		default:
			return sum / count, ok && count > 0
		}
	}
}
