// Package store is the database: transactions, typed collections of resources,
// bulk inserts, notices and migrations, on SQLite or on PostgreSQL. It is the
// only package that speaks database/sql, and it knows nothing of AWS.
//
// # What a transaction promises
//
// Update is atomic, serializable and durable when it returns, on both
// databases. A function that is given to it may read, decide and write as if it
// were alone; two that contradict each other do not both commit. The price is
// that it may be run more than once, so it must have no effect but through its
// Tx, and that it must be quick: no network, no waiting for anything but the
// database.
//
// View sees one snapshot and never waits for a writer, nor a writer for it.
//
// The first statement that fails spoils the transaction. PostgreSQL insists on
// that, and SQLite is held to it, so that code cannot come to rely on the one or
// the other. ErrNotFound, ErrExists from Create and ErrConflict from Put are
// answers, not failures, and spoil nothing.
//
// Durable means: on SQLite, that the write survives the death of the process at
// any instant, and with Config.FullSync that of the machine; on PostgreSQL,
// whatever the server's synchronous_commit says. Relaxed transactions give that
// up on PostgreSQL for work that would be done again.
//
// # How SQLite gets many writers through one connection
//
// SQLite has one writer at a time, and a commit costs more than most functions
// that are committed. Functions that queue up therefore share a transaction,
// each behind a savepoint of its own, and the last of them commits for all:
//
//	           acquire                  queue empty
//	idle ──────────────► f runs ───────────────────────► commit ──► idle
//	                      │  ▲                             │
//	    somebody waits,   │  │ savepoint                   ▼
//	    group may grow    ▼  │                   all members return
//	                    handed on
//
// A function runs on its caller's goroutine, which matters for panics and for
// tests that stop themselves. A group ends after 64 members or 2 ms. See
// committer.
//
// Statements are prepared once for each connection. The writer is never
// interrupted by a context, since SQLite would roll back all members; a
// cancelled Update fails with its next statement. Readers are interrupted.
//
// # How PostgreSQL is kept serializable and quick
//
// Serializable transactions may be told to try again; Update does, for ten
// seconds, after pauses that grow. Conflicts come from index pages as well as
// rows, so hot tables are best written by key and read rarely in the same
// transaction; the engine shows how far one can go. A unique violation is
// reported as ErrExists, but note that it spoils the transaction: where a
// duplicate is expected use "on conflict do nothing" and look at the count.
//
// Notices are sent after the commit and in bundles. NOTIFY inside a transaction
// would make all commits of the server wait for each other.
//
// # Writing SQL for both
//
// Placeholders are `?`. Both know returning, on conflict, with, partial indexes
// and row values. Times are bigint microseconds (Micros, FromMicros), documents
// JSON text, identifiers ours. Text is compared by bytes: say {{c}} in
// migrations where order matters. PostgreSQL's text cannot hold NUL; documents
// of a Collection can, for JSON escapes it. Inside a loop over Query no other
// statement may run (ErrIterating): PostgreSQL's connection is busy then.
//
// # Migrations
//
// Files migrations/NNNN_name.sql, or NNNN_name.sqlite.sql with
// NNNN_name.postgres.sql, run in the order of their numbers, each in one
// transaction, and are recorded with a checksum. They only go forward. Open
// refuses a database with a migration that it does not know, which a newer
// version made, and one whose recorded checksum is not the file's: an applied
// migration must never be edited, a new one is added instead. Tokens make files
// portable: {{bytes}} {{json}} {{float}} {{c}}.
//
// # Limits
//
// One process at a time opens a data directory (a lock in it sees to that); for
// more, use PostgreSQL. A process that does not answer for hours, stopped by a
// debugger say, keeps the lock. Notices are at most once. Reset deletes what is
// there when it runs: whoever writes meanwhile writes after it.
package store
