package engine_test

import (
	"context"
	"testing"
	"time"

	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

func TestSteps(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		e := engine.New(db, engine.Options{})
		got := make(chan string, 10)
		e.Register("a", "lane", engine.FlowFunc(func(ctx context.Context, w *engine.Work) (engine.Next, error) {
			var n int
			if err := w.State(&n); err != nil {
				return engine.Next{}, err
			}
			got <- w.Key
			if n == 0 {
				return engine.Now().WithState(1), nil
			}
			return w.Commit(ctx, engine.Done(), nil)
		}))
		if err := e.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, wait := e.Track(t.Context())
		err := db.Update(ctx, func(tx *store.Tx) error { return e.Put(tx, "a", "k", tx.Now(), nil) })
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := wait(ctx); err != nil {
			t.Fatal(err)
		}
		if len(got) != 2 {
			t.Errorf("%d steps", len(got))
		}
		if err := e.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}
