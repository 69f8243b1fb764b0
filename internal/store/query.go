package store

import (
	"context"
	"errors"
	"iter"
)

// Row is one row of a result. Scan copies its columns into dest, converting as
// database/sql does.
type Row interface {
	Scan(dest ...any) error
}

// lazyRow runs its statement when it is scanned, so that a Row nobody scans
// holds nothing.
type lazyRow struct {
	tx    *Tx
	query string
	args  []any
}

// Scan runs the query and copies the columns of its first row.
func (r lazyRow) Scan(dest ...any) error {
	rows, release, err := r.tx.open(r.tx.stmtCtx, r.query, r.args)
	if err != nil {
		return err
	}
	defer release()
	if !rows.Next() {
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return r.tx.note(err)
		}
		return ErrNotFound
	}
	return r.tx.note(errors.Join(rows.Scan(dest...), rows.Close(), rows.Err())) //nolint:sqlclosecheck // its error counts
}

// Query yields what scan makes of each row, in order, reading as the loop goes.
// After an error it yields that error once and ends. Inside the loop no other
// statement may run on tx (ErrIterating); use All where that is needed.
func Query[T any](tx *Tx, scan func(Row) (T, error), query string, args ...any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		rows, release, err := tx.open(tx.queryCtx(), query, args)
		if err != nil {
			yield(zero, err)
			return
		}
		tx.iterating = true
		defer func() {
			tx.iterating = false
			_ = rows.Close() // an error that matters was seen through rows.Err
			release()
		}()
		for rows.Next() {
			v, err := scan(rows)
			if err == nil {
				err = tx.ctx.Err()
			}
			if err != nil {
				yield(zero, err)
				return
			}
			if !yield(v, nil) {
				return
			}
		}
		if err := tx.note(rows.Err()); err != nil {
			yield(zero, err)
		}
	}
}

// All collects a sequence up to its first error.
func All[T any](seq iter.Seq2[T, error]) ([]T, error) {
	var all []T
	for v, err := range seq {
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// Scan1 scans a row of one column: store.Query(tx, store.Scan1[string], ...).
func Scan1[T any](r Row) (T, error) {
	var v T
	err := r.Scan(&v)
	return v, err
}

// queryCtx is the context for statements that may run for long. A read-only
// SQLite connection may be interrupted; the writer may not, for that would roll
// back the transactions of others that share its commit.
func (tx *Tx) queryCtx() context.Context {
	if tx.readOnly {
		return tx.ctx
	}
	return tx.stmtCtx
}
