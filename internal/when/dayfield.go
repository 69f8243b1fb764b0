package when

import (
	"errors"
	"fmt"
	"strings"
)

// days reads the two day fields into c.
func (p *parser) days(c *cron, r rules, date, week string) {
	if r.unix {
		p.crontabDays(c, date, week)
		return
	}
	if (date == "?") == (week == "?") {
		p.fail(errors.New(`exactly one of day of month and day of week must be "?"`))
		return
	}
	if week == "?" {
		c.day.combine = monthDays
		p.dates(&c.day, date)
		return
	}
	c.day.combine = weekDays
	p.weekDays(&c.day, r, week)
}

// crontabDays reads both fields as cron(8) does: no letters but names, Sunday
// is 0 and 7, and either field may restrict.
func (p *parser) crontabDays(c *cron, date, week string) {
	c.day.dates = p.set(field{name: "day of month", min: 1, max: 31, step: true, bigStep: true}, date)
	w := p.set(field{name: "day of week", max: 7, names: weekNames, step: true, bigStep: true}, week)
	c.day.week = w&0x7f | w>>7
	c.day.combine = either
	if strings.HasPrefix(date, "*") || strings.HasPrefix(week, "*") {
		c.day.combine = both
	}
}

// dates reads a day of month with L and W.
func (p *parser) dates(d *dayRule, text string) {
	f := field{name: "day of month", min: 1, max: 31, step: true}
	for item := range strings.SplitSeq(text, ",") {
		head, nearest := strings.CutSuffix(item, "W")
		switch {
		case item == "LW":
			d.lastW = true
		case item == "L":
			d.fromEnd |= 1
		case strings.HasPrefix(item, "L-"):
			d.fromEnd |= 1 << p.value(field{name: "day of month", min: 1, max: 30}, item[2:])
		case nearest:
			d.nearest |= 1 << p.value(f, head)
		default:
			d.dates |= p.item(f, item)
		}
	}
}

// weekDays reads a day of week with L and #. Its numbers run from Sunday = 1.
func (p *parser) weekDays(d *dayRule, r rules, text string) {
	f := field{name: "day of week", min: 1, max: 7, names: weekNames, step: r.weekStep, wrap: true}
	for item := range strings.SplitSeq(text, ",") {
		day, nth, hash := strings.Cut(item, "#")
		head, last := strings.CutSuffix(item, "L")
		switch {
		case hash && item != text:
			p.fail(fmt.Errorf("day of week: %q cannot stand in a list", item))
		case hash:
			n := p.value(field{name: "day of week", min: 1, max: 5}, nth)
			d.nth[p.value(f, day)-1] |= 1 << n
		case item == "L":
			d.week |= 1 << 6
		case last:
			d.last |= 1 << (p.value(f, head) - 1)
		default:
			d.week |= p.item(f, item) >> 1
		}
	}
}
