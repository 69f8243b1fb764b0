package eventpattern

import (
	"net/netip"
	"strings"
	"unicode/utf8"
)

// test is one alternative that is more than a value.
type test interface{ match(s scalar) bool }

type prefix string

func (p prefix) match(s scalar) bool {
	return s.kind == kindString && strings.HasPrefix(s.text, string(p))
}

type suffix string

func (p suffix) match(s scalar) bool {
	return s.kind == kindString && strings.HasSuffix(s.text, string(p))
}

type equalFold string

func (p equalFold) match(s scalar) bool {
	return s.kind == kindString && strings.EqualFold(s.text, string(p))
}

type prefixFold string

func (p prefixFold) match(s scalar) bool {
	if s.kind != kindString {
		return false
	}
	n := utf8.RuneCountInString(string(p))
	end := 0
	for ; n > 0; n-- {
		_, size := utf8.DecodeRuneInString(s.text[end:])
		if size == 0 {
			return false
		}
		end += size
	}
	return strings.EqualFold(s.text[:end], string(p))
}

type suffixFold string

func (p suffixFold) match(s scalar) bool {
	if s.kind != kindString {
		return false
	}
	n := utf8.RuneCountInString(string(p))
	start := len(s.text)
	for ; n > 0; n-- {
		_, size := utf8.DecodeLastRuneInString(s.text[:start])
		if size == 0 {
			return false
		}
		start -= size
	}
	return strings.EqualFold(s.text[start:], string(p))
}

// wildcard is the literals between the asterisks; one alone has no asterisk.
type wildcard []string

func (w wildcard) match(s scalar) bool {
	if s.kind != kindString {
		return false
	}
	text, last := s.text, len(w)-1
	if last == 0 {
		return text == w[0]
	}
	text, ok := strings.CutPrefix(text, w[0])
	if !ok || len(text) < len(w[last]) {
		return false
	}
	text, ok = strings.CutSuffix(text, w[last])
	if !ok {
		return false
	}
	for _, part := range w[1:last] { // the earliest place leaves the most for the rest
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text = text[i+len(part):]
	}
	return true
}

// numeric is a range; nil bounds are none.
type numeric struct {
	low, high         *decimal
	openLow, openHigh bool
	limit             decimal // numbers beyond it match nothing
}

func (r numeric) match(s scalar) bool {
	if s.kind != kindNumber || s.number.beyond(r.limit) {
		return false
	}
	if r.low != nil {
		if c := s.number.compare(*r.low); c < 0 || c == 0 && r.openLow {
			return false
		}
	}
	if r.high != nil {
		if c := s.number.compare(*r.high); c > 0 || c == 0 && r.openHigh {
			return false
		}
	}
	return true
}

type cidr netip.Prefix

func (c cidr) match(s scalar) bool {
	if s.kind != kindString || len(s.text) > 64 {
		return false
	}
	a, err := netip.ParseAddr(s.text)
	return err == nil && netip.Prefix(c).Contains(a)
}

// anythingBut is every leaf that none of the others matches.
type anythingBut struct{ leaf }

func (a *anythingBut) match(s scalar) bool { return !a.scalar(s) }
