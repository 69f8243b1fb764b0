package when_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/cronexpr"
	"pgregory.net/rapid"

	"nephele.dev/nephele/internal/when"
)

// model is a cron expression as plain lists. It is rendered for the parser and
// for the oracle, and judged day by day without either.
type model struct {
	minutes, hours, months, years []int // empty: *
	kind                          dayKind
	days                          []int // of the month, or of the week with Sunday = 0
	nth                           int
}

type dayKind int

const (
	anyDay dayKind = iota
	dates
	lastDay
	nearest
	lastWorking
	weekdays
	lastWeekday
	nthWeekday
)

func models() *rapid.Generator[model] {
	return rapid.Custom(func(t *rapid.T) model {
		some := func(name string, lo, hi, most int) []int {
			l := rapid.SliceOfN(rapid.IntRange(lo, hi), 0, most).Draw(t, name)
			slices.Sort(l)
			return slices.Compact(l)
		}
		m := model{
			minutes: some("minutes", 0, 59, 4),
			hours:   some("hours", 0, 23, 4),
			months:  some("months", 1, 12, 3),
			years:   some("years", 2020, 2060, 3),
			kind:    dayKind(rapid.IntRange(0, int(nthWeekday)).Draw(t, "kind")),
		}
		switch m.kind {
		case dates:
			m.days = append(some("dates", 1, 31, 3), rapid.IntRange(1, 31).Draw(t, "date"))
		case nearest:
			m.days = []int{rapid.IntRange(1, 28).Draw(t, "date")}
		case weekdays:
			m.days = append(some("weekdays", 0, 6, 3), rapid.IntRange(0, 6).Draw(t, "weekday"))
		case lastWeekday, nthWeekday:
			m.days = []int{rapid.IntRange(0, 6).Draw(t, "weekday")}
			m.nth = rapid.IntRange(1, 5).Draw(t, "nth")
		}
		return m
	})
}

// text renders m; first is the number of Sunday, blank the field of no opinion.
func (m model) text(first int, blank string) string {
	week := make([]int, len(m.days))
	for i, d := range m.days {
		week[i] = d + first
	}
	date, day := "*", blank
	switch m.kind {
	case dates:
		date = list(m.days)
	case lastDay:
		date = "L"
	case nearest:
		date = fmt.Sprintf("%dW", m.days[0])
	case lastWorking:
		date = "LW"
	case weekdays:
		date, day = blank, list(week)
	case lastWeekday:
		date, day = blank, fmt.Sprintf("%dL", week[0])
	case nthWeekday:
		date, day = blank, fmt.Sprintf("%d#%d", week[0], m.nth)
	}
	return strings.Join([]string{list(m.minutes), list(m.hours), date, list(m.months), day, list(m.years)}, " ")
}

func list(l []int) string {
	if len(l) == 0 {
		return "*"
	}
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(l), " ", ","), "[]")
}

func (m model) matches(w time.Time) bool {
	in := func(l []int, n int) bool { return len(l) == 0 || slices.Contains(l, n) }
	return in(m.minutes, w.Minute()) && in(m.hours, w.Hour()) && w.Second() == 0 && m.matchesDay(w)
}

