package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

// crowd runs f in n goroutines and fails the test on any error.
func crowd(t *testing.T, n int, f func(i int) error) {
	t.Helper()
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if err := f(i); err != nil {
				t.Errorf("goroutine %d: %v", i, err)
			}
		})
	}
	wg.Wait()
}

// TestFailuresTellWhatIsThere: who hears that something exists finds it, though
// the one who made it shares a commit with others.
func TestFailuresTellWhatIsThere(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const callers, rounds = 6, 40
		for round := range rounds {
			k := key(fmt.Sprint("thing ", round))
			crowd(t, callers, func(int) error {
				err := db.Update(t.Context(), func(tx *store.Tx) error {
					_, err := things.Create(tx, k, thing{})
					return err
				})
				if !errors.Is(err, store.ErrExists) {
					return err
				}
				return db.View(t.Context(), func(tx *store.Tx) error {
					_, err := things.Get(tx, k)
					return err
				})
			})
		}
	})
}

func TestConcurrentIncrementsAreNotLost(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		create(t, db, "counter")
		const callers, each = 8, 20
		crowd(t, callers, func(int) error {
			for range each {
				err := db.Update(t.Context(), func(tx *store.Tx) error {
					r, err := things.Get(tx, key("counter"))
					if err != nil {
						return err
					}
					r.Doc.Count++
					return things.Put(tx, &r)
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
		view(t, db, func(tx *store.Tx) error {
			r, err := things.Get(tx, key("counter"))
			if r.Doc.Count != callers*each || r.Version != callers*each+1 {
				t.Errorf("count %d, version %d after %d increments", r.Doc.Count, r.Version, callers*each)
			}
			return err
		})
	})
}

// Each caller creates its thing only if there is none yet: a rule over several
// rows, which snapshots alone do not keep.
func TestConcurrentChecksAreSerializable(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for round := range 10 {
			var created atomic.Int32
			crowd(t, 6, func(i int) error {
				return db.Update(t.Context(), func(tx *store.Tx) error {
					prefix := fmt.Sprintf("%d/", round)
					have, err := things.List(tx, "111122223333", "eu-west-1", store.ListOptions{Prefix: prefix})
					if err != nil || len(have) > 0 {
						return err
					}
					tx.OnCommit(func() { created.Add(1) })
					return put(tx, prefix+fmt.Sprint(i))
				})
			})
			if n := created.Load(); n != 1 {
				t.Fatalf("round %d: %d callers each found nothing and created something", round, n)
			}
		}
	})
}

// Callers that share a commit fail alone.
func TestFailuresAmongConcurrentUpdates(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const callers, each = 8, 30
		crowd(t, callers, func(i int) error {
			for n := range each {
				id := fmt.Sprintf("%d-%d", i, n)
				err := db.Update(t.Context(), func(tx *store.Tx) error {
					if err := put(tx, id); err != nil {
						return err
					}
					switch n % 3 {
					case 1:
						return errOops
					case 2:
						_, err := tx.Exec("insert into resource select * from resource where id = ?", id)
						return err
					}
					return nil
				})
				if ok := n%3 == 0; ok != (err == nil) {
					return fmt.Errorf("%s: %w", id, err)
				}
			}
			return nil
		})
		view(t, db, func(tx *store.Tx) error {
			var n int
			err := tx.Row("select count(*) from resource").Scan(&n)
			if want := callers * each / 3; n != want {
				t.Errorf("%d rows, want %d", n, want)
			}
			return err
		})
	})
}

func TestAcknowledgedWritesAreVisible(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		crowd(t, 8, func(i int) error {
			for n := range 20 {
				id := fmt.Sprintf("%d-%d", i, n)
				if err := db.Update(t.Context(), func(tx *store.Tx) error { return put(tx, id) }); err != nil {
					return err
				}
				if !exists(t, db, id) {
					return errors.New(id + " is not there after its Update returned")
				}
			}
			return nil
		})
	})
}

// A caller that gives up in the queue takes nothing with it.
func TestWaitersMayGiveUp(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	inside, leave := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			close(inside)
			<-leave
			return put(tx, "holder")
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-inside
	ctx, cancel := context.WithCancel(t.Context())
	for i := range 4 {
		wg.Go(func() {
			err := db.Update(ctx, func(tx *store.Tx) error { return put(tx, fmt.Sprint(i)) })
			if err == nil && ctx.Err() == nil {
				t.Error("an Update overtook the one that holds the connection")
			}
		})
	}
	cancel()
	close(leave)
	wg.Wait()
	if !exists(t, db, "holder") {
		t.Error("the holder's write is lost")
	}
	create(t, db, "next")
}

// Time in a synctest bubble passes while the database rests, so services can be
// tested over months in milliseconds.
func TestDatabaseInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := storetest.SQLite(t)
		var stamps []time.Time
		for range 3 {
			update(t, db, func(tx *store.Tx) error {
				stamps = append(stamps, tx.Now())
				return nil
			})
			time.Sleep(24 * time.Hour)
		}
		if d := stamps[2].Sub(stamps[0]); d != 48*time.Hour {
			t.Errorf("two days took %v", d)
		}
	})
}
