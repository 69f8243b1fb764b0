package enginetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/store"
)

var errOops = errors.New("oops")

// Suite runs every test of the engine's promises on databases that open makes.
func Suite(t *testing.T, open func(t *testing.T) *store.DB) {
	for _, tt := range []struct {
		name string
		run  func(t *testing.T, db *store.DB)
	}{
		{"StepsUntilDone", stepsUntilDone},
		{"RolledBackPutDoesNothing", rolledBackPut},
		{"PutReschedules", putReschedules},
		{"UnknownKindIsRefused", unknownKind},
		{"FailedStepIsRepeated", failedStep},
		{"CommitIsAtomic", commitIsAtomic},
		{"PutFencesTheRunningStep", putFences},
		{"DeleteFencesTheRunningStep", deleteFences},
		{"ReincarnationFencesTheRunningStep", reincarnationFences},
		{"CheckpointKeepsTheRow", checkpoint},
		{"SlowLaneHoldsUpNobody", slowLane},
		{"SlotsAreNotExceeded", slots},
		{"LeaseIsExtendedWhileAStepRuns", leaseExtended},
		{"StopWaitsForSteps", stopWaits},
		{"StopCancelsAndReleases", stopReleases},
		{"SettleFollowsSteps", settleFollows},
		{"SettleWaitsForRetries", settleWaits},
		{"ResetForgets", reset},
		{"LanesOfOldAreAdopted", adopted},
		{"StatsCount", stats},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.run(t, open(t))
		})
	}
}

// flow registers f as kind "k" in lane "l".
func flow(f engine.FlowFunc) func(*engine.Engine) {
	return func(e *engine.Engine) { e.Register("k", "l", f) }
}

