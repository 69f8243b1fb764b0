package engine

import (
	"context"
	"sync/atomic"
	"time"

	"nephele.dev/nephele/internal/store"
)

// bounds are the upper limits of a Histogram's buckets.
var bounds = [...]time.Duration{
	time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond,
	50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, time.Second, 5 * time.Second, 30 * time.Second, 5 * time.Minute,
}

// Stats is what an engine has done since it was made, and has before it.
type Stats struct {
	Kinds map[string]KindStats
	Lanes map[string]LaneStats
}

// KindStats is about the steps of one kind.
type KindStats struct {
	Lane     string
	Steps    int64 // that came to an end, and whose outcome was theirs to say
	Errors   int64 // that failed
	Fenced   int64 // that were superseded
	Duration Histogram
}

// LaneStats is about one lane.
type LaneStats struct {
	Slots    int
	Running  int       // steps now
	Queued   int       // rows claimed and not begun
	Backlog  int64     // rows due and not claimed, by anybody
	Lateness Histogram // from when a row fell due to its step's begin; retries excepted
}

// Histogram counts durations in cumulative buckets, as Prometheus has them.
type Histogram struct {
	Count   uint64
	Sum     time.Duration
	Buckets map[float64]uint64 // upper limit in seconds: how many were no longer
}

// Stats returns the counters; the backlog it reads from the database.
func (e *Engine) Stats(ctx context.Context) (Stats, error) {
	s := Stats{Kinds: make(map[string]KindStats, len(e.kinds)), Lanes: make(map[string]LaneStats, len(e.lanes))}
	for name, k := range e.kinds {
		s.Kinds[name] = KindStats{
			Lane: k.lane.name, Steps: k.stat.steps.Load(), Errors: k.stat.errors.Load(),
			Fenced: k.stat.fenced.Load(), Duration: k.stat.duration.snapshot(),
		}
	}
	err := e.db.View(ctx, func(tx *store.Tx) error {
		now := store.Micros(tx.Now())
		for name, l := range e.lanes {
			ls := l.stats()
			if err := tx.Row("select count(*) from work where lane = ? and due_at <= ?", name, now).Scan(&ls.Backlog); err != nil {
				return err
			}
			s.Lanes[name] = ls
		}
		return nil
	})
	return s, err
}

// Waiting is how many rows of a lane are due and have not begun, and for how
// long the one has that fell due first.
func (e *Engine) Waiting(ctx context.Context, laneName string) (n int64, longest time.Duration, err error) {
	l, ok := e.lanes[laneName]
	if !ok {
		return 0, 0, nil
	}
	err = e.db.View(ctx, func(tx *store.Tx) error {
		now, first := store.Micros(tx.Now()), int64(0)
		err := tx.Row("select count(*), coalesce(min(due), 0) from work where lane = ? and due_at <= ?", laneName, now).Scan(&n, &first)
		if n > 0 {
			longest = time.Duration(max(now-first, 0)) * time.Microsecond
		}
		return err
	})
	return n + int64(l.stats().Queued), longest, err
}

func (l *lane) stats() LaneStats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return LaneStats{Slots: l.slots, Running: l.running, Queued: len(l.queue), Lateness: l.stat.lateness.snapshot()}
}

type kindCounters struct {
	steps, errors, fenced atomic.Int64
	duration              histogram
}

type laneCounters struct{ lateness histogram }

// histogram is a Histogram being counted.
type histogram struct {
	buckets [len(bounds) + 1]atomic.Uint64 // not cumulative; the last has no limit
	sum     atomic.Int64
}

func (h *histogram) observe(d time.Duration) {
	i := 0
	for i < len(bounds) && d > bounds[i] {
		i++
	}
	h.buckets[i].Add(1)
	h.sum.Add(int64(d))
}

func (h *histogram) snapshot() Histogram {
	s := Histogram{Sum: time.Duration(h.sum.Load()), Buckets: make(map[float64]uint64, len(bounds))}
	for i, bound := range bounds {
		s.Count += h.buckets[i].Load()
		s.Buckets[bound.Seconds()] = s.Count
	}
	s.Count += h.buckets[len(bounds)].Load()
	return s
}
