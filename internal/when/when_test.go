package when_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"nephele.dev/nephele/internal/when"
)

func mustParse(t testing.TB, d when.Dialect, expr, zone string) when.Schedule {
	t.Helper()
	s, err := when.Parse(d, expr, when.Options{TimeZone: zone})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func stamp(t testing.TB, s string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return v.UTC()
}

func TestNext(t *testing.T) {
	t.Parallel()
	const none = ""
	for _, c := range []struct {
		dialect     when.Dialect
		expr, zone  string
		after, next string
	}{
		// Calendar rules.
		{when.EventBridgeRule, "cron(0 10 * * ? *)", "", "2026-03-01T10:00:00Z", "2026-03-02T10:00:00Z"},
		{when.EventBridgeRule, "cron(15 12 * * ? *)", "", "2026-03-01T12:14:59Z", "2026-03-01T12:15:00Z"},
		{when.EventBridgeRule, "cron(0 18 ? * MON-FRI *)", "", "2026-03-06T18:00:00Z", "2026-03-09T18:00:00Z"},
		{when.EventBridgeRule, "cron(0 18 ? * FRI-MON *)", "", "2026-03-02T18:00:00Z", "2026-03-06T18:00:00Z"},
		{when.EventBridgeRule, "cron(0/5 8-17 ? * 2-6 *)", "", "2026-03-06T17:55:00Z", "2026-03-09T08:00:00Z"},
		{when.EventBridgeRule, "cron(0 0 L * ? *)", "", "2028-02-01T00:00:00Z", "2028-02-29T00:00:00Z"},
		{when.EventBridgeRule, "cron(0 0 L-2 * ? *)", "", "2026-04-01T00:00:00Z", "2026-04-28T00:00:00Z"},
		{when.EventBridgeRule, "cron(0 0 LW * ? *)", "", "2026-05-01T00:00:00Z", "2026-05-29T00:00:00Z"},
		{when.EventBridgeRule, "cron(0 0 1W * ? *)", "", "2026-08-01T00:00:00Z", "2026-08-03T00:00:00Z"},
		{when.EventBridgeRule, "cron(0 0 15W * ? *)", "", "2026-08-01T00:00:00Z", "2026-08-14T00:00:00Z"},
		{when.EventBridgeRule, "cron(0 0 31W * ? *)", "", "2026-04-01T00:00:00Z", "2026-05-29T00:00:00Z"},
		{when.EventBridgeRule, "cron(0 0 ? * L *)", "", "2026-03-01T00:00:00Z", "2026-03-07T00:00:00Z"},
		{when.EventBridgeRule, "cron(0 0 ? * 6L *)", "", "2026-03-01T00:00:00Z", "2026-03-27T00:00:00Z"},
		{when.EventBridgeRule, "cron(0 0 ? * friL *)", "", "2026-03-01T00:00:00Z", "2026-03-27T00:00:00Z"},
		{when.EventBridgeRule, "cron(0 0 ? * 1#5 *)", "", "2026-04-01T00:00:00Z", "2026-05-31T00:00:00Z"},
		{when.EventBridgeRule, "cron(0 0 29 2 ? *)", "", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z"},
		{when.EventBridgeRule, "cron(0 0 29 FEB ? 2097-2103)", "", "2026-01-01T00:00:00Z", none},
		{when.EventBridgeRule, "cron(0 0 30 FEB ? *)", "", "2026-01-01T00:00:00Z", none},
		{when.EventBridgeRule, "cron(59 23 31 12 ? *)", "", "2198-12-31T23:59:00Z", "2199-12-31T23:59:00Z"},
		{when.EventBridgeRule, "cron(59 23 31 12 ? *)", "", "2199-12-31T23:59:00Z", none},
		{when.EventBridgeRule, "cron(0 0 1 1 ? 1970)", "", "1901-06-01T00:00:00Z", "1970-01-01T00:00:00Z"},
		{when.EventBridgeRule, "cron(0 0 1 1 ? 2030/10)", "", "2031-06-01T00:00:00Z", "2040-01-01T00:00:00Z"},
		{when.MaintenanceWindow, "cron(0 16 ? * TUE#2 *)", "", "2026-03-01T00:00:00Z", "2026-03-10T16:00:00Z"},
		{when.MaintenanceWindow, "cron(10,40 0 16 ? * TUE#2 *)", "", "2026-03-10T16:00:10Z", "2026-03-10T16:00:40Z"},
		{when.Association, "cron(0 0/30 * * * ? *)", "", "2026-03-01T00:00:01Z", "2026-03-01T00:30:00Z"},
		// crontab: either day field when both restrict, both when one is a star.
		{when.AutoScaling, "30 0 1 1,6,12 *", "", "2026-01-01T00:30:00Z", "2026-06-01T00:30:00Z"},
		{when.AutoScaling, "0 0 13 * 5", "", "2026-03-01T00:00:00Z", "2026-03-06T00:00:00Z"},
		{when.AutoScaling, "0 0 */2 * 7", "", "2026-03-01T00:00:00Z", "2026-03-15T00:00:00Z"},
		// Rates and single times.
		{when.EventBridgeRule, "rate(5 minutes)", "", "2026-03-01T00:00:01Z", "2026-03-01T00:05:01Z"},
		{when.Scheduler, "at(2026-03-01T10:00:00)", "Asia/Seoul", "2026-03-01T00:00:00Z", "2026-03-01T01:00:00Z"},
		{when.Scheduler, "at(2026-03-01T10:00:00)", "Asia/Seoul", "2026-03-01T01:00:00Z", none},
		{when.Synthetics, "rate(0 minute)", "", "2026-03-01T00:00:00Z", none},
		// Clocks: New York skips 02:00-03:00 on 8 March and repeats 01:00-02:00 on 1 November 2026.
		{when.Scheduler, "cron(30 2 * * ? *)", "America/New_York", "2026-03-07T12:00:00Z", "2026-03-09T06:30:00Z"},
		{when.Scheduler, "cron(0/30 * * * ? *)", "America/New_York", "2026-03-08T06:30:00Z", "2026-03-08T07:00:00Z"},
		{when.Scheduler, "cron(30 1 * * ? *)", "America/New_York", "2026-11-01T00:00:00Z", "2026-11-01T05:30:00Z"},
		{when.Scheduler, "cron(30 1 * * ? *)", "America/New_York", "2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"},
		{when.Scheduler, "cron(0/30 * * * ? *)", "America/New_York", "2026-11-01T06:10:00Z", "2026-11-01T07:00:00Z"},
		{when.Scheduler, "at(2026-03-08T02:30:00)", "America/New_York", "2026-03-01T00:00:00Z", "2026-03-08T07:30:00Z"},
		{when.Scheduler, "at(2026-11-01T01:30:00)", "America/New_York", "2026-03-01T00:00:00Z", "2026-11-01T05:30:00Z"},
		{when.AutoScaling, "15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", "2026-10-04T15:15:00Z"},
		{when.MaintenanceWindow, "cron(0 12 30 12 ? *)", "Pacific/Apia", "2011-01-01T00:00:00Z", "2012-12-29T22:00:00Z"},
	} {
		t.Run(c.expr+" "+c.zone+" "+c.after, func(t *testing.T) {
			t.Parallel()
			got, ok := mustParse(t, c.dialect, c.expr, c.zone).Next(stamp(t, c.after))
			if c.next == none {
				if ok {
					t.Fatalf("Next = %v, want none", got)
				}
				return
			}
			if want := stamp(t, c.next); !ok || !got.Equal(want) {
				t.Fatalf("Next = %v, %v; want %v", got, ok, want)
			}
		})
	}
}

func TestAnchor(t *testing.T) {
	t.Parallel()
	anchor := stamp(t, "2026-03-01T00:00:30Z")
	for _, c := range []struct {
		d           when.Dialect
		expr        string
		after, next string
	}{
		{when.Scheduler, "rate(7 minutes)", "2026-02-01T00:00:00Z", "2026-03-01T00:00:30Z"},
		{when.Scheduler, "rate(7 minutes)", "2026-03-01T00:00:30Z", "2026-03-01T00:07:30Z"},
		{when.Scheduler, "rate(7 minutes)", "2026-03-01T00:20:00Z", "2026-03-01T00:21:30Z"},
		{when.Synthetics, "rate(0 hour)", "2026-02-01T00:00:00Z", "2026-03-01T00:00:30Z"},
		{when.Synthetics, "rate(0 hour)", "2026-03-01T00:00:30Z", ""},
	} {
		s, err := when.Parse(c.d, c.expr, when.Options{Anchor: anchor})
		if err != nil {
			t.Fatal(err)
		}
		got, ok := s.Next(stamp(t, c.after))
		if ok != (c.next != "") || ok && !got.Equal(stamp(t, c.next)) {
			t.Errorf("%s after %s: %v, %v; want %q", c.expr, c.after, got, ok, c.next)
		}
	}
}

func TestPeriod(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		d     when.Dialect
		expr  string
		every time.Duration
		once  bool
	}{
		{when.Synthetics, "rate(1 hour)", time.Hour, false},
		{when.Synthetics, "rate(60 minutes)", time.Hour, false},
		{when.Synthetics, "rate(0 minutes)", 0, true},
		{when.Scheduler, "rate(3 days)", 72 * time.Hour, false},
		{when.Scheduler, "at(2030-01-01T00:00:00)", 0, true},
		{when.Synthetics, "cron(0 * * * ? *)", 0, false},
	} {
		s := mustParse(t, c.d, c.expr, "")
		every, ok := s.Every()
		if every != c.every || ok != (c.every > 0) || s.Once() != c.once || s.String() != c.expr {
			t.Errorf("%s: every %v %v, once %v", c.expr, every, ok, s.Once())
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		d                  when.Dialect
		expr, zone, reason string
	}{
		{when.EventBridgeRule, "", "", "must be rate"},
		{when.EventBridgeRule, "5 minutes", "", "must be rate"},
		{when.EventBridgeRule, "Rate(5 minutes)", "", "must be rate"},
		{when.EventBridgeRule, "at(2030-01-01T00:00:00)", "", "must be rate"},
		{when.EventBridgeRule, "rate(5 minutes) ", "", "must be rate"},
		{when.EventBridgeRule, "rate(0 minutes)", "", "positive"},
		{when.EventBridgeRule, "rate(1 minutes)", "", "does not go with"},
		{when.EventBridgeRule, "rate(5 minute)", "", "does not go with"},
		{when.EventBridgeRule, "rate(-5 minutes)", "", "whole number"},
		{when.EventBridgeRule, "rate(+5 minutes)", "", "whole number"},
		{when.EventBridgeRule, "rate(5 weeks)", "", "not a unit"},
		{when.EventBridgeRule, "rate(4294967295 days)", "", "too large"},
		{when.EventBridgeRule, "rate(5)", "", "value and a unit"},
		{when.EventBridgeRule, "rate(1 hour)", "Asia/Seoul", "takes no time zone"},
		{when.EventBridgeRule, "cron(0 10 * * *)", "", "5 fields"},
		{when.EventBridgeRule, "cron(0 0 10 * * ? *)", "", "7 fields"},
		{when.EventBridgeRule, "cron(0 10 * * * *)", "", "exactly one"},
		{when.EventBridgeRule, "cron(0 10 ? * ? *)", "", "exactly one"},
		{when.EventBridgeRule, "cron(60 10 * * ? *)", "", "between 0 and 59"},
		{when.EventBridgeRule, "cron(0 24 * * ? *)", "", "between 0 and 23"},
		{when.EventBridgeRule, "cron(0 0 0 * ? *)", "", "between 1 and 31"},
		{when.EventBridgeRule, "cron(0 0 ? * 0 *)", "", "between 1 and 7"},
		{when.EventBridgeRule, "cron(0 0 ? * 3#6 *)", "", "between 1 and 5"},
		{when.EventBridgeRule, "cron(0 0 ? * 3#1,6#3 *)", "", "cannot stand in a list"},
		{when.EventBridgeRule, "cron(0 0 ? * MON/2 *)", "", "step"},
		{when.EventBridgeRule, "cron(0 0 * * ? 2200)", "", "between 1970 and 2199"},
		{when.EventBridgeRule, "cron(0/0 0 * * ? *)", "", "step"},
		{when.EventBridgeRule, "cron(0/60 0 * * ? *)", "", "step"},
		{when.EventBridgeRule, "cron(30-10 0 * * ? *)", "", "backwards"},
		{when.EventBridgeRule, "cron(1,,2 0 * * ? *)", "", "minutes"},
		{when.EventBridgeRule, "cron(? 0 * * ? *)", "", "minutes"},
		{when.EventBridgeRule, "cron(0 0 W * ? *)", "", "day of month"},
		{when.EventBridgeRule, "cron(0 0 1-5W * ? *)", "", "day of month"},
		{when.EventBridgeRule, "cron(" + strings.Repeat("0,", 200) + "0 0 * * ? *)", "", "longer than"},
		{when.Scheduler, "at(2030-02-30T00:00:00)", "", "not of the form"},
		{when.Scheduler, "at(2030-01-01T00:00:00Z)", "", "not of the form"},
		{when.Scheduler, "at(2030-01-01T00:00:00.5)", "", "not of the form"},
		{when.Scheduler, "rate(1 hour)", "Local", "not a time zone"},
		{when.Scheduler, "rate(1 hour)", "Mars/Olympus", "not a time zone"},
		{when.Synthetics, "rate(61 minutes)", "", "at most"},
		{when.Synthetics, "rate(2 hour)", "", "at most"},
		{when.Synthetics, "rate(1 hours)", "", "not a unit"},
		{when.Synthetics, "rate(1 day)", "", "not a unit"},
		{when.Synthetics, "cron(0 0 * * ? 2030)", "", "year must be"},
		{when.Synthetics, "cron(0 0 29 2 ? *)", "", "at least once a year"},
		{when.Synthetics, "cron(0 0 31 4 ? *)", "", "at least once a year"},
		{when.Synthetics, "cron(0 0 ? 2 2#5 *)", "", "at least once a year"},
		{when.Association, "rate(29 minutes)", "", "at least"},
		{when.Association, "rate(31 days)", "", "at most"},
		{when.Association, "cron(5 0 0 * * ? *)", "", "between 0 and 0"},
		{when.Association, "cron(0 0 * JAN ? *)", "", "month must be"},
		{when.MaintenanceWindow, "rate(4 minutes)", "", "at least"},
		{when.AutoScaling, "cron(0 0 * * ? *)", "", "6 fields"},
		{when.AutoScaling, "0 0 ? * 1", "", "day of month"},
		{when.AutoScaling, "0 0 * * 8", "", "between 0 and 7"},
		{when.AutoScaling, "0 0 * * SAT-SUN", "", "backwards"},
		{when.Dialect(99), "rate(1 hour)", "", "unknown dialect"},
	} {
		_, err := when.Parse(c.d, c.expr, when.Options{TimeZone: c.zone})
		we, ok := errors.AsType[*when.Error](err)
		if !ok || !strings.Contains(we.Reason, c.reason) {
			t.Errorf("%q %s: error %v, want a reason with %q", c.expr, c.zone, err, c.reason)
		}
	}
}

// An impossible date must be given up quickly and without garbage.
func BenchmarkNextNever(b *testing.B) {
	s := mustParse(b, when.EventBridgeRule, "cron(0 0 30 2 ? *)", "")
	for b.Loop() {
		s.Next(time.Unix(0, 0))
	}
}

func BenchmarkNextZoned(b *testing.B) {
	s := mustParse(b, when.Scheduler, "cron(30 2 ? * MON-FRI *)", "America/New_York")
	t := stamp(b, "2026-03-01T00:00:00Z")
	b.ReportAllocs()
	for b.Loop() {
		s.Next(t)
	}
}
