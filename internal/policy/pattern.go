package policy

import (
	"strings"
	"unicode/utf8"
)

// elemKind says what an element of a pattern matches.
type elemKind uint8

const (
	literal  elemKind = iota // its text
	anyText                  // "*": any text, also none
	anyRune                  // "?": one character
	variable                 // the value of a condition key
)

// elem is an element of a pattern.
type elem struct {
	kind     elemKind
	text     string // literal; of a variable the condition key in lower case
	spelled  string // the condition key as the policy has it
	fallback string // default of a variable
	optional bool   // the variable has a default
	key      key
}

// form lets the common patterns be matched without walking elements.
type form uint8

const (
	general form = iota
	exact        // one literal, or nothing
	prefix       // a literal and a star
	all          // a star
)

// pattern is a compiled text with wildcards and policy variables.
type pattern struct {
	form  form
	text  string // of exact and prefix
	elems []elem
	vars  bool // has variables
}

// compile reads a pattern. Wildcards count when wild is set; policy variables
// (${key}, ${key, 'default'}, ${*}, ${?}, ${$}) when vars is.
func compile(s string, wild, vars bool) pattern {
	var c compiler
	for len(s) > 0 {
		switch {
		case wild && s[0] == '*':
			c.wildcard(anyText)
			s = s[1:]
		case wild && s[0] == '?':
			c.wildcard(anyRune)
			s = s[1:]
		case vars && strings.HasPrefix(s, "${") && strings.IndexByte(s, '}') > 0:
			end := strings.IndexByte(s, '}')
			c.variable(s[2:end])
			s = s[end+1:]
		default:
			c.lit = append(c.lit, s[0])
			s = s[1:]
		}
	}
	return c.pattern()
}

// compiler collects the elements of a pattern.
type compiler struct {
	elems []elem
	lit   []byte
	vars  bool
}

func (c *compiler) flush() {
	if len(c.lit) > 0 {
		c.elems = append(c.elems, elem{kind: literal, text: string(c.lit)})
		c.lit = c.lit[:0]
	}
}

func (c *compiler) wildcard(k elemKind) {
	c.flush()
	if n := len(c.elems); k == anyText && n > 0 && c.elems[n-1].kind == anyText {
		return
	}
	c.elems = append(c.elems, elem{kind: k})
}

func (c *compiler) variable(inside string) {
	switch inside {
	case "*", "?", "$":
		c.lit = append(c.lit, inside...)
		return
	}
	c.flush()
	name, fallback, optional := strings.Cut(inside, ",")
	if optional {
		fallback = strings.Trim(strings.TrimSpace(fallback), "'")
	}
	spelled := strings.TrimSpace(name)
	name = strings.ToLower(spelled)
	c.elems = append(c.elems, elem{
		kind: variable, text: name, spelled: spelled, fallback: fallback, optional: optional, key: keyOf(name),
	})
	c.vars = true
}

func (c *compiler) pattern() pattern {
	c.flush()
	p := pattern{elems: c.elems, vars: c.vars}
	switch {
	case len(p.elems) == 0:
		p.form = exact
	case len(p.elems) == 1 && p.elems[0].kind == literal:
		p.form, p.text = exact, p.elems[0].text
	case len(p.elems) == 1 && p.elems[0].kind == anyText:
		p.form = all
	case len(p.elems) == 2 && p.elems[0].kind == literal && p.elems[1].kind == anyText:
		p.form, p.text = prefix, p.elems[0].text
	}
	return p
}

// match reports whether text is one of the pattern's. Patterns with variables
// have to be resolved first.
func (p *pattern) match(text string) bool {
	switch p.form {
	case all:
		return true
	case exact:
		return text == p.text
	case prefix:
		return strings.HasPrefix(text, p.text)
	default:
		return matchElems(p.elems, text)
	}
}

// matchElems walks elements and text side by side. On a mismatch it goes back
// to the last star and lets that one take a character more, which takes at
// most len(elems)*len(text) steps.
func matchElems(elems []elem, text string) bool {
	e, t := 0, 0
	star, from := -1, 0
	for {
		if e == len(elems) {
			if t == len(text) {
				return true
			}
		} else if elems[e].kind == anyText {
			star, from = e, t
			e++
			continue
		} else if n, ok := elems[e].take(text[t:]); ok {
			e, t = e+1, t+n
			continue
		}
		if star < 0 || from >= len(text) {
			return false
		}
		_, n := utf8.DecodeRuneInString(text[from:])
		from += n
		e, t = star+1, from
	}
}

// take is how much of the beginning of text the element matches.
func (e *elem) take(text string) (int, bool) {
	if e.kind == literal {
		return len(e.text), strings.HasPrefix(text, e.text)
	}
	_, n := utf8.DecodeRuneInString(text)
	return n, n > 0
}
