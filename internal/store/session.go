package store

import (
	"container/list"
	"context"
	"database/sql"
	"errors"
	"strings"
)

// session is one database connection that transactions are run on, one after
// the other. It begins and ends them with plain statements: database/sql's own
// transactions cost a goroutine each and hide the connection that COPY needs.
type session struct {
	dialect Dialect
	conn    *sql.Conn
	stmts   *stmtCache // nil on PostgreSQL, where pgx keeps its own
}

// exec runs a statement and returns the number of rows it touched.
func (s *session) exec(ctx context.Context, query string, args []any) (int64, error) {
	res, err := s.doExec(ctx, query, args)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// script runs several statements without arguments.
func (s *session) script(ctx context.Context, text string) error {
	_, err := s.conn.ExecContext(ctx, text)
	return err
}

func (s *session) doExec(ctx context.Context, query string, args []any) (sql.Result, error) {
	if s.stmts == nil {
		return s.conn.ExecContext(ctx, query, args...)
	}
	entry, err := s.stmts.take(query)
	if err != nil {
		return nil, err
	}
	defer s.stmts.give(entry)
	return entry.stmt.ExecContext(ctx, args...)
}

// query runs a statement that yields rows; release gives its resources back
// and must be called after the rows are closed.
func (s *session) query(ctx context.Context, query string, args []any) (rows *sql.Rows, release func(), err error) {
	if s.stmts == nil {
		rows, err = s.conn.QueryContext(ctx, query, args...)
		return rows, func() {}, err
	}
	entry, err := s.stmts.take(query)
	if err != nil {
		return nil, nil, err
	}
	rows, err = entry.stmt.QueryContext(ctx, args...)
	if err != nil {
		s.stmts.give(entry)
		return nil, nil, err
	}
	return rows, func() { s.stmts.give(entry) }, nil
}

func (s *session) close() error {
	var errs []error
	if s.stmts != nil {
		errs = append(errs, s.stmts.close())
	}
	return errors.Join(append(errs, s.conn.Close())...)
}

// stmtCache keeps a connection's prepared statements, least recently used last.
// Parsing is most of what a small statement costs. It is used by one goroutine
// at a time, as its connection is.
type stmtCache struct {
	conn  *sql.Conn
	limit int
	byKey map[string]*list.Element
	order list.List // of *stmtEntry
}

type stmtEntry struct {
	query string
	stmt  *sql.Stmt
	busy  bool // rows of it are open: it must not be run again now
	loose bool // not in the cache: close it after use
}

func newStmtCache(conn *sql.Conn, limit int) *stmtCache {
	return &stmtCache{conn: conn, limit: limit, byKey: make(map[string]*list.Element)}
}

// steady keeps SQLite from parsing a prepared statement anew on each run: it
// plans with the value of a parameter that is a limit by itself, and so does not
// trust the plan when the parameter is bound again. In an expression it is not
// looked at.
func steady(query string) string { return strings.ReplaceAll(query, " limit ?", " limit (? + 0)") }

// take returns the statement for query, prepared now when it is not cached.
func (c *stmtCache) take(query string) (*stmtEntry, error) {
	if el, ok := c.byKey[query]; ok {
		entry := el.Value.(*stmtEntry)
		if !entry.busy {
			c.order.MoveToFront(el)
			entry.busy = true
			return entry, nil
		}
	}
	stmt, err := c.conn.PrepareContext(context.Background(), steady(query))
	if err != nil {
		return nil, err
	}
	entry := &stmtEntry{query: query, stmt: stmt, busy: true}
	if _, taken := c.byKey[query]; taken {
		entry.loose = true
		return entry, nil
	}
	c.byKey[query] = c.order.PushFront(entry)
	c.trim()
	return entry, nil
}

// trim closes statements beyond the limit, those in use excepted.
func (c *stmtCache) trim() {
	for el := c.order.Back(); el != nil && c.order.Len() > c.limit; {
		entry, prev := el.Value.(*stmtEntry), el.Prev()
		if !entry.busy {
			c.order.Remove(el)
			delete(c.byKey, entry.query)
			_ = entry.stmt.Close() // nothing to lose: it is not running
		}
		el = prev
	}
}

func (c *stmtCache) give(entry *stmtEntry) {
	entry.busy = false
	if entry.loose {
		_ = entry.stmt.Close()
	}
}

func (c *stmtCache) close() error {
	var errs []error
	for el := c.order.Front(); el != nil; el = el.Next() {
		errs = append(errs, el.Value.(*stmtEntry).stmt.Close())
	}
	c.order.Init()
	clear(c.byKey)
	return errors.Join(errs...)
}
