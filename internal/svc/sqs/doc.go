// Package sqs answers Amazon SQS, all operations of it, by the JSON and by the
// query protocol.
//
// AWS promises: a message that was accepted is kept until it is deleted, purged
// or outlives the queue's retention; whoever receives it has it alone for the
// visibility timeout; it is delivered at least once, and from a FIFO queue once
// within five minutes and in the order of its message group. What SendMessage
// answers is durable here as well.
//
// # A message's life
//
//	SendMessage ──▶ delayed ──▶ visible ◀──────────────┐ timeout over, or
//	  tries = 0       visible_at > now │               │ ChangeMessageVisibility 0
//	                                   │ ReceiveMessage: visible_at = now + timeout,
//	                                   ▼               │ tries + 1, receives + 1
//	               DeleteMessage ◀── in flight ────────┘
//	                                   │ received once more than maxReceiveCount
//	                                   ▼
//	                              dead-letter queue ──StartMessageMoveTask──▶ back
//
// All of it is one column: a message can be received when visible_at has passed.
// Nothing happens when a delay or a timeout ends, no flow, no timer, no write;
// the next receive finds the message by an index. There are no counters either:
// the approximate numbers are counted when somebody asks, and are exact.
//
// A receive is one statement that claims rows, the ones that have waited
// longest; on PostgreSQL with skip locked, so that receivers do not queue for
// the same rows. Rows that turn out to have outlived the retention are deleted
// on the way, and those received too often are moved, in the same transaction.
//
// A receipt handle is the row, and which receive of it, sealed under the
// server's key. Deleting by a handle that a later receive has replaced succeeds
// and keeps the message, as AWS documents for standard queues; FIFO queues
// refuse it.
//
// # Message groups
//
// A group that holds messages has a row, which says when the group is ready:
// when its first message is visible and none is in flight. Receivers take whole
// groups by locking that row; senders lock it before they number a message, so
// that sequence numbers grow in the order of commits. Only the head of a group
// can be in flight, at most one receive's worth, so ready_at follows from ten
// rows, however long the group is.
//
// # Waiting
//
// A long poll joins the waiters of its queue, looks, and sleeps until it is
// rung: by the commit of a send, or by what else makes a message available, in
// this process or by a notice from another replica; or until the next hidden
// message falls due, which it knows from the index. One message rings for one
// waiter; a waiter that leaves without having looked passes the ring on.
//
// # Housekeeping
//
// The contents of a queue have a name of their own. Purging gives the queue new
// contents, and the flow sqs.drain deletes the old ones in small steps, and looks
// once more ten minutes later for what a racing SendMessage left; the same for a
// deleted queue. The flow sqs.sweep deletes, for each queue, what has outlived
// the retention, and deduplication ids older than five minutes. Receivers never
// see an expired message, swept or not. The flow sqs.move carries messages out
// of a dead-letter queue.
//
// # Calls of other services
//
// The host of a QueueUrl does not count, its path /ACCOUNT/NAME does. A
// SendMessage under plane.Token has its effect once, however often the call is
// repeated within a day, and answers with the same MessageId: standard queues
// too.
//
// # Differences
//
// A queue's records are cached: exactly in the process that changes them, for
// two seconds in other replicas (AWS: up to 60). Deleted names and purged queues
// are free again at once unless Deps.Cooldown says otherwise. Nothing is
// encrypted: KMS attributes are kept and answered. There is no limit on calls per
// second. A message in flight longer than its retention is deleted.
package sqs
