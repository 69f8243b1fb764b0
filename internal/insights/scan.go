package insights

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// SyntaxError says where and why a query cannot be understood. Offsets are in
// characters from the start of the query; End is that of the last character.
type SyntaxError struct {
	Start, End int
	Message    string
}

func (e *SyntaxError) Error() string { return e.Message }

// Unsupported is a command or function that the language has and this package
// has not.
type Unsupported struct{ What string }

func (e *Unsupported) Error() string { return e.What }

// scanner walks over a query's characters. What a character begins depends on
// what the parser expects there (a slash divides, or begins an expression), so
// there is no list of tokens: the parser asks for what it wants.
type scanner struct {
	text string
	pos  int // in bytes
	deep int // nested expressions
}

// failure carries a *SyntaxError or *Unsupported up to Parse.
type failure struct{ err error }

// fail ends parsing with an error about the text from start to here.
func (s *scanner) fail(start int, format string, args ...any) {
	from := utf8.RuneCountInString(s.text[:start])
	to := max(from, utf8.RuneCountInString(s.text[:min(s.pos, len(s.text))])-1)
	panic(failure{&SyntaxError{Start: from, End: to, Message: fmt.Sprintf(format, args...)}})
}

// unexpected fails at the next word or sign.
func (s *scanner) unexpected(want string) {
	s.space()
	start := s.pos
	if s.end() {
		s.fail(start, "unexpected end of query, expecting %s", want)
	}
	if s.name() == "" {
		_, n := utf8.DecodeRuneInString(s.text[s.pos:])
		s.pos += n
	}
	s.fail(start, "unexpected symbol found %s at position %d, expecting %s",
		s.text[start:s.pos], utf8.RuneCountInString(s.text[:start])+1, want)
}

// space skips white space and comments, which run to the end of their line.
func (s *scanner) space() {
	for s.pos < len(s.text) {
		r, n := utf8.DecodeRuneInString(s.text[s.pos:])
		switch {
		case unicode.IsSpace(r):
			s.pos += n
		case r == '#':
			line := strings.IndexByte(s.text[s.pos:], '\n')
			if line < 0 {
				line = len(s.text) - s.pos
			}
			s.pos += line
		default:
			return
		}
	}
}

func (s *scanner) end() bool {
	s.space()
	return s.pos >= len(s.text)
}

// sign takes the given sign if it comes next.
func (s *scanner) sign(sign string) bool {
	s.space()
	if !strings.HasPrefix(s.text[s.pos:], sign) {
		return false
	}
	s.pos += len(sign)
	return true
}

func (s *scanner) need(sign string) {
	if !s.sign(sign) {
		s.unexpected("'" + sign + "'")
	}
}

func letter(c byte) bool {
	return c == '_' || c == '@' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= utf8.RuneSelf
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// name returns the bare name that comes next, without taking dots at its end,
// or "".
func (s *scanner) name() string {
	s.space()
	start := s.pos
	if s.pos >= len(s.text) || !letter(s.text[s.pos]) {
		return ""
	}
	for s.pos < len(s.text) && (letter(s.text[s.pos]) || digit(s.text[s.pos]) || s.text[s.pos] == '.') {
		s.pos++
	}
	for s.text[s.pos-1] == '.' {
		s.pos--
	}
	return s.text[start:s.pos]
}

// peek returns the next bare name in lower case and leaves it there.
func (s *scanner) peek() string {
	at := s.pos
	word := strings.ToLower(s.name())
	s.pos = at
	return word
}

// word takes the given keyword, in any case, if it comes next.
func (s *scanner) word(keyword string) bool {
	at := s.pos
	if strings.EqualFold(s.name(), keyword) {
		return true
	}
	s.pos = at
	return false
}

// field takes a name whose parts may stand in backticks, such as a.`b-c`.d, or
// returns "".
func (s *scanner) field() string {
	s.space()
	var b strings.Builder
	for {
		if s.pos < len(s.text) && s.text[s.pos] == '`' {
			start := s.pos
			n := strings.IndexByte(s.text[s.pos+1:], '`')
			if n < 1 {
				s.pos = len(s.text)
				s.fail(start, "unterminated or empty backtick name")
			}
			b.WriteString(s.text[s.pos+1 : s.pos+1+n])
			s.pos += n + 2
		} else {
			b.WriteString(s.name())
		}
		rest := s.text[s.pos:]
		if b.Len() == 0 || len(rest) < 2 || rest[0] != '.' && rest[0] != '`' {
			return b.String()
		}
		if rest[0] == '.' {
			if rest[1] != '`' && !letter(rest[1]) && !digit(rest[1]) {
				return b.String()
			}
			b.WriteByte('.')
			s.pos++
			if digit(s.text[s.pos]) { // an item: a.`b-c`.0
				for s.pos < len(s.text) && digit(s.text[s.pos]) {
					b.WriteByte(s.text[s.pos])
					s.pos++
				}
			}
		}
	}
}

// quoted takes a text in single or double quotes, if one comes next.
func (s *scanner) quoted() (string, bool) {
	s.space()
	if s.pos >= len(s.text) || s.text[s.pos] != '"' && s.text[s.pos] != '\'' {
		return "", false
	}
	start, quote := s.pos, s.text[s.pos]
	var b strings.Builder
	for s.pos++; s.pos < len(s.text); s.pos++ {
		switch c := s.text[s.pos]; {
		case c == quote:
			s.pos++
			return b.String(), true
		case c == '\\' && s.pos+1 < len(s.text):
			s.pos++
			b.WriteString(unescape(s.text[s.pos]))
		default:
			b.WriteByte(c)
		}
	}
	s.fail(start, "unterminated text")
	return "", false
}

// unescape is what a backslash and c stand for. What is no escape keeps its
// backslash, as users write regular expressions in quotes.
func unescape(c byte) string {
	switch c {
	case 'n':
		return "\n"
	case 't':
		return "\t"
	case 'r':
		return "\r"
	case '"', '\'', '\\', '`':
		return string(c)
	}
	return `\` + string(c)
}

// slashed takes a regular expression between slashes, if one comes next.
func (s *scanner) slashed() (string, bool) {
	if !s.sign("/") {
		return "", false
	}
	start := s.pos - 1
	var b strings.Builder
	for ; s.pos < len(s.text); s.pos++ {
		c := s.text[s.pos]
		if c == '/' {
			s.pos++
			return b.String(), true
		}
		if c == '\\' && s.pos+1 < len(s.text) {
			s.pos++
			if s.text[s.pos] != '/' {
				b.WriteByte('\\')
			}
			c = s.text[s.pos]
		}
		b.WriteByte(c)
	}
	s.fail(start, "unterminated regular expression")
	return "", false
}
