package store_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"

	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

var errOops = errors.New("oops")

// exists reports whether a thing is committed.
func exists(t *testing.T, db *store.DB, id string) bool {
	t.Helper()
	found := true
	view(t, db, func(tx *store.Tx) error {
		_, err := things.Get(tx, key(id))
		if errors.Is(err, store.ErrNotFound) {
			found, err = false, nil
		}
		return err
	})
	return found
}

func put(tx *store.Tx, id string) error {
	_, err := things.Create(tx, key(id), thing{Name: id})
	return err
}

func TestUpdateRollsBack(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ran := false
		for _, tt := range []struct {
			name string
			f    func(*store.Tx) error
			want error
		}{
			{"error", func(tx *store.Tx) error { return errors.Join(put(tx, "x"), errOops) }, errOops},
			{"swallowed failure", func(tx *store.Tx) error {
				if err := put(tx, "x"); err != nil {
					return err
				}
				_, err := tx.Exec(`insert into resource select * from resource`)
				if !errors.Is(err, store.ErrExists) {
					t.Errorf("duplicate key: %v", err)
				}
				return nil
			}, store.ErrExists},
			{"statement after a failure", func(tx *store.Tx) error {
				_, _ = tx.Exec("insert into nowhere values (1)")
				err := put(tx, "x")
				if err == nil {
					t.Error("a statement after a failed one succeeded")
				}
				return errOops
			}, errOops},
		} {
			err := db.Update(t.Context(), func(tx *store.Tx) error {
				tx.OnCommit(func() { ran = true })
				return tt.f(tx)
			})
			if !errors.Is(err, tt.want) {
				t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
			}
			if exists(t, db, "x") {
				t.Fatalf("%s: committed", tt.name)
			}
		}
		if ran {
			t.Error("OnCommit ran without a commit")
		}
		create(t, db, "x") // the connection is fit for use
	})
}

func TestPanicRollsBack(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		func() {
			defer func() {
				if r := recover(); r != "boom" {
					t.Errorf("recovered %v", r)
				}
			}()
			_ = db.Update(t.Context(), func(tx *store.Tx) error {
				if err := put(tx, "x"); err != nil {
					return err
				}
				panic("boom")
			})
		}()
		if exists(t, db, "x") {
			t.Error("committed")
		}
		create(t, db, "y")
	})
}

func TestOnCommitRunsInOrderAfterTheCommit(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var seen []bool
		update(t, db, func(tx *store.Tx) error {
			tx.OnCommit(func() { seen = append(seen, exists(t, db, "x")) })
			return put(tx, "x")
		})
		if len(seen) != 1 || !seen[0] {
			t.Errorf("OnCommit saw %v", seen)
		}
	})
}

func TestViewRefusesWrites(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		err := db.View(t.Context(), func(tx *store.Tx) error { return put(tx, "x") })
		if !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("write in View: %v", err)
		}
	})
}

func TestViewSeesOneSnapshot(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		count := func(tx *store.Tx) (n int) {
			if err := tx.Row("select count(*) from resource").Scan(&n); err != nil {
				t.Error(err)
			}
			return n
		}
		view(t, db, func(tx *store.Tx) error {
			before := count(tx)
			create(t, db, "x") // another transaction, in the middle of ours
			if after := count(tx); after != before {
				t.Errorf("the snapshot moved from %d to %d", before, after)
			}
			return nil
		})
	})
}

func TestMisuseIsNamed(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		create(t, db, "a", "b")
		update(t, db, func(tx *store.Tx) error {
			for _, err := range store.Query(tx, store.Scan1[string], "select id from resource") {
				if err != nil {
					return err
				}
				if _, err := tx.Exec("delete from resource"); !errors.Is(err, store.ErrIterating) {
					t.Errorf("statement in a loop: %v", err)
				}
			}
			if err := db.Update(tx.Context(), func(*store.Tx) error { return nil }); !errors.Is(err, store.ErrNested) {
				t.Errorf("nested Update: %v", err)
			}
			return put(tx, "c") // neither spoils the transaction
		})
	})
}

