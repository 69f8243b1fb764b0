package regex

import (
	"errors"
	"regexp"
	"regexp/syntax"
)

// ErrTooLarge says that an expression is too costly to match with.
var ErrTooLarge = errors.New("the regular expression is too large")

// maxCopied bounds the size times the number of groups: each step of a match
// may copy the groups' places for each instruction.
const maxCopied = 100_000

// Compile compiles an expression of at most size instructions. Its error is
// ErrTooLarge, or a *syntax.Error as of regexp.Compile.
func Compile(expr string, size int) (*regexp.Regexp, error) {
	tree, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil, err
	}
	n := instructions(tree)
	if n > size || n*tree.MaxCap() > maxCopied {
		return nil, ErrTooLarge
	}
	return regexp.Compile(expr)
}

// instructions is roughly how many instructions a parsed expression becomes.
// The parser has bounded repetitions, those of repetitions included, to 1000,
// so the sum cannot overflow.
func instructions(re *syntax.Regexp) int {
	n := 0
	for _, sub := range re.Sub {
		n += instructions(sub)
	}
	switch re.Op {
	case syntax.OpLiteral:
		return len(re.Rune)
	case syntax.OpRepeat:
		if re.Max < 0 { // x{n,}
			return n*(re.Min+1) + 1
		}
		return n*re.Max + re.Max - re.Min
	case syntax.OpCapture:
		return n + 2
	case syntax.OpConcat:
		return n
	default:
		return n + 1
	}
}
