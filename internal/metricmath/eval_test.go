package metricmath

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// base is a Thursday at midnight, UTC.
var base = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Unix()

const gap = -9999 // stands for a missing value in the tables

func ts(values ...float64) *Series {
	s := &Series{Period: 60, Metric: true}
	for i, v := range values {
		if v != gap {
			s.Times, s.Values = append(s.Times, base+int64(i)*60), append(s.Values, v)
		}
	}
	return s
}

// env has five minutes and the series of the user guide's examples.
func env(series map[string]*Series) *Env {
	return &Env{
		First: func(int64) int64 { return base }, End: base + 300, Period: 60,
		Query: func(id string) (Value, bool, error) {
			s, ok := series[id]
			if id == "list" {
				return List([]*Series{ts(1, 2), ts(3), {Period: 60, Label: "empty"}}), true, nil
			}
			return One(s), ok, nil
		},
		Metrics: func(part string) ([]*Series, error) {
			var list []*Series
			for _, id := range []string{"m1", "m2", "e4xx", "e5xx"} {
				if s := series[id]; s != nil && strings.Contains(id, part) {
					list = append(list, s)
				}
			}
			return list, nil
		},
		Search: func(_ *Search, stat string, period int64) ([]*Series, error) {
			s := ts(7)
			s.Label = fmt.Sprint(stat, period)
			return []*Series{s}, nil
		},
	}
}

// show writes values over the five minutes, "-" where there is none.
func show(v Value) string {
	if v.Kind == Scalar {
		return fmt.Sprintf("S %.6g", v.Number)
	}
	var lines []string
	for _, s := range v.Series {
		cells := []string{"-", "-", "-", "-", "-"}
		for i, t := range s.Times {
			cells[(t-base)/60] = fmt.Sprintf("%.6g", s.Values[i])
		}
		lines = append(lines, strings.Join(cells, " "))
	}
	return v.Kind.String() + " " + strings.Join(lines, "; ")
}

