// Package crash kills the real server at random moments and checks what is left.
//
// The test builds the nephele binary, starts it on a data directory (and, in
// the second variant, on PostgreSQL), and keeps clients creating, starting,
// watching and deleting canaries whose scripts really run in a browser. At
// random moments the server gets SIGKILL and is started again on the same
// data. What a client was told before the kill must hold after it:
//
//   - a canary whose creation was acknowledged exists until its deletion is
//     asked for, and one whose deletion was acknowledged goes away;
//   - a canary that was started to run once has exactly one run, with a
//     verdict, one report among its artifacts, and one datapoint of
//     SuccessPercent, however often the server died during the run;
//   - a canary on a schedule has at most one run for each tick, and each has
//     metrics once;
//   - when the dust has settled nothing is in a transitional state, and no
//     process of a run has outlived its server.
//
// A second test keeps queues, buckets, metrics and an alarm busy meanwhile:
//
//   - a message whose sending was acknowledged is received, and never again after
//     its deletion was acknowledged; in a FIFO queue each arrives once, in the
//     order of its group;
//   - a multipart upload that was acknowledged to be complete is there, byte for
//     byte, and so is every acknowledged version of an object;
//   - a datapoint that was acknowledged counts, and none counts that nobody sent;
//   - a change of an alarm's state that was acknowledged reaches the queue behind
//     the alarm's topic.
//
// A third test runs a server that asks who is calling, with principals, keys and
// secrets, and gives it another master key between some of its lives:
//
//   - users, groups, memberships, policies and their versions that were
//     acknowledged are there, none that was deleted is, and nothing hangs in the
//     air: no key or membership without its user, no attachment without its
//     policy, although two clients give and take at the same time;
//   - an access key that was turned off or deleted never works from the answer
//     on, and a Deny bites and ceases to bite from the answer on;
//   - whatever KMS has encrypted opens, across rotations of its keys, deletions
//     that were cancelled, and changes of the master key;
//   - every version of a secret reads back, and its labels are where the last
//     writes put them;
//   - sessions of roles and of guests outlive the server that issued them;
//   - no file, table or log holds any of the secrets as it is.
//
// A fourth test keeps canaries of all kinds on such a server: checks, scripts and
// browsers, in two regions, that are repeated when they fail. When a census after
// each boot misses none of them and the dust has settled,
//
//   - each tick has its attempts as they are configured and none twice, each
//     attempt has one report where its record says, with its verdict and no other,
//     and RetryCount, SuccessPercent and SuccessPercentWithRetries count once;
//   - a dry run is there once, ends as what it tries does, and is put in force
//     once or, when it failed, never;
//   - an update to a role that cannot be assumed is rolled back, a creation with
//     one ends in ERROR, and neither changes anything else;
//   - a reference to the next run becomes that run;
//   - groups and members, replicas and primaries know of each other;
//   - retention, begun by making runs older while the server is dead, leaves
//     neither records nor artifacts, and no archive of code or of a baseline is left
//     that no canary and no dry run refers to;
//   - no work is left over, and no process, mount or work directory of a dead
//     server.
//
// NEPHELE_CRASH_KILLS sets the number of kills for each database (4 to 6 without
// it, which fits continuous integration; `make crash` makes 200).
package crash
