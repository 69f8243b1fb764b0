package jsonpath

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
)

// Limits of one Find.
const (
	MaxVisits  = 1_000_000 // nodes looked at
	MaxResults = 10_000
)

// ErrTooMuch is returned by Find for a path that visits or finds more than the
// limits allow.
var ErrTooMuch = errors.New("the JSONPath visits too many values")

// Find returns the values in root that the path selects, in the order of arrays
// and, among the members of an object, of their names. root is what
// encoding/json decodes into an any, with or without UseNumber.
func (p *Path) Find(root any) ([]any, error) {
	out, _, err := p.FindWithin(root, MaxVisits)
	return out, err
}

// FindWithin is Find with a budget of its own, and tells what it took of it.
func (p *Path) FindWithin(root any, budget int) (out []any, visits int, err error) {
	e := &evaluation{root: root, budget: budget}
	err = e.walk(p.segments, root, func(v any) error {
		if len(out) >= MaxResults {
			return ErrTooMuch
		}
		out = append(out, v)
		return nil
	})
	return out, e.visits, err
}

type evaluation struct {
	root           any
	visits, budget int
}

// visit counts a node.
func (e *evaluation) visit() error {
	if e.visits++; e.visits > e.budget {
		return ErrTooMuch
	}
	return nil
}

// walk applies the segments to a node and yields what is left.
func (e *evaluation) walk(segments []segment, node any, yield func(any) error) error {
	if err := e.visit(); err != nil {
		return err
	}
	if len(segments) == 0 {
		return yield(node)
	}
	s, rest := segments[0], segments[1:]
	next := func(child any) error { return e.walk(rest, child, yield) }
	apply := func(n any) error {
		for _, sel := range s.selectors {
			if err := sel.children(e, n, next); err != nil {
				return err
			}
		}
		return nil
	}
	if s.descend {
		return e.descend(node, apply)
	}
	return apply(node)
}

// descend calls f with a node and all that is below it.
func (e *evaluation) descend(node any, f func(any) error) error {
	if err := f(node); err != nil {
		return err
	}
	return wildcard{}.children(e, node, func(child any) error { return e.descend(child, f) })
}

type (
	name     string
	index    int
	wildcard struct{}
	slice    struct {
		start, end *int
		step       int
	}
	filter struct{ expression }
)

func (s name) children(_ *evaluation, node any, yield func(any) error) error {
	if object, ok := node.(map[string]any); ok {
		if v, ok := object[string(s)]; ok {
			return yield(v)
		}
	}
	return nil
}

func (s index) children(_ *evaluation, node any, yield func(any) error) error {
	list, _ := node.([]any)
	i := int(s)
	if i < 0 {
		i += len(list)
	}
	if i < 0 || i >= len(list) {
		return nil
	}
	return yield(list[i])
}

func (wildcard) children(e *evaluation, node any, yield func(any) error) error {
	switch node := node.(type) {
	case []any:
		for _, v := range node {
			if err := errors.Join(e.visit(), yield(v)); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(node)) {
			if err := errors.Join(e.visit(), yield(node[k])); err != nil {
				return err
			}
		}
	}
	return nil
}

// children follows RFC 9535 section 2.3.4.2.2.
func (s slice) children(e *evaluation, node any, yield func(any) error) error {
	list, ok := node.([]any)
	if !ok || s.step == 0 {
		return nil
	}
	n := len(list)
	bound := func(given *int, absent, low, high int) int {
		if given == nil {
			return absent
		}
		i := *given
		if i < 0 {
			i += n
		}
		return min(max(i, low), high)
	}
	if s.step > 0 {
		end := bound(s.end, n, 0, n)
		for i := bound(s.start, 0, 0, n); i < end; i += s.step {
			if err := errors.Join(e.visit(), yield(list[i])); err != nil {
				return err
			}
		}
		return nil
	}
	end := bound(s.end, -1, -1, n-1)
	for i := bound(s.start, n-1, -1, n-1); i > end; i += s.step {
		if err := errors.Join(e.visit(), yield(list[i])); err != nil {
			return err
		}
	}
	return nil
}

func (s filter) children(e *evaluation, node any, yield func(any) error) error {
	return wildcard{}.children(e, node, func(child any) error {
		ok, err := s.holds(e, child)
		if err != nil || !ok {
			return err
		}
		return yield(child)
	})
}

func (x either) holds(e *evaluation, node any) (bool, error) {
	if ok, err := x.left.holds(e, node); ok || err != nil {
		return ok, err
	}
	return x.right.holds(e, node)
}

func (x both) holds(e *evaluation, node any) (bool, error) {
	if ok, err := x.left.holds(e, node); !ok || err != nil {
		return ok, err
	}
	return x.right.holds(e, node)
}

func (x not) holds(e *evaluation, node any) (bool, error) {
	ok, err := x.of.holds(e, node)
	return !ok, err
}

func (x exists) holds(e *evaluation, node any) (bool, error) {
	_, ok, err := x.of.value(e, node)
	return ok, err
}

// holds follows RFC 9535 section 2.3.5.2.2: values of different types are not
// equal and not ordered, and nothing equals nothing.
func (x comparison) holds(e *evaluation, node any) (bool, error) {
	a, hasA, err := x.left.value(e, node)
	if err != nil {
		return false, err
	}
	b, hasB, err := x.right.value(e, node)
	if err != nil {
		return false, err
	}
	equal := !hasA && !hasB || hasA && hasB && same(a, b)
	switch x.op {
	case "==":
		return equal, nil
	case "!=":
		return !equal, nil
	case "<":
		return less(a, b), nil
	case ">":
		return less(b, a), nil
	case "<=":
		return less(a, b) || equal, nil
	}
	return less(b, a) || equal, nil
}

// errFound ends a walk at the first value.
var errFound = errors.New("found")

// value is the first value that the operand selects.
func (o operand) value(e *evaluation, node any) (v any, ok bool, err error) {
	switch o.from {
	case 0:
		return o.literal, true, nil
	case '$':
		node = e.root
	}
	err = e.walk(o.segments, node, func(found any) error {
		v, ok = found, true
		return errFound
	})
	if errors.Is(err, errFound) {
		err = nil
	}
	return v, ok, err
}

func float(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	}
	return 0, false
}

// same compares scalars; arrays and objects equal nothing that can be written.
func same(a, b any) bool {
	if x, ok := float(a); ok {
		y, ok := float(b)
		return ok && x == y
	}
	switch a.(type) {
	case []any, map[string]any:
		return false
	}
	switch b.(type) {
	case []any, map[string]any:
		return false
	}
	return a == b
}

func less(a, b any) bool {
	if x, ok := float(a); ok {
		y, ok := float(b)
		return ok && x < y
	}
	x, ok := a.(string)
	y, also := b.(string)
	return ok && also && x < y
}
