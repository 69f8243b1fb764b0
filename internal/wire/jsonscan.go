package wire

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// A jsonScanner splits a JSON text (RFC 8259) into tokens, strictly: no
// comments, no trailing commas, no control characters in strings, valid UTF-8.
type jsonScanner struct {
	b       []byte
	i       int
	scratch []byte // an unescaped string, valid until the next one
}

// space skips white space.
func (d *jsonScanner) space() {
	for d.i < len(d.b) {
		switch d.b[d.i] {
		case ' ', '\t', '\n', '\r':
			d.i++
		default:
			return
		}
	}
}

// peek returns the next byte that is not white space, or 0 at the end.
func (d *jsonScanner) peek() byte {
	d.space()
	if d.i == len(d.b) {
		return 0
	}
	return d.b[d.i]
}

// unexpected is the error for the byte at d.i.
func (d *jsonScanner) unexpected() error {
	if d.i >= len(d.b) {
		return malformed("Unexpected end of JSON input")
	}
	return malformed("Unexpected character %s at position %d of the JSON input", strconv.QuoteRuneToASCII(rune(d.b[d.i])), d.i)
}

// open consumes the bracket that a value of the wanted kind begins with.
func (d *jsonScanner) open(bracket byte, want string) error {
	switch c := d.peek(); c {
	case bracket:
		d.i++
		return nil
	case '{':
		return malformed("Start of structure or map found where not expected.")
	case '[':
		return malformed("Start of list found where not expected")
	case '"':
		return malformed("STRING_VALUE can not be converted to %s", want)
	case 't', 'f':
		return malformed("BOOLEAN_VALUE can not be converted to %s", want)
	case 0:
		return d.unexpected()
	default:
		if c == '-' || c >= '0' && c <= '9' {
			return malformed("NUMBER_VALUE can not be converted to %s", want)
		}
		return d.unexpected()
	}
}

// next reports whether another entry follows, consuming the comma before it
// or the closing bracket.
func (d *jsonScanner) next(first bool, closing byte) (bool, error) {
	switch c := d.peek(); {
	case c == closing:
		d.i++
		return false, nil
	case first && c != ',' && c != 0:
		return true, nil
	case !first && c == ',':
		d.i++
		if d.peek() == closing {
			return false, d.unexpected()
		}
		return true, nil
	}
	return false, d.unexpected()
}

// key reads the next member name and its colon; more is false at the end of
// the object. The name is valid until the next string is read.
func (d *jsonScanner) key(first bool) (name []byte, more bool, err error) {
	if more, err = d.next(first, '}'); !more || err != nil {
		return nil, false, err
	}
	if d.peek() != '"' {
		return nil, false, d.unexpected()
	}
	if name, err = d.str(); err != nil {
		return nil, false, err
	}
	if d.peek() != ':' {
		return nil, false, d.unexpected()
	}
	d.i++
	return name, true, nil
}

// null consumes a null if there is one.
func (d *jsonScanner) null() bool {
	if d.peek() == 'n' && d.literal("null") {
		return true
	}
	return false
}

// literal consumes s if it comes next.
func (d *jsonScanner) literal(s string) bool {
	if len(d.b)-d.i >= len(s) && string(d.b[d.i:d.i+len(s)]) == s {
		d.i += len(s)
		return true
	}
	return false
}

// boolean reads true or false.
func (d *jsonScanner) boolean() (bool, error) {
	switch {
	case d.literal("true"):
		return true, nil
	case d.literal("false"):
		return false, nil
	}
	return false, d.unexpected()
}

