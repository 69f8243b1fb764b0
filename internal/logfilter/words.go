package logfilter

import (
	"slices"
	"strconv"
	"strings"
)

// words is a pattern of words.
type words struct {
	any      bool // [], which takes every message
	fields   []wordField
	ellipsis int // index of the field that is one; -1 for none
}

// wordField is one field of the pattern.
type wordField struct {
	name string
	test condition // nil for none
}

// parseWords reads a pattern in brackets.
func (p *Pattern) parseWords(text string) error {
	if !strings.HasSuffix(text, "]") {
		return ErrInvalid
	}
	s := scanner{text: text[1 : len(text)-1]}
	p.words.ellipsis = -1
	if s.blank(); s.end() {
		p.words.any = true
		return nil
	}
	for {
		if err := p.words.field(&s); err != nil {
			return err
		}
		if s.blank(); s.end() {
			p.hasRegex = s.regexes > 0
			return nil
		}
		if !s.take(",") {
			return ErrInvalid
		}
	}
}

// field reads one field.
func (w *words) field(s *scanner) error {
	s.blank()
	if s.take("...") {
		if w.ellipsis >= 0 {
			return ErrInvalid
		}
		w.ellipsis = len(w.fields)
		w.fields = append(w.fields, wordField{})
		return nil
	}
	begin := s.at
	var f wordField
	if f.name = s.name(); f.name != "" {
		if s.blank(); s.end() || s.peek() == ',' {
			return w.add(f)
		}
	}
	s.at, f.name = begin, ""
	test, err := s.expression(func() (path, error) {
		name := s.name()
		if name == "" || f.name != "" && f.name != name {
			return path{}, ErrInvalid
		}
		f.name = name
		return path{text: name}, nil
	})
	if err != nil {
		return err
	}
	f.test = test
	return w.add(f)
}

func (w *words) add(f wordField) error {
	if slices.ContainsFunc(w.fields, func(o wordField) bool { return o.name == f.name }) {
		return ErrInvalid
	}
	w.fields = append(w.fields, f)
	return nil
}

// at is the field of word i of n; -1 for what the ellipsis stands for, or [].
func (w *words) at(i, n int) int {
	switch {
	case w.any:
		return -1
	case w.ellipsis < 0 || i < w.ellipsis:
		return i
	}
	if f := len(w.fields) - (n - i); f > w.ellipsis {
		return f
	}
	return -1
}

// name is that of word i of n, or its number from 1.
func (w *words) name(i, n int) string {
	if f := w.at(i, n); f >= 0 && f < len(w.fields) {
		return w.fields[f].name
	}
	return strconv.Itoa(i + 1)
}

// has reports whether a field may be referred to by name, or by number.
func (w *words) has(name string) bool {
	if n, err := strconv.Atoi(name); err == nil && n > 0 {
		return true
	}
	return name != "" && slices.ContainsFunc(w.fields, func(f wordField) bool { return f.name == name })
}

func (w *words) match(split []string) bool {
	n, fields := len(split), len(w.fields)
	switch {
	case w.any:
		return true
	case w.ellipsis < 0 && n != fields, w.ellipsis >= 0 && n < fields-1:
		return false
	}
	for i, text := range split {
		if f := w.at(i, n); f >= 0 && w.fields[f].test != nil && !w.fields[f].test.holds(word(text)) {
			return false
		}
	}
	return true
}

// word is a source of conditions on one word.
type word string

func (w word) each(_ *path, f func(any) bool) bool { return f(string(w)) }

// splitWords splits a message at blanks; what is in double quotes or brackets
// stays together and loses them.
func splitWords(message string) []string {
	var out []string
	for rest := strings.TrimLeft(message, " \t\r\n"); rest != ""; rest = strings.TrimLeft(rest, " \t\r\n") {
		var text string
		if closer := map[byte]byte{'"': '"', '[': ']'}[rest[0]]; closer != 0 {
			if end := strings.IndexByte(rest[1:], closer); end >= 0 {
				out = append(out, rest[1:1+end])
				rest = rest[end+2:]
				continue
			}
		}
		end := strings.IndexAny(rest, " \t\r\n")
		if end < 0 {
			end = len(rest)
		}
		text, rest = rest[:end], rest[end:]
		out = append(out, text)
	}
	return out
}
