package logfilter

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// scanner reads a pattern from left to right.
type scanner struct {
	text    string
	at      int
	depth   int // of parentheses
	regexes int
	stars   int // selectors with a wildcard
}

// maxDepth bounds parentheses within parentheses.
const maxDepth = 64

func (s *scanner) end() bool { return s.at >= len(s.text) }

// peek is the next byte, or 0 at the end.
func (s *scanner) peek() byte {
	if s.end() {
		return 0
	}
	return s.text[s.at]
}

// blank skips white space.
func (s *scanner) blank() {
	for !s.end() {
		r, n := utf8.DecodeRuneInString(s.text[s.at:])
		if !unicode.IsSpace(r) {
			return
		}
		s.at += n
	}
}

// take consumes what, if it comes next.
func (s *scanner) take(what string) bool {
	if !strings.HasPrefix(s.text[s.at:], what) {
		return false
	}
	s.at += len(what)
	return true
}

// keyword consumes a word of letters, if it comes next, in either case.
func (s *scanner) keyword(word string) bool {
	rest := s.text[s.at:]
	if len(rest) < len(word) || !strings.EqualFold(rest[:len(word)], word) ||
		len(rest) > len(word) && nameByte(rest[len(word)]) {
		return false
	}
	s.at += len(word)
	return true
}

// nameByte reports whether c may be part of a name in a selector.
func nameByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '-' || c >= utf8.RuneSelf
}

// name reads a name; "" when there is none.
func (s *scanner) name() string {
	begin := s.at
	for !s.end() && nameByte(s.peek()) {
		s.at++
	}
	return s.text[begin:s.at]
}

// quoted reads a text in double quotes, in which \" and \\ stand for the second
// character.
func (s *scanner) quoted() (string, error) {
	var b strings.Builder
	for i := s.at + 1; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == '"':
			s.at = i + 1
			return b.String(), nil
		case c == '\\' && i+1 < len(s.text) && (s.text[i+1] == '"' || s.text[i+1] == '\\'):
			i++
		}
		b.WriteByte(s.text[i])
	}
	return "", ErrInvalid
}
