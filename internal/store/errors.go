package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"nephele.dev/nephele/internal/awserr"
)

var (
	// ErrNotFound says that no row has the key.
	ErrNotFound = errors.New("store: not found")
	// ErrExists says that a row with the key is there already. A statement
	// that violates a unique constraint wraps it too.
	ErrExists = errors.New("store: already exists")
	// ErrConflict says that the record moved on since it was read, or that
	// Update met conflicts for longer than it retries them.
	ErrConflict = errors.New("store: conflict")
	// ErrClosed says that the database was closed.
	ErrClosed = errors.New("store: closed")
	// ErrIterating says that a statement was run inside a loop over Query of
	// the same transaction. Collect the rows with All first.
	ErrIterating = errors.New("store: statement inside an open iteration")
	// ErrNested says that a transaction was begun under the context of another.
	ErrNested = errors.New("store: transaction inside a transaction")
	// ErrReadOnly says that View was asked to write.
	ErrReadOnly = errors.New("store: write in a read-only transaction")
)

// PostgreSQL's SQLSTATE codes that mean something to the store.
const (
	pgUniqueViolation      = "23505"
	pgSerializationFailure = "40001"
	pgDeadlockDetected     = "40P01"
	pgReadOnlyTransaction  = "25006"
	pgUndefinedTable       = "42P01"
	pgNotInRepertoire      = "22021" // NUL, or bytes that are not UTF-8
	pgUntranslatable       = "22P05" // the same, as an escape in JSON
)

// wrap gives a driver's error its meaning in the store's own terms.
func (d Dialect) wrap(err error) error {
	switch {
	case err == nil, errors.Is(err, ErrNotFound):
		return err
	case errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	case d == SQLite:
		return wrapSQLite(err)
	}
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err
	}
	switch pg.Code {
	case pgUniqueViolation:
		return fmt.Errorf("%w: %w", ErrExists, err)
	case pgReadOnlyTransaction:
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	case pgNotInRepertoire, pgUntranslatable:
		return fmt.Errorf("%w: %w", awserr.ErrText, err)
	}
	return err
}

// retryable reports whether err is the database's request to run the
// transaction again: it changed nothing and may well succeed the next time.
func retryable(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == pgSerializationFailure || pg.Code == pgDeadlockDetected
	}
	return sqliteBusy(err)
}

// Conflicts are retried for retryFor and at least retryTimes.
const (
	retryFor   = 10 * time.Second
	retryTimes = 10
)

// retry runs try until it meets something else than a conflict.
func retry(ctx context.Context, try func() error) error {
	start := time.Now()
	for n := 1; ; n++ {
		err := try()
		if err == nil || !retryable(err) {
			return err
		}
		if n >= retryTimes && time.Since(start) > retryFor {
			return fmt.Errorf("%w: gave up after %d attempts: %w", ErrConflict, n, err)
		}
		if err := sleep(ctx, conflictPause(n)); err != nil {
			return err
		}
	}
}

// conflictPause is a random share of a limit that doubles from 1 to 64 ms.
func conflictPause(n int) time.Duration {
	return rand.N(time.Millisecond << min(n, 6))
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// SQLite's result codes that mean something to the store.
const (
	sqliteBusyCode     = 5
	sqliteReadOnlyCode = 8
	sqliteUnique       = 2067 // SQLITE_CONSTRAINT_UNIQUE
	sqlitePrimaryKey   = 1555 // SQLITE_CONSTRAINT_PRIMARYKEY
	sqliteRowID        = 2579 // SQLITE_CONSTRAINT_ROWID
)

func wrapSQLite(err error) error {
	code := sqliteCode(err)
	switch {
	case code == sqliteUnique, code == sqlitePrimaryKey, code == sqliteRowID:
		return fmt.Errorf("%w: %w", ErrExists, err)
	case code&0xff == sqliteReadOnlyCode:
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	}
	return err
}

// sqliteBusy reports whether somebody else, such as a shell on the same file,
// holds a lock on the database.
func sqliteBusy(err error) bool { return sqliteCode(err)&0xff == sqliteBusyCode }
