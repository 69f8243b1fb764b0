package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// How much SQLite is given. Caches are small on purpose: the file is mapped by
// the kernel's page cache anyhow, and an idle server should weigh little.
const (
	sqliteReaders     = 4
	writerCacheKiB    = 4096
	readerCacheKiB    = 1024
	writerStatements  = 256
	readerStatements  = 128
	sqliteBusyTimeout = 5 * time.Second
)

// sqliteFile is one file with one writer and a few readers. Write-ahead logging
// lets readers read the last commit while the writer writes.
type sqliteFile struct {
	lock    *dirLock
	writing *sql.DB
	reading *sql.DB
	writer  *committer
	copier  *checkpointer
	readers chan *session
	opened  int           // readers, wherever they are
	quit    chan struct{} // closed by close
}

func openSQLite(ctx context.Context, c Config) (_ *DB, err error) {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("create data directory: %w", err)
	}
	s := &sqliteFile{readers: make(chan *session, sqliteReaders), quit: make(chan struct{})}
	if s.lock, err = lockDir(c.Dir); err != nil {
		return nil, err
	}
	db := &DB{dialect: SQLite, back: s, log: c.Logger, hub: newHub(nil)}
	file := filepath.Join(c.Dir, "nephele.db")
	if err := errors.Join(private(file), s.connect(ctx, db, file, c.FullSync)); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return db, nil
}

// private makes the database's file, readable by us alone, when there is none.
// SQLite would leave it to the umask; its other files take after this one.
func private(file string) error {
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("create database: %w", err)
	}
	return f.Close()
}

// connect opens the writer, which creates the file, then the readers.
func (s *sqliteFile) connect(ctx context.Context, db *DB, file string, full bool) (err error) {
	synchronous := "normal"
	if full {
		synchronous = "full"
	}
	s.writing, err = sql.Open(sqliteDriver, sqliteDSN(file, []string{
		"journal_mode(wal)", "synchronous(" + synchronous + ")", "temp_store(memory)",
		"wal_autocheckpoint(0)", fmt.Sprintf("cache_size(-%d)", writerCacheKiB),
	}))
	if err != nil {
		return err
	}
	sess, err := connect(ctx, s.writing, SQLite, writerStatements)
	if err != nil {
		return err
	}
	s.writer = newCommitter(db, sess)
	if sess, err = connect(ctx, s.writing, SQLite, 1); err != nil {
		return err
	}
	s.copier = newCheckpointer(sess, s.writer, db.log)
	s.writer.wrote = s.copier.wrote
	s.reading, err = sql.Open(sqliteDriver, sqliteDSN(file, []string{
		"query_only(1)", "temp_store(memory)", fmt.Sprintf("cache_size(-%d)", readerCacheKiB),
	}))
	if err != nil {
		return err
	}
	for range sqliteReaders {
		sess, err := connect(ctx, s.reading, SQLite, readerStatements)
		if err != nil {
			return err
		}
		s.readers <- sess
		s.opened++
	}
	return nil
}

func (s *sqliteFile) view(ctx context.Context, f func(*Tx) error) error {
	select {
	case <-s.quit:
		return ErrClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	case sess := <-s.readers:
		defer func() { s.readers <- sess }()
		if s.closing() {
			return ErrClosed
		}
		return s.viewOn(ctx, sess, f)
	}
}

func (s *sqliteFile) closing() bool {
	select {
	case <-s.quit:
		return true
	default:
		return false
	}
}

// viewOn runs f between begin and rollback on a reader.
func (s *sqliteFile) viewOn(ctx context.Context, sess *session, f func(*Tx) error) error {
	if _, err := sess.exec(context.Background(), "begin", nil); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _, _ = sess.exec(context.Background(), "rollback", nil) }()
	return f(&Tx{db: s.writer.db, sess: sess, ctx: ctx, stmtCtx: context.Background(), readOnly: true})
}

func (s *sqliteFile) update(ctx context.Context, _ Isolation, f func(*Tx) error) error {
	return s.writer.update(ctx, f)
}

func (s *sqliteFile) tables(tx *Tx) ([]string, error) {
	return All(Query(tx, Scan1[string], `select name from sqlite_schema
		where type = 'table' and name not like 'sqlite\_%' escape '\' and name <> 'migration'`))
}

// empty relies on SQLite dropping a table's pages when a delete has no where
// clause: the cost is in the pages, not in the rows.
func (s *sqliteFile) empty(tx *Tx, tables []string) error {
	for _, table := range tables {
		if _, err := tx.Exec("delete from " + table); err != nil {
			return fmt.Errorf("empty %s: %w", table, err)
		}
	}
	return nil
}

// migrateLock has nothing to do: the directory is locked already.
func (s *sqliteFile) migrateLock(context.Context) (func() error, error) {
	return func() error { return nil }, nil
}

// close waits for the readers and the writers, then closes the file.
func (s *sqliteFile) close() error {
	close(s.quit)
	var errs []error
	for range s.opened {
		errs = append(errs, (<-s.readers).close())
	}
	if s.copier != nil {
		errs = append(errs, s.copier.close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.close())
	}
	for _, pool := range []*sql.DB{s.reading, s.writing} {
		if pool != nil {
			errs = append(errs, pool.Close())
		}
	}
	return errors.Join(append(errs, s.lock.release())...)
}
