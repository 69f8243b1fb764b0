package insights

import (
	"errors"
	"math"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"time"

	"nephele.dev/nephele/internal/regex"
)

// expr is a part of an expression.
type expr interface{ eval(*record) value }

type (
	constant  struct{ value }
	fieldRef  struct{ name string }
	operation struct {
		op   string
		a, b expr
	}
	logical struct {
		or   bool
		a, b expr
	}
	negation struct{ a expr }
	match    struct {
		a   expr
		re  *regexp.Regexp // or
		sub expr
		not bool
	}
	membership struct {
		a    expr
		list []expr
		not  bool
	}
	call struct {
		f    func(r *record, args []expr) value
		args []expr
	}
	aggregateRef struct{ index int } // of the stats stage it belongs to
)

func (e constant) eval(*record) value   { return e.value }
func (e fieldRef) eval(r *record) value { return r.get(e.name) }
func (e call) eval(r *record) value     { return e.f(r, e.args) }

// eval returns what the stats stage has put under the aggregate's own name.
func (e aggregateRef) eval(r *record) value { return r.made[aggregateName(e.index)] }

func aggregateName(index int) string { return "\x00" + strconv.Itoa(index) }

func (e negation) eval(r *record) value { return boolOf(!e.a.eval(r).truth()) }

func (e logical) eval(r *record) value {
	if e.a.eval(r).truth() == e.or {
		return boolOf(e.or)
	}
	return boolOf(e.b.eval(r).truth())
}

func (e match) eval(r *record) value {
	v := e.a.eval(r)
	if v.kind == missing {
		return boolOf(false)
	}
	if e.re != nil {
		return boolOf(e.re.MatchString(v.String()) != e.not)
	}
	return boolOf(strings.Contains(v.String(), e.sub.eval(r).String()) != e.not)
}

func (e membership) eval(r *record) value {
	v := e.a.eval(r)
	if v.kind == missing {
		return boolOf(false)
	}
	for _, item := range e.list {
		if w := item.eval(r); w.kind != missing && equal(v, w) {
			return boolOf(!e.not)
		}
	}
	return boolOf(e.not)
}

func (e operation) eval(r *record) value {
	a, b := e.a.eval(r), e.b.eval(r)
	if a.kind == missing || b.kind == missing {
		if strings.ContainsAny(e.op, "=<>") {
			return boolOf(false)
		}
		return value{}
	}
	switch e.op {
	case "=":
		return boolOf(equal(a, b))
	case "!=":
		return boolOf(!equal(a, b))
	case "<":
		return boolOf(compare(a, b) < 0)
	case "<=":
		return boolOf(compare(a, b) <= 0)
	case ">":
		return boolOf(compare(a, b) > 0)
	case ">=":
		return boolOf(compare(a, b) >= 0)
	}
	return arithmetic(e.op, a, b)
}

func arithmetic(op string, a, b value) value {
	x, okX := a.number()
	y, okY := b.number()
	if !okX || !okY {
		return value{}
	}
	switch op {
	case "+":
		return numberOf(x + y)
	case "-":
		return numberOf(x - y)
	case "*":
		return numberOf(x * y)
	case "/":
		return numberOf(x / y)
	case "%":
		return numberOf(math.Mod(x, y))
	default: // ^
		return numberOf(math.Pow(x, y))
	}
}

// maxDepth bounds how deep expressions nest.
const maxDepth = 100

// expression parses an expression, loosest operator first.
func (p *parser) expression() expr {
	p.deep++
	if p.deep > maxDepth {
		p.fail(p.pos, "expression is nested too deeply")
	}
	defer func() { p.deep-- }()
	e := p.conjunction()
	for p.word("or") {
		e = logical{true, e, p.conjunction()}
	}
	return e
}

func (p *parser) conjunction() expr {
	e := p.inversion()
	for p.word("and") {
		e = logical{false, e, p.inversion()}
	}
	return e
}

func (p *parser) inversion() expr {
	odd := false
	for p.word("not") {
		odd = !odd
	}
	if e := p.comparison(); odd {
		return negation{e}
	} else {
		return e
	}
}

func (p *parser) comparison() expr {
	e := p.sum()
	for {
		at := p.pos
		not := p.word("not")
		switch {
		case p.sign("=~"), p.word("like"):
			e = p.pattern(e, not)
		case p.word("in"):
			e = membership{e, p.list(), not}
		case not:
			p.pos = at
			return e
		default:
			op := p.comparator()
			if op == "" {
				return e
			}
			e = operation{op, e, p.sum()}
		}
	}
}

func (p *parser) comparator() string {
	for _, op := range []string{"!=", "<=", ">=", "=", "<", ">"} {
		if p.sign(op) {
			return op
		}
	}
	return ""
}

