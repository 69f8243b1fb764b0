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
//	      │          CreateLogStream ──▶ stream {group ID / name} {ID}
//	      │               │
//	      │          PutLogEvents ──▶ journal (log = group ID, stream = name:ID)
//	      │               ├─▶ wakes live tails of the group
//	      │               └─▶ courier: PutMetricData, if the group has metric filters
//	      ▼
//	DeleteLogGroup ──▶ record gone at once; flow logs.purge deletes streams and
//	                   events of that ID in small steps, and looks once more ten
//	                   minutes later for what a racing PutLogEvents left
//
// Groups and streams have internal ids, so that one deleted and made again is
// another and sees nothing of the first. What a deleted stream left in the
// journal is not shown either (groupStreams) until flow logs.purgestream has
// deleted it.
//
// Retention is exact for readers: they never see an event older than it, even
// before the flow has deleted it.
//
// # Metric filters
//
// A group notes how many filters it has. Where it has none, PutLogEvents does
// nothing for them. Else the filters, compiled and kept in memory, are applied
// to the batch before the transaction; the transaction, if it finds them
// unchanged, commits the batch together with messages that publish the values:
// one datum for each filter, minute and set of dimensions. So each event counts
// once, whatever crashes. A minute in which events came and nothing matched is
// remembered (logs_minute), and its default value published when the minute has
// passed.
//
// # Queries
//
// StartQuery commits a Logs Insights query and a work row; its flow reads the
// groups in small transactions, has package insights execute the query, and
// commits the result, which is kept for seven days like AWS's. A query that is
// cut off begins anew; one that is stopped or runs for an hour ends without rows.
// @ptr is the group and the event's cursor, which GetLogRecord looks up.
//
// # Live tail
//
// A session reads the journal in order of arrival (journal.Tail), woken by
// commits of this process and by a clock for those of others, and sends what
// matches at once, at most every 50 ms and 500 events a second; of more it says
// that it is sampled. It ends with the connection, with the server's drain, and
// after three hours.
//
// # Choices
//
// Sequence tokens are accepted and ignored, as on AWS since 2023, and answered
// for clients of old. Resource policies let other accounts and services in.
// Not implemented, and said so: keys of KMS, the group class DELIVERY, entities,
// subscription filters, transformers. Log groups of the class INFREQUENT_ACCESS
// have neither metric filters nor live tail; reading them is not restricted.
package logs
