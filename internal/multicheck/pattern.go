package multicheck

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"regexp/syntax"
	"unicode/utf8"
)

// expression is a regular expression in the syntax of RE2, which lacks
// JavaScript's lookarounds and backreferences. A match takes time in proportion
// to the product of text and expression: with a megabyte of the one and
// thousands of instructions of the other that is seconds, so matches end with
// their context.
type expression struct {
	re   *regexp.Regexp
	size int // roughly, in instructions
}

// maxDirect bounds the product of a match that is not interrupted, which is
// faster: some 50 ms.
const maxDirect = 4 << 20

// pattern compiles an expression.
func pattern(s string) (*expression, error) {
	if len(s) > maxPattern {
		return nil, fmt.Errorf("is longer than a regular expression may be (%d bytes)", maxPattern)
	}
	tree, err := syntax.Parse(s, syntax.Perl)
	if err != nil {
		return nil, errors.New("is not a regular expression in RE2 syntax: " + err.Error())
	}
	size := sizeOf(tree)
	if size > maxInstructions {
		return nil, errors.New("repeats more than a regular expression may")
	}
	re, err := regexp.Compile(s)
	if err != nil {
		return nil, errors.New("is not a regular expression in RE2 syntax: " + err.Error())
	}
	return &expression{re, size}, nil
}

// sizeOf estimates the instructions that a repetition is unrolled to.
func sizeOf(tree *syntax.Regexp) int {
	n := 1 + len(tree.Rune)
	for _, sub := range tree.Sub {
		n += sizeOf(sub)
	}
	if tree.Op == syntax.OpRepeat {
		n *= max(tree.Min, tree.Max, 1)
	}
	return min(n, maxInstructions+1)
}

// match reports whether s has a match.
func (e *expression) match(ctx context.Context, s string) (bool, error) {
	if len(s)*e.size <= maxDirect {
		return e.re.MatchString(s), nil
	}
	in := &runes{ctx: ctx, text: s}
	return e.re.MatchReader(in), in.err
}

// find returns the first match and its groups; nil when there is none.
func (e *expression) find(ctx context.Context, s string) ([]string, error) {
	if len(s)*e.size <= maxDirect {
		return e.re.FindStringSubmatch(s), nil
	}
	in := &runes{ctx: ctx, text: s}
	at := e.re.FindReaderSubmatchIndex(in)
	if at == nil || in.err != nil {
		return nil, in.err
	}
	out := make([]string, len(at)/2)
	for i := range out {
		if at[2*i] >= 0 {
			out[i] = s[at[2*i]:at[2*i+1]]
		}
	}
	return out, nil
}

// runes reads a text until its context ends.
type runes struct {
	ctx  context.Context //nolint:containedctx // io.RuneReader has no other place for it
	text string
	at   int
	n    int
	err  error
}

// ReadRune implements io.RuneReader.
func (r *runes) ReadRune() (rune, int, error) {
	if r.n++; r.n%64 == 0 && r.ctx.Err() != nil {
		r.err = context.Cause(r.ctx)
	}
	if r.err != nil || r.at >= len(r.text) {
		return 0, 0, io.EOF
	}
	c, size := utf8.DecodeRuneInString(r.text[r.at:])
	r.at += size
	return c, size, nil
}
