package sqs

import (
	"context"
	"errors"
	"fmt"
	"time"

	api "nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/store"
)

// The flows of housekeeping. Both work in steps, each in a transaction of its
// own.
const (
	sweepKind        = "sqs.sweep" // key: the queue's ID
	drainKind        = "sqs.drain" // key: contents of a queue that was purged or deleted
	housekeepingLane = "housekeeping"

	drainAgain = 10 * time.Minute
	stepRows   = 500
)

func sweepKey(q *queue) string { return itoa(q.ID) }

// sweepState names the queue whose record holds the retention.
type sweepState struct{ Account, Region, Name string }

// putSweep has the queue's old messages deleted from now on.
func (s *Service) putSweep(tx *store.Tx, k store.Key, q *queue) error {
	return s.engine.Put(tx, sweepKind, sweepKey(q), tx.Now().Add(q.sweepEvery()), sweepState{k.Account, k.Region, k.ID})
}

// sweepEvery is a quarter of the retention, within reason.
func (q *queue) sweepEvery() time.Duration {
	quarter := time.Duration(q.number(attrRetention)) * time.Second / 4
	return min(quarter, time.Hour)
}

// sweep deletes messages that have outlived the retention, which nobody
// receives any more, and what the queue remembers in vain.
func (s *Service) sweep(ctx context.Context, w *engine.Work) (engine.Next, error) {
	var st sweepState
	if err := w.State(&st); err != nil {
		return engine.Next{}, err
	}
	k := store.Key{Account: st.Account, Region: st.Region, ID: st.Name}
	for {
		more, every, err := s.sweepStep(ctx, w, k)
		switch {
		case errors.Is(err, store.ErrNotFound):
			return engine.Done(), nil
		case err != nil:
			return engine.Next{}, err
		case !more:
			return engine.At(time.Now().Add(every)), nil
		}
	}
}

func (s *Service) sweepStep(ctx context.Context, w *engine.Work, k store.Key) (more bool, every time.Duration, err error) {
	expired, err := s.expired(ctx, w.Key, k)
	if err != nil {
		return false, 0, err
	}
	err = w.Checkpoint(ctx, func(tx *store.Tx) error {
		rec, err := s.queues.Get(tx, k)
		if err != nil {
			return err
		}
		every = rec.Doc.sweepEvery()
		now := s.now(tx)
		if err := deleteRows(tx, expired); err != nil {
			return err
		}
		if !rec.Doc.FIFO {
			return nil
		}
		return errors.Join(s.regroupEmpty(tx, &rec.Doc, now), forget(tx, &rec.Doc, now))
	})
	return len(expired) == stepRows, every, err
}

// expired lists messages of a queue that have outlived its retention.
func (s *Service) expired(ctx context.Context, id string, k store.Key) (seqs []int64, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		rec, err := s.queues.Get(tx, k)
		if err != nil {
			return err
		}
		if sweepKey(&rec.Doc) != id {
			return store.ErrNotFound
		}
		seqs, err = store.All(store.Query(tx, store.Scan1[int64],
			"select seq from sqs_message where store = ? and sent_at <= ? order by visible_at limit ?",
			rec.Doc.Contents, s.now(tx)-rec.Doc.micros(attrRetention), stepRows))
		return err
	})
	return seqs, err
}

// regroupEmpty takes groups away that have no messages left, and lets those go
// on whose messages in flight have expired.
func (s *Service) regroupEmpty(tx *store.Tx, q *queue, now int64) error {
	groups, err := store.All(store.Query(tx, store.Scan1[string], `select g.grp from sqs_group g where g.store = ?
		and not exists (select 1 from sqs_message m where m.store = g.store and m.grp = g.grp and m.grp is not null) order by g.grp limit ?`,
		q.Contents, stepRows))
	if err != nil {
		return fmt.Errorf("find empty groups: %w", err)
	}
	for _, g := range groups {
		if err := lockGroup(tx, q, g); err != nil {
			return err
		}
		if err := s.regroup(tx, q, g, now); err != nil {
			return err
		}
	}
	return nil
}

// forget deletes deduplication ids and receive attempts that are too old.
func forget(tx *store.Tx, q *queue, now int64) error {
	if _, err := tx.Exec("delete from sqs_dedup where queue = ? and at <= ?", q.ID, now-dedupFor.Microseconds()); err != nil {
		return err
	}
	_, err := tx.Exec("delete from sqs_attempt where store = ? and at <= ?", q.Contents, now-attemptFor.Microseconds())
	return err
}

// drainState is what else is to be deleted, and whether this is the second
// look.
type drainState struct {
	Queue int64 // whose deduplication ids go too; 0 if it lives on
	Again bool
}

// putDrain has the contents of a queue deleted.
func (s *Service) putDrain(tx *store.Tx, contents, queue int64) error {
	return s.engine.Put(tx, drainKind, itoa(contents), tx.Now(), drainState{Queue: queue})
}

// drain deletes what a purged or deleted queue has left, and looks once more
// later for what a racing SendMessage has put there.
func (s *Service) drain(ctx context.Context, w *engine.Work) (engine.Next, error) {
	var st drainState
	if err := w.State(&st); err != nil {
		return engine.Next{}, err
	}
	for more := true; more; {
		err := w.Checkpoint(ctx, func(tx *store.Tx) (err error) {
			more, err = drainStep(tx, w.Key, st.Queue)
			return err
		})
		if err != nil {
			return engine.Next{}, err
		}
	}
	if st.Again {
		return engine.Done(), nil
	}
	st.Again = true
	return engine.At(time.Now().Add(drainAgain)).WithState(st), nil
}

func drainStep(tx *store.Tx, key string, queue int64) (more bool, err error) {
	var contents int64
	if _, err := fmt.Sscan(key, &contents); err != nil {
		return false, fmt.Errorf("drain %q: %w", key, err)
	}
	n, err := tx.Exec("delete from sqs_message where seq in (select seq from sqs_message where store = ? order by visible_at limit ?)", contents, stepRows)
	if err != nil || n == stepRows {
		return true, err
	}
	for _, query := range []string{"delete from sqs_group where store = ?", "delete from sqs_attempt where store = ?"} {
		if _, err := tx.Exec(query, contents); err != nil {
			return false, err
		}
	}
	if queue != 0 {
		_, err = tx.Exec("delete from sqs_dedup where queue = ?", queue)
	}
	return false, err
}

// PurgeQueue deletes all messages of a queue. They are out of reach when it is
// answered, and off the disk soon after.
func (s *Service) PurgeQueue(ctx context.Context, in *api.PurgeQueueInput) (*api.PurgeQueueOutput, error) {
	k, err := parseURL(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		rec, err := s.queues.Get(tx, k)
		if err != nil {
			return found(err)
		}
		now := tx.Now()
		if rec.Doc.Purged > 0 && now.Before(store.FromMicros(rec.Doc.Purged).Add(s.cooldown)) {
			return api.NewPurgeQueueInProgress("Only one PurgeQueue operation on %s is allowed every %d seconds.", k.ID, int(s.cooldown/time.Second))
		}
		old := rec.Doc.Contents
		rec.Doc.Contents, rec.Doc.Purged = newID(), store.Micros(now)
		if err := s.queues.Put(tx, &rec); err != nil {
			return err
		}
		s.changed(tx)
		s.arrived(tx, old, maxWaiters) // they wait at the wrong place now
		return s.putDrain(tx, old, 0)
	})
	if err != nil {
		return nil, err
	}
	return &api.PurgeQueueOutput{}, nil
}

// maxWaiters is more than wait for one queue.
const maxWaiters = 1 << 20
