package events

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

// path is a JSON path of the kind that EventBridge knows: names and array
// indexes, and [*] for each element.
type path []step

// step is a field's name, or an index, where -1 is every element.
type step struct {
	name  string
	index int
	array bool
}

var errPath = errors.New("it is not a JSON path that begins with $")

// parsePath reads $.a.b[0]['c d'][*].
func parsePath(text string) (path, error) {
	rest, ok := strings.CutPrefix(text, "$")
	if !ok {
		return nil, errPath
	}
	p := path{}
	for rest != "" {
		var s step
		var err error
		if rest[0] == '[' {
			s, rest, err = bracket(rest)
		} else {
			s, rest, err = dotted(rest)
		}
		if err != nil {
			return nil, err
		}
		p = append(p, s)
	}
	return p, nil
}

func dotted(text string) (step, string, error) {
	text, ok := strings.CutPrefix(text, ".")
	end := strings.IndexAny(text, ".[")
	if end < 0 {
		end = len(text)
	}
	if !ok || end == 0 {
		return step{}, "", errPath
	}
	return step{name: text[:end]}, text[end:], nil
}

func bracket(text string) (step, string, error) {
	end := strings.IndexByte(text, ']')
	if end < 0 {
		return step{}, "", errPath
	}
	inside, rest := text[1:end], text[end+1:]
	if inside == "*" {
		return step{array: true, index: -1}, rest, nil
	}
	if n, err := strconv.Atoi(inside); err == nil && n >= 0 {
		return step{array: true, index: n}, rest, nil
	}
	if n := len(inside); n > 2 && (inside[0] == '\'' || inside[0] == '"') && inside[n-1] == inside[0] {
		return step{name: inside[1 : n-1]}, rest, nil
	}
	return step{}, "", errPath
}

// find returns the text that the path points to.
func (p path) find(text json.RawMessage) (json.RawMessage, bool) {
	for i, s := range p {
		if !s.array {
			var fields map[string]json.RawMessage
			if json.Unmarshal(text, &fields) != nil {
				return nil, false
			}
			field, ok := fields[s.name]
			if !ok {
				return nil, false
			}
			text = field
			continue
		}
		var list []json.RawMessage
		if json.Unmarshal(text, &list) != nil {
			return nil, false
		}
		if s.index < 0 {
			return p[i+1:].each(list)
		}
		if s.index >= len(list) {
			return nil, false
		}
		text = list[s.index]
	}
	return text, true
}

// each finds the rest of a path in every element.
func (p path) each(list []json.RawMessage) (json.RawMessage, bool) {
	found := []json.RawMessage{}
	for _, e := range list {
		if v, ok := p.find(e); ok {
			found = append(found, v)
		}
	}
	text, err := encode(found)
	return text, err == nil
}
