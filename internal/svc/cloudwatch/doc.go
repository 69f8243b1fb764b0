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
// (evaluateQueries).
//
// Dashboards are kept as they came, after their JSON was checked; they are
// global. GetMetricWidgetImage reads a metric widget, evaluates its rows as
// GetMetricData would, and has package plot draw them.
//
// One flow, cloudwatch.housekeeping, a single row that is made by the first
// put, has package series fold, roll up and expire every half hour.
//
// # Alarms
//
// Package alarm holds the rules; here is when they are applied and what follows.
//
//	a second before ──▶ shard's work row: one bulk read of the newest periods of
//	                    all its alarms
//	minute ends ──▶ the same row: what came since, judged in memory
//	                   │ nothing has changed: nothing is written
//	                   ▼ some have, one transaction:
//	                state, history, event, action messages, rows of parents
//	                   │                │                      │
//	                   ▼                ▼                      ▼
//	             DescribeAlarms   courier: EventBridge,   composite's row: rule and
//	                              SNS, Auto Scaling ...   suppressor, the same again
//
// Alarms are evaluated at the end of each minute (high resolution: ten seconds;
// periods of hours over more than a day: one hour), over periods that end just
// then. What belongs to the period under way does not count yet. What comes late
// is seen by the next evaluation, since the range of one is wider than what it
// needs; so nobody has to wait for it.
//
// The alarms of an interval are spread over 16 shards, each a work row of the
// engine: replicas share them, and 10,000 alarms cost 16 claims. A process keeps
// a shard's alarms in memory. Two numbers in alarm_shard, which every
// transaction that writes an alarm moves on, say whether that still holds. A
// shard without alarms has no row.
//
// The datapoints are read each time, in two parts, since all shards are due at
// once and a read by series takes some microseconds for each: most a second
// before the end of the period, and at its end the rows that were appended
// since, of whatever series (series.Since). Both together are what one read at
// the end would have found. Where the first part is missing, because the server
// has just started, another replica took it or the alarm is new, or where more
// came in that second than is worth looking through, there is one read of all.
//
// A composite alarm has a row that is put by the transaction that changes one of
// its children, with the composites on the way there: a change that comes back
// to where it was ends, as on AWS, where such cycles may be made.
//
// Why a crash does no harm. Before the commit of a change nothing has happened:
// the work row falls due again, and judges the same or newer data. With it all
// has happened that only the database can lose: the state, its history, the
// messages that are the actions, and the rows of the composites. A second step of
// the same row finds the state as it is and writes nothing; a step that was
// superseded, or read an alarm that has been written since, writes nothing
// either, for it compares the engine's epoch and the alarm's version. Actions are
// then the courier's: at least once, under one token. After downtime a row is due
// once, and judges the present: what came and went meanwhile is not made up for.
package cloudwatch
