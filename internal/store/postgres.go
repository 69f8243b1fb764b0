package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	pgConnections = 16
	pgIdleTime    = time.Minute
	pgCleanup     = 5 * time.Second // for a rollback after the caller's context ended
)

// postgres is a pool of connections to one PostgreSQL schema.
type postgres struct {
	pool   *sql.DB
	db     *DB
	config *pgx.ConnConfig
}

func openPostgres(ctx context.Context, c Config) (*DB, error) {
	config, err := pgx.ParseConfig(c.URL)
	if err != nil {
		return nil, fmt.Errorf("database URL: %w", err)
	}
	setParameters(config.RuntimeParams)
	p := &postgres{pool: stdlib.OpenDB(*config), config: config}
	limit := pgConnections
	if c.Connections > 0 {
		limit = c.Connections
	}
	p.pool.SetMaxOpenConns(limit)
	p.pool.SetMaxIdleConns(limit) // connecting takes longer than most transactions
	p.pool.SetConnMaxIdleTime(pgIdleTime)
	if err := p.pool.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("connect: %w", err), p.pool.Close())
	}
	db := &DB{dialect: PostgreSQL, back: p, log: c.Logger}
	db.hub = newHub(nil)
	db.hub.remote = newPGNotices(config, p.pool, db.hub, c.Logger)
	p.db = db
	return db, nil
}

// setParameters tunes connections for many small statements, unless the URL
// says otherwise.
func setParameters(params map[string]string) {
	for name, value := range map[string]string{
		"application_name": "nephele",
		"jit":              "off", // costs more than it saves below a second
		"random_page_cost": "1.1", // rows are in memory or on flash
		"TimeZone":         "UTC",
	} {
		if _, ok := params[name]; !ok {
			params[name] = value
		}
	}
}

func (p *postgres) view(ctx context.Context, f func(*Tx) error) error {
	sess, err := connect(ctx, p.pool, PostgreSQL, 0)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer sess.conn.Close()
	if _, err := sess.exec(ctx, "begin isolation level repeatable read read only", nil); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer p.rollback(sess)
	return f(&Tx{db: p.db, sess: sess, ctx: ctx, stmtCtx: ctx, readOnly: true})
}

func (p *postgres) update(ctx context.Context, iso Isolation, f func(*Tx) error) error {
	sess, err := connect(ctx, p.pool, PostgreSQL, 0)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer sess.conn.Close()
	if _, err := sess.exec(ctx, beginStatement(iso), nil); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	committed := false
	defer func() {
		if !committed {
			p.rollback(sess)
		}
	}()
	if err := f(&Tx{db: p.db, sess: sess, ctx: ctx, stmtCtx: ctx}); err != nil {
		return err
	}
	committed = true
	if _, err := sess.exec(ctx, "commit", nil); err != nil {
		p.rollback(sess)
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// beginStatement is sent without arguments, so it may be several statements.
func beginStatement(iso Isolation) string {
	switch iso {
	case ReadCommitted:
		return "begin isolation level read committed"
	case Relaxed:
		return "begin isolation level read committed; set local synchronous_commit = off"
	default:
		return "begin isolation level serializable"
	}
}

// rollback ends the transaction of a connection that goes back to the pool, or
// has the pool drop it.
func (p *postgres) rollback(sess *session) {
	ctx, cancel := context.WithTimeout(context.Background(), pgCleanup)
	defer cancel()
	if _, err := sess.exec(ctx, "rollback", nil); err != nil {
		_ = sess.conn.Raw(func(any) error { return driver.ErrBadConn })
	}
}

// bulkInsert copies the rows on the transaction's own connection.
func (p *postgres) bulkInsert(tx *Tx, table string, columns []string, rows rowSource) (n int64, err error) {
	err = tx.sess.conn.Raw(func(dc any) error {
		src, stop := copySource(rows)
		defer stop()
		n, err = dc.(*stdlib.Conn).Conn().CopyFrom(tx.stmtCtx, pgx.Identifier{table}, columns, src)
		return err
	})
	return n, err
}

func (p *postgres) tables(tx *Tx) ([]string, error) {
	return All(Query(tx, Scan1[string], `select quote_ident(tablename) from pg_tables
		where schemaname = current_schema() and tablename <> 'migration'`))
}

// emptyBytes is the size from which truncating a table is faster than deleting
// its rows.
const emptyBytes = 1 << 20

// empty truncates what is large and deletes from the rest: truncating makes a
// new file for each table and index, and there are many tables.
func (p *postgres) empty(tx *Tx, tables []string) error {
	if len(tables) == 0 {
		return nil
	}
	large, err := All(Query(tx, Scan1[string], `select quote_ident(relname) from pg_class
		where relnamespace = current_schema()::regnamespace and relkind = 'r'
		and relname <> 'migration' and pg_relation_size(oid) > ?`, emptyBytes))
	if err != nil {
		return err
	}
	script := "delete from " + strings.Join(tables, "; delete from ")
	if len(large) > 0 {
		script = "truncate " + strings.Join(large, ", ") + "; " + script
	}
	_, err = tx.Exec(script)
	return err
}

// migrateKey is the first half of the advisory lock's key; the schema's name
// is the second.
const migrateKey = 0x6e657068 // "neph"

func (p *postgres) migrateLock(ctx context.Context) (func() error, error) {
	conn, err := p.pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := conn.ExecContext(ctx, "select pg_advisory_lock($1, hashtext(current_schema()))", migrateKey); err != nil {
		return nil, errors.Join(fmt.Errorf("advisory lock: %w", err), conn.Close())
	}
	return func() error {
		_, err := conn.ExecContext(context.WithoutCancel(ctx), "select pg_advisory_unlock($1, hashtext(current_schema()))", migrateKey)
		return errors.Join(err, conn.Close())
	}, nil
}

func (p *postgres) close() error { return p.pool.Close() }
