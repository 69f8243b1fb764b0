package outbox_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/outbox"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

func put(t *testing.T, db *store.DB, mails ...outbox.Mail) {
	t.Helper()
	for _, m := range mails {
		if err := db.Update(t.Context(), func(tx *store.Tx) error { return outbox.New().Put(tx, m) }); err != nil {
			t.Fatal(err)
		}
	}
}

// read runs f in a view.
func read[T any](ctx context.Context, t *testing.T, db *store.DB, f func(tx *store.Tx) (T, error)) T {
	t.Helper()
	var v T
	err := db.View(ctx, func(tx *store.Tx) (err error) {
		v, err = f(tx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func subjects(mails []outbox.Mail) string {
	var all []string
	for _, m := range mails {
		all = append(all, m.Subject+m.Body)
	}
	return strings.Join(all, " ")
}

func TestBox(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		box := outbox.New()
		for _, s := range []string{"a", "b", "c"} {
			put(t, db, outbox.Mail{From: "us", To: "you@example.com", Subject: s, Body: "body of " + s})
		}
		last := read(t.Context(), t, db, func(tx *store.Tx) ([]outbox.Mail, error) { return box.Last(tx, 2) })
		if got := subjects(last); got != "b c" {
			t.Errorf("last two: %q", got)
		}
		after := read(t.Context(), t, db, func(tx *store.Tx) ([]outbox.Mail, error) { return box.List(tx, last[0].ID, 10) })
		if got := subjects(after); got != "c" {
			t.Errorf("after b: %q", got)
		}
		one := read(t.Context(), t, db, func(tx *store.Tx) (outbox.Mail, error) { return box.Get(tx, last[0].ID) })
		want := outbox.Mail{ID: last[0].ID, Created: last[0].Created, From: "us", To: "you@example.com", Subject: "b", Body: "body of b"}
		if d := cmp.Diff(want, one); d != "" {
			t.Error(d)
		}
		err := db.View(t.Context(), func(tx *store.Tx) error {
			_, err := box.Get(tx, 4711)
			return err
		})
		if !errors.Is(err, outbox.ErrNotFound) {
			t.Errorf("a mail that is not there: %v", err)
		}
	})
}

// TestNothingWithoutCommit: a mail goes with its transaction.
func TestNothingWithoutCommit(t *testing.T) {
	t.Parallel()
	db, undone := storetest.SQLite(t), errors.New("undone")
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		return errors.Join(outbox.New().Put(tx, outbox.Mail{Subject: "lost"}), undone)
	})
	if !errors.Is(err, undone) {
		t.Fatal(err)
	}
	if all := read(t.Context(), t, db, func(tx *store.Tx) ([]outbox.Mail, error) { return outbox.New().Last(tx, 1) }); len(all) != 0 {
		t.Errorf("%v", all)
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := storetest.SQLite(t)
		put(t, db, outbox.Mail{Subject: "old"}, outbox.Mail{Subject: "older than it looks"})
		time.Sleep(outbox.MaxAge + time.Second)
		put(t, db, outbox.Mail{Subject: "new"})
		all := read(t.Context(), t, db, func(tx *store.Tx) ([]outbox.Mail, error) { return outbox.New().List(tx, 0, 10) })
		if got := subjects(all); got != "new" {
			t.Errorf("after 30 days: %q", got)
		}
		kept := count(t, db)
		if kept != 1 {
			t.Errorf("%d rows are kept", kept)
		}
		far := func(tx *store.Tx) error { // many were written and trimmed meanwhile
			_, err := tx.Exec("update outbox set id = id + ?", outbox.MaxCount-2)
			return err
		}
		if err := db.Update(t.Context(), far); err != nil {
			t.Fatal(err)
		}
		put(t, db, outbox.Mail{Subject: "still within"})
		if n := count(t, db); n != 2 {
			t.Errorf("%d mails, want 2", n)
		}
		if err := db.Update(t.Context(), far); err != nil {
			t.Fatal(err)
		}
		put(t, db, outbox.Mail{Subject: "last"})
		if n := count(t, db); n != 3 {
			t.Errorf("%d mails, want 3", n)
		}
	})
}

func count(t *testing.T, db *store.DB) int {
	t.Helper()
	return read(t.Context(), t, db, func(tx *store.Tx) (n int, err error) {
		err = tx.Row("select count(*) from outbox").Scan(&n)
		return n, err
	})
}
