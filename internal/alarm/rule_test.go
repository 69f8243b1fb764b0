package alarm_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"nephele.dev/nephele/internal/alarm"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// points reads datapoints as the user guide writes them, oldest first: 0 does
// not breach, X does, - is missing. The answer has the newest first.
func points(text string) []alarm.Point {
	fields := strings.Fields(text)
	slices.Reverse(fields)
	out := make([]alarm.Point, len(fields))
	for i, f := range fields {
		out[i] = alarm.Point{Time: noon.Add(-time.Duration(i+1) * time.Minute), Real: f != "-", Samples: 1}
		if f == "X" {
			out[i].Value = 10
		}
	}
	return out
}

const keep = alarm.State("kept")

// TestMissingData is the two tables of "Configuring how CloudWatch alarms treat
// missing data", and what the text below them says.
func TestMissingData(t *testing.T) {
	t.Parallel()
	const (
		ok, al, no = alarm.OK, alarm.Alarm, alarm.Insufficient
	)
	for _, tt := range []struct {
		m                                        int
		data                                     string
		filled                                   int
		missing, ignore, breaching, notBreaching alarm.State
	}{
		{3, "0 - X - X", 0, ok, ok, ok, ok},
		{3, "0 - - - -", 2, ok, ok, ok, ok},
		{3, "- - - - -", 3, no, keep, al, ok},
		{3, "0 X X - X", 0, al, al, al, al},
		{3, "- - X - -", 2, al, keep, al, ok},
		{2, "0 - X - X", 0, al, al, al, al},
		{2, "0 0 X 0 X", 0, al, al, al, al},
		{2, "0 - X - -", 1, ok, ok, al, ok},
		{2, "- - - - 0", 2, ok, ok, al, ok},
		{2, "- - - X -", 2, al, keep, al, ok},
		// Premature.
		{3, "- - - - X", 2, keep, keep, al, ok},
		{3, "- - - X -", 2, keep, keep, al, ok},
		{3, "- - - X 0", 1, ok, ok, ok, ok},
		{3, "- - X - 0", 1, ok, ok, ok, ok},
		{2, "- - - - X", 2, keep, keep, al, ok},
		// All of five are there.
		{3, "X X 0 X X", 0, ok, ok, ok, ok},
		{3, "0 0 X X X", 0, al, al, al, al},
	} {
		for treatment, want := range map[alarm.Treatment]alarm.State{
			alarm.Missing: tt.missing, alarm.Ignore: tt.ignore, alarm.Breaching: tt.breaching, alarm.NotBreaching: tt.notBreaching,
		} {
			r := alarm.Rule{N: 3, M: tt.m, Operator: alarm.Greater, Threshold: 5, Missing: treatment}
			got := r.Evaluate(points(tt.data), keep)
			if got.State != want || got.Filled != tt.filled {
				t.Errorf("%d of 3, %s, %s: %s with %d filled, want %s with %d", tt.m, tt.data, treatment, got.State, got.Filled, want, tt.filled)
			}
		}
	}
}

func TestOperators(t *testing.T) {
	t.Parallel()
	for op, want := range map[alarm.Operator][3]alarm.State{ // of 4, 5 and 6 against 5
		alarm.Greater:        {alarm.OK, alarm.OK, alarm.Alarm},
		alarm.GreaterOrEqual: {alarm.OK, alarm.Alarm, alarm.Alarm},
		alarm.Less:           {alarm.Alarm, alarm.OK, alarm.OK},
		alarm.LessOrEqual:    {alarm.Alarm, alarm.Alarm, alarm.OK},
	} {
		for i, v := range []float64{4, 5, 6} {
			r := alarm.Rule{N: 1, M: 1, Operator: op, Threshold: 5, Missing: alarm.Missing}
			if got := r.Evaluate([]alarm.Point{{Real: true, Value: v}, {}, {}}, alarm.OK).State; got != want[i] {
				t.Errorf("%v %s 5: %s, want %s", v, op, got, want[i])
			}
		}
	}
}

