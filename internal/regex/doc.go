// Package regex compiles regular expressions that callers send.
//
// Go's run in time linear in the text, but the factor is the size of the
// program, and a short expression can be a large one: a{1000} is a thousand
// instructions. One match cannot be broken off, so the size is bounded before
// anything is compiled: a text of a megabyte costs an expression of a thousand
// instructions seconds, and the million that ten thousand characters can ask
// for hours.
package regex