func TestQueryStopsEarly(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		create(t, db, "a", "b", "c")
		update(t, db, func(tx *store.Tx) error {
			const query = "select id from resource order by id"
			for id, err := range store.Query(tx, store.Scan1[string], query) {
				if err != nil || id == "b" {
					break
				}
			}
			all, err := store.All(store.Query(tx, store.Scan1[string], query))
			if len(all) != 3 {
				t.Errorf("after a loop that ended early the query yields %v", all)
			}
			return err
		})
	})
}

func TestCancelledUpdateChangesNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, cancel := context.WithCancelCause(t.Context())
		err := db.Update(ctx, func(tx *store.Tx) error {
			if err := put(tx, "x"); err != nil {
				return err
			}
			cancel(errOops)
			return put(tx, "y")
		})
		if !errors.Is(err, errOops) && !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled Update: %v", err)
		}
		if exists(t, db, "x") {
			t.Error("committed")
		}
		if err := db.Update(ctx, func(*store.Tx) error { return nil }); !errors.Is(err, errOops) {
			t.Errorf("Update under an ended context: %v", err)
		}
		create(t, db, "x")
	})
}

func TestClosedDatabase(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		db, err := store.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if err := db.Update(t.Context(), func(*store.Tx) error { return nil }); err == nil {
			t.Error("Update on a closed database succeeded")
		}
		if err := db.View(t.Context(), func(*store.Tx) error { return nil }); err == nil {
			t.Error("View on a closed database succeeded")
		}
		if err := db.Close(); err != nil {
			t.Errorf("second Close: %v", err)
		}
	})
}

func TestBulkInsert(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		rows := func(n, width int) iter.Seq[[]any] {
			return func(yield func([]any) bool) {
				for i := range n {
					row := []any{"k", "a", "r", fmt.Sprint(i), int64(1), int64(2), int64(3), "{}", "extra"}
					if !yield(row[:width]) {
						return
					}
				}
			}
		}
		columns := []string{"kind", "account", "region", "id", "version", "created", "updated", "doc"}
		for _, n := range []int{0, 1, 50, 51, 1234} {
			update(t, db, func(tx *store.Tx) error {
				if _, err := tx.Exec("delete from resource"); err != nil {
					return err
				}
				got, err := tx.BulkInsert("resource", columns, rows(n, len(columns)))
				if got != int64(n) {
					t.Errorf("BulkInsert of %d rows says %d", n, got)
				}
				var count int
				if err := tx.Row("select count(*) from resource where created = 2").Scan(&count); err != nil {
					return err
				}
				if count != n {
					t.Errorf("BulkInsert of %d rows left %d", n, count)
				}
				return err
			})
		}
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			_, err := tx.BulkInsert("resource", columns, rows(3, len(columns)+1))
			return err
		})
		if err == nil {
			t.Error("a row with too many values was inserted")
		}
	})
}

func TestNow(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		update(t, db, func(tx *store.Tx) error {
			first := tx.Now()
			second := tx.Now()
			if second.Before(first) || first.Location() != time.UTC || first.Nanosecond()%1000 != 0 {
				t.Errorf("Now: %v, then %v", first, second)
			}
			if d := time.Since(first).Abs(); d > time.Minute {
				t.Errorf("Now is %v off", d)
			}
			if got := store.FromMicros(store.Micros(first)); !got.Equal(first) {
				t.Errorf("FromMicros(Micros(%v)) = %v", first, got)
			}
			return nil
		})
	})
}

func TestRebind(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"select 1":                           "select 1",
		"a = ? and b in (?, ?)":              "a = $1 and b in ($2, $3)",
		"a = '?' and b = ?":                  "a = '?' and b = $1",
		`"odd?" = ?`:                         `"odd?" = $1`,
		"a = 'it''s ?' or b = ?":             "a = 'it''s ?' or b = $1",
		"-- really?\nselect ?":               "-- really?\nselect $1",
		"select ? -- the end?":               "select $1 -- the end?",
		"select 'open ?":                     "select 'open ?",
		"?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '☃?'": "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '☃?'",
	} {
		if got := store.Rebind(in); got != want {
			t.Errorf("rebind(%q) = %q, want %q", in, got, want)
		}
	}
}
