// Package insights is the query language of CloudWatch Logs Insights: a parser
// and an executor over a sequence of log events.
//
//	fields @timestamp, status | filter status >= 500 | stats count(*) by bin(5m) as t | sort t | limit 20
//
// # The pipeline
//
// A query is a chain of stages. A record enters as a log event and passes one
// stage after the other; stages that can answer for a record alone (fields,
// filter, parse) hold nothing, the others (sort, stats, dedup, limit) hold what
// they must and no more: a sort that only a limit follows keeps the best rows
// alone. What a query may hold at most is bounded (ErrTooLarge).
//
// Where a query neither sorts nor aggregates, its rows are ordered by
// @timestamp, latest first, before dedup and before they are cut to the limit.
//
// # Fields
//
// A name means, in this order: what the query has defined under it (with as, or
// by parse); a system field (@timestamp, @ingestionTime, @message, @logStream,
// @log, @ptr); what stands at that path in a message that is a JSON object. In a
// path, a list's items go by their numbers: "items.0.id". A name with other
// characters than letters, digits, "_", "@" and "." is written in backticks.
//
// # Values
//
// There are no types to declare. A text that reads as a number is one where a
// number is needed: in arithmetic, in numeric functions, and in comparisons
// where both sides read as numbers. A comparison with a field that is missing is
// false, whatever the operator; arithmetic with one is missing. Booleans show as
// 1 and 0, also those of JSON, and equal "true" and "false" too.
//
// # Deviations
//
// Regular expressions are RE2's: lookaround and back references are refused when
// the query is parsed. Commands that are not built (pattern, diff, anomaly,
// unnest, lookup, join, SOURCE, unmask, filterIndex) are refused by name with an
// Unsupported error.
package insights
