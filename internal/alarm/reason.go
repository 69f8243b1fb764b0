package alarm

import (
	"fmt"
	"slices"
	"strings"
)

// Initial is the reason of an alarm that was not evaluated yet.
const Initial = "Unchecked: Initial alarm creation"

// listed is how many datapoints a reason names at most.
const listed = 5

// timeLayout is that of datapoints in reasons.
const timeLayout = "02/01/06 15:04:05"

// Reason is the sentence about a verdict that changes the state from old.
// evaluated tells that the alarm had been evaluated before, so that an old state
// of INSUFFICIENT_DATA means that data was missing.
func (r *Rule) Reason(v Verdict, old State, evaluated bool) string {
	if v.State == Insufficient {
		return "Insufficient Data: " + quantity(r.N, "datapoint was", "datapoints were") + " unknown."
	}
	crossed := r.deciding(v)
	switch {
	case r.fills(v):
		return r.filledReason(v)
	case old == Insufficient && evaluated || len(crossed) == 0:
		return fmt.Sprintf("Threshold Crossed: %s%s.", quantity(len(crossed), "datapoint", "datapoints"), r.sentence(v.State, crossed))
	}
	need, transition := r.M, "OK -> ALARM"
	if v.State == OK {
		need, transition = r.N-r.M+1, "ALARM -> OK"
	}
	return fmt.Sprintf("Threshold Crossed: %d out of the last %d datapoints%s (minimum %s for %s transition).",
		len(crossed), r.N, r.sentence(v.State, crossed), quantity(need, "datapoint", "datapoints"), transition)
}

// fills reports whether filled datapoints took part in the verdict.
func (r *Rule) fills(v Verdict) bool {
	return v.Filled > 0 && (r.Missing == Breaching || r.Missing == NotBreaching)
}

// deciding returns the datapoints that speak for the verdict, newest first:
// those that breach of an alarm, those that do not otherwise.
func (r *Rule) deciding(v Verdict) []Point {
	return slices.DeleteFunc(slices.Clone(v.Evaluated), func(p Point) bool {
		return !p.Real || r.breaches(p.Value) != (v.State == Alarm)
	})
}

// sentence says of datapoints that they are beyond the threshold, or not. The
// first few are named, behind the sentence if there are more.
func (r *Rule) sentence(s State, points []Point) string {
	verb := " were "
	if len(points) == 1 {
		verb = " was "
	}
	if s == OK {
		verb += "not "
	}
	claim := fmt.Sprintf("%s%s the threshold (%s)", verb, r.Operator.words(), Number(r.Threshold))
	switch {
	case len(points) == 0:
		return claim
	case len(points) <= listed:
		return " " + list(points) + claim
	case s == OK:
		return claim + ". The most recent datapoints which did not cross the threshold: " + list(points[:listed])
	default:
		return claim + ". The most recent datapoints which crossed the threshold: " + list(points[:listed])
	}
}

func list(points []Point) string {
	words := make([]string, len(points))
	for i, p := range points {
		words[i] = fmt.Sprintf("%s (%s)", Number(p.Value), p.Time.UTC().Format(timeLayout))
	}
	return "[" + strings.Join(words, ", ") + "]"
}

// filledReason is the sentence of a verdict in which missing datapoints were
// treated as breaching, or as not breaching.
func (r *Rule) filledReason(v Verdict) string {
	as := "NonBreaching"
	if r.Missing == Breaching {
		as = "Breaching"
	}
	missing := quantity(v.Filled, "missing datapoint was", "missing datapoints were")
	got := r.N - v.Filled
	if got == 0 {
		return fmt.Sprintf("Threshold Crossed: no datapoints were received for %s and %s treated as [%s].",
			quantity(r.N, "period", "periods"), missing, as)
	}
	return fmt.Sprintf("Threshold Crossed: %s received for %s and %s treated as [%s].",
		quantity(got, "datapoint was", "datapoints were"), quantity(r.N, "period", "periods"), missing, as)
}

// quantity is "1 datapoint was" or "3 datapoints were".
func quantity(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
