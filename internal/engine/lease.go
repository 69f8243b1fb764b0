package engine

import (
	"context"
	"time"

	"nephele.dev/nephele/internal/store"
)

// beatLoop extends the leases of rows that are held for long, gives back those
// that wait for a slot for long, and adopts those of lanes that are no more.
func (e *Engine) beatLoop() {
	every := e.opts.Lease / 3
	beat := time.NewTicker(every)
	defer beat.Stop()
	for {
		select {
		case <-e.stopBeating:
			return
		case now := <-beat.C:
			for _, l := range e.lanes {
				l.giveBack(now.Add(-every / 2))
			}
			e.extend(now.Add(-every / 2))
			e.adoptLate()
		}
	}
}

// adoptLate adopts what engines of an older version put since we started.
func (e *Engine) adoptLate() {
	if e.db.Dialect() == store.SQLite {
		return // there is no other engine
	}
	if err := e.db.UpdateAt(context.Background(), store.Relaxed, e.adopt); err != nil {
		e.log.Error("lanes cannot be looked through", "error", err)
	}
}

// extend renews the leases that were last renewed before the given time. Steps
// whose row is somebody else's by now, or whose lease ran out while the
// database could not be reached, are cancelled.
func (e *Engine) extend(before time.Time) {
	aging := e.aging(before)
	if len(aging) == 0 {
		return
	}
	began := time.Now()
	var kept map[rowKey]string
	err := e.db.UpdateAt(context.Background(), store.Relaxed, func(tx *store.Tx) (err error) {
		kept, err = e.table.extend(tx, aging, e.opts.Lease)
		return err
	})
	if err != nil {
		e.log.Error("leases cannot be extended", "count", len(aging), "error", err)
	}
	for _, w := range aging {
		tid, ok := kept[w.id()]
		switch {
		case ok:
			w.extended(began.Add(e.opts.Lease), tid)
		case err == nil || w.expired():
			w.supersedeUnlessDone()
		}
	}
}

// aging are the rows held since before the given time.
func (e *Engine) aging(before time.Time) []*Work {
	e.mu.Lock()
	defer e.mu.Unlock()
	var aging []*Work
	for _, held := range e.held {
		w := held
		if held.successor != nil {
			w = held.successor
		}
		if w.claimedAt(e.opts.Lease).Before(before) && !w.isFenced() && !w.isCommitted() {
			aging = append(aging, w)
		}
	}
	return aging
}

func (w *Work) claimedAt(lease time.Duration) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.expires.Add(-lease)
}

func (w *Work) expired() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().After(w.expires)
}

func (w *Work) extended(expires time.Time, tid string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.expires, w.tid = expires, tid
}

func (w *Work) address() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.tid
}

// supersedeUnlessDone cancels the step unless it let go of the row by itself
// meanwhile.
func (w *Work) supersedeUnlessDone() {
	if !w.isCommitted() {
		w.supersede()
	}
}
