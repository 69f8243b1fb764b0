package eventpattern

import (
	"strconv"
	"strings"
)

// decimal is a number in its one form: ±0.digits × 10^exp, where digits neither
// begins nor ends with a zero. Equal numbers are equal structs.
type decimal struct {
	neg    bool
	digits string // "" is zero
	exp    int
}

// maxExponent is where exponents end: beyond it numbers are as good as
// infinite or zero, and equal to their like.
const maxExponent = 1 << 30

// parseDecimal reads a JSON number.
func parseDecimal(s string) (decimal, bool) {
	var d decimal
	if s, d.neg = strings.CutPrefix(s, "-"); s == "" {
		return d, false
	}
	exp := 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		exp = exponent(s[i+1:])
		s = s[:i]
	}
	whole, fraction, _ := strings.Cut(s, ".")
	digits := whole
	if fraction != "" {
		digits = whole + fraction
	}
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return decimal{}, false
	}
	kept := strings.TrimLeft(digits, "0")
	d.exp = len(whole) - (len(digits) - len(kept)) + exp
	d.digits = strings.TrimRight(kept, "0")
	if d.digits == "" {
		return decimal{}, true
	}
	return d, true
}

func exponent(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil { // too long: the sign is all that matters
		n = maxExponent
		if strings.HasPrefix(s, "-") {
			n = -maxExponent
		}
	}
	return min(max(n, -maxExponent), maxExponent)
}

// compare returns -1, 0 or 1 as d is less than, equal to or greater than o.
func (d decimal) compare(o decimal) int {
	switch {
	case d == o:
		return 0
	case d.sign() != o.sign():
		if d.sign() < o.sign() {
			return -1
		}
		return 1
	case d.sign() < 0:
		return -d.size(o)
	default:
		return d.size(o)
	}
}

func (d decimal) sign() int {
	switch {
	case d.digits == "":
		return 0
	case d.neg:
		return -1
	}
	return 1
}

// size compares absolute values of numbers that are not zero.
func (d decimal) size(o decimal) int {
	if d.exp != o.exp {
		if d.exp < o.exp {
			return -1
		}
		return 1
	}
	return strings.Compare(d.digits, o.digits)
}

// beyond reports whether d is outside of ±limit.
func (d decimal) beyond(limit decimal) bool {
	return d.digits != "" && d.size(limit) > 0
}
