package engine

import (
	"slices"
	"time"

	"nephele.dev/nephele/internal/store"
)

// table is the SQL, which differs where PostgreSQL takes many rows in one
// statement and SQLite has no network to save.
type table interface {
	// resume makes due at once what a dead process held in the lane: rows whose
	// lease ends between now and until, of any owner on SQLite, where there is
	// no other process, and of the given one on PostgreSQL.
	resume(tx *store.Tx, lane, owner string, now, until int64) error
	// claim takes rows that are due.
	claim(tx *store.Tx, r claimRequest) (claimed, error)
	// finish writes outcomes; those that are superseded change nothing.
	finish(tx *store.Tx, batch []outcome) error
	// commit writes one outcome, or returns ErrFenced.
	commit(tx *store.Tx, o outcome) error
	// check returns ErrFenced if w was superseded, and keeps it from being so
	// until the transaction ends.
	check(tx *store.Tx, w *Work) error
	// extend renews leases and returns the rows that were still ours, with
	// their addresses.
	extend(tx *store.Tx, rows []*Work, lease time.Duration) (map[rowKey]string, error)
}

// claimRequest asks for rows of a lane.
type claimRequest struct {
	lane  string
	kinds []string // that this engine knows
	want  int
	owner string
	lease time.Duration
}

// claimed are rows taken by one claim.
type claimed struct {
	rows []*Work
	now  int64 // database's clock
	next int64 // when the next unclaimed row falls due, or never
}

func tableFor(d store.Dialect) table {
	if d == store.PostgreSQL {
		return postgresTable{}
	}
	return sqliteTable{}
}

// sortByDue puts rows in the order in which they fell due: a statement returns
// what it updated in any order.
func sortByDue(rows []*Work) {
	slices.SortStableFunc(rows, func(a, b *Work) int { return a.Due.Compare(b.Due) })
}
