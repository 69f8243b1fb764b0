// Package cloudwatch answers Amazon CloudWatch's metrics API.
//
// AWS promises: a metric is a namespace, a name and a set of dimensions; values
// are put with a time up to two weeks past and two hours ahead, one by one, as
// weighted arrays or as statistic sets; one asks for statistics over periods,
// percentiles and trimmed means among them; data ages from seconds to minutes
// to hours and is gone after 455 days; metrics without data leave the listing
// after two weeks.
//
// We do that on package series, which holds the retention ladder and says why
// percentiles are what they are. A put is durable when it is answered. Each
// bad parameter of a put is named on a line of its own, as CloudWatch does, and
// then nothing of the call is stored.
//
// Where AWS is eventually consistent, we are at once: what was put is listed
// and counted by the next call.
//
// Periods of a query count from its start, rounded as the API reference says:
// ask from 12:03 in periods of five minutes and they begin at 12:03 and 12:08.
// Without a unit, GetMetricStatistics answers for each unit separately, and
// GetMetricData takes all units together.
//
// Expressions of GetMetricData are package metricmath's: metric math, SEARCH and
// the SELECT of Metrics Insights. Alarms evaluate theirs with the same code
// (evaluateQueries), and alarms on one metric with a leaner read (recent).
//
// One flow, cloudwatch.housekeeping, a single row that is made by the first
// put, has package series fold, roll up and expire every half hour.
package cloudwatch
