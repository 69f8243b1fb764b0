package when

import (
	"fmt"
	"strings"
	"time"
)

// MaxLength is the longest expression that Parse reads, in bytes (the limit of
// EventBridge; the others are below it).
const MaxLength = 256

// Options are what a service knows beside the expression.
type Options struct {
	// TimeZone is an IANA name. Empty means UTC. Dialects that AWS fixes to
	// UTC refuse any other.
	TimeZone string
	// Anchor is the first due time of a rate (Scheduler's StartDate, a
	// canary's start). Zero means that rates count from the time asked about.
	Anchor time.Time
}

// Error says why an expression was refused. Services put Reason, or words of
// their own, into their own error codes.
type Error struct {
	Expression string
	Reason     string
}

// Error returns the expression and the reason.
func (e *Error) Error() string {
	return fmt.Sprintf("schedule expression %q: %s", e.Expression, e.Reason)
}

// Schedule is a parsed expression. It is immutable and safe for concurrent use.
type Schedule struct {
	source string
	loc    *time.Location
	anchor time.Time
	at     time.Time     // at(...)
	period time.Duration // rate(...); 0 for the rest
	once   bool          // at(...) or a rate of 0
	cron   *cron         // cron(...)
}

// Parse reads expr as the service behind d does. Its errors are *Error.
func Parse(d Dialect, expr string, o Options) (Schedule, error) {
	s, err := parse(d, expr, o)
	if err != nil {
		return Schedule{}, &Error{Expression: clip(expr), Reason: err.Error()}
	}
	return s, nil
}

func parse(d Dialect, expr string, o Options) (Schedule, error) {
	r, ok := dialects[d]
	if !ok {
		return Schedule{}, fmt.Errorf("unknown dialect %d", d)
	}
	if len(expr) > MaxLength {
		return Schedule{}, fmt.Errorf("longer than %d characters", MaxLength)
	}
	loc, err := r.zone(o.TimeZone)
	if err != nil {
		return Schedule{}, err
	}
	s := Schedule{source: expr, loc: loc, anchor: o.Anchor}
	if r.unix {
		s.cron, err = r.parseCron(expr)
		return s, err
	}
	verb, body, ok := unwrap(expr)
	switch {
	case ok && verb == "rate":
		s.period, err = r.parseRate(body)
		s.once = err == nil && s.period == 0
	case ok && verb == "cron":
		s.cron, err = r.parseCron(body)
	case ok && verb == "at" && r.at:
		s.at, err = parseAt(body, loc)
		s.once = true
	default:
		err = fmt.Errorf("must be %s", r.forms())
	}
	return s, err
}

// unwrap splits "verb(body)".
func unwrap(expr string) (verb, body string, ok bool) {
	verb, rest, ok := strings.Cut(expr, "(")
	if !ok || !strings.HasSuffix(rest, ")") {
		return "", "", false
	}
	return verb, rest[:len(rest)-1], true
}

// clip keeps what a caller sent from filling logs.
func clip(s string) string {
	if len(s) > MaxLength {
		return s[:MaxLength] + "..."
	}
	return s
}

// String returns the expression as it was given.
func (s Schedule) String() string { return s.source }

// Every returns the period of a rate. It is false for every other form, and
// for Synthetics' rate of 0.
func (s Schedule) Every() (time.Duration, bool) { return s.period, s.period > 0 }

// Once reports whether the schedule has a single due time: at(...), or
// Synthetics' rate of 0, which is due when the canary starts.
func (s Schedule) Once() bool { return s.once }

// Next returns the first due time strictly after the given one, in UTC, and
// false when there is none. It always returns: see the package comment.
func (s Schedule) Next(after time.Time) (time.Time, bool) {
	switch {
	case s.cron != nil:
		return s.cron.next(after, s.loc)
	case !s.at.IsZero():
		return s.at.UTC(), s.at.After(after)
	case s.period > 0:
		return s.nextRate(after), true
	case s.once && !s.anchor.IsZero():
		return s.anchor.UTC(), s.anchor.After(after)
	}
	return time.Time{}, false
}

func (s Schedule) nextRate(after time.Time) time.Time {
	if s.anchor.IsZero() {
		return after.Add(s.period).UTC()
	}
	if after.Before(s.anchor) {
		return s.anchor.UTC()
	}
	passed := after.Sub(s.anchor) // saturates at 292 years
	return s.anchor.Add(passed - passed%s.period + s.period).UTC()
}
