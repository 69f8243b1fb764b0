package policy

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// Bounds of a document, checked before and while it is read.
const (
	maxText  = 131072 // characters; the length limit of IAM's policyDocumentType
	maxDepth = 8      // the grammar nests seven deep
)

var errSyntax = errors.New("Syntax errors in policy.") //nolint:revive,staticcheck // IAM's words

// node is a JSON value with the place of its text.
type node struct {
	kind       byte // '{', '[', '"', '0' (number), 't' (boolean), 'n' (null)
	text       string
	members    []member
	items      []*node
	start, end int // byte offsets of the first and behind the last character
}

type member struct {
	name  string
	value *node
}

// member is the value of an object's member, or nil.
func (n *node) member(name string) *node {
	for i := range n.members {
		if n.members[i].name == name {
			return n.members[i].value
		}
	}
	return nil
}

// manyMembers is from how many members on a map finds the name that comes twice.
// Documents have a few; condition blocks may have more.
const manyMembers = 16

// names are those of an object's members that have come.
type names struct{ seen map[string]struct{} }

// add reports whether the name is new to n, whose members have the others.
func (s *names) add(n *node, name string) bool {
	if len(n.members) < manyMembers {
		return n.member(name) == nil
	}
	if s.seen == nil {
		s.seen = make(map[string]struct{}, 2*manyMembers)
		for i := range n.members {
			s.seen[n.members[i].name] = struct{}{}
		}
	}
	if _, twice := s.seen[name]; twice {
		return false
	}
	s.seen[name] = struct{}{}
	return true
}

// reader reads one JSON text into nodes.
type reader struct{ dec *json.Decoder }

// readJSON reads a whole text. It refuses what encoding/json lets pass:
// invalid UTF-8, duplicate members, deep nesting and trailing data.
func readJSON(text string) (*node, error) {
	if len(text) > maxText || !utf8.ValidString(text) {
		return nil, errSyntax
	}
	r := reader{json.NewDecoder(strings.NewReader(text))}
	r.dec.UseNumber()
	n, err := r.value(0)
	if err != nil {
		return nil, err
	}
	if _, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errSyntax
	}
	return n, nil
}

func (r *reader) value(depth int) (*node, error) {
	t, err := r.dec.Token()
	if err != nil || depth > maxDepth {
		return nil, errSyntax
	}
	n := &node{end: int(r.dec.InputOffset())}
	switch t := t.(type) {
	case json.Delim:
		n.kind, n.start = byte(t), n.end-1
		return n, r.inside(n, depth)
	case string:
		n.kind, n.text = '"', t
	case json.Number:
		n.kind, n.text = '0', t.String()
	case bool:
		n.kind, n.text = 't', "false"
		if t {
			n.text = "true"
		}
	default:
		n.kind = 'n'
	}
	return n, nil
}

// inside reads what an object or an array has in it.
func (r *reader) inside(n *node, depth int) error {
	var taken names
	for r.dec.More() {
		name := ""
		if n.kind == '{' {
			t, err := r.dec.Token()
			if err != nil {
				return errSyntax
			}
			if name = t.(string); !taken.add(n, name) {
				return errSyntax
			}
		}
		v, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		if n.kind == '{' {
			n.members = append(n.members, member{name, v})
		} else {
			n.items = append(n.items, v)
		}
	}
	if _, err := r.dec.Token(); err != nil {
		return errSyntax
	}
	n.end = int(r.dec.InputOffset())
	return nil
}
