package series

import "time"

// step is a rung of the retention ladder: data of this period is kept for age,
// then merged into the next rung's period, and after the last rung deleted.
//
// The figures are CloudWatch's: under a minute 3 hours, one minute 15 days,
// five minutes 63 days, one hour 455 days.
type step struct {
	period time.Duration // length of a stored bucket
	age    time.Duration // kept so long, counted from the bucket's time
	window time.Duration // what one chunk covers; a multiple of period
}

const day = 24 * time.Hour

var ladder = [...]step{
	{period: time.Second, age: 3 * time.Hour, window: 30 * time.Minute},
	{period: time.Minute, age: 15 * day, window: 6 * time.Hour},
	{period: 5 * time.Minute, age: 63 * day, window: 2 * day},
	{period: time.Hour, age: 455 * day, window: 20 * day},
}

// Finest returns the shortest period in which data of time t can be asked for,
// and false when it is so old that none is kept.
func Finest(now, t time.Time) (time.Duration, bool) {
	for _, s := range ladder {
		if now.Sub(t) <= s.age {
			return s.period, true
		}
	}
	return 0, false
}

// rung returns the ladder's index for a stored period.
func rung(period time.Duration) int {
	for i, s := range ladder {
		if s.period == period {
			return i
		}
	}
	return -1
}
