// Package when reads AWS schedule expressions and says when they fall due.
//
// AWS has one notation in several dialects. All wrap their fields in rate(...),
// cron(...) or at(...), save Auto Scaling, which takes five bare Unix fields:
//
//	dialect            rate             cron                     at   zone
//	EventBridgeRule    min, hour, day   6 fields                 no   UTC
//	Scheduler          min, hour, day   6 fields                 yes  IANA
//	Synthetics         0..60 minutes    6 fields, year *         no   UTC
//	Association        30 min..31 days  6, or 7 with seconds 0   yes  UTC
//	MaintenanceWindow  from 5 minutes   6, or 7 with seconds     yes  IANA
//	AutoScaling        -                5 fields (crontab)       no   IANA
//
// # Cron
//
// The six fields are minutes, hours, day of month, month, day of week (1-7 or
// SUN-SAT) and year (1970-2199). A field is a list of values, ranges a-b, and
// steps a/n, a-b/n, */n. One of the two day fields must be "?": a "*" in both
// is refused, as AWS does. Day of month further knows L (last day), L-n, nW
// (the working day nearest the n-th, never leaving the month) and LW; day of
// week knows L (Saturday), xL (last x of the month) and x#n (n-th x), of which
// the last may not stand in a list. A day that a month lacks (31W in April)
// does not fire in that month. Ranges of week days may wrap (FRI-MON), others
// may not.
//
// Auto Scaling's crontab has week days 0-7 where 0 and 7 are Sunday. When both
// day fields are restricted a day matches either of them; when one begins with
// "*" it must match both.
//
// # Rates
//
// A rate counts absolute time from Options.Anchor: anchor, anchor+p, anchor+2p
// and so on; a day is 24 hours whatever the clocks do. Without an anchor the
// next time is one period after the time asked about, which suits a flow that
// asks with its own due time. Rules, associations and windows insist on the
// grammar (1 minute, 2 minutes), Scheduler and Synthetics do not. For
// Synthetics a rate of 0 means "once, when started": Once is true, and Next
// finds the anchor alone.
//
// # Daylight saving time
//
// In every dialect with a time zone, each wall-clock time fires at most once.
// A time that the spring change skips does not fire that day; a time that the
// autumn change repeats fires the first time round only. EventBridge Scheduler
// documents exactly this; Systems Manager and Auto Scaling document only that
// they follow the zone, and get the same. An at(...) inside a gap is not lost:
// it fires as many minutes after the change as it stood behind it (02:30 is
// 03:30).
//
// # Cost
//
// Next walks years, then months, then a bit set of days, never minutes: at most
// 2,760 months for a date that never comes (30 FEB), after which it reports
// false. It allocates nothing.
package when
