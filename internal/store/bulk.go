package store

import (
	"fmt"
	"iter"
	"strings"
)

// rowSource yields the rows of a bulk insert.
type rowSource = iter.Seq[[]any]

// bulkRows is how many rows go into one statement on SQLite: fewer cost more
// per row, more do not pay.
const bulkRows = 50

// BulkInsert adds rows, each with a value for every column, and returns how
// many. It is COPY on PostgreSQL, where values must have the column's own type
// (int64 for bigint, string or []byte for text), and statements of 50 rows on
// SQLite. The row slice may be reused by the sequence once it is asked for the
// next, but not what it points to.
func (tx *Tx) BulkInsert(table string, columns []string, rows iter.Seq[[]any]) (int64, error) {
	if err := tx.usable(); err != nil {
		return 0, err
	}
	n, err := tx.db.back.bulkInsert(tx, table, columns, rows)
	tx.written += n / rowsPerPage
	return n, tx.note(err)
}

func (s *sqliteFile) bulkInsert(tx *Tx, table string, columns []string, rows rowSource) (int64, error) {
	var total int64
	args := make([]any, 0, bulkRows*len(columns))
	flush := func() error {
		count := len(args) / len(columns)
		n, err := tx.sess.exec(tx.stmtCtx, insertStatement(table, columns, count), args)
		total += n
		args = args[:0]
		return err
	}
	for row := range rows {
		if len(row) != len(columns) {
			return total, fmt.Errorf("bulk insert into %s: row of %d values for %d columns", table, len(row), len(columns))
		}
		args = append(args, row...)
		if len(args) == cap(args) {
			if err := flush(); err != nil {
				return total, err
			}
		}
	}
	if len(args) == 0 {
		return total, nil
	}
	return total, flush()
}

// insertStatement is an insert of n rows.
func insertStatement(table string, columns []string, n int) string {
	row := "(?" + strings.Repeat(", ?", len(columns)-1) + ")"
	return "insert into " + table + " (" + strings.Join(columns, ", ") + ") values " +
		row + strings.Repeat(", "+row, n-1)
}
