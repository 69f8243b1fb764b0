package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
)

// Dialect is a kind of database.
type Dialect int

// The databases the store speaks.
const (
	SQLite Dialect = iota
	PostgreSQL
)

// String returns the database's usual name.
func (d Dialect) String() string {
	if d == PostgreSQL {
		return "PostgreSQL"
	}
	return "SQLite"
}

// Config says where the database is.
type Config struct {
	// Dir is the data directory, locked while open. With no URL it holds the
	// SQLite database nephele.db and is created when absent. With a URL it may
	// be empty; otherwise it must exist, and gives the process its Node name.
	Dir string
	// URL of a PostgreSQL database (postgres://user@host/name).
	URL string
	// FullSync has SQLite write each commit through to the medium before it is
	// acknowledged, so that it survives a power cut. Without it an acknowledged
	// commit survives the death of the process, not of the machine.
	FullSync bool
	// Connections is the most that are open to PostgreSQL at a time; 0 is 16.
	Connections int
	// Logger receives what no caller can be told; nil discards it.
	Logger *slog.Logger
}

// backend is what differs between the databases.
type backend interface {
	// view runs f in a read-only transaction over one snapshot.
	view(ctx context.Context, f func(*Tx) error) error
	// update runs f in a transaction and commits it, once.
	update(ctx context.Context, iso Isolation, f func(*Tx) error) error
	// bulkInsert writes many rows of tx.
	bulkInsert(tx *Tx, table string, columns []string, rows rowSource) (int64, error)
	// tables lists the tables of the schema.
	tables(tx *Tx) ([]string, error)
	// empty deletes all rows of the tables.
	empty(tx *Tx, tables []string) error
	// migrateLock keeps other processes from migrating until release is called.
	migrateLock(ctx context.Context) (release func() error, err error)
	close() error
}

// DB is an open database. Its methods may be called from many goroutines.
type DB struct {
	dialect Dialect
	back    backend
	hub     *hub
	log     *slog.Logger
	lock    *dirLock // PostgreSQL: of the data directory, if there is one
	node    string
	closing sync.Once
	closed  error

	watchers watchers
}

// Open opens the database, brings its schema up to date, and holds it until
// Close. It refuses a data directory that another process has open, a schema
// written by a newer version, and one whose migrations are not those it knows.
func Open(ctx context.Context, c Config) (*DB, error) {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	open := openSQLite
	if c.URL != "" {
		open = openPostgres
	}
	db, err := open(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := errors.Join(db.settleIn(c), migrate(ctx, db, embedded)); err != nil {
		return nil, errors.Join(fmt.Errorf("migrate database: %w", err), db.Close())
	}
	return db, nil
}

// settleIn takes a data directory beside a PostgreSQL database, and its name.
func (db *DB) settleIn(c Config) (err error) {
	if c.URL == "" || c.Dir == "" {
		return nil
	}
	if db.lock, err = lockDir(c.Dir); err != nil {
		return err
	}
	db.node, err = nodeName(c.Dir)
	return err
}

// Node is the name of this data directory among those that share a PostgreSQL
// database: the same after every restart, and of one process at a time. It is
// "" on SQLite, where there is no other, and without a directory.
func (db *DB) Node() string { return db.node }

// Close waits for running transactions and closes the database.
func (db *DB) Close() error {
	db.closing.Do(func() {
		db.hub.close()
		db.closed = errors.Join(db.back.close(), db.lock.release())
	})
	return db.closed
}

// Dialect says which database it is.
func (db *DB) Dialect() Dialect { return db.dialect }

// View runs f in a read-only transaction that sees one snapshot of the
// database, and returns f's error. It never waits for writers.
func (db *DB) View(ctx context.Context, f func(*Tx) error) error {
	if err := begin(ctx); err != nil {
		return err
	}
	return db.back.view(ctx, f)
}

// Isolation is how much of other transactions an Update may notice.
type Isolation int

const (
	// Serializable transactions behave as if they ran one after the other.
	Serializable Isolation = iota
	// ReadCommitted transactions see on PostgreSQL, with each statement, what
	// others committed meanwhile. They meet no serialization conflicts. SQLite
	// has but one writer: there it is Serializable.
	ReadCommitted
	// Relaxed is ReadCommitted, and on PostgreSQL it does not wait for the
	// medium: what was committed in the last instants may be gone after a crash
	// of the database server. It is for what would be done again anyhow.
	Relaxed
)

// Update runs f in a serializable transaction, commits it when f returns nil,
// and returns when it is durable; any error or panic rolls it back. f is
// repeated when the database asks for it because of a conflict with another
// transaction, so it must have no effect but through tx, and on a repetition
// must compute everything anew. It must not block: on SQLite all writers wait
// for it.
func (db *DB) Update(ctx context.Context, f func(*Tx) error) error {
	return db.UpdateAt(ctx, Serializable, f)
}

// UpdateAt is Update at the given isolation. ReadCommitted is for statements
// that take row locks themselves and for transactions that only add rows.
func (db *DB) UpdateAt(ctx context.Context, iso Isolation, f func(*Tx) error) error {
	if err := begin(ctx); err != nil {
		return err
	}
	var done *Tx
	err := retry(ctx, func() error {
		return db.back.update(ctx, iso, func(tx *Tx) error {
			done = tx
			return tx.outcome(f(tx))
		})
	})
	if err != nil {
		return err
	}
	for _, hook := range done.onCommit {
		hook()
	}
	db.hub.send(done.notices)
	return nil
}

// begin reports why no transaction can begin under ctx, if so.
func begin(ctx context.Context) error {
	if ctx.Value(txKey{}) != nil {
		return ErrNested
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// Reset deletes every row of every table but the record of migrations, in one
// transaction.
func (db *DB) Reset(ctx context.Context) error {
	return db.UpdateAt(ctx, ReadCommitted, func(tx *Tx) error {
		tables, err := db.back.tables(tx)
		if err != nil {
			return fmt.Errorf("list tables: %w", err)
		}
		db.watchers.changed(tx, everyKind, Key{})
		return db.back.empty(tx, tables)
	})
}

// Listen calls f with the payload of each notice sent to channel, one at a time
// and in a goroutine of its own, until ctx ends or the database is closed. It
// returns once notices arrive. An empty payload that nobody sent means that
// notices may have been lost: the connection to PostgreSQL was.
func (db *DB) Listen(ctx context.Context, channel string, f func(payload string)) {
	db.hub.listen(ctx, channel, f)
}

// connect opens one session on the pool.
func connect(ctx context.Context, pool *sql.DB, d Dialect, stmts int) (*session, error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	s := &session{dialect: d, conn: conn}
	if d == SQLite {
		s.stmts = newStmtCache(conn, stmts)
	}
	return s, nil
}
