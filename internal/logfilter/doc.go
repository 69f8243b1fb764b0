// Package logfilter is the language of CloudWatch Logs' filter patterns: those
// of metric filters, of FilterLogEvents and of live tail.
//
// A pattern has one of three forms, told apart by its first character:
//
//	ERROR -"exit 1" ?%40[34]%     terms: what the message holds, anywhere
//	{ $.code = 4* && $.ms > 10 }  a condition on the fields of a JSON message
//	[ip, user, ..., status=4*]    conditions on the words of a message
//
// An empty pattern matches everything. All comparisons are case-sensitive.
//
// # Terms
//
// A term of letters, digits and underscores stands for itself; anything else
// goes in double quotes, where \" and \\ are the two escapes. A term between
// percent signs is a regular expression. All terms must be found; -term must
// not be. ?term is for patterns of nothing else, of which one must be found;
// beside other terms AWS ignores it, and so do we.
//
// # JSON
//
//	condition = or
//	or        = and { "||" and }
//	and       = one { "&&" one }
//	one       = "(" or ")" | selector test
//	selector  = "$" { "." name | "." "*" | "[" number "]" | "[*]" | ["."] "['name']" }
//	test      = ("=" | "!=") value | ("<" | "<=" | ">" | ">=") number
//	          | "IS" ("NULL" | "TRUE" | "FALSE") | ["NOT"] "EXISTS"
//	value     = number | word | "quoted" | %regex%
//
// Words and quoted values may hold * for any run of characters. A selector with
// a wildcard names several values, of which one must pass. Nothing but EXISTS
// holds of a field that is not there, != included. A message that is not JSON
// matches nothing.
//
// # Words
//
// A message is split at blanks; what stands between double quotes or in
// brackets is one word without them. There must be as many words as fields,
// unless one field is an ellipsis, which stands for any number, none included.
// A field is a name, alone or with conditions on that name as above; [] takes
// every message.
//
// # Limits, from the user guide
//
// 1,024 characters; two regular expressions in a pattern for JSON or words; one
// wildcard in a selector and three in a pattern. Regular expressions are
// letters, digits, the symbols :_#=@/;,- and the operators ^$?[]{}|\*+. without
// groups. They are evaluated in time linear in the message.
package logfilter
