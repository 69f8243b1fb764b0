package eventpattern

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// token is a kind of JSON token; the lexer deals with commas and colons.
type token uint8

const (
	tokenEnd token = iota
	tokenObject
	tokenObjectEnd
	tokenArray
	tokenArrayEnd
	tokenName
	tokenString
	tokenNumber
	tokenTrue
	tokenFalse
	tokenNull
)

const (
	maxDepth  = 1000 // of nested objects and arrays
	maxQuoted = 500  // characters of the pattern that an error shows
)

const expectedValue = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"

// lexer reads JSON token by token, and stands where AWS's reader would stand
// when it complains: behind a token; behind the opening quote of a string that
// nobody has asked for yet; and, at a name, behind the beginning of its value.
type lexer struct {
	dialect Dialect
	src     string
	pos     int
	open    []token // objects and arrays around pos
	first   bool    // nothing has been read in the innermost
	tok     token
	name    string // read last
	digits  string // of the number that was read last
	str     bool   // pos is inside of a string value
	value   token  // of the name that was read last; 0 when taken
}

func newLexer(src string, d Dialect) *lexer { return &lexer{dialect: d, src: src, first: true} }

// fail is a refusal at the present position.
func (l *lexer) fail(format string, args ...any) error {
	return &Error{Dialect: l.dialect, Reason: fmt.Sprintf(format, args...) + l.location()}
}

func (l *lexer) location() string {
	read := l.src[:min(l.pos, len(l.src))]
	line := 1 + strings.Count(read, "\n")
	column := 1 + len(utf16.Encode([]rune(read[strings.LastIndexByte(read, '\n')+1:])))
	shown, rest := l.src, ""
	if units := utf16.Encode([]rune(shown)); len(units) > maxQuoted {
		shown = string(utf16.Decode(units[:maxQuoted]))
		rest = fmt.Sprintf("[truncated %d chars]", len(units)-maxQuoted)
	}
	return fmt.Sprintf("\n at [Source: (String)\"%s\"%s; line: %d, column: %d]", shown, rest, line, column)
}

func (l *lexer) unexpected(expecting string) error {
	r, size := utf8.DecodeRuneInString(l.src[l.pos:])
	if size == 0 {
		return l.unexpectedEnd()
	}
	l.pos += size
	return l.fail("Unexpected character ('%c' (code %d)): %s", r, r, expecting)
}

func (l *lexer) unexpectedEnd() error {
	what := "Object"
	if n := len(l.open); n > 0 && l.open[n-1] == tokenArray {
		what = "Array"
	}
	return l.fail("Unexpected end-of-input: expected close marker for %s", what)
}

// next reads the next token.
func (l *lexer) next() (token, error) {
	if l.value != 0 {
		l.tok, l.value = l.value, 0
		return l.tok, l.enter()
	}
	if l.str { // nobody asked for it
		if _, err := l.string(); err != nil {
			return 0, err
		}
	}
	err := l.advance()
	return l.tok, err
}

// advance reads what follows in the innermost object or array.
func (l *lexer) advance() error {
	l.space()
	if len(l.open) == 0 {
		if l.pos == len(l.src) {
			l.tok = tokenEnd
			return nil
		}
		return l.begin()
	}
	array := l.open[len(l.open)-1] == tokenArray
	if c := l.peek(); array && c == ']' || !array && c == '}' {
		l.pos++
		l.leave()
		return nil
	}
	if !l.first {
		if l.peek() != ',' {
			what := "Object"
			if array {
				what = "Array"
			}
			return l.unexpected("was expecting comma to separate " + what + " entries")
		}
		l.pos++
		l.space()
	}
	l.first = false
	if array {
		return l.begin()
	}
	return l.field()
}

// begin reads the first token of a value, and enters it.
func (l *lexer) begin() error {
	tok, err := l.start()
	if err != nil {
		return err
	}
	l.tok = tok
	return l.enter()
}

