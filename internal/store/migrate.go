package store

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

//go:embed migrations/*.sql
var embeddedFS embed.FS

// embedded are the migrations compiled in.
var embedded = mustSub(embeddedFS, "migrations")

func mustSub(f fs.FS, dir string) fs.FS {
	sub, err := fs.Sub(f, dir)
	if err != nil {
		panic(err) // dir is a constant
	}
	return sub
}

// migration is one step of the schema, forward only.
type migration struct {
	number   int
	name     string
	checksum string // of the file, before tokens are replaced
	sql      string
}

const migrationTable = `create table if not exists migration (
	number   integer not null primary key,
	name     text    not null,
	checksum text    not null,
	applied  bigint  not null
)`

// migrate applies the migrations of dir that the database lacks, each in a
// transaction of its own.
func migrate(ctx context.Context, db *DB, dir fs.FS) (err error) {
	known, err := readMigrations(dir, db.dialect)
	if err != nil {
		return err
	}
	release, err := db.back.migrateLock(ctx)
	if err != nil {
		return fmt.Errorf("wait for other migrations: %w", err)
	}
	defer func() { err = errors.Join(err, release()) }()
	applied, err := appliedMigrations(ctx, db)
	if err != nil {
		return err
	}
	if err := verify(known, applied); err != nil {
		return err
	}
	for _, m := range known {
		if _, done := applied[m.number]; done {
			continue
		}
		if err := db.UpdateAt(ctx, ReadCommitted, m.apply); err != nil {
			return fmt.Errorf("migration %04d_%s: %w", m.number, m.name, err)
		}
	}
	return nil
}

func (m migration) apply(tx *Tx) error {
	if err := tx.sess.script(tx.stmtCtx, m.sql); err != nil {
		return err
	}
	_, err := tx.Exec("insert into migration (number, name, checksum, applied) values (?, ?, ?, ?)",
		m.number, m.name, m.checksum, Micros(tx.Now()))
	return err
}

func appliedMigrations(ctx context.Context, db *DB) (map[int]migration, error) {
	applied := make(map[int]migration)
	err := db.UpdateAt(ctx, ReadCommitted, func(tx *Tx) error {
		if _, err := tx.Exec(migrationTable); err != nil {
			return fmt.Errorf("create migration table: %w", err)
		}
		for m, err := range Query(tx, scanMigration, "select number, name, checksum from migration") {
			if err != nil {
				return fmt.Errorf("read migration table: %w", err)
			}
			applied[m.number] = m
		}
		return nil
	})
	return applied, err
}

func scanMigration(r Row) (m migration, err error) {
	err = r.Scan(&m.number, &m.name, &m.checksum)
	return m, err
}

// verify refuses a database whose history is not a part of ours.
func verify(known []migration, applied map[int]migration) error {
	byNumber := make(map[int]migration, len(known))
	for _, m := range known {
		byNumber[m.number] = m
	}
	for number, had := range applied {
		want, ok := byNumber[number]
		if !ok {
			return fmt.Errorf("the database was written by a newer version: it has migration %04d_%s, which this version does not know", number, had.name)
		}
		if had.checksum != want.checksum {
			return fmt.Errorf("migration %04d_%s was applied with checksum %.12s but is now %.12s: an applied migration must never change",
				number, had.name, had.checksum, want.checksum)
		}
	}
	return nil
}

// readMigrations returns the migrations for dialect d, in order.
func readMigrations(dir fs.FS, d Dialect) ([]migration, error) {
	files, err := fs.Glob(dir, "*.sql")
	if err != nil {
		return nil, err
	}
	var all []migration
	for _, file := range files {
		m, ours, err := readMigration(dir, file, d)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if ours {
			all = append(all, m)
		}
	}
	slices.SortFunc(all, func(a, b migration) int { return a.number - b.number })
	for i := 1; i < len(all); i++ {
		if all[i].number == all[i-1].number {
			return nil, fmt.Errorf("two migrations have the number %04d", all[i].number)
		}
	}
	return all, nil
}

// readMigration reads NNNN_name.sql or NNNN_name.DIALECT.sql; ours is false for
// a file of the other dialect.
func readMigration(dir fs.FS, file string, d Dialect) (m migration, ours bool, err error) {
	base := strings.TrimSuffix(path.Base(file), ".sql")
	base, dialect, split := strings.Cut(base, ".")
	if split && dialect != d.suffix() {
		return m, false, nil
	}
	digits, name, ok := strings.Cut(base, "_")
	if m.number, err = strconv.Atoi(digits); err != nil || !ok {
		return m, false, errors.New("a migration is named NNNN_name.sql")
	}
	text, err := fs.ReadFile(dir, file)
	if err != nil {
		return m, false, err
	}
	sum := sha256.Sum256(text)
	m.name, m.checksum, m.sql = name, hex.EncodeToString(sum[:]), d.expand(string(text))
	return m, true, nil
}

// suffix is the dialect's part of a migration's file name.
func (d Dialect) suffix() string {
	if d == PostgreSQL {
		return "postgres"
	}
	return "sqlite"
}

// Tokens of portable migrations, by dialect.
var (
	sqliteTokens   = strings.NewReplacer("{{bytes}}", "blob", "{{json}}", "text", "{{float}}", "real", "{{c}}", "collate binary")
	postgresTokens = strings.NewReplacer("{{bytes}}", "bytea", "{{json}}", "jsonb", "{{float}}", "double precision", "{{c}}", `collate "C"`)
)

func (d Dialect) expand(text string) string {
	if d == PostgreSQL {
		return postgresTokens.Replace(text)
	}
	return sqliteTokens.Replace(text)
}

// SchemaFingerprint names the schema that Open makes: it changes with every
// migration. Tests keep a template of the schema under it.
func SchemaFingerprint(d Dialect) (string, error) {
	known, err := readMigrations(embedded, d)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, m := range known {
		fmt.Fprintln(h, m.number, m.checksum)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
