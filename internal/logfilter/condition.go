package logfilter

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// source is what conditions are about: a JSON document, or one word.
type source interface {
	// each calls f with the values at p until f returns true, and reports
	// whether it did.
	each(p *path, f func(any) bool) bool
}

// condition is a boolean expression.
type condition interface{ holds(source) bool }

type (
	allOf []condition
	anyOf []condition
)

func (c allOf) holds(s source) bool {
	for _, x := range c {
		if !x.holds(s) {
			return false
		}
	}
	return true
}

func (c anyOf) holds(s source) bool {
	for _, x := range c {
		if x.holds(s) {
			return true
		}
	}
	return false
}

// comparison compares the values at a path with an operand.
type comparison struct {
	path    path
	op      operator
	operand operand
}

type operator string

// The operators. Comparisons of order are with numbers alone.
const (
	opEqual     operator = "="
	opNotEqual  operator = "!="
	opLess      operator = "<"
	opLessEqual operator = "<="
	opMore      operator = ">"
	opMoreEqual operator = ">="
	opNull      operator = "IS NULL"
	opTrue      operator = "IS TRUE"
	opFalse     operator = "IS FALSE"
	opExists    operator = "EXISTS"
	opMissing   operator = "NOT EXISTS"
)

func (c *comparison) holds(s source) bool {
	if c.op == opMissing {
		return !s.each(&c.path, func(any) bool { return true })
	}
	return s.each(&c.path, c.test)
}

// test compares one value.
func (c *comparison) test(v any) bool {
	switch c.op {
	case opExists:
		return true
	case opNull:
		return v == nil
	case opTrue:
		return v == true
	case opFalse:
		return v == false
	case opEqual:
		return c.operand.equal(v)
	case opNotEqual:
		return v != nil && !c.operand.equal(v)
	}
	n, ok := numberOf(v)
	if !ok {
		return false
	}
	switch c.op {
	case opLess:
		return n < c.operand.number
	case opLessEqual:
		return n <= c.operand.number
	case opMore:
		return n > c.operand.number
	}
	return n >= c.operand.number
}

// operand is the right side of a comparison.
type operand struct {
	text    string
	star    bool // text holds wildcards
	numeric bool
	number  float64
	re      *regexp.Regexp
}

// equal compares with a value: numbers by value, everything else as text. A
// lone wildcard takes whatever is there, but not null.
func (o *operand) equal(v any) bool {
	if v == nil {
		return false
	}
	if o.star && strings.Trim(o.text, "*") == "" {
		return true
	}
	switch v.(type) {
	case map[string]any, []any:
		return false
	}
	if o.numeric {
		if n, ok := numberOf(v); ok {
			return n == o.number
		}
	}
	text := textOf(v)
	switch {
	case o.re != nil:
		return o.re.MatchString(text)
	case o.star:
		return glob(o.text, text)
	}
	return text == o.text
}

// glob matches text against a pattern in which * is any run of characters.
func glob(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	text, ok := strings.CutPrefix(text, parts[0])
	if !ok {
		return false
	}
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text = text[i+len(part):]
	}
	return strings.HasSuffix(text, last)
}

// parseNumber reads a decimal number, scientific notation included.
func parseNumber(text string) (float64, bool) {
	if text == "" || strings.Trim(text, "0123456789+-.eE") != "" || strings.IndexByte("eE", text[0]) >= 0 {
		return 0, false
	}
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil
}

// expression reads a condition; subject reads what a comparison is about.
func (s *scanner) expression(subject func() (path, error)) (condition, error) {
	var any anyOf
	for {
		c, err := s.conjunction(subject)
		if err != nil {
			return nil, err
		}
		any = append(any, c)
		if s.blank(); !s.take("||") {
			break
		}
	}
	if len(any) == 1 {
		return any[0], nil
	}
	return any, nil
}

func (s *scanner) conjunction(subject func() (path, error)) (condition, error) {
	var all allOf
	for {
		c, err := s.one(subject)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
		if s.blank(); !s.take("&&") {
			break
		}
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return all, nil
}

// one reads a comparison, or an expression in parentheses.
func (s *scanner) one(subject func() (path, error)) (condition, error) {
	s.blank()
	if !s.take("(") {
		return s.comparison(subject)
	}
	if s.depth++; s.depth > maxDepth {
		return nil, ErrInvalid
	}
	defer func() { s.depth-- }()
	c, err := s.expression(subject)
	if err != nil {
		return nil, err
	}
	if s.blank(); !s.take(")") {
		return nil, ErrInvalid
	}
	return c, nil
}

func (s *scanner) comparison(subject func() (path, error)) (condition, error) {
	to, err := subject()
	if err != nil {
		return nil, err
	}
	c := &comparison{path: to}
	s.blank()
	if c.op, err = s.operator(); err != nil {
		return nil, err
	}
	switch c.op {
	case opNull, opTrue, opFalse, opExists, opMissing:
		return c, nil
	}
	s.blank()
	if c.operand, err = s.operand(); err != nil {
		return nil, err
	}
	if c.op != opEqual && c.op != opNotEqual && !c.operand.numeric {
		return nil, ErrInvalid
	}
	return c, nil
}

func (s *scanner) operator() (operator, error) {
	for _, op := range []operator{opNotEqual, opLessEqual, opMoreEqual, opEqual, opLess, opMore} {
		if s.take(string(op)) {
			return op, nil
		}
	}
	for _, op := range []operator{opNull, opTrue, opFalse, opMissing, opExists} {
		first, second, two := strings.Cut(string(op), " ")
		begin := s.at
		if !s.keyword(first) {
			continue
		}
		if s.blank(); !two || s.keyword(second) {
			return op, nil
		}
		s.at = begin
	}
	return "", ErrInvalid
}

// operand reads a value. Numbers in quotes are text.
func (s *scanner) operand() (o operand, err error) {
	switch s.peek() {
	case '"':
		o.text, err = s.quoted()
	case '%':
		o.re, err = s.regex()
		if s.regexes > maxRegexes {
			err = ErrInvalid
		}
		return o, err
	default:
		o.text, err = s.bare()
		o.number, o.numeric = parseNumber(o.text)
	}
	o.star = strings.Contains(o.text, "*")
	return o, err
}

// bare reads a value without quotes.
func (s *scanner) bare() (string, error) {
	rest := s.text[s.at:]
	end := strings.IndexFunc(rest, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune(`()[]{}<>=!&|,"%$`, r)
	})
	if end < 0 {
		end = len(rest)
	}
	if end == 0 {
		return "", ErrInvalid
	}
	s.at += end
	return rest[:end], nil
}
