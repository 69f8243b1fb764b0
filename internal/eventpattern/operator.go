package eventpattern

import (
	"net/netip"
	"strconv"
	"strings"
)

// operators are the names of match expressions.
var operators = []string{
	"exactly", "prefix", "suffix", "anything-but", "numeric", "exists", "cidr", "equals-ignore-case", "wildcard",
}

// leaf reads an array of alternatives, whose bracket has been read, and
// returns how many it has.
func (c *compiler) leaf() (*leaf, int, error) {
	l := &leaf{}
	for n := 0; ; n++ {
		tok, err := c.next()
		if err != nil {
			return nil, 0, err
		}
		if tok == tokenArrayEnd {
			if n == 0 {
				return nil, 0, c.fail("Empty arrays are not allowed")
			}
			return l, n, nil
		}
		if tok == tokenObject {
			err = c.expression(l)
		} else {
			err = c.value(l, tok)
		}
		if err != nil {
			return nil, 0, err
		}
	}
}

// hasValues reports whether there is an alternative that a value can match.
func (l *leaf) hasValues() bool {
	return l.present || l.yes || l.no || l.null || len(l.strings)+len(l.numbers)+len(l.tests) > 0
}

// value reads an alternative that is compared as it is.
func (c *compiler) value(l *leaf, tok token) error {
	switch tok {
	case tokenString:
		s, err := c.string()
		l.addString(s)
		return err
	case tokenNumber:
		l.addNumber(c.digits)
	case tokenTrue:
		l.yes = true
	case tokenFalse:
		l.no = true
	case tokenNull:
		l.null = true
	default:
		return c.fail("Match value must be String, number, true, false, or null")
	}
	return nil
}

func (l *leaf) addString(s string) {
	if l.strings == nil {
		l.strings = map[string]bool{}
	}
	l.strings[s] = true
}

func (l *leaf) addNumber(digits string) {
	if n, ok := parseDecimal(digits); ok {
		l.numbers = append(l.numbers, n)
	}
}

// expression reads a match expression, whose brace has been read.
func (c *compiler) expression(l *leaf) error {
	tok, err := c.next()
	if err != nil {
		return err
	}
	if tok != tokenName {
		return c.fail("Match expression name not found")
	}
	name := c.name
	if tok, err = c.next(); err != nil {
		return err
	}
	switch name {
	case "prefix", "suffix":
		return c.affix(l, name, tok)
	case "numeric":
		return c.numeric(l, tok)
	case "anything-but":
		return c.anythingBut(l, tok)
	case "exists":
		return c.exists(l, tok)
	case "exactly", "equals-ignore-case", "wildcard", "cidr":
		return c.simple(l, name, tok)
	}
	return c.fail("Unrecognized match type %s", name)
}

// simple reads the operand of an operator that takes a string.
func (c *compiler) simple(l *leaf, name string, tok token) error {
	s, err := c.operand(name, tok)
	if err != nil {
		return err
	}
	if name == "exactly" {
		l.addString(s)
	} else {
		t, err := c.stringTest(name, s)
		if err != nil {
			return err
		}
		l.tests = append(l.tests, t)
	}
	return c.close("Only one key allowed in match expression")
}

// operand returns the string that an operator must have.
func (c *compiler) operand(name string, tok token) (string, error) {
	if tok == tokenString {
		return c.string()
	}
	switch name {
	case "exactly":
		name = "exact"
	case "cidr":
		name = "prefix" // the service's words
	}
	return "", c.fail("%s match pattern must be a string", name)
}

// stringTest makes the test of an operator on a string.
func (c *compiler) stringTest(name, s string) (test, error) {
	switch name {
	case "prefix":
		return prefix(s), nil
	case "suffix":
		return suffix(s), nil
	case "equals-ignore-case":
		return equalFold(s), nil
	case "wildcard":
		return c.wildcard(s)
	default:
		return c.cidr(s)
	}
}

// close reads the brace behind an operand.
func (c *compiler) close(otherwise string) error {
	tok, err := c.next()
	if err == nil && tok != tokenObjectEnd {
		err = c.fail("%s", otherwise)
	}
	return err
}

// affix reads the operand of prefix or suffix.
func (c *compiler) affix(l *leaf, name string, tok token) error {
	const one = "Only one key allowed in match expression"
	if tok != tokenObject {
		s, err := c.operand(name, tok)
		if err != nil {
			return err
		}
		t, _ := c.stringTest(name, s)
		l.tests = append(l.tests, t)
		return c.close(one)
	}
	tok, err := c.next()
	if err != nil {
		return err
	}
	if tok != tokenName {
		return c.fail("%s expression name not found", strings.ToUpper(name[:1])+name[1:])
	}
	if c.name != "equals-ignore-case" {
		return c.fail("Unsupported %s pattern: %s", name, c.name)
	}
	if tok, err = c.next(); err != nil {
		return err
	}
	s, err := c.operand("equals-ignore-case", tok)
	if err != nil {
		return err
	}
	if name == "prefix" {
		l.tests = append(l.tests, prefixFold(s))
	} else {
		l.tests = append(l.tests, suffixFold(s))
	}
	if err := c.close(one); err != nil {
		return err
	}
	return c.close(one)
}

func (c *compiler) exists(l *leaf, tok token) error {
	switch tok {
	case tokenTrue:
		l.present = true
	case tokenFalse:
		l.absent = true
	default:
		return c.fail("exists match pattern must be either true or false.")
	}
	return c.close("Only one key allowed in match expression")
}

// wildcard splits a text at its asterisks.
func (c *compiler) wildcard(s string) (test, error) {
	var parts wildcard
	var part strings.Builder
	star := -2 // where the last asterisk was
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '*' && star == i-1:
			return nil, c.fail("Consecutive wildcard characters at pos %d", i) // counted with the quote
		case s[i] == '*':
			star = i
			parts = append(parts, part.String())
			part.Reset()
		case s[i] == '\\':
			if i+1 == len(s) || s[i+1] != '*' && s[i+1] != '\\' {
				return nil, c.fail("Invalid escape character at pos %d", i+1)
			}
			i++
			part.WriteByte(s[i])
		default:
			part.WriteByte(s[i])
		}
	}
	return append(parts, part.String()), nil
}

func (c *compiler) cidr(s string) (test, error) {
	address, bits, ok := strings.Cut(s, "/")
	if !ok || strings.Contains(bits, "/") {
		return nil, c.fail("Malformed CIDR, one '/' required")
	}
	n, err := strconv.Atoi(bits)
	if err != nil {
		return nil, c.fail("Malformed CIDR, mask bits must be an integer")
	}
	if n < 0 {
		return nil, c.fail("Malformed CIDR, mask bits must not be negative")
	}
	a, err := netip.ParseAddr(address)
	if err != nil || a.Zone() != "" {
		return nil, c.fail("Nonstandard IP address: %s", address)
	}
	if n > a.BitLen() {
		return nil, c.fail("IPv%d mask bits must be <= %d", map[int]int{32: 4, 128: 6}[a.BitLen()], a.BitLen())
	}
	return cidr(netip.PrefixFrom(a, n)), nil
}
