// Package journal keeps what happened: log events, RUM events, anything that is
// appended in bulk, read by time and thrown away by age.
//
// # Terms
//
// A log is what is read and expired as one (a log group, an app monitor). A
// stream is a part of it with a name (a log stream). Both are strings that the
// owning service makes up; give a log that is deleted and made again a new one.
//
// # Segments
//
// Events are not rows. The events of one Append become one row, a segment:
// sorted, compressed (S2), cut where an hour ends, at 2,000 events and at
// 256 KiB. Services here get events in batches and read them in runs, so one
// row for a batch makes writing cost the same for one event or a thousand, lets
// a reader fetch a screenful with one row, and needs a fraction of the disk.
// The price is that nothing inside a body can be indexed: readers filter.
//
//	seq │ log  stream  hour │ first    last     size │ data
//	────┼───────────────────┼────────────────────────┼──────────────────────
//	 17 │ g1   web-1   491k │ 12:00:01 12:00:09  812 │ 12:00:01 ..., 12:00:01 ...
//	 18 │ g1   web-2   491k │ 12:00:03 12:00:04   90 │ 12:00:03 ...
//	 19 │ g1   web-1   491k │ 12:00:07 12:00:12  640 │ 12:00:07 ...    (overlaps 17)
//
// # Order and cursors
//
// Events are ordered by time, then arrival (seq), then place in their batch.
// The three make a Cursor, which is an event's id as well as a reader's place:
// it stays valid while others append, and when the event it names has expired.
// A reader that holds a cursor does not see an event that comes later with an
// earlier time; neither does one on AWS. On PostgreSQL arrival is the order of
// insertion, not of commit: of two events with equal times, the one whose
// transaction commits last may have the lower cursor.
//
// # Reading
//
// Scan goes hour by hour, forward or backward. The hour is the partition: a
// segment lies in one, so hours need no merging and what is outside the range
// is never touched. In an hour, it reads the index entries of all segments,
// sorts them by their nearest event, and merges: a segment is fetched only when
// its nearest event may be the next, up to 64 at a time. Memory is an hour's
// index entries plus the segments that overlap at one moment.
//
// # Tailing
//
// A Tail follows logs in order of arrival instead. It lists segments by number,
// beyond those it has seen; on PostgreSQL it goes back over the last seconds
// each time, for a number is given out before its transaction commits.
//
// # Expiry
//
// Expire deletes whole segments, oldest hours first, when their last event is
// too old. It never rewrites one, so up to an hour of old events may outlive
// the cut; who promises an exact age passes it as Query.From too. There are no
// partitions of the database's own: with a row for a batch, deleting a day is
// a few thousand rows, and one schema serves both databases.
//
// # Guarantees
//
// What Append wrote belongs to the caller's transaction: acknowledged means
// committed, and a crash leaves all of a batch or nothing. Repeating an Append
// appends again; who needs exactly-once commits it together with the row that
// says so.
package journal
