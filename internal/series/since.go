package series

import (
	"errors"
	"fmt"

	"nephele.dev/nephele/internal/store"
)

// Mark is what a transaction saw of all that was put, for Since. It means
// something to the database that it was taken in alone, while this process runs.
type Mark struct {
	// On SQLite: the newest row. Rows are committed in the order of their ids.
	row    int64
	series Key
	time   int64
	// On PostgreSQL, where they are not: the snapshot.
	snapshot string
}

// Here marks what tx sees.
func Here(tx *store.Tx) (Mark, error) {
	var m Mark
	if tx.Dialect() == store.PostgreSQL {
		if err := tx.Row("select pg_current_snapshot()::text").Scan(&m.snapshot); err != nil {
			return m, fmt.Errorf("series: mark: %w", err)
		}
		return m, nil
	}
	var key []byte
	err := tx.Row("select rowid, series, time from metric_head order by rowid desc limit 1").Scan(&m.row, &key, &m.time)
	if errors.Is(err, store.ErrNotFound) {
		return m, nil
	}
	if err != nil {
		return m, fmt.Errorf("series: mark: %w", err)
	}
	if len(key) != keySize {
		return m, errCorrupt
	}
	m.series = Key(key)
	return m, nil
}

// Since calls f for each row that tx sees and the transaction of m did not, of
// whatever series and time: what there was at m, read by it, and this together
// are what there is now. It costs what the new rows cost, not what the series
// do. It returns false, and has called f for none, when there are more than
// limit, or when rows went away in a manner that leaves the answer open: then
// read all anew. The Bucket is f's during the call alone.
func Since(tx *store.Tx, m Mark, limit int, f func(Key, *Bucket)) (ok bool, err error) {
	read := m.rowsAfter
	if tx.Dialect() == store.PostgreSQL {
		read = m.rowsUnseen
	}
	rows, ok, err := read(tx, limit)
	if err != nil {
		return false, fmt.Errorf("series: read since: %w", err)
	}
	if !ok || len(rows) > limit {
		return false, nil
	}
	for i := range rows {
		f(rows[i].key, &rows[i].Bucket)
	}
	return true, nil
}

const sinceColumns = "series, time, unit, count, sum, min, max, dist"

// rowsAfter begins with the marked row: where it is gone, its id may have been
// given to a new one.
func (m Mark) rowsAfter(tx *store.Tx, limit int) (rows []recentRow, ok bool, err error) {
	rows, err = store.All(store.Query(tx, scanDistribution, "select "+sinceColumns+
		" from metric_head where rowid >= ? order by rowid limit ?", m.row, limit+2))
	if err != nil || m.row == 0 {
		return rows, true, err
	}
	if len(rows) == 0 || rows[0].key != m.series || store.Micros(rows[0].Time) != m.time {
		return nil, false, nil
	}
	return rows[1:], true, nil
}

// rowsUnseen leaves out transactions that are yet to come as well: a database
// that was restored elsewhere holds their numbers.
func (m Mark) rowsUnseen(tx *store.Tx, limit int) (rows []recentRow, ok bool, err error) {
	rows, err = store.All(store.Query(tx, scanDistribution, "select "+sinceColumns+` from metric_head
		where tx >= pg_snapshot_xmin(?::pg_snapshot) and tx < pg_snapshot_xmax(pg_current_snapshot())
		and not pg_visible_in_snapshot(tx, ?::pg_snapshot) order by tx limit ?`, m.snapshot, m.snapshot, limit+1))
	return rows, true, err
}
