package jsonpath

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of a path.
const (
	maxLength = 1024 // bytes
	maxDepth  = 16   // of filters within filters
)

// Path is a parsed path. It is safe for concurrent use.
type Path struct {
	text     string
	segments []segment
}

// String returns the path as it was written.
func (p *Path) String() string { return p.text }

// segment selects among the children of a node, or of a node and all its
// descendants.
type segment struct {
	descend   bool
	selectors []selector
}

// selector yields children of a node (eval.go).
type selector interface {
	children(e *evaluation, node any, yield func(any) error) error
}

// SyntaxError says what is wrong with a path, and where.
type SyntaxError struct {
	At     int // in bytes
	Reason string
}

// Error implements error.
func (e *SyntaxError) Error() string { return fmt.Sprintf("JSONPath, at %d: %s", e.At, e.Reason) }

// Parse reads a path. The error is a *SyntaxError.
func Parse(text string) (*Path, error) {
	if len(text) > maxLength {
		return nil, &SyntaxError{maxLength, fmt.Sprintf("longer than %d bytes", maxLength)}
	}
	p := &parser{text: text}
	if !p.eat("$") {
		return nil, p.fail("a path begins with $")
	}
	segments, err := p.segments()
	if err == nil && p.at < len(text) {
		err = p.fail("unexpected %q", p.rest(8))
	}
	if err != nil {
		return nil, err
	}
	return &Path{text, segments}, nil
}

type parser struct {
	text  string
	at    int
	depth int
}

func (p *parser) fail(format string, args ...any) error {
	return &SyntaxError{p.at, fmt.Sprintf(format, args...)}
}

func (p *parser) rest(n int) string { return p.text[p.at:min(len(p.text), p.at+n)] }

// eat takes token if it comes next.
func (p *parser) eat(token string) bool {
	if !strings.HasPrefix(p.text[p.at:], token) {
		return false
	}
	p.at += len(token)
	return true
}

func (p *parser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

// segments reads .name, ..name, [..] and their like until something else.
func (p *parser) segments() ([]segment, error) {
	var out []segment
	for {
		var s segment
		var err error
		switch {
		case p.eat(".."):
			s.descend = true
			if !p.eat("[") {
				s.selectors, err = p.dotted()
			} else {
				s.selectors, err = p.bracketed()
			}
		case p.eat("."):
			s.selectors, err = p.dotted()
		case p.eat("["):
			s.selectors, err = p.bracketed()
		default:
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
}

// dotted reads what follows a dot: a name or a star.
func (p *parser) dotted() ([]selector, error) {
	if p.eat("*") {
		return []selector{wildcard{}}, nil
	}
	start := p.at
	for p.at < len(p.text) {
		r, size := utf8.DecodeRuneInString(p.text[p.at:])
		if !nameRune(r, p.at == start) {
			break
		}
		p.at += size
	}
	if p.at == start {
		return nil, p.fail("a name is missing")
	}
	if strings.HasPrefix(p.text[p.at:], "(") {
		return nil, p.fail("functions are not supported")
	}
	return []selector{name(p.text[start:p.at])}, nil
}

// nameRune follows RFC 9535's member-name-shorthand, and admits a hyphen after
// the first letter, as most libraries do.
func nameRune(r rune, first bool) bool {
	return r == '_' || unicode.IsLetter(r) || r >= 0x80 && r != utf8.RuneError || !first && (unicode.IsDigit(r) || r == '-')
}

// bracketed reads the selectors between brackets, the first of which is read.
func (p *parser) bracketed() ([]selector, error) {
	var out []selector
	for {
		p.space()
		s, err := p.selector()
		if err != nil {
			return nil, err
		}
		out = append(out, s)
		p.space()
		switch {
		case p.eat("]"):
			return out, nil
		case !p.eat(","):
			return nil, p.fail("] or , is missing")
		}
	}
}

func (p *parser) selector() (selector, error) {
	switch {
	case p.eat("*"):
		return wildcard{}, nil
	case p.eat("?"):
		e, err := p.or()
		return filter{e}, err
	case strings.HasPrefix(p.rest(1), "'"), strings.HasPrefix(p.rest(1), `"`):
		s, err := p.quoted()
		return name(s), err
	}
	first, hasFirst, err := p.number()
	if err != nil {
		return nil, err
	}
	p.space()
	if !p.eat(":") {
		if !hasFirst {
			return nil, p.fail("a name in quotes, a number, *, : or ? is missing")
		}
		return index(first), nil
	}
	return p.slice(first, hasFirst)
}

// slice reads the rest of start:end:step.
func (p *parser) slice(start int, hasStart bool) (selector, error) {
	s := slice{step: 1}
	if hasStart {
		s.start = &start
	}
	p.space()
	end, ok, err := p.number()
	if err != nil {
		return nil, err
	}
	if ok {
		s.end = &end
	}
	p.space()
	if p.eat(":") {
		p.space()
		step, ok, err := p.number()
		if err != nil {
			return nil, err
		}
		if ok {
			s.step = step
		}
	}
	return s, nil
}

// number reads an integer, if one comes next.
func (p *parser) number() (n int, ok bool, err error) {
	start := p.at
	p.eat("-")
	for p.at < len(p.text) && p.text[p.at] >= '0' && p.text[p.at] <= '9' {
		p.at++
	}
	if p.at == start {
		return 0, false, nil
	}
	n, err = strconv.Atoi(p.text[start:p.at])
	if err != nil || n > 1<<53 || n < -1<<53 {
		return 0, false, p.fail("not a number that can be an index")
	}
	return n, true, nil
}

// quoted reads a string in single or double quotes.
func (p *parser) quoted() (string, error) {
	quote := p.text[p.at]
	p.at++
	var b strings.Builder
	for p.at < len(p.text) {
		c := p.text[p.at]
		p.at++
		switch c {
		case quote:
			return b.String(), nil
		case '\\':
			if err := p.escape(&b); err != nil {
				return "", err
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", p.fail("a quote is not closed")
}

// escape reads what follows a backslash.
func (p *parser) escape(b *strings.Builder) error {
	if p.at >= len(p.text) {
		return p.fail("a quote is not closed")
	}
	c := p.text[p.at]
	p.at++
	const from, to = `bfnrt/\'"`, "\b\f\n\r\t/\\'\""
	if i := strings.IndexByte(from, c); i >= 0 {
		b.WriteByte(to[i])
		return nil
	}
	if c == 'u' && len(p.text)-p.at >= 4 {
		if n, err := strconv.ParseUint(p.rest(4), 16, 16); err == nil {
			p.at += 4
			b.WriteRune(rune(n))
			return nil
		}
	}
	return p.fail("not an escape")
}