func update(t *testing.T, db *store.DB, f func(*store.Tx) error) {
	t.Helper()
	if err := db.Update(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// rows counts the rows of table work.
func rows(t *testing.T, db *store.DB) (n int) {
	t.Helper()
	err := db.View(t.Context(), func(tx *store.Tx) error {
		return tx.Row("select count(*) from work").Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func stepsUntilDone(t *testing.T, db *store.DB) {
	var seen []int
	e := Start(t, db, engine.Options{}, flow(func(_ context.Context, w *engine.Work) (engine.Next, error) {
		var n int
		if err := w.State(&n); err != nil {
			return engine.Next{}, err
		}
		seen = append(seen, n)
		switch n {
		case 3:
			return engine.Done(), nil
		case 2:
			return engine.At(w.Due.Add(time.Millisecond)).WithState(n + 1), nil
		default:
			return engine.Now().WithState(n + 1), nil
		}
	}))
	Rest(t, e, func(ctx context.Context) {
		err := db.Update(ctx, func(tx *store.Tx) error { return e.Put(tx, "k", "a", tx.Now(), 0) })
		if err != nil {
			t.Fatal(err)
		}
	})
	if fmt.Sprint(seen) != "[0 1 2 3]" {
		t.Errorf("steps saw %v", seen)
	}
}

func rolledBackPut(t *testing.T, db *store.DB) {
	stepped := make(chan string, 10)
	e := Start(t, db, engine.Options{}, flow(func(_ context.Context, w *engine.Work) (engine.Next, error) {
		stepped <- w.Key
		return engine.Done(), nil
	}))
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		return errors.Join(e.Put(tx, "k", "rolled back", tx.Now(), nil), errOops)
	})
	if !errors.Is(err, errOops) {
		t.Fatal(err)
	}
	Put(t, db, e, "k", "committed", nil)
	if key := Receive(t, stepped); key != "committed" {
		t.Errorf("%s stepped", key)
	}
}

func putReschedules(t *testing.T, db *store.DB) {
	type sight struct {
		Due   time.Time
		State string
	}
	seen := make(chan sight, 10)
	e := Start(t, db, engine.Options{}, flow(func(_ context.Context, w *engine.Work) (engine.Next, error) {
		s := sight{Due: w.Due}
		err := w.State(&s.State)
		seen <- s
		return engine.Done(), err
	}))
	put := func(due time.Time, state any) {
		update(t, db, func(tx *store.Tx) error { return e.Put(tx, "k", "a", due, state) })
	}
	put(time.Now().Add(time.Hour), "first")
	put(time.Now().Add(2*time.Hour), "second")
	due := time.Now().Add(-time.Minute).Truncate(time.Microsecond)
	put(due, nil)
	got := Receive(t, seen)
	if !got.Due.Equal(due) || got.State != "" {
		t.Errorf("the step saw %+v, want due %v and no state", got, due)
	}
	if n := len(seen); n > 0 {
		t.Errorf("%d more steps", n)
	}
}

func unknownKind(t *testing.T, db *store.DB) {
	e := Start(t, db, engine.Options{}, flow(func(context.Context, *engine.Work) (engine.Next, error) { return engine.Done(), nil }))
	err := db.Update(t.Context(), func(tx *store.Tx) error { return e.Put(tx, "other", "a", tx.Now(), nil) })
	if err == nil {
		t.Error("a row that nobody will step was put")
	}
}

func failedStep(t *testing.T, db *store.DB) {
	type try struct {
		attempt int
		due     time.Time
	}
	tries := make(chan try, 10)
	e := Start(t, db, engine.Options{}, flow(func(_ context.Context, w *engine.Work) (engine.Next, error) {
		tries <- try{w.Attempt, w.Due}
		switch w.Attempt {
		case 0:
			return engine.Next{}, errOops
		case 1:
			panic("boom")
		}
		return engine.Done(), nil
	}))
	Put(t, db, e, "k", "a", nil)
	first := Receive(t, tries)
	for n := 1; n <= 2; n++ {
		again := Receive(t, tries)
		if again.attempt != n || !again.due.Equal(first.due) {
			t.Errorf("try %d: attempt %d, due %v, want %v", n, again.attempt, again.due, first.due)
		}
	}
}

func commitIsAtomic(t *testing.T, db *store.DB) {
	results := make(chan error, 10)
	marks := store.NewCollection[int]("test.mark")
	e := Start(t, db, engine.Options{}, flow(func(ctx context.Context, w *engine.Work) (engine.Next, error) {
		next, err := w.Commit(ctx, engine.Done(), func(tx *store.Tx) error {
			if _, err := marks.Create(tx, store.Key{ID: fmt.Sprint(w.Attempt)}, 1); err != nil {
				return err
			}
			if w.Attempt == 0 {
				return errOops
			}
			return nil
		})
		results <- err
		return next, err
	}))
	Put(t, db, e, "k", "a", nil)
	if err := Receive(t, results); !errors.Is(err, errOops) {
		t.Errorf("a Commit whose function failed: %v", err)
	}
	if err := Receive(t, results); err != nil {
		t.Errorf("the repetition: %v", err)
	}
	err := db.View(t.Context(), func(tx *store.Tx) error {
		all, err := marks.List(tx, "", "", store.ListOptions{})
		if len(all) != 1 || all[0].ID != "1" {
			t.Errorf("committed: %v", all)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := rows(t, db); n != 0 {
		t.Errorf("%d rows left after Done", n)
	}
}

// superseded runs a step, lets change happen meanwhile, and checks that the
// step is cancelled and cannot commit. It returns the channel of later steps.
func superseded(t *testing.T, db *store.DB, change func(e *engine.Engine, tx *store.Tx) error) <-chan string {
	t.Helper()
	entered, later := make(chan struct{}), make(chan string, 10)
	result := make(chan error, 1)
	var running, first atomic.Int32
	e := Start(t, db, engine.Options{Lanes: map[string]int{"l": 4}}, flow(func(ctx context.Context, w *engine.Work) (engine.Next, error) {
		if running.Add(1) > 1 {
			t.Error("two steps of one row at a time")
		}
		defer running.Add(-1)
		if first.Add(1) > 1 {
			var state string
			err := w.State(&state)
			later <- state
			return engine.Done(), err
		}
		close(entered)
		<-ctx.Done()
		if cause := context.Cause(ctx); !errors.Is(cause, engine.ErrFenced) {
			t.Errorf("the step was cancelled because of %v", cause)
		}
		next, err := w.Commit(context.WithoutCancel(ctx), engine.Done(), func(tx *store.Tx) error {
			t.Error("the function of a fenced Commit was called")
			return nil
		})
		result <- err
		return next, err
	}))
	Put(t, db, e, "k", "a", nil)
	Receive(t, entered)
	update(t, db, func(tx *store.Tx) error { return change(e, tx) })
	if err := Receive(t, result); !errors.Is(err, engine.ErrFenced) {
		t.Errorf("Commit of a superseded step: %v", err)
	}
	return later
}

func putFences(t *testing.T, db *store.DB) {
	later := superseded(t, db, func(e *engine.Engine, tx *store.Tx) error {
		return e.Put(tx, "k", "a", tx.Now(), "anew")
	})
	if state := Receive(t, later); state != "anew" {
		t.Errorf("the new step saw state %q", state)
	}
}

func deleteFences(t *testing.T, db *store.DB) {
	superseded(t, db, func(e *engine.Engine, tx *store.Tx) error { return e.Delete(tx, "k", "a") })
	if n := rows(t, db); n != 0 {
		t.Errorf("%d rows left", n)
	}
}

func reincarnationFences(t *testing.T, db *store.DB) {
	later := superseded(t, db, func(e *engine.Engine, tx *store.Tx) error {
		if err := e.Delete(tx, "k", "a"); err != nil {
			return err
		}
		return e.Put(tx, "k", "a", tx.Now(), "reborn")
	})
	if state := Receive(t, later); state != "reborn" {
		t.Errorf("the new step saw state %q", state)
	}
}

func checkpoint(t *testing.T, db *store.DB) {
	marks := store.NewCollection[int]("test.mark")
	results := make(chan error, 10)
	var e *engine.Engine
	e = Start(t, db, engine.Options{}, flow(func(ctx context.Context, w *engine.Work) (engine.Next, error) {
		mark := func(id string) error {
			return w.Checkpoint(ctx, func(tx *store.Tx) error {
				_, err := marks.Create(tx, store.Key{ID: id}, 1)
				return err
			})
		}
		results <- mark("one")
		err := db.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error { return e.Delete(tx, "k", "a") })
		if err != nil {
			return engine.Next{}, err
		}
		ctx = context.WithoutCancel(ctx)
		err = mark("two")
		results <- err
		return engine.Next{}, err
	}))
	Put(t, db, e, "k", "a", nil)
	if err := Receive(t, results); err != nil {
		t.Errorf("Checkpoint: %v", err)
	}
	if err := Receive(t, results); !errors.Is(err, engine.ErrFenced) {
		t.Errorf("Checkpoint of a superseded step: %v", err)
	}
}

func slowLane(t *testing.T, db *store.DB) {
	release, quick := make(chan struct{}), make(chan string, 100)
	e := Start(t, db, engine.Options{Lanes: map[string]int{"slow": 2, "quick": 2}}, func(e *engine.Engine) {
		e.Register("slow", "slow", engine.FlowFunc(func(context.Context, *engine.Work) (engine.Next, error) {
			<-release
			return engine.Done(), nil
		}))
		e.Register("quick", "quick", engine.FlowFunc(func(_ context.Context, w *engine.Work) (engine.Next, error) {
			quick <- w.Key
			return engine.Done(), nil
		}))
	})
	defer close(release)
	for i := range 10 {
		Put(t, db, e, "slow", fmt.Sprint(i), nil)
	}
	for i := range 10 {
		Put(t, db, e, "quick", fmt.Sprint(i), nil)
		Receive(t, quick)
	}
}

func slots(t *testing.T, db *store.DB) {
	var running, most atomic.Int32
	e := Start(t, db, engine.Options{Lanes: map[string]int{"l": 3}}, flow(func(ctx context.Context, w *engine.Work) (engine.Next, error) {
		n := running.Add(1)
		defer running.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			continue
		}
		return w.Commit(ctx, engine.Done(), nil)
	}))
	Rest(t, e, func(ctx context.Context) {
		err := db.Update(ctx, func(tx *store.Tx) error {
			for i := range 50 {
				if err := e.Put(tx, "k", fmt.Sprint(i), tx.Now(), nil); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	if m := most.Load(); m > 3 {
		t.Errorf("%d steps at a time in 3 slots", m)
	}
}

func leaseExtended(t *testing.T, db *store.DB) {
	const lease = 1200 * time.Millisecond
	var steps atomic.Int32
	done := make(chan error, 1)
	e := Start(t, db, engine.Options{Lease: lease, Poll: lease / 6, Lanes: map[string]int{"l": 2}}, flow(func(ctx context.Context, w *engine.Work) (engine.Next, error) {
		steps.Add(1)
		overtime := time.NewTimer(5 * lease / 2)
		defer overtime.Stop()
		select {
		case <-overtime.C:
		case <-ctx.Done():
		}
		next, err := w.Commit(ctx, engine.Done(), nil)
		done <- err
		return next, err
	}))
	Put(t, db, e, "k", "a", nil)
	if err := Receive(t, done); err != nil || steps.Load() != 1 {
		t.Errorf("a step longer than its lease: %d steps, %v", steps.Load(), err)
	}
}
