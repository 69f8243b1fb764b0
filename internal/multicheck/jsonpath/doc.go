// Package jsonpath picks values out of JSON that a stranger has sent, by a path
// that a stranger has written.
//
// It is the core of RFC 9535: names, indexes, slices, wildcards, unions,
// descendants and filters, as in
//
//	$.users[0].name
//	$['odd name'][-1]
//	$.items[?(@.price < 10 && @.stock)].id
//	$..id
//
// Left out are the function extensions (length, count, match, search, value),
// which is said at Parse.
//
// The package is our own because of one thing that the libraries lack: a budget.
// $..*..*..* over a body of a few kilobytes visits billions of nodes, and no
// context ends a library's loop. Find visits at most MaxVisits nodes and then
// fails.
package jsonpath