func (m model) matchesDay(w time.Time) bool {
	in := func(l []int, n int) bool { return len(l) == 0 || slices.Contains(l, n) }
	if !in(m.months, int(w.Month())) || !in(m.years, w.Year()) {
		return false
	}
	lastOfMonth := time.Date(w.Year(), w.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
	switch m.kind {
	case dates:
		return slices.Contains(m.days, w.Day())
	case lastDay:
		return w.Day() == lastOfMonth
	case nearest:
		return w.Day() == working(w.Year(), w.Month(), m.days[0], lastOfMonth)
	case lastWorking:
		return w.Day() == working(w.Year(), w.Month(), lastOfMonth, lastOfMonth)
	case weekdays:
		return slices.Contains(m.days, int(w.Weekday()))
	case lastWeekday:
		return int(w.Weekday()) == m.days[0] && w.Day()+7 > lastOfMonth
	case nthWeekday:
		return int(w.Weekday()) == m.days[0] && (w.Day()+6)/7 == m.nth
	}
	return true
}

// working looks outwards from day d for the closest working day of its month.
func working(y int, month time.Month, d, last int) int {
	for _, step := range []int{0, -1, 1, -2, 2} {
		n := d + step
		if n < 1 || n > last {
			continue
		}
		if wd := time.Date(y, month, n, 0, 0, 0, 0, time.UTC).Weekday(); wd != time.Saturday && wd != time.Sunday {
			return n
		}
	}
	panic("a month without working days")
}

func instants() *rapid.Generator[time.Time] {
	return rapid.Map(rapid.Int64Range(1577836800, 2871763200), func(s int64) time.Time { return time.Unix(s, 0).UTC() })
}

var zones = []string{
	"UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu",
	"Africa/Casablanca", "America/St_Johns", "Pacific/Apia", "Asia/Gaza", "America/Nuuk",
}

// Next lies after the time asked about, matches every field on the zone's wall
// clock, and nothing before it does.
func TestNextIsTheFirstMatch(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := models().Draw(t, "model")
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		loc, err := when.Zone(zone)
		if zone != "UTC" && err != nil {
			t.Fatal(err)
		}
		s, err := when.Parse(when.Scheduler, "cron("+m.text(1, "?")+")", when.Options{TimeZone: zone})
		if err != nil {
			t.Fatal(err)
		}
		after := instants().Draw(t, "after")
		got, ok := s.Next(after)
		if ok && (!got.After(after) || !m.matches(got.In(loc))) {
			t.Fatalf("Next(%v) = %v", after, got.In(loc))
		}
		checkNothingBefore(t, m, after.In(loc), got, ok)
	})
}

// checkNothingBefore looks at every minute of the two days after the time asked
// about and of the day before the answer, and at every day of ten years between.
func checkNothingBefore(t *rapid.T, m model, after, got time.Time, ok bool) {
	if !ok {
		got = after.AddDate(10, 0, 0)
	}
	minute := after.Truncate(time.Minute).Add(time.Minute)
	for w := minute; w.Before(got) && w.Before(minute.Add(48*time.Hour)); w = w.Add(time.Minute) {
		if m.matches(w) && !repeated(w) {
			t.Fatalf("missed %v after %v: got %v", w, after, got.In(after.Location()))
		}
	}
	if !ok {
		return
	}
	for w := got.Add(-24 * time.Hour).In(after.Location()); w.Before(got); w = w.Add(time.Minute) {
		if w.After(after) && m.matches(w) && !repeated(w) {
			t.Fatalf("missed %v after %v: got %v", w, after, got.In(after.Location()))
		}
	}
	for d := after.AddDate(0, 0, 2); d.Before(got.AddDate(0, 0, -2)) && d.Before(after.AddDate(10, 0, 0)); d = d.AddDate(0, 0, 1) {
		// A day whose hours the clocks skip may rightly be passed over.
		if m.matchesDay(d) && !changes(d) {
			t.Fatalf("missed the day %v after %v: got %v", d, after, got)
		}
	}
}

// repeated reports whether the wall time of w has been shown before.
func repeated(w time.Time) bool {
	for back := 30 * time.Minute; back <= 3*time.Hour; back += 30 * time.Minute {
		if w.Add(-back).Format(time.DateTime) == w.Format(time.DateTime) {
			return true
		}
	}
	return false
}

func changes(d time.Time) bool {
	_, a := d.AddDate(0, 0, -1).Zone()
	_, b := d.AddDate(0, 0, 1).Zone()
	return a != b
}

