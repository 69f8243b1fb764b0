package alarm_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/alarm"
)

// states are those of the alarms a, b and so on in these tests.
func states(ref string) alarm.State {
	switch ref {
	case "a", "my alarm", `with "quotes"`, "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a":
		return alarm.Alarm
	case "n":
		return alarm.Insufficient
	default:
		return alarm.OK
	}
}

func TestExpression(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text string
		want bool
		why  string
	}{
		{"TRUE", true, ""},
		{"false", false, ""},
		{"ALARM(a)", true, "a"},
		{"ALARM(b)", false, "b"},
		{"OK(b) AND INSUFFICIENT_DATA(n)", true, "b n"},
		{"ALARM(a) OR ALARM(b)", true, "a"},
		{"ALARM(b) OR ALARM(c)", false, "b c"},
		{"ALARM(a) AND ALARM(b)", false, "b"},
		{"NOT ALARM(b)", true, "b"},
		{"NOT (ALARM(a) OR ALARM(b))", false, "a"},
		{"ALARM(b) AND ALARM(b) OR ALARM(a)", true, "a"},      // AND binds tighter
		{"ALARM(b) AND (ALARM(b) OR ALARM(a))", false, "b"},   //
		{"NOT ALARM(b) AND ALARM(a)", true, "a b"},            // NOT tighter still
		{`ALARM("my alarm")`, true, "my alarm"},               //
		{`ALARM( "with \"quotes\"" )`, true, `with "quotes"`}, //
		{"(((ALARM(a))))\n\tAND\r\nTRUE", true, "a"},          //
		{"ALARM(arn:aws:cloudwatch:us-east-1:123456789012:alarm:a)", true, "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a"},
		{"AT_LEAST(1, ALARM, (a, b, c))", true, "a"},
		{"AT_LEAST(2, ALARM, (a, b, c))", false, "b c"},
		{"AT_LEAST(66%, OK, (a, b, c))", true, "b c"},
		{"AT_LEAST(67%, OK, (a, b, c))", false, "a"},
		{"AT_LEAST(2, NOT ALARM, (a, b, n))", true, "b n"},
	} {
		e, err := alarm.ParseExpression(tt.text)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		got, why := e.Eval(states)
		if got != tt.want || strings.Join(why, " ") != tt.why {
			t.Errorf("%s = %v because of %q, want %v because of %q", tt.text, got, why, tt.want, tt.why)
		}
	}
}

func TestExpressionErrors(t *testing.T) {
	t.Parallel()
	many := func(n int, sep string) string {
		var parts []string
		for i := range n {
			parts = append(parts, fmt.Sprintf("ALARM(a%d)", i))
		}
		return strings.Join(parts, sep)
	}
	for text, want := range map[string]string{
		"":                              "position 1: expected ALARM",
		"ALARM":                         "expected (",
		"ALARM()":                       "expected the name or ARN of an alarm",
		"ALARM(a":                       "expected )",
		`ALARM("a)`:                     `expected "`,
		"ALARM(a) ALARM(b)":             `unexpected "A"`,
		"ALARM(a) AND":                  "expected ALARM",
		"WARNING(a)":                    "expected ALARM",
		"(ALARM(a)":                     "expected )",
		"AT_LEAST(0, ALARM, (a))":       "expected a number above zero",
		"AT_LEAST(2, ALARM, (a))":       "more alarms than it lists",
		"AT_LEAST(101%, ALARM, (a))":    "more alarms than it lists",
		"AT_LEAST(1, LOUD, (a))":        "expected ALARM, OK or INSUFFICIENT_DATA",
		many(101, " OR "):               "must not refer to more than 100 alarms",
		strings.Repeat("NOT ", 500):     "nested too deeply",
		strings.Repeat("(", 1000):       "nested too deeply",
		strings.Repeat("TRUE OR ", 400): "must not have more than 500 elements",
	} {
		_, err := alarm.ParseExpression(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: %v, want %s", text, err, want)
		}
	}
	if _, err := alarm.ParseExpression(many(100, " OR ")); err != nil {
		t.Errorf("100 alarms: %v", err)
	}
}

func TestChildren(t *testing.T) {
	t.Parallel()
	e, err := alarm.ParseExpression(`ALARM(b) OR OK("a") OR AT_LEAST(1, OK, (b, c))`)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"b", "a", "c"}, e.Children()); diff != "" {
		t.Error(diff)
	}
	if name, isARN := alarm.Name("arn:aws:cloudwatch:us-east-1:123456789012:alarm:a:b"); name != "a:b" || !isARN {
		t.Errorf("name = %q, %v", name, isARN)
	}
}

func FuzzExpression(f *testing.F) {
	for _, seed := range []string{
		"ALARM(a) AND NOT (OK(b) OR INSUFFICIENT_DATA(\"c d\"))", "TRUE", "AT_LEAST(50%, NOT OK, (a, b))", "((", `ALARM("\"")`, "NOT NOT FALSE",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := alarm.ParseExpression(text)
		if err != nil {
			return
		}
		if len(e.Children()) > alarm.MaxChildren {
			t.Fatalf("%d children", len(e.Children()))
		}
		first, _ := e.Eval(states)
		again, err := alarm.ParseExpression("NOT (" + text + ")")
		if err != nil {
			return // the limit of elements
		}
		if second, _ := again.Eval(states); second == first {
			t.Fatalf("%q and its negation are both %v", text, first)
		}
	})
}
