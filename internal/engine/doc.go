// Package engine runs durable flows: rows that fall due are stepped, and each
// step says when its row is to be looked at again. Schedules, retries, timeouts,
// long operations and housekeeping are all such rows, so all of them survive a
// crash, run on any replica, and are seen in one table.
//
// It is a reconciler, not a job queue and not a workflow interpreter. A step is
// told nothing but "look at this now"; what is true stands in the domain's own
// tables. There is one code path for the happy case and for recovery: a step
// that was cut off is simply taken again.
//
// # A row's life
//
//	            Put                        claim: due_at = now + lease
//	(none) ───────────► waiting ────────────────────────────► claimed
//	   ▲                 ▲ ▲ ▲                                │ │ │ │
//	   │  At(t), Now()   │ │ │     lease ran out (crash)      │ │ │ │
//	   │  ───────────────┘ │ └────────────────────────────────┘ │ │ │
//	   │  error: backoff   └────────────────────────────────────┘ │ │
//	   │  Done()                                                  │ │
//	   └──────────────────────────────────────────────────────────┘ │
//	        Put or Delete by somebody else: the step is fenced ◄────┘
//
// due_at is when somebody may claim the row: its schedule, or the end of the
// lease. due is what it was scheduled for, and stays through leases and retries,
// so that a schedule computed from Work.Due does not drift. epoch grows with
// every claim and every Put and is never used twice, not even by a row that was
// deleted and made again; whatever a step writes is written only where the epoch
// is still the one it claimed.
//
// # What is promised
//
//   - A row that was put in a committed transaction is stepped, at its time or
//     later, until a step says Done or somebody deletes it.
//   - At least once: a step may be repeated after a crash, a lost lease or an
//     error, so it must be idempotent. Its Commit happens at most once: the
//     domain rows and the work row change together or not at all, and only if
//     nobody has put, deleted or claimed the row since (ErrFenced).
//   - One at a time: within a process never two steps of one row, even if it is
//     put anew while a step runs, which is then cancelled and waited for.
//     Between processes no two as long as a step that has lost its lease heeds
//     its context. Either way at most one can Commit.
//   - A killed engine delays its rows by at most a lease. Not even that when it
//     starts again: on SQLite nobody else can be alive, and on PostgreSQL it
//     knows its rows by its name, so what it held is resumed at boot.
//   - A lane whose steps are slow or stuck delays no other lane.
//   - Missed ticks collapse: a row is due or it is not. Whether to catch up is
//     for the flow to say in At.
//
// Not promised: order between rows (those due earlier tend to begin earlier),
// and that a step sees every Put (it sees the last).
//
// # How it goes
//
// Each lane has a goroutine that sleeps until the lane's next row falls due,
// claims as many as fit in one statement, and hands them to at most as many
// goroutines as the lane has slots. It is woken by the commit of a Put in this
// process, by a notice from another, and by a poll in case both were missed.
// When steps take microseconds it claims some milliseconds' worth ahead; what
// waits in memory for long is given back.
//
// A step that answers without Commit has its outcome written by a single
// goroutine that takes all that has come up since its last transaction.
// Claims and such outcomes do not wait for PostgreSQL's disk: what is lost when
// the server crashes is done again.
//
// Leases are extended every third of their length. A step whose lease is gone,
// because the database was out of reach for too long, is cancelled.
//
// Times are the database's: on PostgreSQL the engine measures how far its clock
// is off with every claim.
//
// # Settle
//
// Track follows what a caller sets in motion. The rows it puts bear a token,
// which a step passes on to the rows that it puts, on whatever engine; at rest
// is the trace when no such row is due, claimed or waiting to be repeated. A row
// that is put again by another request bears that one's token from then on.
package engine
