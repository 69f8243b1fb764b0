package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

const patience = 20 * time.Second

// receive waits for one payload.
func receive(t *testing.T, ch <-chan string) string {
	t.Helper()
	select {
	case s := <-ch:
		return s
	case <-time.After(patience):
		t.Fatal("no notice arrived")
		return ""
	}
}

func TestNotices(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		got := make(chan string, 16)
		db.Listen(ctx, "a", func(p string) { got <- p })
		db.Listen(ctx, "b", func(p string) { got <- "b:" + p })
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			tx.Notify("a", "rolled back")
			return errOops
		})
		if !errors.Is(err, errOops) {
			t.Fatal(err)
		}
		update(t, db, func(tx *store.Tx) error {
			tx.Notify("a", "one")
			tx.Notify("a", "one")
			return nil
		})
		if p := receive(t, got); p != "one" {
			t.Errorf("received %q", p)
		}
		update(t, db, func(tx *store.Tx) error { tx.Notify("b", "two"); return nil })
		if p := receive(t, got); p != "b:two" {
			t.Errorf("received %q", p)
		}
		cancel()
	})
}

func TestNoticesReachOtherProcesses(t *testing.T) {
	t.Parallel()
	url := storetest.PostgresURL(t)
	here := storetest.Open(t, store.Config{URL: url})
	there := storetest.Open(t, store.Config{URL: url})
	got, local := make(chan string, 16), make(chan string, 16)
	there.Listen(t.Context(), "a", func(p string) { got <- p })
	here.Listen(t.Context(), "a", func(p string) { local <- p })
	update(t, here, func(tx *store.Tx) error { tx.Notify("a", "it's: a ☃"); return nil })
	if p := receive(t, got); p != "it's: a ☃" {
		t.Errorf("received %q", p)
	}
	if p := receive(t, local); p != "it's: a ☃" {
		t.Errorf("received %q at home", p)
	}
	// A lost connection is told, and listening goes on after it.
	update(t, here, func(tx *store.Tx) error {
		_, err := store.All(store.Query(tx, store.Scan1[bool], `select pg_terminate_backend(pid) from pg_stat_activity
			where datname = current_database() and query like 'listen%' and pid <> pg_backend_pid()`))
		return err
	})
	if p := receive(t, got); p != "" {
		t.Errorf("received %q when the connection was lost", p)
	}
	update(t, here, func(tx *store.Tx) error { tx.Notify("a", "again"); return nil })
	if p := receive(t, got); p != "again" {
		t.Errorf("received %q after the connection was lost", p)
	}
	if n := len(local); n == 0 {
		t.Error("nothing was delivered at home")
	}
}
