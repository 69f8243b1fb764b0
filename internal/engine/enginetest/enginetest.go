package enginetest

import (
	"context"
	"testing"
	"time"

	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/store"
)

// Patience is how long tests wait for what should happen soon.
const Patience = 20 * time.Second

// Start makes an engine, lets register tell it its flows, starts it, and stops
// it when the test ends.
func Start(t testing.TB, db *store.DB, o engine.Options, register func(*engine.Engine)) *engine.Engine {
	t.Helper()
	e := engine.New(db, o)
	register(e)
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), Patience)
		defer cancel()
		if err := e.Stop(ctx); err != nil {
			t.Errorf("stop engine: %v", err)
		}
	})
	return e
}

// Put puts a row in a transaction of its own, due now.
func Put(t testing.TB, db *store.DB, e *engine.Engine, kind, key string, state any) {
	t.Helper()
	err := db.Update(t.Context(), func(tx *store.Tx) error { return e.Put(tx, kind, key, tx.Now(), state) })
	if err != nil {
		t.Fatal(err)
	}
}

// Receive takes a value from ch, or fails the test when none comes.
func Receive[T any](t testing.TB, ch <-chan T) T {
	t.Helper()
	timeout := time.NewTimer(Patience)
	defer timeout.Stop()
	select {
	case v := <-ch:
		return v
	case <-timeout.C:
		t.Fatal("nothing happened")
		panic("unreachable")
	}
}

// Rest waits until what f put under its context has come to rest.
func Rest(t testing.TB, e *engine.Engine, f func(ctx context.Context)) {
	t.Helper()
	tracked, wait := e.Track(t.Context())
	f(tracked)
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	if err := wait(ctx); err != nil {
		t.Fatalf("work does not come to rest: %v", err)
	}
}
