package cloudwatch

import (
	"testing"
	"time"

	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/series"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

func TestRoundStart(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 34, 56, 0, time.UTC)
	const day = 24 * time.Hour
	for _, tt := range []struct {
		age, period time.Duration
		want        string
	}{
		{time.Hour, time.Minute, "2026-03-01T11:34:00Z"},
		{time.Hour, 10 * time.Second, "2026-03-01T11:34:50Z"},
		{time.Hour, time.Second, "2026-03-01T11:34:56Z"},
		{4 * time.Hour, time.Second, "2026-03-01T08:34:00Z"},
		{15 * day, time.Minute, "2026-02-14T12:34:00Z"},
		{16 * day, time.Minute, "2026-02-13T12:30:00Z"},
		{64 * day, time.Minute, "2025-12-27T12:00:00Z"},
		{500 * day, time.Minute, "2024-10-17T12:00:00Z"},
	} {
		if got := roundStart(now.Add(-tt.age), now, tt.period).Format(time.RFC3339); got != tt.want {
			t.Errorf("%v ago in %v: %s, want %s", tt.age, tt.period, got, tt.want)
		}
	}
}

func TestParseStatistic(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"Sum": true, "p0": true, "p100": true, "p99.9999999999": true, "tm90": true, "wm10.5": true, "TM(10%:90%)": true,
		"TM(:90%)": true, "TC(5:10)": true, "TS(5:)": true, "PR(:300)": true, "PR(-5:5)": true, "WM(0%:100%)": true, "IQM": true,
		"": false, "sum": false, "p": false, "p101": false, "p-1": false, "p1e1": false, "x50": false, "pr50": false,
		"TM(:)": false, "TM(10%:5)": false, "TM(90%:10%)": false, "TM(0%:101%)": false, "PR(10%:20%)": false, "TM(a:b)": false,
		"TM(1:2:3)": false, "TM(NaN%:)": false, "TM(1:2": false,
	} {
		if _, ok := parseStatistic(name); ok != want {
			t.Errorf("parseStatistic(%q) = %v, want %v", name, ok, want)
		}
	}
}

// TestEvaluateQueries looks at queries as alarms do.
func TestEvaluateQueries(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		start := time.Now().UTC().Truncate(time.Minute).Add(-10 * time.Minute)
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			return series.Put(tx, []series.Sample{
				{ID: series.ID{Account: "1", Region: "r", Namespace: "N", Name: "m"}, Time: start, Unit: "None", Values: []float64{3}},
				{ID: series.ID{Account: "1", Region: "r", Namespace: "N", Name: "m"}, Time: start.Add(2 * time.Minute), Unit: "None", Values: []float64{5}},
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		m := &api.MetricDataQuery{Id: "m", ReturnData: new(false), MetricStat: &api.MetricStat{
			Period: 60, Stat: "Sum", Metric: &api.Metric{Namespace: new("N"), MetricName: new("m")},
		}}
		evaluate := func(expression string) (out map[string]timeline, err error) {
			err = db.View(t.Context(), func(tx *store.Tx) (err error) {
				out, err = (&Service{}).evaluateQueries(tx, "1", "r", []*api.MetricDataQuery{m, {Id: "e", Expression: &expression}}, start, start.Add(3*time.Minute))
				return err
			})
			return out, err
		}
		out, err := evaluate("FILL(m, 0) * 2")
		if err != nil || len(out) != 1 || len(out["e"]) != 3 || out["e"][0] != (point{start, 6}) || out["e"][1].Value != 0 || out["e"][2].Value != 10 {
			t.Errorf("%v, %v", out, err)
		}
		for expression, want := range map[string]string{
			"[m, m]": "The expression 'e' returns more than one time series.",
			"m +":    "Error in expression 'e': Unexpected end of the expression",
		} {
			if _, err := evaluate(expression); awserr.As(err) == nil || awserr.As(err).Message != want {
				t.Errorf("%s: %v", expression, err)
			}
		}
	})
}
