package alarm

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ParseExpression reads a composite alarm's rule. Its errors are sentences to
// show to the caller.
func ParseExpression(text string) (*Expression, error) {
	p := &parser{text: text, e: &Expression{}}
	root, err := p.expression(0)
	if err != nil {
		return nil, err
	}
	p.space()
	if p.pos < len(p.text) {
		return nil, p.errorf("unexpected %q", p.text[p.pos:min(p.pos+1, len(p.text))])
	}
	p.e.root = root
	return p.e, nil
}

// maxDepth bounds parentheses and NOTs inside of each other.
const maxDepth = 100

type parser struct {
	text     string
	pos      int
	elements int
	e        *Expression
}

func (p *parser) errorf(format string, args ...any) error {
	return fmt.Errorf("AlarmRule is not valid at position %d: %s", p.pos+1, fmt.Sprintf(format, args...))
}

// element counts what the limit is about.
func (p *parser) element() error {
	p.elements++
	if p.elements > MaxElements {
		return fmt.Errorf("AlarmRule must not have more than %d elements", MaxElements)
	}
	return nil
}

func (p *parser) space() {
	for p.pos < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.pos]) >= 0 {
		p.pos++
	}
}

// take consumes c if it comes next.
func (p *parser) take(c byte) bool {
	p.space()
	if p.pos < len(p.text) && p.text[p.pos] == c {
		p.pos++
		return true
	}
	return false
}

// word consumes letters and underscores, in any case.
func (p *parser) word() string {
	p.space()
	start := p.pos
	for p.pos < len(p.text) && (isLetter(p.text[p.pos]) || p.text[p.pos] == '_') {
		p.pos++
	}
	return strings.ToUpper(p.text[start:p.pos])
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// keyword consumes a word if it is the wanted one.
func (p *parser) keyword(want string) bool {
	start := p.pos
	if p.word() == want {
		return true
	}
	p.pos = start
	return false
}

func (p *parser) expression(depth int) (node, error) {
	left, err := p.term(depth)
	for err == nil && p.keyword("OR") {
		var right node
		if right, err = p.operand(depth, p.term); err == nil {
			left = some{left, right}
		}
	}
	return left, err
}

func (p *parser) term(depth int) (node, error) {
	left, err := p.factor(depth)
	for err == nil && p.keyword("AND") {
		var right node
		if right, err = p.operand(depth, p.factor); err == nil {
			left = both{left, right}
		}
	}
	return left, err
}

// operand parses what stands behind an operator.
func (p *parser) operand(depth int, parse func(int) (node, error)) (node, error) {
	if err := p.element(); err != nil {
		return nil, err
	}
	return parse(depth)
}

func (p *parser) factor(depth int) (node, error) {
	if depth > maxDepth {
		return nil, p.errorf("nested too deeply")
	}
	if p.take('(') {
		inner, err := p.expression(depth + 1)
		if err == nil && !p.take(')') {
			err = p.errorf("expected )")
		}
		return inner, err
	}
	if err := p.element(); err != nil {
		return nil, err
	}
	start := p.pos
	switch w := p.word(); w {
	case "NOT":
		inner, err := p.factor(depth + 1)
		return not{inner}, err
	case "TRUE", "FALSE":
		return constant(w == "TRUE"), nil
	case string(Alarm), string(OK), string(Insufficient):
		return p.function(State(w))
	case "AT_LEAST":
		return p.atLeast()
	default:
		p.pos = start
		p.space()
		return nil, p.errorf("expected ALARM, OK, INSUFFICIENT_DATA, AT_LEAST, TRUE, FALSE, NOT or (")
	}
}

// function parses the argument of ALARM and its like.
func (p *parser) function(s State) (node, error) {
	if !p.take('(') {
		return nil, p.errorf("expected (")
	}
	ref, err := p.reference()
	if err == nil && !p.take(')') {
		err = p.errorf("expected )")
	}
	return is{s, ref}, err
}

// reference parses the name or ARN of an alarm.
func (p *parser) reference() (string, error) {
	p.space()
	var ref string
	if p.take('"') {
		var err error
		if ref, err = p.quoted(); err != nil {
			return "", err
		}
	} else {
		start := p.pos
		for p.pos < len(p.text) && strings.IndexByte(`(),"`, p.text[p.pos]) < 0 {
			p.pos++
		}
		ref = strings.TrimSpace(p.text[start:p.pos])
	}
	if ref == "" {
		return "", p.errorf("expected the name or ARN of an alarm")
	}
	if !slices.Contains(p.e.children, ref) {
		p.e.children = append(p.e.children, ref)
	}
	if len(p.e.children) > MaxChildren {
		return "", fmt.Errorf("AlarmRule must not refer to more than %d alarms", MaxChildren)
	}
	return ref, nil
}

// quoted parses up to the closing quotation mark; a backslash takes the next
// character as it is.
func (p *parser) quoted() (string, error) {
	var b strings.Builder
	for p.pos < len(p.text) {
		c := p.text[p.pos]
		p.pos++
		switch {
		case c == '"':
			return b.String(), nil
		case c == '\\' && p.pos < len(p.text):
			b.WriteByte(p.text[p.pos])
			p.pos++
		default:
			b.WriteByte(c)
		}
	}
	return "", p.errorf("expected \"")
}

// atLeast parses AT_LEAST(2, ALARM, (a, b, c)); the number may be a percentage,
// the state negated.
func (p *parser) atLeast() (node, error) {
	n := atLeast{}
	if !p.take('(') {
		return nil, p.errorf("expected (")
	}
	if err := p.threshold(&n); err != nil {
		return nil, err
	}
	if !p.take(',') {
		return nil, p.errorf("expected ,")
	}
	n.negate = p.keyword("NOT")
	switch w := State(p.word()); w {
	case Alarm, OK, Insufficient:
		n.state = w
	default:
		return nil, p.errorf("expected ALARM, OK or INSUFFICIENT_DATA")
	}
	if !p.take(',') || !p.take('(') {
		return nil, p.errorf("expected a list of alarms")
	}
	if err := p.references(&n); err != nil {
		return nil, err
	}
	if !p.take(')') {
		return nil, p.errorf("expected )")
	}
	if n.share && n.need > 100 || !n.share && n.need > float64(len(n.refs)) {
		return nil, p.errorf("AT_LEAST asks for more alarms than it lists")
	}
	return n, nil
}

func (p *parser) threshold(n *atLeast) error {
	p.space()
	start := p.pos
	for p.pos < len(p.text) && p.text[p.pos] >= '0' && p.text[p.pos] <= '9' {
		p.pos++
	}
	need, err := strconv.Atoi(p.text[start:p.pos])
	if err != nil || need < 1 {
		return p.errorf("expected a number above zero")
	}
	n.need, n.share = float64(need), p.take('%')
	return nil
}

// references parses a list up to its closing parenthesis.
func (p *parser) references(n *atLeast) error {
	for {
		if err := p.element(); err != nil {
			return err
		}
		ref, err := p.reference()
		if err != nil {
			return err
		}
		n.refs = append(n.refs, ref)
		if p.take(')') {
			return nil
		}
		if !p.take(',') {
			return p.errorf("expected , or )")
		}
	}
}
