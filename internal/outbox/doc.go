// Package outbox keeps the mails that services write. Nothing sends them: a
// server that runs on somebody's machine has no business mailing people. They
// are there to be read, with `nephele outbox`, and the links in them work.
//
// A mail is written in the transaction that decides it, so it is there exactly
// if what it tells of has happened. Mails are numbered in the order in which
// they were written; on PostgreSQL two that are committed at the same time may
// appear in either order, so a reader that follows looks back a little.
//
// The box is bounded: mails older than 30 days, and all but the last 10,000,
// are dropped when others are written.
package outbox