func (l *lexer) enter() error {
	if l.tok != tokenObject && l.tok != tokenArray {
		return nil
	}
	if len(l.open) == maxDepth {
		return l.fail("Document nesting depth (%d) exceeds the maximum allowed (%d)", maxDepth+1, maxDepth)
	}
	l.open = append(l.open, l.tok)
	l.first = true
	return nil
}

func (l *lexer) leave() {
	l.tok = l.open[len(l.open)-1] + 1 // the end of its kind
	l.open = l.open[:len(l.open)-1]
	l.first = false
}

// field reads a name, the colon, and the beginning of the value.
func (l *lexer) field() error {
	if l.peek() != '"' {
		return l.unexpected("was expecting double-quote to start field name")
	}
	l.pos++
	text, err := l.quoted()
	if err != nil {
		return err
	}
	l.space()
	if l.peek() != ':' {
		return l.unexpected("was expecting a colon to separate field name and value")
	}
	l.pos++
	l.space()
	value, err := l.start()
	if err != nil {
		return err
	}
	l.tok, l.value, l.name = tokenName, value, text
	return nil
}

// start reads the first token of a value; of a string the opening quote.
func (l *lexer) start() (token, error) {
	switch c := l.peek(); {
	case c == '"':
		l.pos++
		l.str = true
		return tokenString, nil
	case c == '{':
		l.pos++
		return tokenObject, nil
	case c == '[':
		l.pos++
		return tokenArray, nil
	case c == '-' || '0' <= c && c <= '9':
		return tokenNumber, l.number()
	case isWord(c):
		return l.word()
	}
	return 0, l.unexpected("expected a valid value " + expectedValue)
}

func (l *lexer) word() (token, error) {
	from := l.pos
	for isWord(l.peek()) {
		l.pos++
	}
	switch word := l.src[from:l.pos]; word {
	case "true":
		return tokenTrue, nil
	case "false":
		return tokenFalse, nil
	case "null":
		return tokenNull, nil
	default:
		return 0, l.fail("Unrecognized token '%s': was expecting %s", word, expectedValue)
	}
}

func (l *lexer) number() error {
	from := l.pos
	for strings.IndexByte("+-.eE0123456789", l.peek()) >= 0 && l.pos < len(l.src) {
		l.pos++
	}
	text := l.src[from:l.pos]
	if !json.Valid([]byte(text)) {
		return l.fail("Invalid numeric value: '%s'", text)
	}
	l.digits = text
	return nil
}

// string returns the text of the string value that is the present token.
func (l *lexer) string() (string, error) {
	l.str = false
	return l.quoted()
}

// quoted reads the rest of a string, whose opening quote is behind pos.
func (l *lexer) quoted() (string, error) {
	from := l.pos - 1
	for {
		switch c := l.peek(); {
		case l.pos == len(l.src):
			return "", l.fail("Unexpected end-of-input: was expecting closing quote for a string value")
		case c == '"':
			l.pos++
			return l.unquote(l.src[from:l.pos])
		case c < ' ':
			l.pos++
			return "", l.fail("Illegal unquoted character ((CTRL-CHAR, code %d)): has to be escaped using backslash to be included in string value", c)
		case c == '\\' && l.pos+1 < len(l.src):
			l.pos += 2
		default:
			l.pos++
		}
	}
}

func (l *lexer) unquote(quoted string) (string, error) {
	if strings.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1], nil
	}
	var text string
	if json.Unmarshal([]byte(quoted), &text) != nil {
		return "", l.fail("Unrecognized character escape in %s", quoted)
	}
	return text, nil
}

func (l *lexer) space() {
	for l.pos < len(l.src) && strings.IndexByte(" \t\r\n", l.src[l.pos]) >= 0 {
		l.pos++
	}
}

// peek returns the next byte, or 0 at the end.
func (l *lexer) peek() byte {
	if l.pos < len(l.src) {
		return l.src[l.pos]
	}
	return 0
}

func isWord(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c == '$' }
