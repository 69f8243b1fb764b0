package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"nephele.dev/nephele/internal/store"
)

// settlePoll is how often a waiter looks by itself: another engine may have
// taken the last step.
const settlePoll = 100 * time.Millisecond

// restSlack is added to the clock when it is asked whether a row is due: the
// snapshot may be a little younger than the time.
const restSlack = 20 * time.Millisecond

// trace follows what one caller set in motion. Its token is written into the
// rows it puts, and a step of such a row passes it on to the rows that the step
// puts, on whichever engine it runs.
type trace struct {
	name string

	mu   sync.Mutex
	rows map[rowKey]struct{} // put under Track itself; nil in steps
}

type traceKey struct{}

// traceOf returns the trace that ctx carries, or nil.
func traceOf(ctx context.Context) *trace {
	t, _ := ctx.Value(traceKey{}).(*trace)
	return t
}

func (t *trace) token() string {
	if t == nil {
		return ""
	}
	return t.name
}

// add remembers a row that was put; a step's trace need not.
func (t *trace) add(kind, key string) {
	if t == nil || t.rows == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows[rowKey{kind, key}] = struct{}{}
}

// traced gives a step's context the trace of its row.
func (w *Work) traced(ctx context.Context) context.Context {
	if w.trace == "" || traceOf(ctx).token() == w.trace {
		return ctx
	}
	return context.WithValue(ctx, traceKey{}, &trace{name: w.trace})
}

// Track returns a context under which transactions remember the rows they put,
// and a function that waits until all of those, and those that their steps put
// in turn, rest: they are gone, or fall due later than now by their own
// schedule. A step that failed and will be repeated does not rest. wait returns
// the context's error when that ends first, and may be called again.
func (e *Engine) Track(ctx context.Context) (tracked context.Context, wait func(ctx context.Context) error) {
	t := &trace{name: rand.Text()[:16], rows: make(map[rowKey]struct{})}
	return context.WithValue(ctx, traceKey{}, t), func(ctx context.Context) error { return e.await(ctx, t) }
}

// await looks whenever a traced step is written.
func (e *Engine) await(ctx context.Context, t *trace) error {
	t.mu.Lock()
	idle := len(t.rows) == 0
	t.mu.Unlock()
	if idle {
		return nil
	}
	poll := time.NewTicker(settlePoll)
	defer poll.Stop()
	for {
		changed := e.settled.wait()
		rest, err := e.rests(ctx, t)
		if err != nil || rest {
			return err
		}
		select {
		case <-changed:
		case <-poll.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// rests reports whether no row of the trace is due, running or being repeated.
func (e *Engine) rests(ctx context.Context, t *trace) (rest bool, err error) {
	err = e.db.View(ctx, func(tx *store.Tx) error {
		now := store.Micros(tx.Now().Add(restSlack))
		const busy = " and (owner <> '' or attempt > 0 or due_at <= ?) limit 1"
		var one int
		err := tx.Row("select 1 from work where trace <> '' and trace = ?"+busy, t.name, now).Scan(&one)
		for _, id := range t.list() {
			if !errors.Is(err, store.ErrNotFound) {
				break
			}
			err = tx.Row("select 1 from work where kind = ? and key = ?"+busy, id.kind, id.key, now).Scan(&one)
		}
		if errors.Is(err, store.ErrNotFound) {
			rest = true
			return nil
		}
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look whether work rests: %w", err)
	}
	return rest, nil
}

func (t *trace) list() []rowKey {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := make([]rowKey, 0, len(t.rows))
	for id := range t.rows {
		all = append(all, id)
	}
	return all
}

// broadcast wakes everybody who waits.
type broadcast struct {
	mu sync.Mutex
	ch chan struct{}
}

// wait returns a channel that is closed by the next wake.
func (b *broadcast) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch == nil {
		b.ch = make(chan struct{})
	}
	return b.ch
}

func (b *broadcast) wake() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch != nil {
		close(b.ch)
		b.ch = nil
	}
}
