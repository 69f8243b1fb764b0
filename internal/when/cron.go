package when

import (
	"math/bits"
	"time"
)

// Cron years as AWS has them.
const (
	firstYear = 1970
	lastYear  = 2199
)

// set is a set of small numbers, one bit each.
type set uint64

func (s set) has(n int) bool { return s&(1<<n) != 0 }

// from returns the smallest member not below n, or -1.
func (s set) from(n int) int {
	if n > 63 {
		return -1
	}
	if rest := s &^ (1<<n - 1); rest != 0 {
		return bits.TrailingZeros64(uint64(rest))
	}
	return -1
}

// cron is a parsed cron expression.
type cron struct {
	second, minute, hour, month set
	years                       [(lastYear-firstYear)/64 + 1]set
	day                         dayRule
}

// next returns the first matching instant after the given one.
func (c *cron) next(after time.Time, loc *time.Location) (time.Time, bool) {
	w := wall(after.In(loc))
	for {
		var ok bool
		if w, ok = c.nextWall(w); !ok {
			return time.Time{}, false
		}
		t, moved, exists := instant(w, loc)
		if !exists {
			// Nothing fires inside a gap: go on with its last second.
			start, _ := moved.ZoneBounds()
			if end := wall(start).Add(-time.Second); end.After(w) {
				w = end
			}
			continue
		}
		// In the second round of an overlap the wall times are used up.
		if t.After(after) {
			return t.UTC(), true
		}
	}
}

// nextWall returns the first matching wall time after w.
func (c *cron) nextWall(w time.Time) (time.Time, bool) {
	y, m, d := w.Date()
	if y < firstYear {
		y, m, d = firstYear, time.January, 0
	}
	if d > 0 && c.hasYear(y) && c.month.has(int(m)) && c.day.days(y, m).has(d) {
		if s, ok := c.nextOfDay(w.Hour(), w.Minute(), w.Second()); ok {
			return time.Date(y, m, d, 0, 0, s, 0, time.UTC), true
		}
	}
	y, m, d, ok := c.nextDay(y, int(m), d+1)
	if !ok {
		return time.Time{}, false
	}
	h, mi, s := c.hour.from(0), c.minute.from(0), c.second.from(0)
	return time.Date(y, m, d, h, mi, s, 0, time.UTC), true
}

// nextDay returns the first matching day at or after day d of month m.
func (c *cron) nextDay(y, m, d int) (int, time.Month, int, bool) {
	for ; y <= lastYear; y, m, d = y+1, 1, 1 {
		if !c.hasYear(y) {
			continue
		}
		for ; m <= 12; m, d = m+1, 1 {
			if !c.month.has(m) {
				continue
			}
			if n := c.day.days(y, time.Month(m)).from(d); n > 0 {
				return y, time.Month(m), n, true
			}
		}
	}
	return 0, 0, 0, false
}

// nextOfDay returns the first matching time of day after h:m:s, in seconds
// since midnight.
func (c *cron) nextOfDay(h, m, s int) (int, bool) {
	if c.hour.has(h) {
		if c.minute.has(m) {
			if n := c.second.from(s + 1); n >= 0 {
				return h*3600 + m*60 + n, true
			}
		}
		if n := c.minute.from(m + 1); n >= 0 {
			return h*3600 + n*60 + c.second.from(0), true
		}
	}
	if n := c.hour.from(h + 1); n >= 0 {
		return n*3600 + c.minute.from(0)*60 + c.second.from(0), true
	}
	return 0, false
}

func (c *cron) hasYear(y int) bool {
	if y < firstYear || y > lastYear {
		return false
	}
	y -= firstYear
	return c.years[y/64].has(y % 64)
}

// yearly reports whether the days of c come in every year. The calendar
// repeats after 28 years where no century interferes.
func (c *cron) yearly() bool {
	for y := 2001; y < 2029; y++ {
		if got, _, _, ok := c.nextDay(y, 1, 1); !ok || got != y {
			return false
		}
	}
	return true
}
