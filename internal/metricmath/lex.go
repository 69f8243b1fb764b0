package metricmath

import (
	"strings"
)

// tokenKind tells tokens apart.
type tokenKind int

const (
	tokenEnd    tokenKind = iota
	tokenNumber           // 1, .5, 2e3
	tokenID               // m1: begins with a lower-case letter
	tokenWord             // AVG, REPEAT: begins with an upper-case letter
	tokenString           // 'x' or "x", without the quotes
	tokenSign             // operators and punctuation
)

type token struct {
	kind tokenKind
	text string
	at   int // byte offset
}

// lex cuts text into tokens; the last is tokenEnd.
func lex(text string) ([]token, error) {
	var tokens []token
	for i := 0; i < len(text); {
		if strings.IndexByte(" \t\r\n", text[i]) >= 0 {
			i++
			continue
		}
		t, n, err := lexOne(text, i)
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, t)
		i += n
	}
	return append(tokens, token{tokenEnd, "", len(text)}), nil
}

// signs are matched longest first.
var signs = []string{"==", "!=", "<=", ">=", "&&", "||", "<", ">", "+", "-", "*", "/", "^", "(", ")", "[", "]", ","}

// lexOne returns the token at i and how many bytes it takes.
func lexOne(text string, i int) (token, int, error) {
	rest := text[i:]
	switch c := rest[0]; {
	case isDigit(c) || c == '.' && len(rest) > 1 && isDigit(rest[1]):
		n := numberLength(rest)
		return token{tokenNumber, rest[:n], i}, n, nil
	case isLetter(c):
		n := 1
		for n < len(rest) && (isLetter(rest[n]) || isDigit(rest[n]) || rest[n] == '_') {
			n++
		}
		kind := tokenID
		if c <= 'Z' {
			kind = tokenWord
		}
		return token{kind, rest[:n], i}, n, nil
	case c == '\'' || c == '"':
		return lexString(rest, i)
	}
	for _, s := range signs {
		if strings.HasPrefix(rest, s) {
			return token{tokenSign, s, i}, len(s), nil
		}
	}
	return token{}, 0, errorf("Unexpected character at position %d", i+1)
}

// lexString reads a quoted string. A backslash keeps the quote behind it in the
// string; before anything else it is an ordinary character, which search
// expressions need for their own escapes.
func lexString(rest string, at int) (token, int, error) {
	quote := rest[0]
	var b strings.Builder
	for i := 1; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == quote:
			return token{tokenString, b.String(), at}, i + 1, nil
		case c == '\\' && i+1 < len(rest) && rest[i+1] == quote:
			i++
			b.WriteByte(quote)
		case c == '\\' && i+1 < len(rest) && rest[i+1] == '\\':
			i++
			b.WriteString(`\\`)
		default:
			b.WriteByte(c)
		}
	}
	return token{}, 0, errorf("Unterminated string at position %d", at+1)
}

// numberLength returns how long the number at the start of s is.
func numberLength(s string) int {
	digits := func(n int) int {
		for n < len(s) && isDigit(s[n]) {
			n++
		}
		return n
	}
	n := digits(0)
	if n < len(s) && s[n] == '.' {
		n = digits(n + 1)
	}
	if n < len(s) && (s[n] == 'e' || s[n] == 'E') {
		m := n + 1
		if m < len(s) && (s[m] == '+' || s[m] == '-') {
			m++
		}
		if end := digits(m); end > m {
			n = end
		}
	}
	return n
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
