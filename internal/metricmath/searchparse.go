package metricmath

import (
	"slices"
	"strings"
)

// ParseSearch reads a search expression. The error is an *Error.
func ParseSearch(text string) (*Search, error) {
	if len(text) > maxSearch {
		return nil, errorf("A search expression has at most %d characters", maxSearch)
	}
	p := &searchParser{rest: strings.TrimSpace(text)}
	q := &Search{}
	if strings.HasPrefix(p.rest, "{") {
		p.schema(q)
	}
	if p.next(); p.err == nil && p.kind != searchEnd {
		q.term = p.any()
		if p.err == nil && p.kind != searchEnd {
			p.fail("Unexpected %q in the search expression", p.token)
		}
	}
	if p.err == nil && !q.schema && q.term == nil {
		p.fail("A search expression needs a metric schema or a search term")
	}
	return q, p.err
}

// searchParser holds the token that stands next.
type searchParser struct {
	rest  string
	kind  searchToken
	token string
	depth int
	err   error
}

type searchToken int

const (
	searchEnd    searchToken = iota
	searchWord               // bare text
	searchQuoted             // without its quotes and escapes
	searchSign               // ( ) =
)

func (p *searchParser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = errorf(format, args...)
	}
	p.rest, p.kind, p.token = "", searchEnd, ""
}

// schema reads "{Namespace,Dim1,Dim2}" and a comma that may follow.
func (p *searchParser) schema(q *Search) {
	p.rest = p.rest[1:]
	var names []string
	for {
		p.rest = strings.TrimSpace(p.rest)
		name, ok := p.schemaName()
		if !ok {
			p.fail("Invalid metric schema in the search expression")
			return
		}
		names = append(names, name)
		p.rest = strings.TrimSpace(p.rest)
		if strings.HasPrefix(p.rest, ",") {
			p.rest = p.rest[1:]
			continue
		}
		break
	}
	if !strings.HasPrefix(p.rest, "}") {
		p.fail("Invalid metric schema in the search expression")
		return
	}
	p.rest = strings.TrimPrefix(strings.TrimSpace(p.rest[1:]), ",")
	q.schema, q.namespace, q.dimensions = true, names[0], slices.Clone(names[1:])
	slices.Sort(q.dimensions)
}

func (p *searchParser) schemaName() (string, bool) {
	if strings.HasPrefix(p.rest, `"`) {
		return p.quoted()
	}
	n := strings.IndexAny(p.rest, `,}"`)
	if n <= 0 {
		return "", false
	}
	name := strings.TrimSpace(p.rest[:n])
	p.rest = p.rest[n:]
	return name, name != ""
}

// quoted takes a quoted string, in which a backslash escapes any character.
func (p *searchParser) quoted() (string, bool) {
	quote := p.rest[0]
	var b strings.Builder
	for i := 1; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == quote:
			p.rest = p.rest[i+1:]
			return b.String(), true
		case c == '\\' && i+1 < len(p.rest):
			i++
			b.WriteByte(p.rest[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", false
}

// next moves to the next token.
func (p *searchParser) next() {
	p.rest = strings.TrimLeft(p.rest, " \t\r\n,")
	if p.rest == "" {
		p.kind, p.token = searchEnd, ""
		return
	}
	switch c := p.rest[0]; c {
	case '(', ')', '=':
		p.kind, p.token, p.rest = searchSign, p.rest[:1], p.rest[1:]
	case '"', '\'':
		s, ok := p.quoted()
		if !ok {
			p.fail("Unterminated string in the search expression")
			return
		}
		p.kind, p.token = searchQuoted, s
	default:
		n := strings.IndexAny(p.rest, " \t\r\n,()=\"'")
		if n < 0 {
			n = len(p.rest)
		}
		p.kind, p.token, p.rest = searchWord, p.rest[:n], p.rest[n:]
	}
}

func (p *searchParser) is(kind searchToken, text string) bool {
	return p.kind == kind && p.token == text
}

func (p *searchParser) any() *searchTerm {
	terms := []*searchTerm{p.all()}
	for p.is(searchWord, "OR") {
		p.next()
		terms = append(terms, p.all())
	}
	return group(searchAny, terms)
}

func (p *searchParser) all() *searchTerm {
	terms := []*searchTerm{p.not()}
	for p.kind != searchEnd && !p.is(searchSign, ")") && !p.is(searchWord, "OR") {
		if p.is(searchWord, "AND") {
			p.next()
		}
		terms = append(terms, p.not())
	}
	return group(searchAll, terms)
}

func group(op searchOp, terms []*searchTerm) *searchTerm {
	if len(terms) == 1 {
		return terms[0]
	}
	return &searchTerm{op: op, children: terms}
}

func (p *searchParser) not() *searchTerm {
	if p.depth++; p.depth > maxDepth {
		p.fail("The search expression is nested too deeply")
	}
	defer func() { p.depth-- }()
	switch {
	case p.is(searchWord, "NOT"):
		p.next()
		return &searchTerm{op: searchNot, children: []*searchTerm{p.not()}}
	case p.is(searchSign, "("):
		p.next()
		t := p.any()
		if !p.is(searchSign, ")") {
			p.fail("Missing ) in the search expression")
		}
		p.next()
		return t
	}
	return p.leaf()
}

// leaf reads a term, or property=term.
func (p *searchParser) leaf() *searchTerm {
	if p.kind != searchWord && p.kind != searchQuoted || p.is(searchWord, "AND") || p.is(searchWord, "OR") {
		p.fail("A search term is missing in the search expression")
		return &searchTerm{}
	}
	t := &searchTerm{text: p.token, exact: p.kind == searchQuoted}
	p.next()
	if p.is(searchSign, "=") {
		p.next()
		if p.kind != searchWord && p.kind != searchQuoted {
			p.fail("The value of %s is missing in the search expression", t.text)
			return t
		}
		t.property, t.text, t.exact = t.text, p.token, p.kind == searchQuoted
		p.next()
	}
	if !t.exact {
		t.tokens, t.loose = tokenize(t.text)
	}
	return t
}
