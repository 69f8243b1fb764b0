package sqs

import (
	"context"
	"sync"
	"time"

	"nephele.dev/nephele/internal/store"
)

// maxInFlight is how many messages of a queue may be received and not yet
// deleted, standard or FIFO, from the service quotas.
const maxInFlight = 120_000

// recount is how old a count may get when other replicas receive as well.
const recount = time.Second

// flights bounds the messages in flight of each store from above: as many as
// were counted, and as many as were received since. Counting takes time, so it
// is done only where the bound has reached the limit.
type flights struct {
	mu     sync.Mutex
	bounds map[int64]flight
}

type flight struct {
	bound int
	at    time.Time
}

func (f *flights) took(contents int64, n int) {
	if n == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.bounds[contents]
	if b.at.IsZero() {
		return // never counted
	}
	b.bound += n
	f.bounds[contents] = b
}

func (f *flights) get(contents int64) (flight, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b, ok := f.bounds[contents]
	return b, ok
}

func (f *flights) set(contents int64, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.bounds == nil {
		f.bounds = make(map[int64]flight)
	}
	f.bounds[contents] = flight{n, time.Now()}
}

func (f *flights) drop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.bounds)
}

// flightFull reports whether the queue has as many messages in flight as it
// may.
func (s *Service) flightFull(ctx context.Context, rec *record) (bool, error) {
	b, ok := s.flights.get(rec.Doc.Contents)
	stale := s.db.Dialect() == store.PostgreSQL && b.bound > maxInFlight/2 && time.Since(b.at) > recount
	if ok && b.bound < maxInFlight && !stale {
		return false, nil
	}
	var n int
	err := s.db.View(ctx, func(tx *store.Tx) error {
		return tx.Row("select count(*) from (select 1 from sqs_message where store = ? and visible_at > ? and tries > 0 limit ?) as flying",
			rec.Doc.Contents, s.now(tx), maxInFlight).Scan(&n)
	})
	if err != nil {
		return false, err
	}
	s.flights.set(rec.Doc.Contents, n)
	return n >= maxInFlight, nil
}
