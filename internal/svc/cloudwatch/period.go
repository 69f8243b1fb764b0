package cloudwatch

import (
	"time"

	"nephele.dev/nephele/internal/series"
)

// validPeriod reports whether data can be asked for in periods of so many
// seconds: 1, 5, 10, 20, 30 or a multiple of 60.
func validPeriod(seconds int32) bool {
	switch seconds {
	case 1, 5, 10, 20, 30:
		return true
	}
	return seconds > 0 && seconds%60 == 0
}

// roundStart cuts the start of a query as the API reference says: to the
// minute, to five minutes when it is over 15 days ago, to the hour when it is
// over 63; for periods below a minute to that part of a minute.
func roundStart(start, now time.Time, period time.Duration) time.Time {
	step, kept := series.Finest(now, start)
	switch {
	case !kept:
		step = time.Hour
	case step < time.Minute:
		step = min(period, time.Minute)
	}
	return start.UTC().Truncate(step)
}

func seconds(n int32) time.Duration { return time.Duration(n) * time.Second }
