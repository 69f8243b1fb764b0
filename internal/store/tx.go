package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Tx is one transaction. It lives as long as the function it was given to and
// is for that function's goroutine alone.
//
// The first statement that fails spoils the transaction: whatever the function
// returns, nothing of it is committed. PostgreSQL works that way and SQLite
// does not; the store makes them alike.
type Tx struct {
	db       *DB
	sess     *session
	ctx      context.Context // of the caller
	stmtCtx  context.Context // for statements: never cancelled on SQLite
	readOnly bool

	written   int64 // statements that may have changed something, roughly
	failed    error // first failure of a statement
	iterating bool
	clock     time.Time // database's clock at clockAt
	clockAt   time.Time
	onCommit  []func()
	notices   []notice
}

type notice struct{ channel, payload string }

// rowsPerPage is a guess at how many rows of one statement share a page.
const rowsPerPage = 16

type txKey struct{}

// Context returns the context the transaction was begun with. Beginning
// another transaction under it fails with ErrNested.
func (tx *Tx) Context() context.Context { return context.WithValue(tx.ctx, txKey{}, tx) }

// Dialect says which database the transaction is in.
func (tx *Tx) Dialect() Dialect { return tx.sess.dialect }

// Exec runs a statement with `?` placeholders and returns how many rows it
// changed. A violated unique constraint is ErrExists.
func (tx *Tx) Exec(query string, args ...any) (rowsAffected int64, err error) {
	if err := tx.usable(); err != nil {
		return 0, err
	}
	n, err := tx.sess.exec(tx.stmtCtx, tx.rebind(query), args)
	tx.written += 1 + n/rowsPerPage
	return n, tx.note(err)
}

// Row returns the first row of a query, read when it is scanned; Scan returns
// ErrNotFound when there is none.
func (tx *Tx) Row(query string, args ...any) Row { return lazyRow{tx, query, args} }

// open starts a query. The caller closes the rows, then calls release.
func (tx *Tx) open(ctx context.Context, query string, args []any) (*sql.Rows, func(), error) {
	if err := tx.usable(); err != nil {
		return nil, nil, err
	}
	tx.written++ // it may return what it has changed
	rows, release, err := tx.sess.query(ctx, tx.rebind(query), args)
	if err != nil {
		return nil, nil, tx.note(err)
	}
	return rows, release, nil
}

// usable reports why no statement can be run now, if so.
func (tx *Tx) usable() error {
	switch {
	case tx.failed != nil:
		return fmt.Errorf("transaction failed before: %w", tx.failed)
	case tx.iterating:
		return ErrIterating
	}
	if tx.ctx.Err() != nil {
		return context.Cause(tx.ctx)
	}
	return nil
}

// note translates a statement's error and remembers it.
func (tx *Tx) note(err error) error {
	if err == nil {
		return nil
	}
	err = tx.Dialect().wrap(err)
	if !errors.Is(err, ErrNotFound) && tx.failed == nil {
		tx.failed = err
	}
	return err
}

// outcome is what Update makes of the function's error. A conflict is reported
// whatever the function made of it, for it is to be retried.
func (tx *Tx) outcome(err error) error {
	if err == nil || retryable(tx.failed) {
		return tx.failed
	}
	return err
}

// OnCommit has f run after the transaction is committed, on the goroutine that
// called Update and before Update returns. An attempt that is rolled back and
// repeated runs nothing.
func (tx *Tx) OnCommit(f func()) { tx.onCommit = append(tx.onCommit, f) }

// Notify sends payload to the listeners of channel once the transaction is
// committed, in this process and in every other on the same database. Delivery
// is at most once: a process killed just after its commit tells nobody, so
// listeners also look by themselves now and then. The payload is at most 7,900
// bytes of text. Equal notices of one transaction are sent once.
func (tx *Tx) Notify(channel, payload string) {
	n := notice{channel, payload}
	if slices.Contains(tx.notices, n) {
		return
	}
	tx.notices = append(tx.notices, n)
}

// Now returns the time in UTC to the microsecond: the machine's on SQLite, the
// database's on PostgreSQL, where the machines may disagree.
func (tx *Tx) Now() time.Time {
	if tx.Dialect() == SQLite {
		return time.Now().UTC().Truncate(time.Microsecond)
	}
	if tx.clock.IsZero() {
		var micros int64
		row := tx.Row("select (extract(epoch from clock_timestamp()) * 1000000)::bigint")
		if err := row.Scan(&micros); err != nil {
			return time.Now().UTC().Truncate(time.Microsecond) // the transaction is spoilt and will not commit
		}
		tx.clock, tx.clockAt = FromMicros(micros), time.Now()
	}
	return tx.clock.Add(time.Since(tx.clockAt)).Truncate(time.Microsecond)
}

// rebind turns `?` placeholders into PostgreSQL's.
func (tx *Tx) rebind(query string) string {
	if tx.Dialect() == SQLite {
		return query
	}
	if q, ok := rebound.Load(query); ok {
		return q.(string)
	}
	q := rebind(query)
	if reboundLen.Add(1) < maxRebound {
		rebound.Store(query, q)
	}
	return q
}

// rebound caches rebind up to maxRebound queries; they come from constants, so
// there are some hundreds at most unless somebody builds them from data.
var (
	rebound    sync.Map
	reboundLen atomic.Int64
)

const maxRebound = 4096

// rebind replaces each `?` outside quotes and comments by $1, $2 ...
func rebind(query string) string {
	var b strings.Builder
	n := 0
	for i := 0; i < len(query); {
		if query[i] == '?' {
			n++
			fmt.Fprintf(&b, "$%d", n)
			i++
			continue
		}
		end := i + span(query[i:])
		b.WriteString(query[i:end])
		i = end
	}
	return b.String()
}

// span is the length of the lexical unit that query starts with: a quoted
// string, a quoted name, a comment to the end of the line, or one byte.
func span(query string) int {
	switch {
	case query[0] == '\'' || query[0] == '"':
		if end := strings.IndexByte(query[1:], query[0]); end >= 0 {
			return end + 2
		}
		return len(query)
	case strings.HasPrefix(query, "--"):
		if end := strings.IndexByte(query, '\n'); end >= 0 {
			return end + 1
		}
		return len(query)
	}
	return 1
}

// Micros is t in microseconds since 1970, the form in which times are stored.
func Micros(t time.Time) int64 { return t.UnixMicro() }

// FromMicros is the time, in UTC, that Micros gave.
func FromMicros(us int64) time.Time { return time.UnixMicro(us).UTC() }
