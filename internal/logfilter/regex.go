package logfilter

import (
	"regexp"
	"strings"

	"nephele.dev/nephele/internal/regex"
)

// maxRegexes is how many regular expressions a pattern for JSON or words holds.
const maxRegexes = 2

// maxRegex bounds the size of an expression, in instructions: as many as a
// pattern has characters, and room for repetitions. Every event of a group is
// matched with the expressions of its filters.
const maxRegex = 2 * MaxLength

// regex reads a regular expression between percent signs.
func (s *scanner) regex() (*regexp.Regexp, error) {
	begin := s.at + 1
	for i := begin; i < len(s.text); i++ {
		switch s.text[i] {
		case '\\':
			i++
		case '%':
			s.at = i + 1
			s.regexes++
			return compile(s.text[begin:i])
		}
	}
	return nil, ErrInvalid
}

// compile translates an expression into Go's, refusing what AWS does.
func compile(expr string) (*regexp.Regexp, error) {
	if expr == "" {
		return nil, ErrInvalid
	}
	var b strings.Builder
	for i := 0; i < len(expr); i++ {
		c := expr[i]
		if c != '\\' {
			if !alphanumeric(c) && !strings.ContainsRune(":_#=@/;,-^$?[]{}|*+.", rune(c)) {
				return nil, ErrInvalid
			}
			b.WriteByte(c)
			continue
		}
		n := escape(&b, expr[i+1:])
		if n == 0 {
			return nil, ErrInvalid
		}
		i += n
	}
	re, err := regex.Compile(b.String(), maxRegex)
	if err != nil {
		return nil, ErrInvalid
	}
	return re, nil
}

// escape translates what follows a backslash and returns how much of it; 0 for
// what is no escape.
func escape(b *strings.Builder, rest string) int {
	if rest == "" {
		return 0
	}
	switch c := rest[0]; {
	case strings.IndexByte("dDsSwW", c) >= 0:
		b.WriteByte('\\')
		b.WriteByte(c)
		return 1
	case c == 'x' || c == 'u':
		digits := map[byte]int{'x': 2, 'u': 4}[c]
		if len(rest) <= digits || strings.Trim(rest[1:1+digits], "0123456789abcdefABCDEF") != "" {
			return 0
		}
		b.WriteString(`\x{` + rest[1:1+digits] + "}")
		return 1 + digits
	case c > ' ' && c < 0x7f && !alphanumeric(c):
		b.WriteString(regexp.QuoteMeta(rest[:1]))
		return 1
	}
	return 0
}

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
