package storetest

import (
	"testing"

	"nephele.dev/nephele/internal/store"
)

// Each runs f as the parallel subtests "sqlite" and "postgres", each with a
// fresh database that is closed when the subtest ends.
func Each(t *testing.T, f func(t *testing.T, db *store.DB)) {
	t.Helper()
	EachConfig(t, func(t *testing.T, c store.Config) { f(t, Open(t, c)) })
}

// EachConfig is Each for tests that open the database themselves.
func EachConfig(t *testing.T, f func(t *testing.T, c store.Config)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		f(t, store.Config{Dir: t.TempDir()})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		f(t, store.Config{URL: PostgresURL(t)})
	})
}

// SQLite opens a fresh SQLite database for the test alone.
func SQLite(t testing.TB) *store.DB {
	t.Helper()
	return Open(t, store.Config{Dir: t.TempDir()})
}

// Open opens the database and closes it when the test ends.
func Open(t testing.TB, c store.Config) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close database: %v", err)
		}
	})
	return db
}
