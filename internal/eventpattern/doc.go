// Package eventpattern reads the event patterns of Amazon EventBridge, which
// the filter policies of SNS are written in too, and matches JSON documents
// with them.
//
// A pattern is a JSON object in the shape of the documents that it is to
// match. Its leaves are arrays of alternatives:
//
//	"x", 300, true, null                 equal; 300 is also 300.0 and 3.0e2
//	{"prefix": "x"}                      also {"prefix": {"equals-ignore-case": "x"}}
//	{"suffix": "x"}                      the same
//	{"equals-ignore-case": "x"}
//	{"wildcard": "a*b"}                  \* and \\ are literal
//	{"anything-but": V}                  V: a value, a list, or one of prefix, suffix,
//	                                     equals-ignore-case, wildcard with one or a list
//	{"numeric": [">", 0, "<=", 5]}       also =, one bound alone
//	{"exists": true}
//	{"cidr": "10.0.0.0/24"}
//	"$or": [{...}, {...}]                in place of a field: alternatives
//
// # What matches
//
// Fields of a pattern all have to match, alternatives of a leaf one of them.
// An array in a document stands for each of its elements. Fields of objects in
// an array must match within one element: a pattern for firstName and lastName
// does not match the first name of one and the last name of another.
//
// Only leaves of a document (strings, numbers, true, false, null) can match;
// an object, or an empty array, is not there at all as far as "exists" goes.
// "exists": false is about the whole document: no element may have the field.
// anything-but wants a leaf that is there.
//
// Numbers compare by value, exactly, as decimals. "numeric" knows those within
// ±5.0E9 (EventBridge) or ±1.0E9 (SNS) alone.
//
// # Form
//
// Parse expands $or into the conjunctions that are alternatives, at most 1000,
// and each into a tree of keys. Match walks document and tree together, leaves
// first, and needs time proportional to the two at most. A wildcard is a
// list of literals found one after the other: nothing is ever tried again. AWS
// refuses patterns with very many wildcards for the size of its automaton;
// there is none here, so they are taken.
//
// Sources: the EventBridge and SNS developer guides; the words of errors are
// those that the services answer with, including the position, which counts as
// the JSON reader of AWS does.
package eventpattern