// pattern parses what follows like or =~.
func (p *parser) pattern(a expr, not bool) expr {
	p.space()
	start := p.pos
	if re, ok := p.slashed(); ok {
		return match{a: a, re: p.regexp(start, re), not: not}
	}
	return match{a: a, sub: p.sum(), not: not}
}

// maxRegex bounds the size of a regular expression, in instructions.
const maxRegex = 5_000

// regexp compiles a regular expression that stands at start.
func (p *parser) regexp(start int, text string) *regexp.Regexp {
	re, err := regex.Compile(text, maxRegex)
	if err == nil {
		return re
	}
	why := err.Error()
	if bad, ok := errors.AsType[*syntax.Error](err); ok {
		why = string(bad.Code) + ": " + bad.Expr
	}
	p.fail(start, "invalid regular expression: %s", why)
	return nil
}

func (p *parser) list() []expr {
	p.need("[")
	var list []expr
	for !p.sign("]") {
		if len(list) > 0 {
			p.need(",")
		}
		list = append(list, p.expression())
	}
	return list
}

func (p *parser) sum() expr {
	e := p.product()
	for {
		switch {
		case p.sign("+"):
			e = operation{"+", e, p.product()}
		case p.sign("-"):
			e = operation{"-", e, p.product()}
		default:
			return e
		}
	}
}

func (p *parser) product() expr {
	e := p.power()
	for {
		switch {
		case p.sign("*"):
			e = operation{"*", e, p.power()}
		case p.sign("/"):
			e = operation{"/", e, p.power()}
		case p.sign("%"):
			e = operation{"%", e, p.power()}
		default:
			return e
		}
	}
}

func (p *parser) power() expr {
	if p.sign("-") {
		p.deep++
		if p.deep > maxDepth {
			p.fail(p.pos, "expression is nested too deeply")
		}
		e := p.power()
		p.deep--
		return operation{"-", constant{numberOf(0)}, e}
	}
	e := p.primary()
	if p.sign("^") {
		return operation{"^", e, p.power()}
	}
	return e
}

func (p *parser) primary() expr {
	if p.sign("(") {
		e := p.expression()
		p.need(")")
		return e
	}
	if s, ok := p.quoted(); ok {
		return constant{textOf(s)}
	}
	if v, ok := p.numeral(); ok {
		return constant{v}
	}
	p.space()
	start := p.pos
	name := p.field()
	if name == "" || p.text[start] != '`' && reserved[strings.ToLower(name)] {
		p.pos = start
		p.unexpected("an expression")
	}
	switch lower := strings.ToLower(name); {
	case p.sign("("):
		return p.call(start, name)
	case lower == "true":
		return constant{boolOf(true)}
	case lower == "false":
		return constant{boolOf(false)}
	}
	for p.sign("[") { // an item of a list
		n, ok := p.numeral()
		if !ok {
			p.unexpected("a number")
		}
		p.need("]")
		name += "." + n.String()
	}
	return fieldRef{name}
}

// reserved words name no field unless they stand in backticks.
var reserved = map[string]bool{"and": true, "or": true, "not": true, "in": true, "like": true, "by": true, "as": true}

// units are those of a period, in milliseconds.
var units = map[string]time.Duration{
	"ms": time.Millisecond, "msec": time.Millisecond,
	"s": time.Second, "sec": time.Second, "second": time.Second, "seconds": time.Second,
	"m": time.Minute, "min": time.Minute, "minute": time.Minute, "minutes": time.Minute,
	"h": time.Hour, "hr": time.Hour, "hour": time.Hour, "hours": time.Hour,
	"d": 24 * time.Hour, "day": 24 * time.Hour, "days": 24 * time.Hour,
	"w": 7 * 24 * time.Hour, "week": 7 * 24 * time.Hour, "weeks": 7 * 24 * time.Hour,
}

// numeral takes a number, or a period such as 5m, which is its milliseconds.
func (p *parser) numeral() (value, bool) {
	p.space()
	start := p.pos
	for p.pos < len(p.text) && (digit(p.text[p.pos]) || p.text[p.pos] == '.' && p.pos > start) {
		p.pos++
	}
	if p.pos == start {
		return value{}, false
	}
	digits := p.text[start:p.pos]
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		p.fail(start, "%q is not a number", digits)
	}
	from := p.pos
	for p.pos < len(p.text) && letter(p.text[p.pos]) {
		p.pos++
	}
	unit := p.text[from:p.pos]
	if unit == "" {
		return value{kind: number, num: n, str: digits}, true
	}
	d, ok := units[strings.ToLower(unit)]
	if !ok {
		p.fail(start, "unknown unit of time %q", unit)
	}
	return value{kind: number, num: n * float64(d.Milliseconds()), str: ""}, true
}
