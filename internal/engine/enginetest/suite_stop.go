package enginetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/store"
)

func stopWaits(t *testing.T, db *store.DB) {
	entered, release := make(chan struct{}), make(chan struct{})
	e := Start(t, db, engine.Options{Lanes: map[string]int{"l": 1}}, flow(func(context.Context, *engine.Work) (engine.Next, error) {
		close(entered) // a second step would panic
		<-release
		return engine.Done(), nil
	}))
	Put(t, db, e, "k", "a", nil)
	Receive(t, entered)
	Put(t, db, e, "k", "b", nil)
	stopped := make(chan error, 1)
	go func() { stopped <- e.Stop(context.Background()) }()
	select {
	case err := <-stopped:
		t.Errorf("Stop did not wait: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(release)
	if err := Receive(t, stopped); err != nil {
		t.Error(err)
	}
	if n := rows(t, db); n != 1 {
		t.Errorf("%d rows left, want the one that was not begun", n)
	}
}

func stopReleases(t *testing.T, db *store.DB) {
	entered := make(chan struct{})
	first := Start(t, db, engine.Options{Lease: time.Hour}, flow(func(ctx context.Context, _ *engine.Work) (engine.Next, error) {
		close(entered)
		<-ctx.Done()
		return engine.Next{}, ctx.Err()
	}))
	Put(t, db, first, "k", "a", "kept")
	Receive(t, entered)
	now, cancel := context.WithCancel(context.Background())
	cancel()
	if err := first.Stop(now); err != nil {
		t.Fatal(err)
	}
	type sight struct {
		attempt int
		state   string
	}
	seen := make(chan sight, 1)
	Start(t, db, engine.Options{}, flow(func(_ context.Context, w *engine.Work) (engine.Next, error) {
		s := sight{attempt: w.Attempt}
		err := w.State(&s.state)
		seen <- s
		return engine.Done(), err
	}))
	if got := Receive(t, seen); got != (sight{0, "kept"}) {
		t.Errorf("the next engine saw %+v", got)
	}
}

func settleFollows(t *testing.T, db *store.DB) {
	marks := store.NewCollection[int]("test.mark")
	var e *engine.Engine
	e = Start(t, db, engine.Options{}, flow(func(ctx context.Context, w *engine.Work) (engine.Next, error) {
		var n int
		if err := w.State(&n); err != nil {
			return engine.Next{}, err
		}
		next := engine.Done()
		if n == 0 {
			next = engine.At(w.Due.Add(time.Hour)) // rests, by its own schedule
		}
		return w.Commit(ctx, next, func(tx *store.Tx) error {
			if n == 0 {
				_, err := marks.Create(tx, store.Key{ID: "last"}, 1)
				return err
			}
			return e.Put(tx, "k", fmt.Sprint(n-1), tx.Now(), n-1)
		})
	}))
	Rest(t, e, func(ctx context.Context) {
		err := db.Update(ctx, func(tx *store.Tx) error { return e.Put(tx, "k", "5", tx.Now(), 5) })
		if err != nil {
			t.Fatal(err)
		}
	})
	err := db.View(t.Context(), func(tx *store.Tx) error {
		_, err := marks.Get(tx, store.Key{ID: "last"})
		return err
	})
	if err != nil {
		t.Errorf("at rest before the last step: %v", err)
	}
}

func settleWaits(t *testing.T, db *store.DB) {
	failed := make(chan struct{}, 100)
	e := Start(t, db, engine.Options{}, flow(func(context.Context, *engine.Work) (engine.Next, error) {
		failed <- struct{}{}
		return engine.Next{}, errOops
	}))
	tracked, wait := e.Track(t.Context())
	err := db.Update(tracked, func(tx *store.Tx) error { return e.Put(tx, "k", "a", tx.Now(), nil) })
	if err != nil {
		t.Fatal(err)
	}
	Receive(t, failed)
	ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
	defer cancel()
	if err := wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting for a row that is to be repeated: %v", err)
	}
	update(t, db, func(tx *store.Tx) error { return e.Delete(tx, "k", "a") })
	Rest(t, e, func(context.Context) {})
	ctx, cancel = context.WithTimeout(t.Context(), Patience)
	defer cancel()
	if err := wait(ctx); err != nil {
		t.Errorf("waiting for a row that was deleted: %v", err)
	}
}

func reset(t *testing.T, db *store.DB) {
	entered, left := make(chan string, 10), make(chan error, 10)
	e := Start(t, db, engine.Options{Lanes: map[string]int{"l": 1}}, flow(func(ctx context.Context, w *engine.Work) (engine.Next, error) {
		entered <- w.Key
		if w.Key == "after" {
			return engine.Done(), nil
		}
		<-ctx.Done()
		left <- context.Cause(ctx)
		return engine.Next{}, ctx.Err()
	}))
	Put(t, db, e, "k", "a", nil)
	Receive(t, entered)
	Put(t, db, e, "k", "b", nil)
	if err := db.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	e.Reset()
	if cause := Receive(t, left); !errors.Is(cause, engine.ErrFenced) {
		t.Errorf("the running step was cancelled because of %v", cause)
	}
	Put(t, db, e, "k", "after", nil)
	if key := Receive(t, entered); key != "after" {
		t.Errorf("%s stepped after Reset", key)
	}
}

func adopted(t *testing.T, db *store.DB) {
	stepped := make(chan string, 10)
	done := engine.FlowFunc(func(_ context.Context, w *engine.Work) (engine.Next, error) {
		stepped <- w.Key
		return engine.Done(), nil
	})
	old := Start(t, db, engine.Options{}, func(e *engine.Engine) { e.Register("k", "lane of old", done) })
	if err := old.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	Put(t, db, old, "k", "a", nil)
	Start(t, db, engine.Options{}, flow(done))
	if key := Receive(t, stepped); key != "a" {
		t.Errorf("%s stepped", key)
	}
}

func stats(t *testing.T, db *store.DB) {
	e := Start(t, db, engine.Options{}, flow(func(_ context.Context, w *engine.Work) (engine.Next, error) {
		if w.Key == "bad" && w.Attempt == 0 {
			return engine.Next{}, errOops
		}
		return engine.Done(), nil
	}))
	Rest(t, e, func(ctx context.Context) {
		err := db.Update(ctx, func(tx *store.Tx) error {
			return errors.Join(e.Put(tx, "k", "good", tx.Now(), nil), e.Put(tx, "k", "bad", tx.Now(), nil))
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	s, err := e.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	k, l := s.Kinds["k"], s.Lanes["l"]
	if k.Steps != 2 || k.Errors != 1 || k.Fenced != 0 || k.Lane != "l" || k.Duration.Count != 3 {
		t.Errorf("kind: %+v", k)
	}
	if l.Running != 0 || l.Queued != 0 || l.Backlog != 0 || l.Lateness.Count != 2 || l.Slots == 0 {
		t.Errorf("lane: %+v", l)
	}
}