// examples are the tables of "Using math expressions with CloudWatch metrics",
// and for every function what its description says.
var examples = []struct{ expr, want string }{
	{"metric1 < metric2", "TS 0 0 1 0 -"},
	{"metric1 >= 30", "TS 1 0 0 0 -"},
	{"metric1 > 15 AND metric2 > 15", "TS 1 0 0 0 -"},
	{"metric1 > 15 && metric2 > 15", "TS 1 0 0 0 -"},
	{"metric1 > 15 OR metric2 > 15", "TS 1 1 1 0 -"},
	{"metric1 == 0 || metric2 != 20", "TS 0 0 1 1 -"}, // a comparison with a scalar has values where the series has
	{"IF(c, a, b)", "TS 30 0 20 - -"},
	{"IF(c, 5, b)", "TS 5 5 20 - -"},
	{"IF(c, a, 5)", "TS 30 0 5 5 5"},
	{"IF(c, 1, 0)", "TS 1 1 0 0 -"},
	{"IF(c, a)", "TS 30 0 - - -"},
	{"IF(1, a, b)", "TS 30 - 0 0 30"},
	{"IF(0, a, b)", "TS 0 0 20 - 20"},
	{"IF(0, a)", "TS - - - - -"},
	{"IF(m1 < 3, m1)", "TS 1 2 - - -"},
	{"IF(m1 < 3, 10, 2)", "TS 10 10 2 2 2"},
	{"m1 + m2", "TS 11 2 33 4 55"},
	{"m1 - m2", "TS -9 2 -27 4 -45"},
	{"m1 * m2", "TS 10 0 90 0 250"},
	{"m1 / m2", "TS 0.1 - 0.1 - 0.1"},
	{"m1 ^ 2", "TS 1 4 9 16 25"},
	{"2 ^ 3 ^ 2 * m1", "TS 512 1024 1536 2048 2560"},
	{"-m1 ^ 2", "TS -1 -4 -9 -16 -25"},
	{"10 - 2 - m1 * 2", "TS 6 4 2 0 -2"},
	{"-5*m1", "TS -5 -10 -15 -20 -25"},
	{"(m1 + 1) * 2", "TS 4 6 8 10 12"},
	{"[m1, m2]", "TS[] 1 2 3 4 5; 10 - 30 - 50"},
	{"[m1, [m2, m1]]", "TS[] 1 2 3 4 5; 10 - 30 - 50; 1 2 3 4 5"},
	{"100 / [m1, m2]", "TS[] 100 50 33.3333 25 20; 10 - 3.33333 - 2"},
	{"[m1, m2] / m1", "TS[] 1 1 1 1 1; 10 0 10 0 10"},
	{"METRICS() * 100", "TS[] 100 200 300 400 500; 1000 - 3000 - 5000; 100 100 - - -; - 200 - - -"},
	{"SUM([METRICS('4xx'), METRICS(\"5xx\")])", "TS 1 3 - - -"},
	{"METRIC_COUNT(METRICS())", "S 4"},
	{"AVG(m1)", "S 3"},
	{"SUM(m2)", "S 90"},
	{"MIN(m2)", "S 10"},
	{"MAX(m1)", "S 5"},
	{"DATAPOINT_COUNT(m2)", "S 3"},
	{"STDDEV(m2)", "S 16.3299"},
	{"AVG(none)", "S 0"},
	{"AVG([m1, m2])", "TS 5.5 1 16.5 2 27.5"}, // missing values count as zero
	{"SUM([m1, m2])", "TS 11 2 33 4 55"},
	{"MIN([m1, m2])", "TS 1 2 3 4 5"},
	{"MAX([m1, m2])", "TS 10 2 30 4 50"},
	{"STDDEV([m1, m2])", "TS 4.5 0 13.5 0 22.5"},
	{"DATAPOINT_COUNT([m1, m2])", "TS 2 1 2 1 2"},
	{"m1 - AVG(m1)", "TS -2 -1 0 1 2"},
	{"ABS(neg)", "TS 1.5 1.5 - - -"},
	{"CEIL(neg)", "TS -1 2 - - -"},
	{"FLOOR(neg)", "TS -2 1 - - -"},
	{"LOG(m1)", "TS 0 0.693147 1.09861 1.38629 1.60944"},
	{"LOG10(m2)", "TS 1 - 1.47712 - 1.69897"},
	{"LOG(neg)", "TS - 0.405465 - - -"},
	{"DIFF(m2)", "TS - - 20 - 20"},
	{"DIFF_TIME(m2)", "TS - - 120 - 120"},
	{"RATE(m2)", "TS - - 0.166667 - 0.166667"},
	{"RUNNING_SUM([m1, m2])", "TS[] 1 3 6 10 15; 10 - 40 - 90"},
	{"FILL(m2, 0)", "TS 10 0 30 0 50"},
	{"FILL(m2, REPEAT)", "TS 10 10 30 30 50"},
	{"FILL(m2, LINEAR)", "TS 10 20 30 40 50"},
	{"FILL(late, REPEAT)", "TS - 4 4 4 4"},
	{"FILL(late, LINEAR)", "TS - 4 - - -"},
	{"FILL(m2, m1)", "TS 10 2 30 4 50"},
	{"FILL(m2, MIN(m2))", "TS 10 10 30 10 50"},
	{"FILL(none, 7)", "TS 7 7 7 7 7"},
	{"FILL([m1, m2], -1)", "TS[] 1 2 3 4 5; 10 -1 30 -1 50"},
	{"FIRST([m2, m1])", "TS 10 - 30 - 50"},
	{"LAST([m2, m1])", "TS 1 2 3 4 5"},
	{"FIRST(SORT([m1, m2], AVG, DESC))", "TS 10 - 30 - 50"},
	{"SORT([m2, m1], MAX, ASC)", "TS[] 1 2 3 4 5; 10 - 30 - 50"},
	{"SORT(list, SUM, DESC, 1)", "TS[] 1 2 - - -"},
	{"SLICE(list, 1)", "TS[] 3 - - - -; - - - - -"},
	{"SLICE(list, 0, 1)", "TS[] 1 2 - - -"},
	{"SLICE(list, 2, 1)", "TS[] "},
	{"SLICE(list, 0 - 5, 99)", "TS[] 1 2 - - -; 3 - - - -; - - - - -"},
	{"REMOVE_EMPTY(list)", "TS[] 1 2 - - -; 3 - - - -"},
	{"PERIOD(m1)", "S 60"},
	{"m1 / PERIOD(m1) * 60", "TS 1 2 3 4 5"},
	{"TIME_SERIES(3)", "TS 3 3 3 3 3"},
	{"MINUTE(late)", "TS 0 1 2 3 4"},
	{"HOUR(m1)", "TS 0 0 0 0 0"},
	{"DAY(m1)", "TS 4 4 4 4 4"},
	{"DATE(m1)", "TS 1 1 1 1 1"},
	{"MONTH(m1)", "TS 1 1 1 1 1"},
	{"YEAR(m1) - 2000", "TS 26 26 26 26 26"},
	{"EPOCH(m1) - EPOCH(m1) + 1", "TS 1 1 1 1 1"},
	{"IF(DAY(m1) < 6, m1)", "TS 1 2 3 4 5"},
	{"SEARCH('{A,B} x', 'Sum', 300)", "TS[] 7 - - - -"},
	{"1e2 + .5 + 2. + m1 - m1", "TS 102.5 102.5 102.5 102.5 102.5"},
	{"5 > 3", "S 1"},
}

