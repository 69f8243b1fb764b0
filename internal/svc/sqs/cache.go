package sqs

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"nephele.dev/nephele/internal/store"
)

// record is a queue as it was read. It is shared and must not be changed.
type record = store.Record[queue]

// cacheFor is how long a replica trusts what it has read of a queue without
// having been told of a change. AWS spreads changes within 60 seconds.
const cacheFor = 2 * time.Second

// maxCached bounds the queues that are kept.
const maxCached = 4096

// cache keeps queues that were used, so that sending need not read them. In
// the process that changes a queue it is exact.
type cache struct {
	mu      sync.RWMutex
	age     uint64 // grows with each change
	entries map[store.Key]cached
}

type cached struct {
	rec *record
	at  time.Time
}

func (c *cache) get(k store.Key, forever bool) (rec *record, age uint64) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	e, ok := c.entries[k]
	if !ok || !forever && time.Since(e.at) > cacheFor {
		return nil, c.age
	}
	return e.rec, c.age
}

// put keeps what was read when the cache had the given age.
func (c *cache) put(rec *record, age uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.age != age {
		return
	}
	if c.entries == nil {
		c.entries = make(map[store.Key]cached)
	}
	if len(c.entries) >= maxCached {
		clear(c.entries)
	}
	c.entries[rec.Key] = cached{rec, time.Now()}
}

func (c *cache) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.age++
	clear(c.entries)
}

// queue returns the queue at a URL, or QueueDoesNotExist.
func (s *Service) queue(ctx context.Context, address string) (*record, error) {
	k, err := parseURL(ctx, address)
	if err != nil {
		return nil, err
	}
	rec, err := s.lookup(ctx, k)
	return rec, found(err)
}

// lookup returns a queue, or store.ErrNotFound.
func (s *Service) lookup(ctx context.Context, k store.Key) (*record, error) {
	rec, age := s.cache.get(k, s.db.Dialect() == store.SQLite)
	if rec != nil {
		return rec, nil
	}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		r, err := s.queues.Get(tx, k)
		rec = &r
		return err
	})
	if err != nil {
		return nil, err
	}
	s.cache.put(rec, age)
	return rec, nil
}

// changedChannel tells the other replicas that some queue has changed.
const changedChannel = "nephele_sqs_queue"

// changed drops what is known of queues when tx commits.
func (s *Service) changed(tx *store.Tx) {
	tx.OnCommit(s.cache.drop)
	if tx.Dialect() == store.PostgreSQL {
		tx.Notify(changedChannel, "")
	}
}

// clock is the database's, without asking it each time.
type clock struct {
	offset   atomic.Int64 // microseconds
	measured atomic.Int64
}

const clockFor = 5 * time.Second

// now is the time by the database's clock, in microseconds.
func (s *Service) now(tx *store.Tx) int64 {
	ours := time.Now()
	if tx.Dialect() == store.SQLite {
		return store.Micros(ours)
	}
	c := &s.clock
	if ours.UnixMicro()-c.measured.Load() > clockFor.Microseconds() {
		theirs := store.Micros(tx.Now())
		ours = time.Now()
		c.offset.Store(theirs - ours.UnixMicro())
		c.measured.Store(ours.UnixMicro())
	}
	return ours.UnixMicro() + c.offset.Load()
}
