package store_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

func TestSecondOpenerIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, err := store.Open(t.Context(), store.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	_, err = store.Open(t.Context(), store.Config{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "in use by another") {
		t.Errorf("second opener: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	storetest.Open(t, store.Config{Dir: dir})
}

// The directory may have been made by somebody who lets others look in.
func TestFilesAreOurs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	storetest.Open(t, store.Config{Dir: dir})
	files, err := os.ReadDir(dir)
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", f.Name(), info.Mode(), err)
		}
	}
}

func TestUnusableDirectory(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), store.Config{Dir: filepath.Join(file, "dir")}); err == nil {
		t.Error("opened a database below a plain file")
	}
}

func TestNotADatabase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	junk := []byte(strings.Repeat("this is no database. ", 500))
	if err := os.WriteFile(filepath.Join(dir, "nephele.db"), junk, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), store.Config{Dir: dir}); err == nil {
		t.Fatal("opened junk")
	}
	got, err := os.ReadFile(filepath.Join(dir, "nephele.db"))
	if err != nil || string(got) != string(junk) {
		t.Error("the file was changed")
	}
}

func TestReopenKeepsData(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		db, err := store.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		create(t, db, "x")
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if !exists(t, storetest.Open(t, c), "x") {
			t.Error("lost")
		}
	})
}

func migrations(files map[string]string) fstest.MapFS {
	dir := make(fstest.MapFS)
	for name, text := range files {
		dir[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return dir
}

// The numbers are far above those of the real schema, which is part of the
// history that every migration set must know.
func TestMigrations(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		update(t, db, func(tx *store.Tx) error {
			_, err := tx.Exec("delete from migration")
			return err
		})
		first := map[string]string{
			"0900_a.sql":          "create table a (n bigint, b {{bytes}}, j {{json}}, f {{float}}, t text {{c}}); insert into a (n) values (1);",
			"0901_b.sqlite.sql":   "create table b (n integer)",
			"0901_b.postgres.sql": "create table b (n bigint)",
		}
		migrate := func(files map[string]string) error { return store.Migrate(t.Context(), db, migrations(files)) }
		for range 2 { // the second time there is nothing to do
			if err := migrate(first); err != nil {
				t.Fatal(err)
			}
		}
		fails := func(what, want string, change map[string]string) {
			t.Helper()
			files := make(map[string]string)
			for _, m := range []map[string]string{first, change} {
				maps.Copy(files, m)
			}
			if err := migrate(files); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", what, err)
			}
		}
		fails("changed migration", "must never change", map[string]string{"0900_a.sql": "create table a (m bigint)"})
		fails("two with one number", "two migrations", map[string]string{"0900_c.sql": "select 1"})
		fails("bad name", "NNNN_name", map[string]string{"x.sql": "select 1"})
		fails("broken migration", "0902_c", map[string]string{"0902_c.sql": "create table c (n bigint); insert into nowhere values (1);"})
		if err := migrate(map[string]string{"0900_a.sql": first["0900_a.sql"]}); err == nil || !strings.Contains(err.Error(), "newer version") {
			t.Errorf("database of a newer version: %v", err)
		}
		first["0902_c.sql"] = "create table c (n bigint)" // the broken one left nothing
		if err := migrate(first); err != nil {
			t.Errorf("after a broken migration: %v", err)
		}
	})
}

func TestConcurrentOpeners(t *testing.T) {
	t.Parallel()
	url := storetest.PostgresURL(t)
	crowd(t, 4, func(int) error {
		db, err := store.Open(t.Context(), store.Config{URL: url})
		if err != nil {
			return err
		}
		return db.Close()
	})
}
