package engine_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/engine/enginetest"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

// start puts one row in a bubble's database and steps it with f.
func start(t *testing.T, o engine.Options, f engine.FlowFunc) {
	db := storetest.SQLite(t)
	e := enginetest.Start(t, db, o, func(e *engine.Engine) { e.Register("k", "l", f) })
	enginetest.Put(t, db, e, "k", "a", nil)
}

func TestScheduleDoesNotDrift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const every = 5 * time.Minute
		begin := time.Now()
		var steps int
		start(t, engine.Options{}, func(_ context.Context, w *engine.Work) (engine.Next, error) {
			want := begin.Add(time.Duration(steps) * every)
			if !w.Due.Equal(want) || time.Since(w.Due) > time.Millisecond {
				t.Errorf("step %d: due %v at %v, want %v", steps, w.Due, time.Now(), want)
			}
			steps++
			time.Sleep(40 * time.Second) // a step takes its time
			return engine.At(w.Due.Add(every)), nil
		})
		time.Sleep(24*time.Hour - time.Minute)
		synctest.Wait()
		if want := 24 * 60 / 5; steps != want {
			t.Errorf("%d steps in a day, want %d", steps, want)
		}
	})
}

func TestLongStepKeepsItsLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var steps int
		done := make(chan error, 1)
		start(t, engine.Options{Lease: 30 * time.Second}, func(ctx context.Context, w *engine.Work) (engine.Next, error) {
			steps++
			select {
			case <-time.After(2 * time.Hour):
			case <-ctx.Done():
			}
			next, err := w.Commit(ctx, engine.Done(), nil)
			done <- err
			return next, err
		})
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		if err := <-done; err != nil || steps != 1 {
			t.Errorf("a step of two hours: %d steps, %v", steps, err)
		}
	})
}

func TestPauseGrowsWithEachFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		start(t, engine.Options{}, func(context.Context, *engine.Work) (engine.Next, error) {
			at = append(at, time.Now())
			return engine.Next{}, errors.New("again")
		})
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		limit := 250 * time.Millisecond
		for i := 1; i < len(at); i++ {
			if pause := at[i].Sub(at[i-1]); pause < limit/2 || pause > limit+time.Millisecond {
				t.Errorf("pause %d is %v, want between %v and %v", i, pause, limit/2, limit)
			}
			limit = min(2*limit, 5*time.Minute)
		}
		if len(at) < 30 {
			t.Errorf("%d attempts in two hours", len(at))
		}
	})
}

// A row whose step waits for a slot for long is given back and keeps its place.
func TestRowsWaitTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := storetest.SQLite(t)
		var order []string
		e := enginetest.Start(t, db, engine.Options{Lanes: map[string]int{"l": 1}}, func(e *engine.Engine) {
			e.Register("k", "l", engine.FlowFunc(func(_ context.Context, w *engine.Work) (engine.Next, error) {
				order = append(order, w.Key)
				if w.Key == "z" {
					time.Sleep(time.Hour)
				}
				return engine.Done(), nil
			}))
		})
		for i := range 30 { // tiny steps first, so that the lane claims ahead
			enginetest.Put(t, db, e, "k", string(rune('A'+i)), nil)
		}
		synctest.Wait()
		order = nil
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			for i, key := range []string{"z", "a", "b", "c"} {
				if err := e.Put(tx, "k", key, tx.Now().Add(time.Duration(i)*time.Microsecond), nil); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if got := len(order); got != 4 || order[0] != "z" || order[1] != "a" || order[3] != "c" {
			t.Errorf("order %v", order)
		}
	})
}
