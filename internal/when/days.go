package when

import "time"

// combine says how the two day fields make one answer.
type combine uint8

const (
	monthDays combine = iota // day of week is "?"
	weekDays                 // day of month is "?"
	both                     // crontab: one of them is "*"
	either                   // crontab: both are restricted
)

// dayRule is the day of month and the day of week.
type dayRule struct {
	combine combine

	dates   set // 1-31
	fromEnd set // n: the day n days before the last (L is 0)
	nearest set // n: the working day nearest the n-th
	lastW   bool

	week set    // 0-6, every one of these days
	nth  [7]set // by week day: n-th of the month, 1-5
	last set    // 0-6, the last one of the month
}

// days returns the matching days of a month.
func (r *dayRule) days(year int, month time.Month) set {
	first := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
	m := monthShape{first: int(first.Weekday()), length: length(year, month)}
	switch r.combine {
	case monthDays:
		return r.byDate(m)
	case weekDays:
		return r.byWeek(m)
	case both:
		return r.byDate(m) & r.byWeek(m)
	default:
		return r.byDate(m) | r.byWeek(m)
	}
}

func (r *dayRule) byDate(m monthShape) set {
	out := r.dates & m.all()
	for n := r.fromEnd.from(0); n >= 0; n = r.fromEnd.from(n + 1) {
		if d := m.length - n; d > 0 {
			out |= 1 << d
		}
	}
	for n := r.nearest.from(0); n >= 0; n = r.nearest.from(n + 1) {
		if n <= m.length {
			out |= 1 << m.workingDay(n)
		}
	}
	if r.lastW {
		out |= 1 << m.workingDay(m.length)
	}
	return out
}

func (r *dayRule) byWeek(m monthShape) set {
	var out set
	for d := range 7 {
		first := 1 + (d-m.first+7)%7
		if r.week.has(d) {
			out |= everyWeek << first
		}
		for n := r.nth[d].from(1); n >= 0; n = r.nth[d].from(n + 1) {
			out |= 1 << (first + 7*(n-1))
		}
		if r.last.has(d) {
			out |= 1 << (first + (m.length-first)/7*7)
		}
	}
	return out & m.all()
}

const everyWeek set = 1 | 1<<7 | 1<<14 | 1<<21 | 1<<28

// monthShape is all that day rules need of a month.
type monthShape struct {
	first  int // week day of the 1st, Sunday is 0
	length int
}

// all returns the days 1 to length.
func (m monthShape) all() set { return 1<<(m.length+1) - 2 }

// workingDay returns the day from Monday to Friday nearest day d, within the month.
func (m monthShape) workingDay(d int) int {
	switch (m.first + d - 1) % 7 {
	case 6: // Saturday
		if d == 1 {
			return 3
		}
		return d - 1
	case 0: // Sunday
		if d == m.length {
			return d - 2
		}
		return d + 1
	}
	return d
}

func length(year int, month time.Month) int {
	return time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
}
