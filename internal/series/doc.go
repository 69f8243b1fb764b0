// Package series keeps metrics: numbers with a time, of which one asks for
// statistics over periods.
//
// # From sample to chunk
//
//	Put ──▶ metric_head ──fold──▶ chunks 1 s ─┬▶ chunks 60 s ─▶ 300 s ─▶ 1 h ──▶ gone
//	        rows as they came     kept 3 h    │   15 days       63 days   455 days
//	        (half an hour or so)              │
//	                                  samples of whole minutes start here
//
// Put only appends: a row for each series, minute (or second, for resolution
// 1), unit and call, which holds a Summary of what came. It reads nothing but
// whether the series is known, so writers do not wait for each other.
//
// Expire, run about twice an hour, folds rows older than half an hour to an hour
// into chunks: all buckets of one series, one period and one window of time,
// encoded in one row (a day at one-minute resolution is four rows instead of
// 1,440). As time passes it moves chunks down CloudWatch's retention ladder,
// merging buckets, and in the end deletes them. Late data just goes through the
// same steps: any number of rows for one bucket add up, in the head, in chunks,
// and when reading.
//
// A reader merges whatever rows and chunks hold the asked time. What it may see
// depends on the age of the data and the period asked for alone (Finest), never
// on whether Expire has come round yet.
//
// Who looks at thousands of series again and again, as alarms do, reads them in
// bulk (Recent), and later only what was appended since (Here, Since).
//
// # Summaries and percentiles
//
// A Summary is count, sum, minimum, maximum, exactly, and a Distribution when
// all values are known. A distribution is exact up to 256 different values,
// which covers most buckets there ever are, and all that one call can put;
// tests on top of it see the very numbers they wrote. Beyond, it turns into a
// DDSketch with a relative error of half a percent. Sketches were chosen over
// t-digests because merging them loses nothing: the quantiles of a day are the
// same whether it was merged from hours, minutes or single values, so rolling
// up does not drift, and the error is a bound and not a hope. Statistic sets
// carry no values; what they are mixed into has no percentiles, as on AWS.
//
// Percentiles are by nearest rank: a value that was really put.
//
// # Guarantees
//
// What Put wrote belongs to the caller's transaction. Folding and rolling up
// move data in transactions that delete and insert together; killed at any
// point, nothing is lost or counted twice. All of it is tested on both
// databases by one suite, with a naive model as the judge.
package series
