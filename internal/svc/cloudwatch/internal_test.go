package cloudwatch

import (
	"testing"
	"time"
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
