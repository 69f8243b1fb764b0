package multicheck

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Problem is one thing wrong with a file, and where.
type Problem struct {
	Path   string // "steps.2.url"; empty for the file itself
	Reason string
}

// Error is a file that cannot be executed.
type Error struct {
	File     string
	Problems []Problem // at most maxProblems, at least one
}

// maxProblems bounds what is told of a file at once.
const maxProblems = 10

// Error implements error.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	for i, p := range e.Problems {
		b.WriteString(map[bool]string{true: ": ", false: "; "}[i == 0])
		if p.Path != "" {
			b.WriteString(p.Path + " ")
		}
		b.WriteString(p.Reason)
	}
	return b.String()
}

// reader collects what is wrong with a file.
type reader struct {
	problems []Problem
	// static returns what t is before anything runs; false when it depends on
	// a run. defined reports whether a variable can have a value by now.
	static  func(t text) (string, bool)
	defined func(name string) bool
}

func (r *reader) fail(path, format string, args ...any) {
	if len(r.problems) < maxProblems {
		r.problems = append(r.problems, Problem{path, fmt.Sprintf(format, args...)})
	}
}

// decode reads a JSON object. Of members with the same name the last counts, as
// the guide says.
func decode(file string, b []byte) (map[string]any, error) {
	if len(b) > MaxConfig {
		return nil, &Error{file, []Problem{{"", fmt.Sprintf("is larger than %d bytes", MaxConfig)}}}
	}
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))))
	d.UseNumber()
	var root any
	err := d.Decode(&root)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("there is more after its end")
		}
	}
	if err != nil {
		return nil, &Error{file, []Problem{{"", "is not JSON: " + err.Error()}}}
	}
	object, ok := root.(map[string]any)
	if !ok {
		return nil, &Error{file, []Problem{{"", "must be a JSON object"}}}
	}
	return object, nil
}

// object reads the members of a JSON object. Those that nobody asked for are
// problems.
type object struct {
	*reader
	path    string
	members map[string]any
	asked   map[string]bool
}

func (r *reader) object(path string, v any) *object {
	o := &object{reader: r, path: path, asked: map[string]bool{}}
	var ok bool
	if o.members, ok = v.(map[string]any); !ok {
		r.fail(path, "must be an object")
	}
	return o
}

func (o *object) at(name string) string {
	if o.path == "" {
		return name
	}
	return o.path + "." + name
}

// get returns a member; false when it is absent.
func (o *object) get(name string) (any, bool) {
	o.asked[name] = true
	v, ok := o.members[name]
	return v, ok
}

// close reports members that are not part of the schema.
func (o *object) close() {
	for _, name := range slices.Sorted(maps.Keys(o.members)) {
		if !o.asked[name] {
			o.fail(o.at(shown(name)), "is not a member here; known are %s", strings.Join(slices.Sorted(maps.Keys(o.asked)), ", "))
		}
	}
}

func (o *object) require(name string) {
	if _, ok := o.members[name]; !ok && o.members != nil {
		o.fail(o.at(name), "is missing")
	}
}

// text reads a string; absent it is nil.
func (o *object) text(name string) *text {
	v, ok := o.get(name)
	if !ok {
		return nil
	}
	s, ok := v.(string)
	if !ok {
		o.fail(o.at(name), "must be a string")
		return nil
	}
	t := parseText(s)
	o.known(o.at(name), t)
	return &t
}

// mustText reads a string that has to be there.
func (o *object) mustText(name string) text {
	o.require(name)
	if t := o.text(name); t != nil {
		return *t
	}
	return text{}
}

// enum reads one of a few words. References do not apply to them.
func (o *object) enum(name, absent string, words ...string) string {
	v, ok := o.get(name)
	if !ok {
		if absent == "" {
			o.require(name)
		}
		return absent
	}
	if s, ok := v.(string); ok && slices.Contains(words, s) {
		return s
	}
	o.fail(o.at(name), "must be one of %s", strings.Join(words, ", "))
	return absent
}

// number reads a number, or a text with references that will be one.
func (o *object) number(name string, low, high float64, integer bool) number {
	n := number{low: low, high: high, integer: integer}
	v, ok := o.get(name)
	if !ok {
		return n
	}
	return o.asNumber(o.at(name), v, n)
}

func (o *object) asNumber(path string, v any, n number) number {
	n.set = true
	switch v := v.(type) {
	case json.Number:
		n.text = parseText(v.String())
	case string:
		n.text = parseText(v)
		if _, literal := n.text.literal(); literal {
			o.fail(path, "must be a number")
			return n
		}
		o.known(path, n.text)
	default:
		o.fail(path, "must be a number")
		return n
	}
	if s, ok := o.static(n.text); ok {
		if _, err := n.check(s); err != nil {
			o.fail(path, "%s", err)
		}
	}
	return n
}

// flag reads true or false, or a text with references that will be one of them.
func (o *object) flag(name string) flag {
	v, ok := o.get(name)
	if !ok {
		return flag{}
	}
	switch v := v.(type) {
	case bool:
		return flag{parseText(fmt.Sprint(v)), true}
	case string:
		t := parseText(v)
		if _, literal := t.literal(); !literal {
			o.known(o.at(name), t)
			return flag{t, true}
		}
	}
	o.fail(o.at(name), "must be true or false")
	return flag{}
}

// list reads an array and hands out its elements with their paths.
func (o *object) list(name string, most int, each func(path string, v any)) {
	v, ok := o.get(name)
	if !ok {
		return
	}
	elements, ok := v.([]any)
	switch {
	case !ok:
		o.fail(o.at(name), "must be an array")
	case len(elements) > most:
		o.fail(o.at(name), "has more than %d elements", most)
	default:
		for i, v := range elements {
			each(fmt.Sprintf("%s[%d]", o.at(name), i), v)
		}
	}
}

// known reports references that nothing can satisfy.
func (o *object) known(path string, t text) {
	for _, p := range t.parts {
		if p.name != "" && !o.defined(p.name) {
			o.fail(path, "refers to ${%s}, which is neither a variable nor extracted by an earlier step", shown(p.name))
		}
	}
}

// shown cuts a value for a message.
func shown(s string) string {
	if len(s) <= maxShown {
		return s
	}
	return strings.ToValidUTF8(s[:maxShown], "") + "..."
}
