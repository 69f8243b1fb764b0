package wire

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// ParseForm splits a query string or form body. Unlike url.ParseQuery it
// allows as many fields as l.MaxMembers, which large PutMetricData calls need,
// and keeps to '&' as the only separator.
func ParseForm(s string, l Limits) (url.Values, error) {
	l = l.withDefaults()
	form := url.Values{}
	n := 0
	for s != "" {
		var pair string
		pair, s, _ = strings.Cut(s, "&")
		if pair == "" {
			continue
		}
		if n++; n > l.MaxMembers {
			return nil, malformed("more than %d parameters", l.MaxMembers)
		}
		k, v, _ := strings.Cut(pair, "=")
		k, err := url.QueryUnescape(k)
		if err != nil {
			return nil, malformed("bad escape in a parameter name")
		}
		if v, err = url.QueryUnescape(v); err != nil {
			return nil, malformed("bad escape in parameter %s", clip(k))
		}
		form[k] = append(form[k], v)
	}
	return form, nil
}

// A formNode is a parameter, or what parameters have in common up to a dot:
// Filter.1.Value.2=x is x under Filter, 1, Value, 2.
type formNode struct {
	value string
	set   bool
	kids  map[string]*formNode
}

// formNodeCost is what a node and its map of children are charged.
const formNodeCost = 4

// newFormTree splits the names of a form at their dots.
func newFormTree(form url.Values, s *state) (*formNode, error) {
	root := &formNode{}
	for name, values := range form {
		if len(values) == 0 {
			continue
		}
		n := root
		depth := 0
		for rest, more := name, true; more; {
			var part string
			part, rest, more = strings.Cut(rest, ".")
			if depth++; depth > 2*s.limits.MaxDepth {
				return nil, malformed("parameter %s is nested too deep", clip(name))
			}
			if n.kids[part] == nil {
				if err := s.spend(formNodeCost); err != nil {
					return nil, err
				}
			}
			n = n.child(part)
		}
		n.value, n.set = values[0], true
	}
	return root, nil
}

// child returns the node below n with the given name, making it if need be.
func (n *formNode) child(name string) *formNode {
	if n.kids == nil {
		n.kids = map[string]*formNode{}
	}
	c := n.kids[name]
	if c == nil {
		c = &formNode{}
		n.kids[name] = c
	}
	return c
}

// numbered returns the children whose names are numbers, in their order. The
// numbers have no other meaning: gaps cost nothing.
func (n *formNode) numbered() []*formNode {
	type entry struct {
		i uint64
		n *formNode
	}
	var entries []entry
	for name, c := range n.kids {
		if i, err := strconv.ParseUint(name, 10, 64); err == nil {
			entries = append(entries, entry{i, c})
		}
	}
	slices.SortFunc(entries, func(a, b entry) int {
		switch {
		case a.i < b.i:
			return -1
		case a.i > b.i:
			return 1
		}
		return 0
	})
	out := make([]*formNode, len(entries))
	for i, e := range entries {
		out[i] = e.n
	}
	return out
}
