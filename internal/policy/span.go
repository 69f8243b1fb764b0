package policy

import (
	"strings"
	"unicode/utf8"
)

// Position is a place in a policy's text as IAM's simulator tells it: lines
// and columns, in characters, count from one.
type Position struct{ Line, Column int }

// Span is where a statement's text begins and the place behind its end, as
// IAM's simulator tells them (the examples in the AWS CLI's reference of
// simulate-custom-policy and simulate-principal-policy): a statement begins
// behind the bracket or comma before it, and one that stands in no list behind
// its own brace.
func (d *Document) Span(i int) (start, end Position) {
	s := &d.statements[i]
	from := len(strings.TrimRight(d.text[:s.start], " \t\r\n"))
	if d.text[from-1] == ':' {
		from = s.start + 1
	}
	return position(d.text, from), position(d.text, s.end)
}

// position is the place of the character at offset.
func position(text string, offset int) Position {
	before := text[:offset]
	line := strings.LastIndexByte(before, '\n') + 1
	return Position{
		Line:   strings.Count(before, "\n") + 1,
		Column: utf8.RuneCountInString(before[line:]) + 1,
	}
}
