package eventpattern

import (
	"slices"
	"strings"
)

// maxRules is how many conjunctions $or may make of a pattern.
const maxRules = 1000

// rule is a conjunction while it is being read: leaves by path.
type rule []condition

type condition struct {
	path   []string
	leaf   *leaf // nil: the field must not exist
	values int   // alternatives written
}

// compiler reads a pattern into rules.
type compiler struct {
	*lexer
	rules []rule
	path  []string
	or    int     // how deep in $or
	limit decimal // of numeric
}

// compile reads and checks a pattern.
func compile(src []byte, d Dialect) ([]rule, error) {
	c := &compiler{lexer: newLexer(string(src), d), rules: []rule{nil}, limit: numericLimit(d)}
	if len(src) > maxPolicy {
		return nil, c.tooComplex()
	}
	tok, err := c.next()
	if err != nil {
		return nil, err
	}
	if tok != tokenObject {
		return nil, c.fail("Filter is not an object")
	}
	if err := c.object(); err != nil {
		return nil, err
	}
	if tok, err := c.next(); err != nil {
		return nil, err
	} else if tok != tokenEnd {
		return nil, c.fail("Unexpected text after the pattern")
	}
	return c.rules, c.checkCombinations()
}

// object reads the fields of an object, whose brace has been read.
func (c *compiler) object() error {
	empty := true
	for {
		tok, err := c.next()
		if err != nil {
			return err
		}
		if tok == tokenObjectEnd {
			break
		}
		empty = false
		if err := c.fieldOf(c.name); err != nil {
			return err
		}
	}
	if empty {
		return c.fail("Empty objects are not allowed")
	}
	return nil
}

// fieldOf reads the value of a field.
func (c *compiler) fieldOf(name string) error {
	if name == "$or" {
		return c.alternatives()
	}
	if c.or > 0 && slices.Contains(operators, name) {
		return c.fail("%s is Ruler reserved fieldName which cannot be used inside $or.", name)
	}
	tok, err := c.next()
	if err != nil {
		return err
	}
	c.path = append(c.path, name)
	defer func() { c.path = c.path[:len(c.path)-1] }()
	switch tok {
	case tokenObject:
		if c.dialect == SNSFilter {
			return &Error{Dialect: c.dialect, Reason: "Filter policy scope MessageAttributes does not support nested filter policy"}
		}
		return c.object()
	case tokenArray:
		return c.values()
	}
	return c.fail("%q must be an object or an array", name)
}

// alternatives reads the array of $or: each object in it continues a copy of
// the rules so far.
func (c *compiler) alternatives() error {
	if tok, err := c.next(); err != nil {
		return err
	} else if tok != tokenArray {
		return c.fail("It must be an Array followed with $or.")
	}
	c.or++
	defer func() { c.or-- }()
	before := c.rules
	var after []rule
	n := 0
	for ; ; n++ {
		tok, err := c.next()
		if err != nil {
			return err
		}
		if tok == tokenArrayEnd {
			break
		}
		if tok != tokenObject {
			return c.fail("Only JSON object is allowed in array of $or relationship.")
		}
		c.rules = make([]rule, len(before))
		for i, r := range before {
			c.rules[i] = slices.Clip(r)
		}
		if err := c.object(); err != nil {
			return err
		}
		if after = append(after, c.rules...); len(after) > maxRules {
			return c.tooComplex()
		}
	}
	if n < 2 {
		return c.fail("There must have at least 2 Objects in $or relationship.")
	}
	c.rules = after
	return nil
}

// values reads the alternatives of a leaf into every rule. One that may be
// absent or have a value makes two rules of each.
func (c *compiler) values() error {
	l, n, err := c.leaf()
	if err != nil {
		return err
	}
	path := slices.Clone(c.path)
	var after []rule
	for _, r := range c.rules {
		if slices.ContainsFunc(r, func(o condition) bool { return slices.Equal(o.path, path) }) {
			return c.fail("Path `%s` cannot be allowed multiple times", strings.Join(path, "."))
		}
		if err := c.tooManyKeys(len(r) + 1); err != nil {
			return err
		}
		if l.absent {
			after = append(after, append(slices.Clip(r), condition{path: path, values: n}))
		}
		if l.hasValues() {
			after = append(after, append(r, condition{path: path, leaf: l, values: n}))
		}
	}
	if len(after) > maxRules {
		return c.tooComplex()
	}
	c.rules = after
	return nil
}

// build makes the branch of a rule.
func (r rule) build() branch {
	var b branch
	for _, cond := range r {
		if cond.leaf == nil {
			b.absent = append(b.absent, cond.path)
		} else {
			b.root = insert(b.root, cond.path, cond.leaf)
		}
	}
	sortNodes(b.root)
	return b
}

func insert(nodes []*node, path []string, l *leaf) []*node {
	i := slices.IndexFunc(nodes, func(n *node) bool { return n.key == path[0] })
	if i < 0 {
		i = len(nodes)
		nodes = append(nodes, &node{key: path[0]})
	}
	if len(path) == 1 {
		nodes[i].leaf = l
	} else {
		nodes[i].children = insert(nodes[i].children, path[1:], l)
	}
	return nodes
}

// sortNodes puts what is quick to refuse first: leaves before objects.
func sortNodes(nodes []*node) {
	slices.SortStableFunc(nodes, func(a, b *node) int { return len(a.children) - len(b.children) })
	for _, n := range nodes {
		sortNodes(n.children)
	}
}
