package journal_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"nephele.dev/nephele/internal/journal"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

// tailed reads what has arrived as "log/stream=body".
func tailed(t *testing.T, db *store.DB, tail *journal.Tail) string {
	t.Helper()
	var got []string
	err := db.View(t.Context(), func(tx *store.Tx) error {
		for b, err := range tail.Read(tx) {
			if err != nil {
				return err
			}
			for _, e := range b.Events {
				got = append(got, b.Log+"/"+b.Stream+"="+string(e.Body))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(got, " ")
}

func ago(body string, d time.Duration) []journal.Event {
	return []journal.Event{{Time: time.Now().Add(-d), Body: []byte(body)}}
}

func TestTail(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		add := func(log, stream, body string, d time.Duration) {
			t.Helper()
			update(t, db, func(tx *store.Tx) error { return journal.Append(tx, log, stream, ago(body, d)) })
		}
		add("a", "s", "before", 0)
		var tail *journal.Tail
		err := db.View(t.Context(), func(tx *store.Tx) (err error) {
			tail, err = journal.NewTail(tx, []string{"a", "b"})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := tailed(t, db, tail); got != "" {
			t.Errorf("at first %q", got)
		}
		add("a", "s", "1", time.Hour)
		add("c", "s", "2", 0)
		add("b", "r", "3", 48*time.Hour)
		if got := tailed(t, db, tail); got != "a/s=1 b/r=3" {
			t.Errorf("then %q", got)
		}
		if got := tailed(t, db, tail); got != "" {
			t.Errorf("again %q", got)
		}
		var want []string
		update(t, db, func(tx *store.Tx) error {
			for range 1100 { // more than a page
				want = append(want, "a/s=x")
				if err := journal.Append(tx, "a", "s", ago("x", 0)); err != nil {
					return err
				}
			}
			return nil
		})
		if got := tailed(t, db, tail); got != strings.Join(want, " ") {
			t.Errorf("of %d events %d came", len(want), strings.Count(got, "="))
		}
	})
}

// TestTailLateCommit has a transaction commit after one that began later.
func TestTailLateCommit(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		if db.Dialect() == store.SQLite {
			return // there writers take turns
		}
		var tail *journal.Tail
		early, commit, late := make(chan struct{}), make(chan struct{}), make(chan error)
		go func() {
			late <- db.UpdateAt(t.Context(), store.ReadCommitted, func(tx *store.Tx) error {
				if err := journal.Append(tx, "a", "slow", ago("slow", 0)); err != nil {
					return err
				}
				close(early)
				<-commit
				return nil
			})
		}()
		<-early
		err := db.View(t.Context(), func(tx *store.Tx) (err error) {
			tail, err = journal.NewTail(tx, []string{"a"})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		update(t, db, func(tx *store.Tx) error { return journal.Append(tx, "a", "quick", ago("quick", 0)) })
		if got := tailed(t, db, tail); got != "a/quick=quick" {
			t.Errorf("first %q", got)
		}
		close(commit)
		if err := <-late; err != nil {
			t.Fatal(err)
		}
		if got := tailed(t, db, tail); got != "a/slow=slow" {
			t.Errorf("then %q", got)
		}
	})
}

func TestGetEvent(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		update(t, db, func(tx *store.Tx) error { return journal.Append(tx, "a", "s", ago("x", 0)) })
		err := db.View(t.Context(), func(tx *store.Tx) error {
			for want, err := range journal.Scan(tx, journal.Query{Log: "a"}) {
				if err != nil {
					return err
				}
				got, err := journal.Get(tx, "a", want.Cursor)
				if err != nil || string(got.Body) != "x" || got.Stream != "s" || got.Cursor != want.Cursor || !got.Time.Equal(want.Time) {
					t.Errorf("got %+v, %v", got, err)
				}
				other := want.Cursor
				other.Index++
				for log, c := range map[string]journal.Cursor{"b": want.Cursor, "a": other} {
					if _, err := journal.Get(tx, log, c); !errors.Is(err, store.ErrNotFound) {
						t.Errorf("%v of %s: %v", c, log, err)
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
