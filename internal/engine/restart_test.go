package engine_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

// An engine that starts under the name of one that died resumes its rows at
// once, on PostgreSQL too. The first engine here only seems dead: what it still
// tries to commit is fenced.
func TestRestartUnderTheSameName(t *testing.T) {
	t.Parallel()
	cfg := store.Config{URL: storetest.PostgresURL(t)}
	started, release, late := make(chan int32, 2), make(chan struct{}), make(chan error, 1)
	var steps atomic.Int32
	flow := engine.FlowFunc(func(ctx context.Context, w *engine.Work) (engine.Next, error) {
		n := steps.Add(1)
		started <- n
		if n > 1 {
			return engine.Done(), nil
		}
		<-release
		_, err := w.Commit(context.WithoutCancel(ctx), engine.Done(), func(*store.Tx) error { return nil })
		late <- err
		return engine.Done(), err
	})
	begin := func() (*engine.Engine, *store.DB) {
		db := storetest.Open(t, cfg)
		e := engine.New(db, engine.Options{Owner: "node", Lease: time.Hour})
		e.Register("kind", "lane", flow)
		if err := e.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = e.Stop(context.Background()) })
		return e, db
	}
	first, db := begin()
	err := db.Update(t.Context(), func(tx *store.Tx) error { return first.Put(tx, "kind", "key", tx.Now(), nil) })
	if err != nil {
		t.Fatal(err)
	}
	<-started
	begin()
	<-started
	close(release)
	if err := <-late; !errors.Is(err, engine.ErrFenced) {
		t.Errorf("the first engine's commit: %v, want ErrFenced", err)
	}
}
