// Package metricmath is the language of CloudWatch's metric math: the
// expressions of GetMetricData, of alarms and of graphs, the search expressions
// inside them, and the SELECT of Metrics Insights.
//
// # Values
//
// There are three types: a scalar (S), a time series (TS) and an array of time
// series (TS[]). Functions say which they take; an expression as a whole must
// be a time series or an array.
//
//	m1/m2*100                       TS
//	AVG(m1)                         S: one number over the whole range
//	AVG([m1, m2])                   TS: one number for each time
//	METRICS() > 5                   TS[]
//
// # Missing values
//
// Arithmetic and comparison go over the times that either side has; a missing
// value counts as zero, and a result that is no finite number (a division by
// zero) is left out. The average over an array counts missing values as zero
// too; minimum, maximum and deviation take the values that are there. IF has a
// table of its own, see the function. All of this follows the page "Using math
// expressions with CloudWatch metrics" of the CloudWatch user guide.
//
// # From text to numbers
//
// Parse makes an Expr and refuses what is no expression. Eval computes it in an
// Env: the window of time, and three functions through which expressions reach
// other queries, METRICS() and SEARCH. The package knows nothing of storage; an
// Expr may be kept and evaluated many times, at the same time too.
//
// Nesting, the length of arrays and the number of made-up points are bounded,
// so that an expression of 2,048 characters cannot ask for unbounded work.
//
// ANOMALY_DETECTION_BAND, INSIGHT_RULE_METRIC, SERVICE_QUOTA, LAMBDA and
// DB_PERF_INSIGHTS parse, and answer a NotImplementedError.
package metricmath
