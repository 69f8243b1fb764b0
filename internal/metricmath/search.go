package metricmath

import (
	"slices"
	"strings"
)

// maxSearch is the length of a search expression, from the user guide.
const maxSearch = 1024

// Metric is what a search looks at.
type Metric struct {
	Account, Namespace, Name string
	Dimensions               []Dimension
}

// Dimension is a name and a value.
type Dimension struct{ Name, Value string }

// Search is a parsed search expression: an optional schema in braces, then
// terms that are joined by AND, OR, NOT and parentheses.
//
//	{AWS/Lambda,FunctionName} MetricName="Errors" NOT (test OR "staging")
type Search struct {
	schema     bool
	namespace  string
	dimensions []string // sorted; none means any
	term       *searchTerm
}

// searchTerm is a node of the expression: all, any and not have children,
// others are leaves.
type searchTerm struct {
	op       searchOp
	children []*searchTerm
	property string // MetricName, Namespace, :aws.AccountId, a dimension; "" for all of them
	text     string
	exact    bool
	tokens   []string // of text, unless exact
	loose    bool     // tokens match in any case
}

type searchOp int

const (
	searchLeaf searchOp = iota
	searchAll
	searchAny
	searchNot
)

// Namespace returns the namespace that every match is in, or "".
func (q *Search) Namespace() string { return q.namespace }

// Match reports whether m is found.
func (q *Search) Match(m *Metric) bool {
	if q.schema && !q.fits(m) {
		return false
	}
	return q.term == nil || q.term.match(m)
}

// fits compares the schema. With dimensions they must be those of the metric,
// no more and no less.
func (q *Search) fits(m *Metric) bool {
	if m.Namespace != q.namespace {
		return false
	}
	if len(q.dimensions) == 0 {
		return true
	}
	names := make([]string, len(m.Dimensions))
	for i, d := range m.Dimensions {
		names[i] = d.Name
	}
	slices.Sort(names)
	return slices.Equal(names, q.dimensions)
}

func (t *searchTerm) match(m *Metric) bool {
	matches := func(c *searchTerm) bool { return c.match(m) }
	switch t.op {
	case searchAll:
		return !slices.ContainsFunc(t.children, func(c *searchTerm) bool { return !c.match(m) })
	case searchAny:
		return slices.ContainsFunc(t.children, matches)
	case searchNot:
		return !t.children[0].match(m)
	}
	switch t.property {
	case "":
		return t.anywhere(m)
	case "MetricName":
		return t.matchText(m.Name)
	case "Namespace":
		return t.matchText(m.Namespace)
	case ":aws.AccountId":
		return t.text == m.Account || t.text == "LOCAL"
	}
	return slices.ContainsFunc(m.Dimensions, func(d Dimension) bool { return d.Name == t.property && t.matchText(d.Value) })
}

func (t *searchTerm) anywhere(m *Metric) bool {
	return t.matchText(m.Name) || t.matchText(m.Namespace) || slices.ContainsFunc(m.Dimensions, func(d Dimension) bool {
		return t.matchText(d.Name) || t.matchText(d.Value)
	})
}

// matchText is where tokens are compared: one token in any case, several in a
// row in their case, unless the term separates them by other characters.
func (t *searchTerm) matchText(s string) bool {
	if t.exact {
		return s == t.text
	}
	if len(t.tokens) == 0 {
		return false
	}
	have, _ := tokenize(s)
	if strings.EqualFold(strings.Join(have, ""), strings.Join(t.tokens, "")) {
		return true
	}
	same := func(a, b string) bool { return a == b }
	if t.loose || len(t.tokens) == 1 {
		same = strings.EqualFold
	}
	for i := 0; i+len(t.tokens) <= len(have); i++ {
		if slices.EqualFunc(have[i:i+len(t.tokens)], t.tokens, same) {
			return true
		}
	}
	return false
}

// tokenize cuts s at changes of case and to digits, and at characters that are
// neither; separated tells whether there were such between tokens.
//
//	CustomCount1 = Custom Count 1, SDBFailure = SDB Failure, t2-micro = t 2 micro
func tokenize(s string) (tokens []string, separated bool) {
	start := -1
	end := func(i int) {
		if start >= 0 {
			tokens = append(tokens, s[start:i])
		}
		start = -1
	}
	for i := range len(s) {
		k := class(s[i])
		if k == classOther {
			separated = separated || start >= 0 && strings.ContainsFunc(s[i:], func(r rune) bool {
				return r < 128 && class(byte(r)) != classOther
			})
			end(i)
			continue
		}
		if start >= 0 && boundary(s, i) {
			end(i)
		}
		if start < 0 {
			start = i
		}
	}
	end(len(s))
	return tokens, separated
}

// boundary reports whether a token begins at i, where one is going on.
func boundary(s string, i int) bool {
	before, here := class(s[i-1]), class(s[i])
	if before == classUpper && here == classUpper {
		return i+1 < len(s) && class(s[i+1]) == classLower // the F of SDBFailure
	}
	return before != here && (before != classUpper || here != classLower)
}

type charClass int

const (
	classOther charClass = iota
	classLower
	classUpper
	classDigit
)

func class(c byte) charClass {
	switch {
	case c >= 'a' && c <= 'z':
		return classLower
	case c >= 'A' && c <= 'Z':
		return classUpper
	case isDigit(c):
		return classDigit
	case c >= 0x80: // letters of other scripts hold together
		return classLower
	}
	return classOther
}
