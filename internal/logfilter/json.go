package logfilter

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// maxStars is how many selectors with a wildcard a pattern holds.
const maxStars = 3

// path is a selector: where in a document to look.
type path struct {
	text  string // as written
	steps []step
}

// step goes to a member, an element, or all of either.
type step struct {
	name  string
	index int
	kind  stepKind
}

type stepKind uint8

const (
	toMember stepKind = iota
	toElement
	toMembers
	toElements
)

// parseJSON reads a pattern in braces.
func (p *Pattern) parseJSON(text string) error {
	if !strings.HasSuffix(text, "}") {
		return ErrInvalid
	}
	s := scanner{text: text[1 : len(text)-1]}
	test, err := s.expression(func() (path, error) {
		to, err := s.selector()
		if err == nil && !slices.ContainsFunc(p.paths, func(q path) bool { return q.text == to.text }) {
			p.paths = append(p.paths, to)
		}
		return to, err
	})
	if err != nil {
		return err
	}
	if s.blank(); !s.end() || s.stars > maxStars {
		return ErrInvalid
	}
	p.test, p.hasRegex = test, s.regexes > 0
	return nil
}

// selector reads a path.
func (s *scanner) selector() (path, error) {
	begin := s.at
	if !s.take("$") {
		return path{}, ErrInvalid
	}
	var to path
	stars := 0
	for s.peek() == '.' || s.peek() == '[' {
		st, err := s.step()
		if err != nil {
			return path{}, err
		}
		if st.kind == toMembers || st.kind == toElements {
			stars++
		}
		to.steps = append(to.steps, st)
	}
	if len(to.steps) == 0 || stars > 1 {
		return path{}, ErrInvalid
	}
	s.stars += stars
	to.text = s.text[begin:s.at]
	return to, nil
}

func (s *scanner) step() (step, error) {
	if s.take(".") && s.peek() != '[' {
		if s.take("*") {
			return step{kind: toMembers}, nil
		}
		name := s.name()
		if name == "" {
			return step{}, ErrInvalid
		}
		return step{name: name}, nil
	}
	s.take("[")
	if s.take("*]") {
		return step{kind: toElements}, nil
	}
	if q := s.peek(); q == '\'' || q == '"' {
		end := strings.IndexByte(s.text[s.at+1:], q)
		if end < 0 {
			return step{}, ErrInvalid
		}
		name := s.text[s.at+1 : s.at+1+end]
		if s.at += end + 2; !s.take("]") {
			return step{}, ErrInvalid
		}
		return step{name: name}, nil
	}
	digits, _, ok := strings.Cut(s.text[s.at:], "]")
	n, err := strconv.ParseUint(digits, 10, 31)
	if !ok || err != nil {
		return step{}, ErrInvalid
	}
	s.at += len(digits) + 1
	return step{kind: toElement, index: int(n)}, nil //nolint:gosec // 31 bits
}

// parseDocument reads a message that is a JSON object or array; numbers keep
// their text.
func parseDocument(message string) (any, bool) {
	text := strings.TrimSpace(message)
	if text == "" || text[0] != '{' && text[0] != '[' {
		return nil, false
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var doc any
	if d.Decode(&doc) != nil {
		return nil, false
	}
	_, err := d.Token()
	return doc, errors.Is(err, io.EOF)
}

// document is a source of conditions on JSON.
type document struct{ root any }

func (d document) each(p *path, f func(any) bool) bool { return walk(d.root, p.steps, f) }

// walk calls f with the values at steps below v until it returns true.
func walk(v any, steps []step, f func(any) bool) bool {
	if len(steps) == 0 {
		return f(v)
	}
	st, rest := steps[0], steps[1:]
	object, _ := v.(map[string]any)
	list, _ := v.([]any)
	switch st.kind {
	case toMember:
		x, ok := object[st.name]
		return ok && walk(x, rest, f)
	case toElement:
		return st.index < len(list) && walk(list[st.index], rest, f)
	}
	if st.kind == toMembers {
		for _, name := range slices.Sorted(maps.Keys(object)) {
			if walk(object[name], rest, f) {
				return true
			}
		}
	}
	for _, x := range list {
		if walk(x, rest, f) {
			return true
		}
	}
	return false
}

// first returns the first value at the path.
func (p *path) first(doc any) (value any, ok bool) {
	ok = walk(doc, p.steps, func(v any) bool { value = v; return true })
	return value, ok
}

// textOf is a value as text: a string's own, JSON of anything else.
func textOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

// numberOf is a value as a number; text counts when it is one.
func numberOf(v any) (float64, bool) {
	switch v := v.(type) {
	case json.Number:
		n, err := v.Float64()
		return n, err == nil
	case string:
		return parseNumber(v)
	}
	return 0, false
}