// naive is the user guide's text, sentence by sentence.
func naive(r alarm.Rule, data []alarm.Point, current alarm.State) alarm.State {
	var reals []int // ages
	for age, p := range data {
		if p.Real {
			reals = append(reals, age)
		}
	}
	bad := func(ages []int) (n int) {
		for _, age := range ages {
			if data[age].Value > r.Threshold {
				n++
			}
		}
		return n
	}
	verdict := func(alarming bool) alarm.State {
		if alarming {
			return alarm.Alarm
		}
		return alarm.OK
	}
	if len(reals) >= r.N { // the most recent real datapoints decide
		return verdict(bad(reals[:r.N]) >= r.M)
	}
	breaching := bad(reals)
	if r.Missing == alarm.Breaching {
		breaching += r.N - len(reals)
	}
	if breaching >= r.M || r.Missing == alarm.Breaching || r.Missing == alarm.NotBreaching {
		return verdict(breaching >= r.M)
	}
	if len(reals) == 0 {
		if r.Missing == alarm.Missing {
			return alarm.Insufficient
		}
		return current
	}
	if breaching < len(reals) { // one at least is fine
		return alarm.OK
	}
	if r.Missing == alarm.Missing && reals[len(reals)-1] >= r.M-1 { // as old as M periods
		return alarm.Alarm
	}
	return current
}

func TestAgainstNaive(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 8).Draw(t, "n")
		r := alarm.Rule{
			N: n, M: rapid.IntRange(1, n).Draw(t, "m"), Operator: alarm.Greater, Threshold: 5,
			Missing: rapid.SampledFrom([]alarm.Treatment{alarm.Missing, alarm.Ignore, alarm.Breaching, alarm.NotBreaching}).Draw(t, "missing"),
		}
		text := rapid.SliceOfN(rapid.SampledFrom([]string{"0", "X", "-"}), r.Range(), r.Range()).Draw(t, "data")
		current := rapid.SampledFrom([]alarm.State{alarm.OK, alarm.Alarm, alarm.Insufficient}).Draw(t, "current")
		data := points(strings.Join(text, " "))
		got, want := r.Evaluate(data, current), naive(r, data, current)
		if got.State != want {
			t.Fatalf("%v: %s, want %s", text, got.State, want)
		}
		if got.Filled < 0 || len(got.Evaluated) > len(data) {
			t.Fatalf("%+v", got)
		}
		r.Reason(got)
		if r.N <= len(data)-2 && !slices.ContainsFunc(data[:r.N], func(p alarm.Point) bool { return !p.Real }) {
			// The extra datapoints are not needed.
			if short := r.Evaluate(data[:r.N], current); short.State != want {
				t.Fatalf("without the extra ones: %s, want %s", short.State, want)
			}
		}
	})
}

func TestReason(t *testing.T) {
	t.Parallel()
	rule := func(n, m int, missing alarm.Treatment) alarm.Rule {
		return alarm.Rule{N: n, M: m, Counted: true, Operator: alarm.Greater, Threshold: 1, Missing: missing}
	}
	uncounted := func(n int, missing alarm.Treatment) alarm.Rule {
		return alarm.Rule{N: n, M: n, Operator: alarm.GreaterOrEqual, Threshold: 1, Missing: missing}
	}
	for _, tt := range []struct {
		rule alarm.Rule
		data string
		want string
	}{
		{
			rule(1, 1, alarm.Missing), "- - X",
			"Threshold Crossed: 1 out of the last 1 datapoints [10.0 (22/11/26 11:59:00)] was greater than the threshold (1.0) " +
				"(minimum 1 datapoint for OK -> ALARM transition).",
		},
		{
			rule(1, 1, alarm.Missing), "- - 0",
			"Threshold Crossed: 1 out of the last 1 datapoints [0.0 (22/11/26 11:59:00)] was not greater than the threshold (1.0) " +
				"(minimum 1 datapoint for ALARM -> OK transition).",
		},
		{
			rule(3, 2, alarm.Missing), "0 0 X 0 X",
			"Threshold Crossed: 2 out of the last 3 datapoints [10.0 (22/11/26 11:59:00), 10.0 (22/11/26 11:57:00)] were greater than the threshold (1.0) " +
				"(minimum 2 datapoints for OK -> ALARM transition).",
		},
		{
			rule(3, 2, alarm.Missing), "0 0 0 0 X",
			"Threshold Crossed: 2 out of the last 3 datapoints [0.0 (22/11/26 11:58:00), 0.0 (22/11/26 11:57:00)] were not greater than the threshold (1.0) " +
				"(minimum 2 datapoints for ALARM -> OK transition).",
		},
		{
			rule(6, 6, alarm.Missing), "0 0 X X X X X X",
			"Threshold Crossed: 6 out of the last 6 datapoints were greater than the threshold (1.0). The most recent datapoints which crossed the threshold: " +
				"[10.0 (22/11/26 11:59:00), 10.0 (22/11/26 11:58:00), 10.0 (22/11/26 11:57:00), 10.0 (22/11/26 11:56:00), 10.0 (22/11/26 11:55:00)] " +
				"(minimum 6 datapoints for OK -> ALARM transition).",
		},
		{
			rule(20, 1, alarm.NotBreaching), strings.Repeat("- ", 21) + "X",
			"Threshold Crossed: 1 out of the last 20 datapoints [10.0 (22/11/26 11:59:00)] was greater than the threshold (1.0) " +
				"and 19 missing datapoints were treated as [NonBreaching] (minimum 1 datapoint for OK -> ALARM transition).",
		},
		{uncounted(1, alarm.Missing), "- - X", "Threshold Crossed: 1 datapoint [10.0 (22/11/26 11:59:00)] was greater than or equal to the threshold (1.0)."},
		{
			uncounted(2, alarm.Breaching), "- - - 0",
			"Threshold Crossed: 1 datapoint [0.0 (22/11/26 11:59:00)] was not greater than or equal to the threshold (1.0) " +
				"and 1 missing datapoint was treated as [Breaching].",
		},
		{uncounted(1, alarm.Missing), "- - -", "Insufficient Data: 1 datapoint was unknown."},
		{uncounted(3, alarm.Missing), "- - - - -", "Insufficient Data: 3 datapoints were unknown."},
		{
			uncounted(1, alarm.Breaching), "- - -",
			"Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [Breaching].",
		},
		{
			rule(3, 3, alarm.NotBreaching), "- - - - -",
			"Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were treated as [NonBreaching].",
		},
		{
			rule(3, 2, alarm.Breaching), "- - - - 0",
			"Threshold Crossed: 1 datapoint was received for 3 periods and 2 missing datapoints were treated as [Breaching].",
		},
	} {
		v := tt.rule.Evaluate(points(tt.data), keep)
		if got := tt.rule.Reason(v); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.data, got, tt.want)
		}
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{
		0: "0.0", 1: "1.0", -5: "-5.0", 0.337675: "0.337675", 45628: "45628.0", 66.66201000304783: "66.66201000304783",
		1e7: "1.0E7", 12345678: "1.2345678E7", 0.001: "0.001", 0.00012: "1.2E-4", 9999999: "9999999.0",
	} {
		if got := alarm.Number(v); got != want {
			t.Errorf("Number(%v) = %s, want %s", v, got, want)
		}
	}
}

