package engine

import (
	"cmp"
	"context"
	"slices"
	"time"

	"nephele.dev/nephele/internal/store"
)

const (
	outcomeBuffer = 1024 // steps wait when so many are not yet written
	outcomeBatch  = 512  // at most so many in one transaction
	finishTries   = 5    // when stopping; else until it works
)

// finish queues what is to be written of a step. The slot is free meanwhile;
// the row is not.
func (e *Engine) finish(o outcome) {
	select {
	case e.outcomes <- o:
	case <-e.finished: // too late: the lease will end by itself
		e.letGo(o.w)
	}
}

// finishLoop writes outcomes in batches: what came up while one batch was being
// written is the next.
func (e *Engine) finishLoop() {
	defer close(e.finished)
	for {
		select {
		case o := <-e.outcomes:
			e.write(e.gather(o))
		case <-e.stopFinishing:
			for {
				select {
				case o := <-e.outcomes:
					e.write(e.gather(o))
				default:
					return
				}
			}
		}
	}
}

// gather takes what else is queued.
func (e *Engine) gather(first outcome) []outcome {
	batch := []outcome{first}
	for len(batch) < outcomeBatch {
		select {
		case o := <-e.outcomes:
			batch = append(batch, o)
		default:
			return batch
		}
	}
	return batch
}

// write writes a batch, however often it takes, in the order of keys, which
// keeps engines out of each other's way.
func (e *Engine) write(batch []outcome) {
	slices.SortFunc(batch, func(a, b outcome) int {
		return cmp.Or(cmp.Compare(a.w.Kind, b.w.Kind), cmp.Compare(a.w.Key, b.w.Key))
	})
	for n := 1; ; n++ {
		err := e.db.UpdateAt(context.Background(), store.Relaxed, func(tx *store.Tx) error {
			for _, o := range batch {
				if !o.delete {
					e.notifySoon(tx, o.w.kind.lane, o.at)
				}
			}
			return e.table.finish(tx, batch)
		})
		if err == nil || n >= finishTries && e.draining.Load() {
			break
		}
		e.log.Error("finished steps cannot be written", "count", len(batch), "error", err)
		e.pause(backoff(n))
	}
	for _, o := range batch {
		e.letGo(o.w)
		e.rescheduled(o)
	}
}

// pause waits, but not while the engine stops.
func (e *Engine) pause(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-e.stopFinishing:
	}
}