func TestNextIncreases(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := models().Draw(t, "model")
		s, err := when.Parse(when.Scheduler, "cron("+m.text(1, "?")+")",
			when.Options{TimeZone: rapid.SampledFrom(zones).Draw(t, "zone")})
		if err != nil {
			t.Fatal(err)
		}
		at := instants().Draw(t, "after")
		for range 50 {
			next, ok := s.Next(at)
			if !ok {
				return
			}
			if !next.After(at) {
				t.Fatalf("Next(%v) = %v", at, next)
			}
			// Any time before the answer has the same answer or an earlier one.
			if mid, _ := s.Next(at.Add(next.Sub(at) / 2)); !mid.Equal(next) {
				t.Fatalf("between %v and %v: %v", at, next, mid)
			}
			at = next
		}
	})
}

func checkOracle(t *rapid.T) {
	m := models().Draw(t, "model")
	s, err := when.Parse(when.EventBridgeRule, "cron("+m.text(1, "?")+")", when.Options{})
	if err != nil {
		t.Fatal(err)
	}
	oracle, err := cronexpr.Parse(m.text(0, "*"))
	if err != nil {
		t.Fatalf("oracle: %v", err)
	}
	at := instants().Draw(t, "after")
	for range 20 {
		next, ok := s.Next(at)
		want := oracle.Next(at)
		if want.Year() > 2099 || next.Year() > 2099 {
			return // the end of the oracle's calendar
		}
		if ok == want.IsZero() || ok && !next.Equal(want) {
			t.Fatalf("%s after %v: %v %v, the oracle says %v", m.text(1, "?"), at, next, ok, want)
		}
		if !ok {
			return
		}
		at = next
	}
}

func TestAgreesWithOracle(t *testing.T) {
	t.Parallel()
	rapid.Check(t, checkOracle)
}

// FuzzOracle drives the same comparison by coverage.
func FuzzOracle(f *testing.F) { f.Fuzz(rapid.MakeFuzz(checkOracle)) }

// FuzzCrontab compares whole texts that both readers accept.
func FuzzCrontab(f *testing.F) {
	for _, s := range []string{"*/7 1-5 * * *", "0 0 13 * 5", "5/20 22 1-10/3 JAN-MAR MON,WED", "30 0 1 1,6,12 *"} {
		f.Add(s, int64(1767225600))
	}
	f.Fuzz(func(t *testing.T, expr string, at int64) {
		s, err := when.Parse(when.AutoScaling, expr, when.Options{})
		if err != nil {
			return
		}
		oracle, err := cronexpr.Parse(expr)
		if err != nil || strings.HasPrefix(strings.Fields(expr)[2], "*/") || strings.HasPrefix(strings.Fields(expr)[4], "*/") {
			return // the oracle reads a stepped star as a restriction; crontab does not
		}
		after := time.Unix(1577836800+(at&0x3fffffff), 0).UTC()
		next, ok := s.Next(after)
		if want := oracle.Next(after); ok && next.Year() < 2099 && !next.Equal(want) {
			t.Fatalf("%q after %v: %v, the oracle says %v", expr, after, next, want)
		}
	})
}

// FuzzParse: no text panics, and whatever is accepted moves forward.
func FuzzParse(f *testing.F) {
	for d, s := range []string{
		"rate(5 minutes)", "cron(0 10 * * ? *)", "at(2026-03-08T02:30:00)", "rate(0 hour)",
		"cron(0 0 16 ? * TUE#2 *)", "*/5 * * * 1-5", "cron(0/5 8-17 LW,3W JAN-MAR,7 ? 2020/3)",
	} {
		f.Add(byte(d), s, "America/New_York", int64(0))
	}
	f.Fuzz(func(t *testing.T, d byte, expr, zone string, at int64) {
		s, err := when.Parse(when.Dialect(d%7), expr, when.Options{TimeZone: zone})
		if err != nil {
			return
		}
		after := time.Unix(at, 0)
		if next, ok := s.Next(after); ok && !next.After(after) {
			t.Fatalf("%q: Next(%v) = %v", expr, after, next)
		}
	})
}
