package alarm

import "time"

// State is an alarm's state.
type State string

// The three states.
const (
	OK           State = "OK"
	Alarm        State = "ALARM"
	Insufficient State = "INSUFFICIENT_DATA"
)

// Operator compares a datapoint with the threshold, by the API's name.
type Operator string

// The operators of static thresholds.
const (
	GreaterOrEqual Operator = "GreaterThanOrEqualToThreshold"
	Greater        Operator = "GreaterThanThreshold"
	Less           Operator = "LessThanThreshold"
	LessOrEqual    Operator = "LessThanOrEqualToThreshold"
)

// words says what a breaching datapoint is.
func (o Operator) words() string {
	switch o {
	case GreaterOrEqual:
		return "greater than or equal to"
	case Greater:
		return "greater than"
	case Less:
		return "less than"
	default:
		return "less than or equal to"
	}
}

// Treatment says what a missing datapoint counts as, by the API's name.
type Treatment string

// The treatments of missing data.
const (
	Missing      Treatment = "missing"
	Ignore       Treatment = "ignore"
	Breaching    Treatment = "breaching"
	NotBreaching Treatment = "notBreaching"
)

// Rule decides about a metric alarm: M out of N.
type Rule struct {
	N         int  // evaluation periods
	M         int  // datapoints to alarm, 1 to N
	Counted   bool // the alarm says M; it is N otherwise
	Operator  Operator
	Threshold float64
	Missing   Treatment
}

// extraPeriods are looked at beyond N, for datapoints that are late or sparse.
const extraPeriods = 2

// Range is how many periods an evaluation looks at.
func (r *Rule) Range() int { return r.N + extraPeriods }

// Point is what one period holds.
type Point struct {
	Time    time.Time // start of the period
	Real    bool      // there is a datapoint; the fields below say which
	Value   float64
	Samples float64 // how many values it was made of
}

// breaches reports whether a datapoint's value is one to alarm about.
func (r *Rule) breaches(v float64) bool {
	switch r.Operator {
	case GreaterOrEqual:
		return v >= r.Threshold
	case Greater:
		return v > r.Threshold
	case Less:
		return v < r.Threshold
	default:
		return v <= r.Threshold
	}
}

// Verdict is what an evaluation came to.
type Verdict struct {
	State     State
	Evaluated []Point // those of the range that decided, newest first
	Filled    int     // missing datapoints that were filled in
}

// tally is what a range holds.
type tally struct {
	real, breaching int
	oldestReal      int // periods from the newest
}

// Evaluate decides from the points of the range, newest first: at least the
// newest N of them, and all Range unless those N are real. current is the state
// that is kept when the data does not decide.
func (r *Rule) Evaluate(points []Point, current State) Verdict {
	t := r.count(points)
	v := Verdict{Evaluated: points[:t.oldestReal+1]}
	if t.real < r.N {
		v.Filled = r.N - t.real
		v.Evaluated = points[:max(t.oldestReal+1, min(r.N, len(points)))]
	}
	v.State = r.decide(t, v.Filled, current)
	return v
}

// count looks at the newest N real points, or all where there are fewer.
func (r *Rule) count(points []Point) tally {
	t := tally{oldestReal: -1}
	for i := range points {
		if !points[i].Real {
			continue
		}
		t.real++
		t.oldestReal = i
		if r.breaches(points[i].Value) {
			t.breaching++
		}
		if t.real == r.N {
			break
		}
	}
	return t
}

func (r *Rule) decide(t tally, filled int, current State) State {
	undecided := filled > 0 && t.breaching < r.M
	switch {
	case !undecided:
		return stateOf(t.breaching >= r.M)
	case r.Missing == Breaching:
		return stateOf(t.breaching+filled >= r.M)
	case r.Missing == NotBreaching:
		return OK
	case t.real == 0:
		if r.Missing == Ignore {
			return current
		}
		return Insufficient
	case t.breaching < t.real:
		return OK
	case r.Missing == Missing && t.oldestReal+1 >= r.M:
		return Alarm
	default:
		return current // premature: the next datapoint may not breach
	}
}

func stateOf(breaching bool) State {
	if breaching {
		return Alarm
	}
	return OK
}
