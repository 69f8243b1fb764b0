package when

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones must not depend on what the machine has installed
)

// Dialect is how one service reads schedule expressions.
type Dialect uint8

// The dialects; the package comment compares them.
const (
	EventBridgeRule   Dialect = iota + 1 // events:PutRule
	Scheduler                            // scheduler:CreateSchedule
	Synthetics                           // synthetics:CreateCanary
	Association                          // ssm:CreateAssociation
	MaintenanceWindow                    // ssm:CreateMaintenanceWindow
	AutoScaling                          // autoscaling:PutScheduledUpdateGroupAction
)

// rules is a dialect as data.
type rules struct {
	unix      bool // five bare fields, crontab semantics
	at        bool // knows at(...)
	zoned     bool // takes a time zone
	seconds   int  // largest value of an optional seconds field; -1: there is none
	yearStar  bool // the year must be "*"
	monthStar bool // the month must be "*"
	yearly    bool // must fire at least once in every year
	grammar   bool // 1 takes the singular unit, all else the plural
	weekStep  bool // steps are allowed in the day of week
	units     []unit
	min, max  time.Duration // of a rate; max 0 for none
}

// unit is a unit of rate(...) in singular form.
type unit struct {
	name   string
	length time.Duration
}

var calendar = []unit{{"minute", time.Minute}, {"hour", time.Hour}, {"day", 24 * time.Hour}}

var dialects = map[Dialect]rules{
	EventBridgeRule: {seconds: -1, grammar: true, units: calendar, min: time.Minute},
	Scheduler:       {seconds: -1, at: true, zoned: true, units: calendar, min: time.Minute},
	Synthetics:      {seconds: -1, yearStar: true, yearly: true, units: calendar[:2], max: time.Hour},
	Association: {
		at: true, seconds: 0, monthStar: true, weekStep: true, grammar: true,
		units: calendar, min: 30 * time.Minute, max: 31*24*time.Hour - 1,
	},
	MaintenanceWindow: {
		at: true, zoned: true, seconds: 59, weekStep: true, grammar: true,
		units: calendar, min: 5 * time.Minute,
	},
	AutoScaling: {unix: true, zoned: true, seconds: -1, weekStep: true},
}

// forms names what the dialect accepts, for messages.
func (r rules) forms() string {
	if r.at {
		return "rate(value unit), cron(fields) or at(yyyy-mm-ddThh:mm:ss)"
	}
	return "rate(value unit) or cron(fields)"
}

func (r rules) zone(name string) (*time.Location, error) {
	if name == "" || name == "UTC" {
		return time.UTC, nil
	}
	if !r.zoned {
		return nil, errors.New("is evaluated in UTC and takes no time zone")
	}
	return Zone(name)
}

// Zone returns the IANA time zone with the given name. Unlike
// time.LoadLocation it refuses "" and "Local", and needs no files.
func Zone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("%q is not a time zone", name)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("%q is not a time zone", clip(name))
	}
	return loc, nil
}

// parseRate reads "5 minutes". A period of 0 is returned only by dialects
// whose minimum is 0.
func (r rules) parseRate(body string) (time.Duration, error) {
	f := strings.Fields(body)
	if len(f) != 2 {
		return 0, errors.New("a rate is a value and a unit")
	}
	n, err := strconv.ParseUint(f[0], 10, 32)
	if err != nil || f[0][0] == '+' {
		return 0, fmt.Errorf("%q is not a whole number", f[0])
	}
	length, err := r.unitLength(f[1], n)
	if err != nil {
		return 0, err
	}
	// The longest period that a duration holds is 292 years.
	if n > uint64(200*365*24*time.Hour/length) {
		return 0, errors.New("the rate is too large")
	}
	return r.bounded(time.Duration(n) * length)
}

func (r rules) bounded(p time.Duration) (time.Duration, error) {
	switch {
	case p == 0 && r.min > 0:
		return 0, errors.New("the value of a rate must be positive")
	case p < r.min:
		return 0, fmt.Errorf("the rate must be at least %v", r.min)
	case r.max > 0 && p > r.max:
		return 0, fmt.Errorf("the rate must be at most %v", r.max)
	}
	return p, nil
}

// unitLength finds the unit that word names. Synthetics knows no "hours": its
// largest rate is one hour.
func (r rules) unitLength(word string, n uint64) (time.Duration, error) {
	for _, u := range r.units {
		singular, plural := word == u.name, word == u.name+"s"
		if plural && r.max == time.Hour && u.length == time.Hour {
			break
		}
		if !singular && !plural {
			continue
		}
		if r.grammar && singular != (n == 1) {
			return 0, fmt.Errorf("%d does not go with %q", n, word)
		}
		return u.length, nil
	}
	return 0, fmt.Errorf("%q is not a unit of a rate", word)
}

// parseAt reads yyyy-mm-ddThh:mm:ss in loc.
func parseAt(body string, loc *time.Location) (time.Time, error) {
	const layout = "2006-01-02T15:04:05"
	u, err := time.Parse(layout, body)
	if err != nil || len(body) != len(layout) {
		return time.Time{}, fmt.Errorf("%q is not of the form yyyy-mm-ddThh:mm:ss", body)
	}
	if u.Year() < firstYear || u.Year() > lastYear {
		return time.Time{}, fmt.Errorf("the year must be between %d and %d", firstYear, lastYear)
	}
	t, after, ok := instant(u, loc)
	if !ok {
		return after, nil
	}
	return t, nil
}
