package when

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// field is one numeric field of a cron expression.
type field struct {
	name     string
	min, max int
	names    []string // of min, min+1 ...
	step     bool     // steps are allowed
	bigStep  bool     // steps may exceed max
	wrap     bool     // ranges may run over the end
}

var (
	monthNames = []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}
	weekNames  = []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}
)

// parseCron reads the fields of a cron expression.
func (r rules) parseCron(body string) (*cron, error) {
	f, err := r.split(body)
	if err != nil {
		return nil, err
	}
	c := &cron{}
	p := parser{}
	c.second = p.set(field{name: "seconds", max: max(r.seconds, 0), step: true}, f[0])
	c.minute = p.set(field{name: "minutes", max: 59, step: true, bigStep: r.unix}, f[1])
	c.hour = p.set(field{name: "hours", max: 23, step: true, bigStep: r.unix}, f[2])
	c.month = p.set(field{name: "month", min: 1, max: 12, names: monthNames, step: true, bigStep: r.unix}, f[4])
	if r.monthStar && f[4] != "*" {
		p.fail(errors.New(`the month must be "*"`))
	}
	if r.yearStar && f[6] != "*" {
		p.fail(errors.New(`the year must be "*"`))
	}
	p.years(c, f[6])
	p.days(c, r, f[3], f[5])
	if p.err == nil && r.yearly && !c.yearly() {
		p.fail(errors.New("must fire at least once a year"))
	}
	return c, p.err
}

// split returns the seven fields from seconds to year, with defaults for those
// that the dialect or the writer leaves out.
func (r rules) split(body string) ([]string, error) {
	f := strings.Fields(body)
	switch {
	case r.unix && len(f) == 5:
		return append(append([]string{"0"}, f...), "*"), nil
	case !r.unix && len(f) == 6:
		return append([]string{"0"}, f...), nil
	case r.seconds >= 0 && len(f) == 7:
		return f, nil
	case r.unix:
		return nil, fmt.Errorf("has %d fields, not 5", len(f))
	}
	return nil, fmt.Errorf("has %d fields, not 6", len(f))
}

// parser keeps the first error.
type parser struct{ err error }

func (p *parser) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

// set reads a whole field whose values are below 64.
func (p *parser) set(f field, text string) set {
	var out set
	for item := range strings.SplitSeq(text, ",") {
		out |= p.item(f, item)
	}
	return out
}

// item reads one member of a list: a value, a range or a step.
func (p *parser) item(f field, text string) set {
	var out set
	p.each(f, text, func(n int) { out |= 1 << n })
	return out
}

// each calls add for every value of a list's member.
func (p *parser) each(f field, text string, add func(int)) {
	body, stepText, stepped := strings.Cut(text, "/")
	step := 1
	if stepped {
		step = p.step(f, stepText)
	}
	from, to := p.bounds(f, body, stepped)
	if p.err != nil {
		return
	}
	if to < from {
		to += f.max - f.min + 1
	}
	for n := from; n <= to; n += step {
		if n > f.max {
			add(n - (f.max - f.min + 1))
			continue
		}
		add(n)
	}
}

func (p *parser) step(f field, text string) int {
	n, err := number(text)
	if err != nil || n == 0 || !f.step || n > f.max && !f.bigStep {
		p.fail(fmt.Errorf("%s: step %q is not allowed", f.name, text))
		return 1
	}
	return n
}

// bounds reads "*", "a" or "a-b"; "a" with a step runs to the field's end.
func (p *parser) bounds(f field, text string, stepped bool) (from, to int) {
	if text == "*" {
		return f.min, f.max
	}
	a, b, ranged := strings.Cut(text, "-")
	from = p.value(f, a)
	switch {
	case ranged:
		to = p.value(f, b)
	case stepped:
		to = f.max
	default:
		to = from
	}
	if to < from && !f.wrap {
		p.fail(fmt.Errorf("%s: range %q runs backwards", f.name, text))
	}
	return from, to
}

func (p *parser) value(f field, text string) int {
	for i, name := range f.names {
		if strings.EqualFold(text, name) {
			return f.min + i
		}
	}
	n, err := number(text)
	if err != nil || n < f.min || n > f.max {
		p.fail(fmt.Errorf("%s: %q is not between %d and %d", f.name, text, f.min, f.max))
		return f.min
	}
	return n
}

// number reads up to four digits.
func number(text string) (int, error) {
	if len(text) == 0 || len(text) > 4 || strings.Trim(text, "0123456789") != "" {
		return 0, strconv.ErrSyntax
	}
	return strconv.Atoi(text)
}

// years reads the last field, whose values do not fit one set.
func (p *parser) years(c *cron, text string) {
	f := field{name: "year", min: firstYear, max: lastYear, step: true}
	for item := range strings.SplitSeq(text, ",") {
		p.each(f, item, func(y int) { c.years[(y-firstYear)/64] |= 1 << ((y - firstYear) % 64) })
	}
}
