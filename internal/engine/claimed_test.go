package engine_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

// TestPutDoesNotCancelTheClaimItCaused puts many rows at a time: a claim that
// one transaction's notice sets off may take the row of another whose own
// notice is still to come, and must not be superseded by it.
func TestPutDoesNotCancelTheClaimItCaused(t *testing.T) {
	t.Parallel()
	const writers, each = 8, 100
	db := storetest.SQLite(t)
	e := engine.New(db, engine.Options{Lease: time.Minute})
	var stepped sync.WaitGroup
	stepped.Add(writers * each)
	e.Register("kind", "lane", engine.FlowFunc(func(context.Context, *engine.Work) (engine.Next, error) {
		stepped.Done()
		return engine.Done(), nil
	}))
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer e.Stop(context.WithoutCancel(t.Context())) //nolint:errcheck // nothing is left to drain
	for w := range writers {
		go func() {
			for i := range each {
				err := db.Update(t.Context(), func(tx *store.Tx) error {
					return e.Put(tx, "kind", fmt.Sprint(w, "-", i), tx.Now(), nil)
				})
				if err != nil {
					t.Error(err)
				}
			}
		}()
	}
	done := make(chan struct{})
	go func() { stepped.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("rows were claimed and never stepped")
	}
}