func TestSuppression(t *testing.T) {
	t.Parallel()
	at := func(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }
	by := func(s alarm.State) alarm.Suppressor {
		return alarm.Suppressor{State: s, Wait: 2 * time.Minute, Extension: 3 * time.Minute}
	}
	type step struct {
		minute  int
		changed bool
		by      alarm.State
		want    string // suppressed by
		act     bool
	}
	// The examples of "Suppressing composite alarm actions", in minutes.
	for name, steps := range map[string][]step{
		"1: not suppressed after the wait": {{2, true, alarm.OK, alarm.ByWait, false}, {4, false, alarm.OK, "", true}},
		"2: suppressed before the wait ends": {
			{2, true, alarm.OK, alarm.ByWait, false}, {3, false, alarm.Alarm, alarm.ByAlarm, false}, {4, false, alarm.Alarm, alarm.ByAlarm, false},
		},
		"3: a change during the wait": {
			{2, true, alarm.OK, alarm.ByWait, false},
			{3, true, alarm.OK, alarm.ByWait, false},
			{4, false, alarm.OK, alarm.ByWait, false},
			{5, false, alarm.OK, "", true},
		},
		"4: a change while suppressed": {{2, true, alarm.Alarm, alarm.ByAlarm, false}},
		"5: not suppressed after the extension": {
			{2, true, alarm.OK, alarm.ByWait, false},
			{3, false, alarm.Alarm, alarm.ByAlarm, false},
			{6, false, alarm.OK, alarm.ByExtension, false},
			{8, false, alarm.OK, alarm.ByExtension, false},
			{9, false, alarm.OK, "", true},
		},
		"6: a change during the extension": {
			{2, true, alarm.OK, alarm.ByWait, false},
			{3, false, alarm.Alarm, alarm.ByAlarm, false},
			{6, false, alarm.OK, alarm.ByExtension, false},
			{7, true, alarm.OK, alarm.ByWait, false},
			{9, false, alarm.OK, "", true},
		},
		"no suppressor":       {{2, true, "", "", true}, {3, false, "", "", false}},
		"nothing to suppress": {{2, false, alarm.Alarm, "", false}, {3, false, alarm.OK, "", false}},
	} {
		var s alarm.Suppression
		for _, step := range steps {
			var act bool
			s, act = s.Next(at(step.minute), step.changed, by(step.by))
			if s.By != step.want || act != step.act {
				t.Errorf("%s, minute %d: %q, act %v; want %q, act %v", name, step.minute, s.By, act, step.want, step.act)
			}
		}
	}
}
