package metricmath

import (
	"slices"
	"strconv"
)

// The grammar, loosest first. Comparisons do not associate in a useful way, but
// are read from the left.
//
//	or      = and { ("OR" | "||") and }
//	and     = compare { ("AND" | "&&") compare }
//	compare = sum { ("==" | "!=" | "<" | "<=" | ">" | ">=") sum }
//	sum     = term { ("+" | "-") term }
//	term    = unary { ("*" | "/") unary }
//	unary   = "-" unary | "+" unary | power
//	power   = atom [ "^" unary ]
//	atom    = number | id | string | call | "(" or ")" | "[" or { "," or } "]"
//	call    = WORD [ "(" [ or { "," or } ] ")" ]
//
// A WORD without parentheses is a keyword argument such as REPEAT or DESC.

// maxDepth bounds nesting.
const maxDepth = 100

// node is a part of an expression. Exactly one group of fields is used.
type node struct {
	kind   nodeKind
	number float64
	text   string // id, string, word, operator or function
	args   []*node
}

type nodeKind int

const (
	nodeNumber nodeKind = iota
	nodeID
	nodeString
	nodeWord
	nodeUnary
	nodeBinary
	nodeCall
	nodeArray
)

// Expr is a parsed expression. It is immutable.
type Expr struct {
	root *node
	ids  []string
	uses map[string]bool
}

// Parse reads an expression. The error is an *Error.
func Parse(text string) (*Expr, error) {
	tokens, err := lex(text)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	root := p.or()
	if p.err == nil && p.tokens[0].kind != tokenEnd {
		p.fail("Unexpected %q at position %d", p.tokens[0].text, p.tokens[0].at+1)
	}
	if p.err != nil {
		return nil, p.err
	}
	e := &Expr{root: root, uses: map[string]bool{}}
	e.collect(root)
	return e, nil
}

// IDs returns the ids of the queries that the expression names, each once, in
// order of appearance.
func (e *Expr) IDs() []string { return e.ids }

// Uses reports whether the expression calls the function, such as "METRICS".
func (e *Expr) Uses(function string) bool { return e.uses[function] }

func (e *Expr) collect(n *node) {
	switch n.kind {
	case nodeID:
		if !slices.Contains(e.ids, n.text) {
			e.ids = append(e.ids, n.text)
		}
	case nodeCall:
		e.uses[n.text] = true
	}
	for _, a := range n.args {
		e.collect(a)
	}
}

type parser struct {
	tokens []token
	depth  int
	err    error
}

func (p *parser) fail(format string, args ...any) *node {
	if p.err == nil {
		p.err = errorf(format, args...)
	}
	p.tokens = p.tokens[len(p.tokens)-1:] // the end: everything stops
	return &node{}
}

// accept takes the next token if it is one of the texts.
func (p *parser) accept(texts ...string) (string, bool) {
	t := p.tokens[0]
	if (t.kind == tokenSign || t.kind == tokenWord) && slices.Contains(texts, t.text) {
		p.tokens = p.tokens[1:]
		return t.text, true
	}
	return "", false
}

// chain reads operands of one precedence, joined by operators, to the left.
func (p *parser) chain(operand func() *node, operators ...string) *node {
	n := operand()
	for {
		op, ok := p.accept(operators...)
		if !ok {
			return n
		}
		n = &node{kind: nodeBinary, text: canonical(op), args: []*node{n, operand()}}
	}
}

// canonical gives operators with two spellings one.
func canonical(op string) string {
	switch op {
	case "AND":
		return "&&"
	case "OR":
		return "||"
	}
	return op
}

func (p *parser) or() *node {
	if p.depth++; p.depth > maxDepth {
		return p.fail("The expression is nested too deeply")
	}
	defer func() { p.depth-- }()
	return p.chain(p.and, "OR", "||")
}

func (p *parser) and() *node { return p.chain(p.compare, "AND", "&&") }

func (p *parser) compare() *node { return p.chain(p.sum, "==", "!=", "<=", ">=", "<", ">") }

func (p *parser) sum() *node { return p.chain(p.term, "+", "-") }

func (p *parser) term() *node { return p.chain(p.unary, "*", "/") }

func (p *parser) unary() *node {
	if p.depth++; p.depth > maxDepth {
		return p.fail("The expression is nested too deeply")
	}
	defer func() { p.depth-- }()
	if op, ok := p.accept("-", "+"); ok {
		return &node{kind: nodeUnary, text: op, args: []*node{p.unary()}}
	}
	return p.power()
}

func (p *parser) power() *node {
	n := p.atom()
	if _, ok := p.accept("^"); ok {
		return &node{kind: nodeBinary, text: "^", args: []*node{n, p.unary()}}
	}
	return n
}

func (p *parser) atom() *node {
	t := p.tokens[0]
	if t.kind == tokenEnd {
		return p.fail("Unexpected end of the expression")
	}
	p.tokens = p.tokens[1:]
	switch {
	case t.kind == tokenNumber:
		v, err := strconv.ParseFloat(t.text, 64)
		if err != nil {
			return p.fail("The number %s is out of range", t.text)
		}
		return &node{kind: nodeNumber, number: v}
	case t.kind == tokenID:
		return &node{kind: nodeID, text: t.text}
	case t.kind == tokenString:
		return &node{kind: nodeString, text: t.text}
	case t.kind == tokenWord:
		return p.word(t)
	case t.text == "(":
		n := p.or()
		p.expect(")")
		return n
	case t.text == "[":
		return &node{kind: nodeArray, args: p.list("]")}
	}
	return p.fail("Unexpected %q at position %d", t.text, t.at+1)
}

// word reads a call, or a keyword.
func (p *parser) word(t token) *node {
	if _, call := p.accept("("); !call {
		return &node{kind: nodeWord, text: t.text}
	}
	f, known := functions[t.text]
	if !known {
		return p.fail("Unknown function %s at position %d", t.text, t.at+1)
	}
	n := &node{kind: nodeCall, text: t.text}
	if _, empty := p.accept(")"); !empty {
		n.args = p.list(")")
	}
	if len(n.args) < f.least || f.most >= 0 && len(n.args) > f.most {
		return p.fail("Wrong number of arguments of the function %s: %d", t.text, len(n.args))
	}
	return n
}

// list reads one or more expressions up to the closing sign.
func (p *parser) list(closing string) []*node {
	var list []*node
	for {
		list = append(list, p.or())
		if _, more := p.accept(","); !more {
			p.expect(closing)
			return list
		}
	}
}

func (p *parser) expect(sign string) {
	if _, ok := p.accept(sign); !ok {
		t := p.tokens[0]
		if t.kind == tokenEnd {
			p.fail("Unexpected end of the expression, expected %q", sign)
			return
		}
		p.fail("Unexpected %q at position %d, expected %q", t.text, t.at+1, sign)
	}
}