func TestEval(t *testing.T) {
	t.Parallel()
	e := env(map[string]*Series{
		"metric1": ts(30, 20, 0, 0), "metric2": ts(20, gap, 20, gap),
		"c": ts(1, 1, 0, 0, gap), "a": ts(30, gap, 0, 0, 30), "b": ts(0, 0, 20, gap, 20),
		"m1": ts(1, 2, 3, 4, 5), "m2": ts(10, gap, 30, gap, 50), "e4xx": ts(1, 1), "e5xx": ts(gap, 2),
		"neg": ts(-1.5, 1.5), "none": ts(), "late": ts(gap, 4),
	})
	for _, tt := range examples {
		x, err := Parse(tt.expr)
		if err != nil {
			t.Errorf("%s: %v", tt.expr, err)
			continue
		}
		v, err := x.Eval(e)
		if err != nil || show(v) != tt.want {
			t.Errorf("%s = %s, %v; want %s", tt.expr, show(v), err, tt.want)
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	e := env(map[string]*Series{"m1": ts(1), "m2": ts(2)})
	for _, tt := range []struct{ expr, want string }{
		{"", "Unexpected end of the expression"},
		{"m1 +", "Unexpected end of the expression"},
		{"m1 m2", `Unexpected "m2" at position 4`},
		{"(m1", `Unexpected end of the expression, expected ")"`},
		{"m1 $ 2", "Unexpected character at position 4"},
		{"'m1", "Unterminated string at position 1"},
		{"avg(m1)", `Unexpected "(" at position 4`},
		{"MEDIAN(m1)", "Unknown function MEDIAN at position 1"},
		{"AVG()", "Wrong number of arguments of the function AVG: 0"},
		{"AVG(m1, m2)", "Wrong number of arguments of the function AVG: 2"},
		{"1e999", "The number 1e999 is out of range"},
		{"x9", "Undefined id 'x9'"},
		{"REPEAT", "Unexpected word REPEAT"},
		{"m1 + 'x'", "Unexpected string 'x'"},
		{"[m1, 5]", "An array holds time series, not scalars"},
		{"[m1] + [m2]", "Unsupported operand types of +: TS[] and TS[]"},
		{"AVG(5)", "The function AVG does not accept an argument of the type S"},
		{"DIFF(5)", "The function DIFF does not accept an argument of the type S"},
		{"METRIC_COUNT(m1)", "The function METRIC_COUNT does not accept an argument of the type TS"},
		{"FIRST(m1)", "The function FIRST does not accept an argument of the type TS"},
		{"IF([m1], 1, 0)", "The function IF does not accept an argument of the type TS[]"},
		{"TIME_SERIES(m1)", "The function TIME_SERIES does not accept an argument of the type TS"},
		{"DAY([m1])", "The function DAY does not accept an argument of the type TS[]"},
		{"PERIOD(m1 + 1)", "The function PERIOD accepts metrics only, not the results of expressions"},
		{"FILL(m1, LAST)", "The second argument of the function FILL must be a number, a time series, REPEAT or LINEAR"},
		{"FILL(m1, [m1])", "The function FILL does not accept an argument of the type TS[]"},
		{"SORT([m1], MEDIAN, ASC)", "The second argument of the function SORT must be AVG, MIN, MAX or SUM"},
		{"SORT([m1], AVG, UP)", "The third argument of the function SORT must be ASC or DESC"},
		{"METRICS(m1)", "The argument of the function METRICS must be a string"},
		{"SEARCH(m1, 'Sum')", "The function SEARCH takes a search expression and a statistic, both in quotes"},
		{"SEARCH('a', 'Sum', 0.5)", "Invalid period of the function SEARCH: 0.5"},
		{strings.Repeat("(", 500), "The expression is nested too deeply"},
		{strings.Repeat("-", 500) + "m1", "The expression is nested too deeply"},
	} {
		x, err := Parse(tt.expr)
		if err == nil {
			_, err = x.Eval(e)
		}
		if _, ok := errors.AsType[*Error](err); !ok || err.Error() != tt.want {
			t.Errorf("%s: %v, want %s", tt.expr, err, tt.want)
		}
	}
	for _, name := range []string{"ANOMALY_DETECTION_BAND", "INSIGHT_RULE_METRIC", "SERVICE_QUOTA", "LAMBDA", "DB_PERF_INSIGHTS"} {
		x, err := Parse(name + "(m1, 'x')")
		if err != nil {
			t.Fatal(err)
		}
		_, err = x.Eval(e)
		if n, ok := errors.AsType[*NotImplementedError](err); !ok || n.Function != name {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	e := env(map[string]*Series{"m1": ts(1)})
	e.End = base + 60*(maxPoints+2)
	for _, expr := range []string{"TIME_SERIES(1)", "FILL(m1, 0)", "HOUR(m1)"} {
		x, err := Parse(expr)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := x.Eval(e); err == nil || !strings.Contains(err.Error(), "more than 100800 periods") {
			t.Errorf("%s: %v", expr, err)
		}
	}
	x, err := Parse("[" + strings.Repeat("m1,", maxArray) + "m1]")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.Eval(e); err == nil || err.Error() != "An array holds at most 500 time series" {
		t.Errorf("a large array: %v", err)
	}
}

// TestAgainstNaive compares operators and array functions with a model that
// looks every time up in a map.
func TestAgainstNaive(t *testing.T) {
	t.Parallel()
	series := rapid.Custom(func(t *rapid.T) *Series {
		return ts(rapid.SliceOfN(rapid.SampledFrom([]float64{gap, -2, 0, 1, 2.5}), 0, 5).Draw(t, "values")...)
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := series.Draw(t, "a"), series.Draw(t, "b")
		op := rapid.SampledFrom([]string{"+", "-", "*", "/", "<", "==", "AND", "OR"}).Draw(t, "op")
		x, err := Parse("a " + op + " b")
		if err != nil {
			t.Fatal(err)
		}
		got, err := x.Eval(env(map[string]*Series{"a": a, "b": b}))
		if err != nil {
			t.Fatal(err)
		}
		want := &Series{}
		for i := range 5 {
			at := base + int64(i)*60
			x, inA := lookup(a, at)
			y, inB := lookup(b, at)
			if !inA && !inB {
				continue
			}
			want.add(at, map[string]float64{
				"+": x + y, "-": x - y, "*": x * y, "/": x / y, "<": truth(x < y), "==": truth(x == y),
				"AND": truth(x != 0 && y != 0), "OR": truth(x != 0 || y != 0),
			}[op])
		}
		if show(got) != show(One(want)) {
			t.Fatalf("%s, want %s", show(got), show(One(want)))
		}
	})
}

func lookup(s *Series, at int64) (float64, bool) {
	for i, t := range s.Times {
		if t == at {
			return s.Values[i], true
		}
	}
	return 0, false
}

// FuzzParse evaluates whatever parses. Results are finite and in order.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"m1+m2*2", "-(m1)^m2/0", "IF(m1>1 AND m2<3, [m1], 0)", "AVG(METRICS('m'))", "FILL(m1, LINEAR)", "SORT([m1,m2],AVG,DESC,1)",
		"SLICE([m1],0,1)", "SEARCH('{A,B} x=\"y\"', 'Sum', 60)", "RATE(m1)/PERIOD(m1)", "((", "m1 == m2 || !", "TIME_SERIES(1e300)*1e300",
	} {
		f.Add(seed)
	}
	e := env(map[string]*Series{"m1": ts(1, gap, 3), "m2": ts(gap, 5)})
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 2048 {
			return
		}
		x, err := Parse(text)
		if err != nil {
			if _, ok := errors.AsType[*Error](err); !ok {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		v, err := x.Eval(e)
		if err != nil {
			return
		}
		for _, s := range v.Series {
			for i, x := range s.Values {
				if math.IsNaN(x) || math.IsInf(x, 0) || i > 0 && s.Times[i] <= s.Times[i-1] {
					t.Fatalf("%q: %v at %v", text, s.Values, s.Times)
				}
			}
		}
	})
}

func BenchmarkEval(b *testing.B) {
	x, err := Parse("IF(m1 > 2, m1 / m2 * 100, 0)")
	if err != nil {
		b.Fatal(err)
	}
	e := env(map[string]*Series{"m1": ts(1, 2, 3, 4, 5), "m2": ts(10, 20, 30, 40, 50)})
	for b.Loop() {
		if _, err := x.Eval(e); err != nil {
			b.Fatal(err)
		}
	}
}
