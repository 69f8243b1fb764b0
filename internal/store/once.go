package store

import "time"

// OnceMemory is how long Once remembers a token: far longer than any flow
// takes to repeat an interrupted step.
const OnceMemory = 24 * time.Hour

// Once reports whether token is seen for the first time, and remembers it if
// the transaction commits. A flow that calls another service between two of its
// own commits passes a token, so that a step repeated after a crash has its
// effect once.
func Once(tx *Tx, token string) (first bool, err error) {
	now := tx.Now()
	if _, err := tx.Exec(`delete from once where at < ?`, Micros(now.Add(-OnceMemory))); err != nil {
		return false, err
	}
	n, err := tx.Exec(`insert into once (token, at) values (?, ?) on conflict do nothing`, token, Micros(now))
	return n == 1, err
}
