package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/store"
)

type document struct {
	Name, Type, Value string
	Numbers           []int
}

// writes has many callers each create a resource in a transaction of its own,
// as an API call does.
func writes(ctx context.Context, db *store.DB, o options) error {
	things := store.NewCollection[document]("bench.thing")
	var count atomic.Int64
	until, used := time.Now().Add(o.duration), cpu()
	g, ctx := errgroup.WithContext(ctx)
	for w := range o.writers {
		g.Go(func() error {
			for n := 0; time.Now().Before(until); n++ {
				key := store.Key{Account: "000000000000", Region: "us-east-1", ID: fmt.Sprintf("%d-%d", w, n)}
				doc := document{Name: key.ID, Type: "String", Value: "a value of some length, as values have", Numbers: []int{1, 2, 3}}
				err := db.Update(ctx, func(tx *store.Tx) error {
					_, err := things.Create(tx, key, doc)
					return err
				})
				if err != nil {
					return err
				}
				count.Add(1)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	n := float64(count.Load())
	fmt.Printf("durable writes: %.0f/s from %d callers; %.1f µs of CPU each\n",
		n/o.duration.Seconds(), o.writers, float64((cpu()-used).Microseconds())/n)
	return nil
}

// fill puts n rows with BulkInsert.
func fill(ctx context.Context, db *store.DB, lane, kind string, n int, due func(i int) time.Time) error {
	columns := []string{"kind", "key", "lane", "due_at", "due", "epoch", "owner", "attempt", "trace"}
	const chunk = 50_000
	for from := 0; from < n; from += chunk {
		err := db.UpdateAt(ctx, store.ReadCommitted, func(tx *store.Tx) error {
			_, err := tx.BulkInsert("work", columns, func(yield func([]any) bool) {
				for i := from; i < min(n, from+chunk); i++ {
					at := store.Micros(due(i))
					if !yield([]any{kind, fmt.Sprintf("%08d", i), lane, at, at, int64(1), "", int32(0), ""}) {
						return
					}
				}
			})
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// hold fills the lane with timers that fall due in a day or later.
func hold(ctx context.Context, db *store.DB, o options) error {
	far := time.Now().Add(24 * time.Hour)
	return fill(ctx, db, "lane", "held", o.held, func(i int) time.Time { return far.Add(time.Duration(i) * time.Millisecond) })
}

// steps drains rows that are all due, with steps that only end.
func steps(ctx context.Context, db *store.DB, o options) error {
	return drain(ctx, db, o, "steps", func(ctx context.Context, w *engine.Work) (engine.Next, error) {
		return engine.Done(), nil
	})
}

// commits is steps with a transaction of their own each.
func commits(ctx context.Context, db *store.DB, o options) error {
	o.steps /= 10
	things := store.NewCollection[document]("bench.thing")
	return drain(ctx, db, o, "steps with a commit of their own", func(ctx context.Context, w *engine.Work) (engine.Next, error) {
		return w.Commit(ctx, engine.Done(), func(tx *store.Tx) error {
			_, err := things.Create(tx, store.Key{Account: "0", Region: "r", ID: w.Key}, document{Name: w.Key})
			return err
		})
	})
}

func drain(ctx context.Context, db *store.DB, o options, what string, f engine.FlowFunc) error {
	if err := hold(ctx, db, o); err != nil {
		return err
	}
	now := time.Now()
	if err := fill(ctx, db, "lane", "step", o.steps, func(int) time.Time { return now }); err != nil {
		return err
	}
	e := engine.New(db, engine.Options{Lanes: map[string]int{"lane": 16}})
	var left atomic.Int64
	left.Store(int64(o.steps))
	done := make(chan struct{})
	e.Register("held", "lane", engine.FlowFunc(func(context.Context, *engine.Work) (engine.Next, error) { return engine.Done(), nil }))
	e.Register("step", "lane", engine.FlowFunc(func(ctx context.Context, w *engine.Work) (engine.Next, error) {
		next, err := f(ctx, w)
		if err == nil && left.Add(-1) == 0 {
			close(done)
		}
		return next, err
	}))
	began, used := time.Now(), cpu()
	if err := e.Start(ctx); err != nil {
		return err
	}
	select {
	case <-done:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := e.Stop(ctx); err != nil { // the last batch counts
		return err
	}
	fmt.Printf("%s: %.0f/s with %d timers held; %.1f µs of CPU each\n", what,
		float64(o.steps)/time.Since(began).Seconds(), o.held, float64((cpu()-used).Microseconds())/float64(o.steps))
	return nil
}

// timers measures how late steps begin whose rows fall due evenly over time.
func timers(ctx context.Context, db *store.DB, o options) error {
	if err := hold(ctx, db, o); err != nil {
		return err
	}
	var mu sync.Mutex
	late := make([]time.Duration, 0, o.timers)
	done := make(chan struct{})
	e := engine.New(db, engine.Options{Lanes: map[string]int{"lane": 16}})
	e.Register("held", "lane", engine.FlowFunc(func(context.Context, *engine.Work) (engine.Next, error) { return engine.Done(), nil }))
	e.Register("timer", "lane", engine.FlowFunc(func(ctx context.Context, w *engine.Work) (engine.Next, error) {
		mu.Lock()
		defer mu.Unlock()
		if late = append(late, time.Since(w.Due)); len(late) == o.timers {
			close(done)
		}
		return engine.Done(), nil
	}))
	first := time.Now().Add(2 * time.Second)
	gap := o.duration / time.Duration(o.timers)
	if err := fill(ctx, db, "lane", "timer", o.timers, func(i int) time.Time { return first.Add(time.Duration(i) * gap) }); err != nil {
		return err
	}
	if err := e.Start(ctx); err != nil {
		return err
	}
	select {
	case <-done:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := e.Stop(ctx); err != nil {
		return err
	}
	report(fmt.Sprintf("timers (one every %v, %d held)", gap, o.held), late)
	bare(o.timers, gap)
	return nil
}

// bare measures timers of the language itself: what the machine, busy with
// other things perhaps, lets anybody have.
func bare(n int, gap time.Duration) {
	late := make([]time.Duration, n)
	next := time.Now()
	for i := range late {
		next = next.Add(gap)
		time.Sleep(time.Until(next))
		late[i] = time.Since(next)
	}
	report("for comparison, a bare sleep", late)
}

func report(what string, late []time.Duration) {
	slices.Sort(late)
	at := func(p float64) time.Duration { return late[int(p*float64(len(late)-1))].Round(10 * time.Microsecond) }
	fmt.Printf("%s: late p50 %v, p99 %v, max %v\n", what, at(0.5), at(0.99), at(1))
}
