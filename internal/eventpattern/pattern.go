package eventpattern

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// Dialect is how a service reads patterns.
type Dialect uint8

// The dialects.
const (
	EventBridge Dialect = iota + 1 // event patterns of rules
	SNSFilter                      // filter policies over message attributes: flat
	SNSBody                        // filter policies over the payload
)

// Error says why a pattern was refused.
type Error struct {
	Dialect Dialect
	Reason  string // the service's words, with the position where it gives one
}

// Error returns the reason behind the words that the service begins with.
func (e *Error) Error() string {
	if e.Dialect == EventBridge {
		return "Event pattern is not valid. Reason: " + e.Reason
	}
	return "FilterPolicy: " + e.Reason
}

// ErrDocument says that what is to be matched is not JSON.
var ErrDocument = errors.New("eventpattern: the document is not valid JSON")

// Pattern is a parsed pattern. It is immutable and safe for concurrent use.
type Pattern struct {
	branches []branch // alternatives
}

// branch is a conjunction: fields that must not be there, and a tree of those
// that must.
type branch struct {
	absent [][]string
	root   []*node
}

// node is a key of the documents, and what is asked of its value.
type node struct {
	key      string
	leaf     *leaf   // nil when only fields below are asked about
	children []*node // fields of the object or objects under key
}

// Parse reads a pattern. Its errors are *Error.
func Parse(pattern []byte, d Dialect) (*Pattern, error) {
	rules, err := compile(pattern, d)
	if err != nil {
		return nil, err
	}
	p := &Pattern{branches: make([]branch, 0, len(rules))}
	for _, r := range rules {
		p.branches = append(p.branches, r.build())
	}
	return p, nil
}

// Match reports whether the pattern matches a document as encoding/json
// decodes it, with UseNumber or without. What is not an object never matches.
func (p *Pattern) Match(doc any) bool {
	m, ok := doc.(map[string]any)
	if !ok {
		return false
	}
	for i := range p.branches {
		if p.branches[i].match(m) {
			return true
		}
	}
	return false
}

// MatchJSON is Match of a document in its text. The error is ErrDocument.
func (p *Pattern) MatchJSON(doc []byte) (bool, error) {
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return false, fmt.Errorf("%w: %w", ErrDocument, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return false, fmt.Errorf("%w: text after the value", ErrDocument)
	}
	return p.Match(v), nil
}

func (b *branch) match(doc map[string]any) bool {
	for _, path := range b.absent {
		if exists(doc, path) {
			return false
		}
	}
	return all(b.root, doc)
}

// all reports whether every field matches in one object.
func all(nodes []*node, doc map[string]any) bool {
	for _, n := range nodes {
		v, ok := doc[n.key]
		if !ok || !n.match(v) {
			return false
		}
	}
	return true
}

// match tests the value of a field. By way of $or a pattern can ask for a leaf
// and an object in one place; no value, nor an element of an array, is both.
func (n *node) match(v any) bool {
	if n.leaf == nil {
		return n.within(v)
	}
	return n.children == nil && n.leaf.match(v)
}

// within reports whether v is an object with all the children, or an array
// with such an object in it.
func (n *node) within(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		return all(n.children, v)
	case []any:
		return slices.ContainsFunc(v, n.within)
	}
	return false
}

// exists reports whether v has a leaf at the path, in any element of arrays.
func exists(v any, path []string) bool {
	switch v := v.(type) {
	case map[string]any:
		if len(path) == 0 {
			return false
		}
		field, ok := v[path[0]]
		return ok && exists(field, path[1:])
	case []any:
		for _, e := range v {
			if exists(e, path) {
				return true
			}
		}
		return false
	default:
		return len(path) == 0
	}
}

// leaf is the alternatives for a value.
type leaf struct {
	absent  bool // "exists": false is one; matched by the branch
	present bool // "exists": true is one
	yes     bool
	no      bool
	null    bool
	strings map[string]bool
	numbers []decimal
	tests   []test
}

// match tests a value, or each element of an array.
func (l *leaf) match(v any) bool {
	switch v := v.(type) {
	case []any:
		return slices.ContainsFunc(v, l.match)
	case map[string]any:
		return false
	default:
		return l.present || l.scalar(scalarOf(v))
	}
}

func (l *leaf) scalar(s scalar) bool {
	switch s.kind {
	case kindString:
		if l.strings[s.text] {
			return true
		}
	case kindNumber:
		if slices.Contains(l.numbers, s.number) {
			return true
		}
	case kindTrue:
		if l.yes {
			return true
		}
	case kindFalse:
		if l.no {
			return true
		}
	case kindNull:
		if l.null {
			return true
		}
	}
	for _, t := range l.tests {
		if t.match(s) {
			return true
		}
	}
	return false
}

type kind uint8

const (
	kindOther kind = iota
	kindString
	kindNumber
	kindTrue
	kindFalse
	kindNull
)

// scalar is a leaf of a document.
type scalar struct {
	kind   kind
	text   string // of a string
	number decimal
}

func scalarOf(v any) scalar {
	switch v := v.(type) {
	case string:
		return scalar{kind: kindString, text: v}
	case json.Number:
		return numberOf(v.String())
	case float64:
		return numberOf(strconv.FormatFloat(v, 'g', -1, 64))
	case int:
		return numberOf(strconv.Itoa(v))
	case int64:
		return numberOf(strconv.FormatInt(v, 10))
	case bool:
		if v {
			return scalar{kind: kindTrue}
		}
		return scalar{kind: kindFalse}
	case nil:
		return scalar{kind: kindNull}
	}
	return scalar{}
}

func numberOf(text string) scalar {
	n, ok := parseDecimal(text)
	if !ok {
		return scalar{}
	}
	return scalar{kind: kindNumber, number: n}
}
