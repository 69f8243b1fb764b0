package when

import "time"

// instant finds when the wall clock of loc first shows w, whose own zone is
// UTC. Where the clock never shows it because it was put forward, ok is false
// and moved is the instant as far behind the change as w is behind the last
// wall time before it.
func instant(w time.Time, loc *time.Location) (t, moved time.Time, ok bool) {
	t = time.Date(w.Year(), w.Month(), w.Day(), w.Hour(), w.Minute(), w.Second(), 0, loc)
	if !wall(t).Equal(w) {
		// In a gap time.Date uses one of the two offsets. The one before the
		// change is the smaller and gives the later instant.
		return time.Time{}, w.Add(-offset(before(t, w))).In(loc), false
	}
	start, _ := t.ZoneBounds()
	if start.IsZero() {
		return t, t, true
	}
	back := offset(start.Add(-1)) - offset(t)
	if back > 0 && t.Sub(start) < back {
		t = t.Add(-back) // the second time round: take the first
	}
	return t, t, true
}

// before returns an instant before the change whose gap holds w, given the
// instant that time.Date made of w: read with the larger offset that holds
// after the change, w falls before it, and the other way round.
func before(t, w time.Time) time.Time {
	if wall(t).Before(w) {
		return t
	}
	start, _ := t.ZoneBounds()
	return start.Add(-1)
}

// wall returns t's wall-clock reading as a time in UTC, without fractions.
func wall(t time.Time) time.Time {
	return time.Unix(t.Unix(), 0).UTC().Add(offset(t))
}

func offset(t time.Time) time.Duration {
	_, s := t.Zone()
	return time.Duration(s) * time.Second
}