// str reads a string; d.i is at its opening quote.
func (d *jsonScanner) str() ([]byte, error) {
	start := d.i + 1
	ascii := true
	for i := start; i < len(d.b); i++ {
		switch c := d.b[i]; {
		case c == '"':
			d.i = i + 1
			if !ascii && !utf8.Valid(d.b[start:i]) {
				return nil, malformed("Invalid UTF-8 in JSON string")
			}
			return d.b[start:i], nil
		case c == '\\':
			return d.escaped(start, i)
		case c < ' ':
			d.i = i
			return nil, d.unexpected()
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	d.i = len(d.b)
	return nil, d.unexpected()
}

// escaped finishes a string whose first backslash is at i.
func (d *jsonScanner) escaped(start, i int) ([]byte, error) {
	d.scratch = append(d.scratch[:0], d.b[start:i]...)
	for i < len(d.b) {
		c := d.b[i]
		switch {
		case c == '"':
			d.i = i + 1
			if !utf8.Valid(d.scratch) {
				return nil, malformed("Invalid UTF-8 in JSON string")
			}
			return d.scratch, nil
		case c < ' ':
			d.i = i
			return nil, d.unexpected()
		case c != '\\':
			d.scratch = append(d.scratch, c)
			i++
		default:
			n := d.escape(i)
			if n == 0 {
				d.i = i
				return nil, d.unexpected()
			}
			i += n
		}
	}
	d.i = len(d.b)
	return nil, d.unexpected()
}

// escape appends what the escape sequence at i stands for and returns its
// length, or 0 if there is no such sequence.
func (d *jsonScanner) escape(i int) int {
	if i+1 >= len(d.b) {
		return 0
	}
	c := d.b[i+1]
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		return d.unicode(i)
	default:
		return 0
	}
	d.scratch = append(d.scratch, c)
	return 2
}

// unicode appends the character of the \u sequence at i, joining surrogates; a
// lone one becomes U+FFFD.
func (d *jsonScanner) unicode(i int) int {
	r, ok := hex4(d.b, i+2)
	if !ok {
		return 0
	}
	n := 6
	if utf16.IsSurrogate(r) {
		low, ok := hex4(d.b, i+8)
		if ok && d.b[i+6] == '\\' && d.b[i+7] == 'u' && utf16.DecodeRune(r, low) != utf8.RuneError {
			r, n = utf16.DecodeRune(r, low), 12
		} else {
			r = utf8.RuneError
		}
	}
	d.scratch = utf8.AppendRune(d.scratch, r)
	return n
}

// hex4 reads the four digits of a \u sequence at i.
func hex4(b []byte, i int) (rune, bool) {
	if i+4 > len(b) {
		return 0, false
	}
	var r rune
	for _, c := range b[i : i+4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// number reads the text of a number.
func (d *jsonScanner) number() ([]byte, error) {
	start := d.i
	d.accept('-')
	if !d.accept('0') && d.digits() == 0 {
		return nil, d.unexpected()
	}
	if d.accept('.') && d.digits() == 0 {
		return nil, d.unexpected()
	}
	if d.accept('e') || d.accept('E') {
		if !d.accept('+') {
			d.accept('-')
		}
		if d.digits() == 0 {
			return nil, d.unexpected()
		}
	}
	return d.b[start:d.i], nil
}

// accept consumes c if it comes next.
func (d *jsonScanner) accept(c byte) bool {
	if d.i < len(d.b) && d.b[d.i] == c {
		d.i++
		return true
	}
	return false
}

// digits consumes digits and returns how many there were.
func (d *jsonScanner) digits() int {
	start := d.i
	for d.i < len(d.b) && d.b[d.i] >= '0' && d.b[d.i] <= '9' {
		d.i++
	}
	return d.i - start
}

// skip reads over one value of at most the given depth.
func (d *jsonScanner) skip(depth int) error {
	if depth == 0 {
		return malformed("nesting is too deep")
	}
	switch d.peek() {
	case '{':
		d.i++
		return d.skipObject(depth)
	case '[':
		d.i++
		return d.skipArray(depth)
	case '"':
		_, err := d.str()
		return err
	case 't', 'f':
		_, err := d.boolean()
		return err
	case 'n':
		if d.null() {
			return nil
		}
		return d.unexpected()
	}
	_, err := d.number()
	return err
}

// skipObject reads over an object after its brace.
func (d *jsonScanner) skipObject(depth int) error {
	for first := true; ; first = false {
		_, more, err := d.key(first)
		if err != nil || !more {
			return err
		}
		if err := d.skip(depth - 1); err != nil {
			return err
		}
	}
}

// skipArray reads over an array after its bracket.
func (d *jsonScanner) skipArray(depth int) error {
	for first := true; ; first = false {
		more, err := d.next(first, ']')
		if err != nil || !more {
			return err
		}
		if err := d.skip(depth - 1); err != nil {
			return err
		}
	}
}
