package cloudwatch

import (
	"math"
	"regexp"
	"strconv"
	"time"

	api "nephele.dev/nephele/internal/api/cloudwatch"
)

// Metric math, so far: numbers, ids of other queries, + - * / ^, unary minus
// and parentheses. Functions, arrays, comparisons, SEARCH and SELECT answer
// that they are not implemented.
//
//	sum    = term { ("+" | "-") term }
//	term   = power { ("*" | "/") power }
//	power  = unary [ "^" power ]
//	unary  = [ "-" ] atom
//	atom   = number | id | "(" sum ")"

// operand is a number or a time series (points not nil).
type operand struct {
	number float64
	points *points
}

var tokenPattern = regexp.MustCompile(`^\s*(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+|[a-z][a-zA-Z0-9_]*|[-+*/^()])`)

// mathParser evaluates while it parses.
type mathParser struct {
	e     *evaluation
	text  string
	token string // the one that stands next; "" at the end
	rest  string
	depth int
	err   error
}

// maxMathDepth bounds nesting; expressions are at most 2,048 characters.
const maxMathDepth = 100

// expression computes q's expression.
func (e *evaluation) expression(q *api.MetricDataQuery) (*points, error) {
	p := &mathParser{e: e, text: *q.Expression, rest: *q.Expression}
	p.next()
	v := p.sum()
	if p.err == nil && p.token != "" {
		p.unsupported()
	}
	if p.err != nil {
		return nil, p.err
	}
	if v.points == nil {
		return nil, validation("Error in expression '%s': the result must be a time series.", q.Id)
	}
	return v.points, nil
}

func (p *mathParser) unsupported() {
	if p.err == nil {
		p.err = notImplemented("Nephele does not implement the metric math expression %q of cloudwatch:GetMetricData yet: "+
			"it knows numbers, ids, + - * / ^ and parentheses.", p.text)
	}
	p.token, p.rest = "", ""
}

// next moves to the next token.
func (p *mathParser) next() {
	m := tokenPattern.FindStringSubmatch(p.rest)
	if m == nil {
		p.token = ""
		if blank.MatchString(p.rest) {
			return
		}
		p.unsupported()
		return
	}
	p.token, p.rest = m[1], p.rest[len(m[0]):]
}

var blank = regexp.MustCompile(`^\s*$`)

func (p *mathParser) sum() operand {
	v := p.term()
	for p.token == "+" || p.token == "-" {
		op := p.token
		p.next()
		v = combine(op, v, p.term())
	}
	return v
}

func (p *mathParser) term() operand {
	v := p.power()
	for p.token == "*" || p.token == "/" {
		op := p.token
		p.next()
		v = combine(op, v, p.power())
	}
	return v
}

func (p *mathParser) power() operand {
	v := p.unary()
	if p.token != "^" {
		return v
	}
	p.next()
	return combine("^", v, p.power())
}

func (p *mathParser) unary() operand {
	if p.depth++; p.depth > maxMathDepth {
		p.unsupported()
	}
	defer func() { p.depth-- }()
	if p.token == "-" {
		p.next()
		return combine("-", operand{}, p.unary())
	}
	return p.atom()
}

func (p *mathParser) atom() operand {
	token := p.token
	switch {
	case token == "(":
		p.next()
		v := p.sum()
		if p.token != ")" {
			p.unsupported()
		}
		p.next()
		return v
	case token != "" && (token[0] >= '0' && token[0] <= '9' || token[0] == '.'):
		p.next()
		n, err := strconv.ParseFloat(token, 64)
		if err != nil {
			p.unsupported()
		}
		return operand{number: n}
	case token != "" && token[0] >= 'a' && token[0] <= 'z':
		p.next()
		return p.query(token)
	}
	p.unsupported()
	return operand{}
}

// query is the result of the query with the given id.
func (p *mathParser) query(id string) operand {
	for _, q := range p.e.in.MetricDataQueries {
		if q.Id != id {
			continue
		}
		v, err := p.e.result(q)
		if err != nil {
			if p.err == nil {
				p.err = err
			}
			p.token, p.rest = "", ""
			return operand{}
		}
		return operand{points: v}
	}
	if p.err == nil {
		p.err = validation("Error in expression: the id %s is not the id of a query.", id)
	}
	p.token, p.rest = "", ""
	return operand{}
}

// combine applies op. Two time series have values where both have; a value that
// is not a number, of a division by zero for one, is left out.
func combine(op string, a, b operand) operand {
	if a.points == nil && b.points == nil {
		return operand{number: calculate(op, a.number, b.number)}
	}
	out := &points{}
	add := func(t time.Time, v float64) {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			out.times, out.values = append(out.times, t), append(out.values, v)
		}
	}
	switch {
	case a.points == nil:
		for i, t := range b.points.times {
			add(t, calculate(op, a.number, b.points.values[i]))
		}
	case b.points == nil:
		for i, t := range a.points.times {
			add(t, calculate(op, a.points.values[i], b.number))
		}
	default:
		other := map[int64]float64{}
		for i, t := range b.points.times {
			other[t.UnixMicro()] = b.points.values[i]
		}
		for i, t := range a.points.times {
			if v, ok := other[t.UnixMicro()]; ok {
				add(t, calculate(op, a.points.values[i], v))
			}
		}
	}
	return operand{points: out}
}

func calculate(op string, a, b float64) float64 {
	switch op {
	case "+":
		return a + b
	case "-":
		return a - b
	case "*":
		return a * b
	case "/":
		return a / b
	default:
		return math.Pow(a, b)
	}
}
