package storetest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"nephele.dev/nephele/internal/store"
)

// URLVariable names the environment variable with the URL of a PostgreSQL
// server for tests. Its user must be allowed to create databases.
const URLVariable = "NEPHELE_TEST_POSTGRES_URL"

// PostgresURL returns the URL of a fresh database with the current schema,
// dropped when the test ends. The server is the one that the environment names,
// else one started for this test binary. Where PostgreSQL is not installed the
// test is skipped, but fails when CI=true.
func PostgresURL(t testing.TB) string {
	t.Helper()
	server, err := theServer()
	switch {
	case errors.Is(err, errNotInstalled) && os.Getenv("CI") != "true":
		t.Skip(err)
	case err != nil:
		t.Fatalf("PostgreSQL for tests: %v", err)
	}
	name := "test_" + strings.ToLower(rand.Text()[:12])
	if err := server.create(t.Context(), name); err != nil {
		t.Fatalf("create test database: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := server.drop(ctx, name); err != nil {
			t.Errorf("drop test database: %v", err)
		}
	})
	return server.database(name)
}

// server is a PostgreSQL server and the template that test databases copy.
type server struct {
	url      *url.URL
	template string
}

// theServer finds or starts the server, once per test binary.
var theServer = sync.OnceValues(func() (*server, error) {
	raw := os.Getenv(URLVariable)
	if raw == "" {
		started, err := startPrivate()
		if err != nil {
			return nil, err
		}
		raw = started
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", URLVariable, err)
	}
	s := &server{url: u}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	return s, s.prepare(ctx)
})

// database is the URL of the named database.
func (s *server) database(name string) string {
	u := *s.url
	u.Path = "/" + name
	return u.String()
}

// templateLock is the key of the advisory lock under which templates are made,
// as several test binaries may share a server.
const templateLock = 0x74706c74 // "tplt"

// prepare makes the template, a database with the current schema, unless the
// server has it.
func (s *server) prepare(ctx context.Context) error {
	fingerprint, err := store.SchemaFingerprint(store.PostgreSQL)
	if err != nil {
		return err
	}
	s.template = "nephele_template_" + fingerprint[:16]
	conn, err := pgx.Connect(ctx, s.url.String())
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "select pg_advisory_lock($1)", templateLock); err != nil {
		return err
	}
	var exists bool
	row := conn.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", s.template)
	if err := row.Scan(&exists); err != nil || exists {
		return err
	}
	return s.makeTemplate(ctx, conn)
}

// makeTemplate migrates a new database under another name first, so that a
// template is whole or absent.
func (s *server) makeTemplate(ctx context.Context, conn *pgx.Conn) error {
	draft := "draft_" + strings.ToLower(rand.Text()[:12])
	if _, err := conn.Exec(ctx, "create database "+draft); err != nil {
		return err
	}
	db, err := store.Open(ctx, store.Config{URL: s.database(draft)})
	if err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "alter database "+draft+" rename to "+s.template)
	return err
}

func (s *server) create(ctx context.Context, name string) error {
	return s.admin(ctx, "create database "+name+" template "+s.template)
}

func (s *server) drop(ctx context.Context, name string) error {
	return s.admin(ctx, "drop database if exists "+name+" with (force)")
}

// admin runs one statement on a connection of its own.
func (s *server) admin(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, s.url.String())
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement)
	return err
}
