package engine

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"nephele.dev/nephele/internal/store"
)

// wakeChannel carries "owner lane" to the other engines on the database.
const wakeChannel = "nephele_work"

// Put has the row fall due at the given time, by the database's clock
// (store.Tx.Now). A row with the same kind and key is rescheduled: what it was
// waiting for is replaced, its state too, and a step of it that runs is
// cancelled and fenced off. state is kept as JSON for the step; nil keeps none.
// Nothing happens unless tx is committed.
func (e *Engine) Put(tx *store.Tx, kindName, key string, due time.Time, state any) error {
	return e.PutRanked(tx, kindName, key, due, due, state)
}

// PutRanked is Put for a row that is due now and has a place among the others
// that are: where more is due than a lane has slots, rows of lesser rank are
// claimed first. A rank is a time that is not after due; a row put by Put has
// its due time for one. Ranks are forgotten when a step fails or is resumed.
func (e *Engine) PutRanked(tx *store.Tx, kindName, key string, due, rank time.Time, state any) error {
	k, ok := e.kinds[kindName]
	if !ok {
		return fmt.Errorf("engine: put %s %q: no flow is registered for this kind", kindName, key)
	}
	encoded, err := encodeState(state)
	if err != nil {
		return fmt.Errorf("put %s %q: %w", kindName, key, err)
	}
	trace := traceOf(tx.Context())
	var epoch int64
	err = tx.Row(`insert into work (kind, key, lane, due_at, due, epoch, state, trace) values (?, ?, ?, ?, ?, ?, ?, ?)
		on conflict (kind, key) do update set lane = excluded.lane, due_at = excluded.due_at, due = excluded.due,
		epoch = work.epoch + 1, owner = '', attempt = 0, state = excluded.state, trace = excluded.trace
		returning epoch`,
		kindName, key, k.lane.name, store.Micros(rank), store.Micros(due), firstEpoch(e.now()), encoded, trace.token()).Scan(&epoch)
	if err != nil {
		return fmt.Errorf("put %s %q: %w", kindName, key, err)
	}
	e.notifySoon(tx, k.lane, due)
	tx.OnCommit(func() {
		trace.add(kindName, key)
		e.supersede(rowKey{kindName, key}, epoch)
		k.lane.nudge(store.Micros(rank))
	})
	return nil
}

// firstEpoch is the epoch of a new row. It is the time, so that a row that is
// deleted and put again does not repeat the epochs of its former life, which a
// forgotten step may still hold.
func firstEpoch(now time.Time) int64 { return store.Micros(now) }

// Delete removes the row if it is there; a step of it that runs is cancelled
// and fenced off.
func (e *Engine) Delete(tx *store.Tx, kindName, key string) error {
	var epoch int64
	err := tx.Row("delete from work where kind = ? and key = ? returning epoch", kindName, key).Scan(&epoch)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("delete %s %q: %w", kindName, key, err)
	}
	tx.OnCommit(func() {
		e.supersede(rowKey{kindName, key}, epoch+1)
		e.settled.wake()
	})
	return nil
}

// supersede cancels the steps of a row that another transaction has taken away,
// those that were claimed before epoch. The row may have been claimed again
// between the commit and this call: such a claim stands.
func (e *Engine) supersede(id rowKey, epoch int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for w := e.held[id]; w != nil; w = w.successor {
		if w.epoch < epoch {
			w.supersede()
		}
	}
}

// notifySoon tells the other engines of a row that falls due before they would
// look by themselves.
func (e *Engine) notifySoon(tx *store.Tx, l *lane, due time.Time) {
	if tx.Dialect() == store.PostgreSQL && !due.IsZero() && due.Before(e.now().Add(e.opts.Poll)) {
		tx.Notify(wakeChannel, e.opts.Owner+" "+l.name)
	}
}

// hear is told of rows that other engines put.
func (e *Engine) hear(payload string) {
	owner, name, _ := strings.Cut(payload, " ")
	if owner == e.opts.Owner {
		return
	}
	for _, l := range e.lanes {
		if payload == "" || l.name == name { // empty: notices may have been lost
			l.nudge(0)
		}
	}
}

// rescheduled tells the row's lane, and whoever waits for rest, what was written.
func (e *Engine) rescheduled(o outcome) {
	if !o.delete {
		o.w.kind.lane.nudge(store.Micros(o.at))
	}
	if o.w.trace != "" {
		e.settled.wake()
	}
}
