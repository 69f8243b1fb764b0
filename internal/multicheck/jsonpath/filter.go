package jsonpath

import (
	"encoding/json"
	"strings"
)

// expression is a filter's condition on a node.
type expression interface {
	holds(e *evaluation, node any) (bool, error)
}

type (
	either     struct{ left, right expression }
	both       struct{ left, right expression }
	not        struct{ of expression }
	exists     struct{ of operand }
	comparison struct {
		op          string
		left, right operand
	}
)

// operand is a literal or a path from the node (@) or the root ($).
type operand struct {
	literal  any
	segments []segment
	from     byte // '@', '$', or 0 for a literal
}

func (p *parser) or() (expression, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.fail("filters are nested too deeply")
	}
	defer func() { p.depth-- }()
	left, err := p.and()
	for err == nil {
		if p.space(); !p.eat("||") {
			return left, nil
		}
		var right expression
		right, err = p.and()
		left = either{left, right}
	}
	return nil, err
}

func (p *parser) and() (expression, error) {
	left, err := p.term()
	for err == nil {
		if p.space(); !p.eat("&&") {
			return left, nil
		}
		var right expression
		right, err = p.term()
		left = both{left, right}
	}
	return nil, err
}

func (p *parser) term() (expression, error) {
	p.space()
	switch {
	case strings.HasPrefix(p.rest(2), "!") && p.rest(2) != "!=":
		p.at++
		if p.depth++; p.depth > maxDepth {
			return nil, p.fail("filters are nested too deeply")
		}
		defer func() { p.depth-- }()
		of, err := p.term()
		return not{of}, err
	case p.eat("("):
		inner, err := p.or()
		if err != nil {
			return nil, err
		}
		if p.space(); !p.eat(")") {
			return nil, p.fail(") is missing")
		}
		return inner, nil
	}
	return p.comparison()
}

func (p *parser) comparison() (expression, error) {
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	p.space()
	for _, op := range []string{"==", "!=", "<=", ">=", "<", ">"} {
		if p.eat(op) {
			p.space()
			right, err := p.operand()
			return comparison{op, left, right}, err
		}
	}
	if left.from == 0 {
		return nil, p.fail("a literal alone is no condition")
	}
	return exists{left}, nil
}

func (p *parser) operand() (operand, error) {
	next := p.rest(1)
	switch next {
	case "@", "$":
		p.at++
		segments, err := p.segments()
		return operand{segments: segments, from: next[0]}, err
	case "'", `"`:
		s, err := p.quoted()
		return operand{literal: s}, err
	}
	for word, value := range map[string]any{"true": true, "false": false, "null": nil} {
		if p.eat(word) {
			return operand{literal: value}, nil
		}
	}
	start := p.at
	for p.at < len(p.text) && strings.IndexByte("+-.0123456789eE", p.text[p.at]) >= 0 {
		p.at++
	}
	n := json.Number(p.text[start:p.at])
	if f, err := n.Float64(); err == nil && start < p.at {
		return operand{literal: f}, nil
	}
	p.at = start
	return operand{}, p.fail("@, $, a string, a number, true, false or null is missing (functions are not supported)")
}
