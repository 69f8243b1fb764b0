package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"nephele.dev/nephele/internal/store"
)

// Work is a row that fell due, for the length of one step.
type Work struct {
	Kind, Key string
	Due       time.Time // what it was scheduled for, even after a crash or a retry
	Attempt   int       // steps that failed since it was scheduled

	engine *Engine
	kind   *kind
	epoch  int64
	tid    string // physical address on PostgreSQL
	trace  string
	state  []byte

	mu        sync.Mutex
	expires   time.Time // end of the lease, on our clock
	begun     bool
	fenced    bool
	committed bool                    // Commit has let go of the row
	cancel    context.CancelCauseFunc // nil until begun
	successor *Work                   // a later claim of the same row, waiting for us to return
}

// Next says when a row is to be looked at again.
type Next struct {
	verdict  verdict
	at       time.Time
	state    any
	hasState bool
}

type verdict int

const (
	unset verdict = iota
	later
	done
	written // Commit has written it
)

// At looks again at t, by the database's clock; a time that is past is now.
func At(t time.Time) Next { return Next{verdict: later, at: t} }

// Now looks again at once, after the others in the lane that are due.
func Now() Next { return Next{verdict: later} }

// Done deletes the row.
func Done() Next { return Next{verdict: done} }

// WithState has the row keep state, as JSON, for the next step; without it the
// row keeps what it has. State is for cursors; facts belong in domain tables.
func (n Next) WithState(state any) Next {
	n.state, n.hasState = state, true
	return n
}

// State decodes the state of the row into dst, which is left alone when there
// is none.
func (w *Work) State(dst any) error {
	if len(w.state) == 0 {
		return nil
	}
	if err := json.Unmarshal(w.state, dst); err != nil {
		return fmt.Errorf("state of %s %q: %w", w.Kind, w.Key, err)
	}
	return nil
}

// Commit runs f and writes next, in one transaction, if the step has not been
// superseded; else it returns ErrFenced and has changed nothing. After a
// Commit the row is no longer the step's: return its Next from Step, at once.
// As with store.DB.Update, f may be repeated. f must not put or delete the
// step's own row: that is what next is for.
func (w *Work) Commit(ctx context.Context, next Next, f func(*store.Tx) error) (Next, error) {
	o, err := w.decide(next)
	if err != nil {
		return Next{}, err
	}
	err = w.engine.db.Update(w.traced(ctx), func(tx *store.Tx) error {
		if err := w.engine.table.commit(tx, o); err != nil {
			return err
		}
		w.engine.notifySoon(tx, w.kind.lane, o.due)
		if f == nil {
			return nil
		}
		return f(tx)
	})
	if err != nil {
		return Next{}, w.note(err)
	}
	w.mu.Lock()
	w.committed = true
	w.mu.Unlock()
	w.engine.rescheduled(o)
	return Next{verdict: written}, nil
}

// Checkpoint runs f in a transaction if the step has not been superseded, and
// keeps the row: for steps that record something before they go on, such as
// that the work they are about to do has begun.
func (w *Work) Checkpoint(ctx context.Context, f func(*store.Tx) error) error {
	err := w.engine.db.Update(w.traced(ctx), func(tx *store.Tx) error {
		if err := w.engine.table.check(tx, w); err != nil {
			return err
		}
		return f(tx)
	})
	return w.note(err)
}

// note remembers that the step is superseded.
func (w *Work) note(err error) error {
	if errors.Is(err, ErrFenced) {
		w.supersede()
	}
	return err
}

// supersede cancels the step, begun or not.
func (w *Work) supersede() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fenced = true
	if w.cancel != nil {
		w.cancel(ErrFenced)
	}
}

// begin marks the step as running under cancel and reports whether it may.
func (w *Work) begin(cancel context.CancelCauseFunc) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.begun, w.cancel = true, cancel
	return !w.fenced
}

func (w *Work) isFenced() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.fenced
}

func (w *Work) isCommitted() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.committed
}

func (w *Work) id() rowKey { return rowKey{w.Kind, w.Key} }

// outcome is what is to be written of a finished step.
type outcome struct {
	w        *Work
	delete   bool
	due      time.Time // the row's schedule
	at       time.Time // when it falls due: due, or later after an error
	attempt  int
	state    []byte
	hasState bool
	trace    string
}

// decide turns a flow's answer into what is to be written.
func (w *Work) decide(n Next) (outcome, error) {
	o := outcome{w: w, trace: w.trace}
	now := w.engine.now()
	switch n.verdict {
	case done:
		o.delete = true
		return o, nil
	case later:
		o.due = n.at
		if n.at.IsZero() {
			o.due = now
		}
	default:
		return o, fmt.Errorf("flow %s answered with no Next: use At, Now or Done", w.Kind)
	}
	o.at = o.due
	if o.at.After(now) {
		o.trace = "" // it rests
	}
	var err error
	o.state, err = encodeState(n.state)
	o.hasState = n.hasState
	return o, err
}

func encodeState(state any) ([]byte, error) {
	if state == nil {
		return nil, nil
	}
	b, err := json.Marshal(state)
	if err != nil {
		return nil, fmt.Errorf("encode state: %w", err)
	}
	return b, nil
}
