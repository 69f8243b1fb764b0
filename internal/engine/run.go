package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"time"
)

// The pause after a failed step doubles from backoffFirst to backoffLimit.
const (
	backoffFirst = 250 * time.Millisecond
	backoffLimit = 5 * time.Minute
)

// backoff is the pause after the attempt-th failure in a row: between half of
// the limit and all of it, so that what failed together is not repeated together.
func backoff(attempt int) time.Duration {
	limit := backoffLimit
	if shift := attempt - 1; shift < 11 { // 250 ms << 11 is over the limit
		limit = min(limit, backoffFirst<<max(shift, 0))
	}
	return limit/2 + rand.N(limit/2+1)
}

// hold makes freshly claimed rows ours and returns those that may begin. A row
// whose former step still runs here, superseded, waits for that to return: a
// row steps once at a time.
func (e *Engine) hold(rows []*Work) []*Work {
	e.mu.Lock()
	defer e.mu.Unlock()
	free := rows[:0]
	for _, w := range rows {
		w.engine, w.kind = e, e.kinds[w.Kind]
		former := e.held[w.id()]
		if former == nil {
			e.held[w.id()] = w
			free = append(free, w)
			continue
		}
		former.supersede()
		former.successor = w
	}
	return free
}

// letGo ends our hold on a row and makes way for its successor.
func (e *Engine) letGo(w *Work) {
	e.mu.Lock()
	successor := w.successor
	w.successor = nil
	switch {
	case e.held[w.id()] != w:
	case successor != nil:
		e.held[w.id()] = successor
	default:
		delete(e.held, w.id())
	}
	e.mu.Unlock()
	switch {
	case successor == nil:
	case e.draining.Load():
		e.release(successor)
	default:
		successor.kind.lane.enqueue([]*Work{successor})
	}
}

// step runs one step and sees to what becomes of its row.
func (e *Engine) step(w *Work) {
	ctx, cancel := context.WithCancelCause(e.stepping)
	defer cancel(nil)
	if !w.begin(cancel) {
		e.letGo(w)
		return
	}
	began := time.Now()
	if w.Attempt == 0 {
		w.kind.lane.stat.lateness.observe(e.now().Sub(w.Due))
	}
	next, err := call(w.traced(ctx), w)
	w.kind.stat.duration.observe(time.Since(began))
	e.conclude(ctx, w, next, err)
}

// call runs the flow. A panic is an error like any other: the server goes on.
func call(ctx context.Context, w *Work) (next Next, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return w.kind.flow.Step(ctx, w)
}

// conclude writes what a step came to.
func (e *Engine) conclude(ctx context.Context, w *Work, next Next, err error) {
	switch {
	case w.isCommitted():
		e.concludeCommitted(w, next, err)
	case w.isFenced() || errors.Is(err, ErrFenced):
		w.kind.stat.fenced.Add(1)
		e.letGo(w)
	case err != nil && errors.Is(context.Cause(ctx), errStopped):
		e.release(w)
	default:
		if err == nil {
			var o outcome
			if o, err = w.decide(next); err == nil {
				w.kind.stat.steps.Add(1)
				e.finish(o)
				return
			}
		}
		e.retry(w, err)
	}
}

// concludeCommitted ends a step whose row is written already.
func (e *Engine) concludeCommitted(w *Work, next Next, err error) {
	w.kind.stat.steps.Add(1)
	if err != nil || next.verdict != written {
		w.kind.stat.errors.Add(1)
		e.log.Error("a step went on after its Commit", "kind", w.Kind, "key", w.Key, "error", err)
	}
	e.letGo(w)
}

// retry has a failed step repeated later.
func (e *Engine) retry(w *Work, err error) {
	pause := backoff(w.Attempt + 1)
	w.kind.stat.errors.Add(1)
	e.log.LogAttrs(context.Background(), slog.LevelWarn, "step failed",
		slog.String("kind", w.Kind), slog.String("key", w.Key), slog.Int("attempt", w.Attempt+1),
		slog.Duration("again", pause), slog.Any("error", err))
	e.finish(outcome{w: w, due: w.Due, at: e.now().Add(pause), attempt: w.Attempt + 1, trace: w.trace})
}

// release gives a row back as it was claimed.
func (e *Engine) release(w *Work) {
	if w.isFenced() {
		e.letGo(w)
		return
	}
	e.finish(outcome{w: w, due: w.Due, at: w.Due, attempt: w.Attempt, trace: w.trace})
}
