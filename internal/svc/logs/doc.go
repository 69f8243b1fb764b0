// Package logs answers Amazon CloudWatch Logs.
//
// AWS promises: log groups hold log streams, streams hold events, which are a
// time and a message; batches of up to 10,000 events and 1 MiB are stored in
// one call, in chronological order, no older than two weeks or the group's
// retention and no more than two hours ahead; events are read stream by stream
// with tokens in both directions, or across a group with a filter; a group's
// retention deletes what is older.
//
// We keep groups and streams as resources, events in package journal, whose
// essay says how. A batch is durable and readable when PutLogEvents is answered.
//
//	CreateLogGroup ──▶ group {ID} ──PutRetentionPolicy──▶ flow logs.retention
//	      │               │                               expires hourly
//	      │          CreateLogStream ──▶ stream {group ID / name}
//	      │               │
//	      │          PutLogEvents ──▶ journal (log = group ID, stream = name)
//	      ▼
//	DeleteLogGroup ──▶ record gone at once; flow logs.purge deletes streams and
//	                   events of that ID in small steps, and looks once more ten
//	                   minutes later for what a racing PutLogEvents left
//
// A group has an internal id, so that one deleted and made again is another
// log and sees nothing of the first.
//
// Retention is exact for readers: they never see an event older than it, even
// before the flow has deleted it.
//
// Sequence tokens are accepted and ignored, as on AWS since 2023, and answered
// for clients of old. Filter patterns of plain terms are evaluated; JSON,
// space-delimited and regular expression patterns answer that they are not
// implemented, as do events that name an entity.
package logs
