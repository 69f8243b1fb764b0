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

// Reason is the sentence about a verdict that changes the state. Alarms that say
// how many datapoints it takes (Counted) get another one than those that do not.
func (r *Rule) Reason(v Verdict) string {
	if v.State == Insufficient {
		return "Insufficient Data: " + quantity(r.N, "datapoint was", "datapoints were") + " unknown."
	}
	crossed := r.deciding(v)
	if len(crossed) == 0 {
		return "Threshold Crossed: " + r.absent(v) + r.filled(v) + "."
	}
	if !r.Counted {
		return "Threshold Crossed: " + quantity(len(crossed), "datapoint", "datapoints") + r.sentence(v, crossed) + "."
	}
	need, transition := r.M, "OK -> ALARM"
	if v.State == OK {
		need, transition = r.N-r.M+1, "ALARM -> OK"
	}
	return fmt.Sprintf("Threshold Crossed: %d out of the last %d datapoints%s (minimum %s for %s transition).",
		len(crossed), r.N, r.sentence(v, crossed), quantity(need, "datapoint", "datapoints"), transition)
}

// deciding returns the datapoints that speak for the verdict, newest first:
// those that breach of an alarm, those that do not otherwise.
func (r *Rule) deciding(v Verdict) []Point {
	return slices.DeleteFunc(slices.Clone(v.Evaluated), func(p Point) bool {
		return !p.Real || r.breaches(p.Value) != (v.State == Alarm)
	})
}

// filled says what missing datapoints were treated as, if they were.
func (r *Rule) filled(v Verdict) string {
	as := "NonBreaching"
	switch {
	case v.Filled == 0 || r.Missing != Breaching && r.Missing != NotBreaching:
		return ""
	case r.Missing == Breaching:
		as = "Breaching"
	}
	return fmt.Sprintf(" and %s treated as [%s]", quantity(v.Filled, "missing datapoint was", "missing datapoints were"), as)
}

// absent says how many datapoints there are, when none of them speaks for the
// verdict.
func (r *Rule) absent(v Verdict) string {
	periods := quantity(r.N, "period", "periods")
	if got := r.N - v.Filled; got > 0 {
		return quantity(got, "datapoint was", "datapoints were") + " received for " + periods
	}
	return "no datapoints were received for " + periods
}

// sentence says of datapoints that they are beyond the threshold, or not. The
// newest are named, behind the sentence if there are more.
func (r *Rule) sentence(v Verdict, points []Point) string {
	verb := " were "
	if len(points) == 1 {
		verb = " was "
	}
	which := "which crossed the threshold"
	if v.State == OK {
		verb += "not "
		which = "which did not cross the threshold"
	}
	claim := fmt.Sprintf("%s%s the threshold (%s)%s", verb, r.Operator.words(), Number(r.Threshold), r.filled(v))
	if len(points) <= listed {
		return " " + list(points) + claim
	}
	return claim + ". The most recent datapoints " + which + ": " + list(points[:listed])
}

func list(points []Point) string {
	words := make([]string, len(points))
	for i, p := range points {
		words[i] = fmt.Sprintf("%s (%s)", Number(p.Value), p.Time.UTC().Format(timeLayout))
	}
	return "[" + strings.Join(words, ", ") + "]"
}

// quantity is "1 datapoint was" or "3 datapoints were".
func quantity(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
