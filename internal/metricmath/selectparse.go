package metricmath

import (
	"slices"
	"strings"
)

// selectParser holds the token that stands next.
type selectParser struct {
	rest  string
	kind  selectToken
	token string
	depth int
	err   error
}

type selectToken int

const (
	selectEnd   selectToken = iota
	selectWord              // letters, digits, underscores
	selectName              // "quoted"
	selectValue             // 'quoted'
	selectSign
)

func (p *selectParser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = errorf(format, args...)
	}
	p.rest, p.kind, p.token = "", selectEnd, ""
}

// next moves to the next token.
func (p *selectParser) next() {
	p.rest = strings.TrimLeft(p.rest, " \t\r\n")
	if p.rest == "" {
		p.kind, p.token = selectEnd, ""
		return
	}
	n := 0
	for n < len(p.rest) && (isLetter(p.rest[n]) || isDigit(p.rest[n]) || p.rest[n] == '_') {
		n++
	}
	switch c := p.rest[0]; {
	case n > 0:
		p.kind, p.token, p.rest = selectWord, p.rest[:n], p.rest[n:]
	case c == '"' || c == '\'':
		s := searchParser{rest: p.rest}
		text, ok := s.quoted()
		if !ok {
			p.fail("Unterminated string in the query")
			return
		}
		p.kind, p.token, p.rest = selectName, text, s.rest
		if c == '\'' {
			p.kind = selectValue
		}
	case strings.HasPrefix(p.rest, "!="):
		p.kind, p.token, p.rest = selectSign, "!=", p.rest[2:]
	default:
		p.kind, p.token, p.rest = selectSign, p.rest[:1], p.rest[1:]
	}
}

// accept takes a keyword if it stands next.
func (p *selectParser) accept(keyword string) bool {
	if p.kind != selectWord || !strings.EqualFold(p.token, keyword) {
		return false
	}
	p.next()
	return true
}

func (p *selectParser) keywords(keyword string) {
	if !p.accept(keyword) {
		p.fail("Expected %s in the query", keyword)
	}
}

func (p *selectParser) sign(sign string) {
	if p.kind != selectSign || p.token != sign {
		p.fail("Expected %q in the query", sign)
		return
	}
	p.next()
}

// function reads "AVG(" and the like.
func (p *selectParser) function() string {
	name := strings.ToUpper(p.token)
	if p.kind != selectWord || !slices.Contains([]string{"AVG", "COUNT", "MAX", "MIN", "SUM"}, name) {
		p.fail("The functions of a query are AVG, COUNT, MAX, MIN and SUM")
		return ""
	}
	p.next()
	p.sign("(")
	return name
}

// reserved words must be quoted to be names.
var reserved = []string{
	"SELECT", "FROM", "WHERE", "GROUP", "ORDER", "BY", "LIMIT", "AND", "OR", "NOT", "SCHEMA", "ASC", "DESC", "IN", "LIKE", "NULL",
}

func (p *selectParser) name(what string) string {
	if p.kind != selectName && (p.kind != selectWord || slices.Contains(reserved, strings.ToUpper(p.token))) {
		p.fail("Expected %s in the query", what)
		return ""
	}
	name := p.token
	p.next()
	return name
}

func (p *selectParser) names() []string {
	names := []string{p.name("a label")}
	for p.kind == selectSign && p.token == "," {
		p.next()
		names = append(names, p.name("a label"))
	}
	return names
}

func (p *selectParser) from(s *Select) {
	if !p.accept("SCHEMA") {
		s.Namespace = p.name("a namespace")
		return
	}
	p.sign("(")
	names := p.names()
	p.sign(")")
	s.Schema, s.Namespace, s.Labels = true, names[0], slices.Clone(names[1:])
	slices.Sort(s.Labels)
}

func (p *selectParser) or() *condition {
	if p.depth++; p.depth > maxDepth {
		p.fail("The query is nested too deeply")
	}
	defer func() { p.depth-- }()
	list := []*condition{p.and()}
	for p.accept("OR") {
		list = append(list, p.and())
	}
	return joined("OR", list)
}

func (p *selectParser) and() *condition {
	list := []*condition{p.condition()}
	for p.accept("AND") {
		list = append(list, p.condition())
	}
	return joined("AND", list)
}

func joined(op string, list []*condition) *condition {
	if len(list) == 1 {
		return list[0]
	}
	return &condition{op: op, children: list}
}

func (p *selectParser) condition() *condition {
	if p.kind == selectSign && p.token == "(" {
		p.next()
		c := p.or()
		p.sign(")")
		return c
	}
	c := &condition{label: p.name("a label")}
	if p.kind != selectSign || p.token != "=" && p.token != "!=" {
		p.fail("Expected = or != in the query")
		return c
	}
	c.op = p.token
	p.next()
	if p.kind != selectValue {
		p.fail("Expected a value in single quotes in the query")
		return c
	}
	c.value = p.token
	p.next()
	return c
}
