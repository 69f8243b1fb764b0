package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"nephele.dev/nephele/internal/store"
)

// ErrFenced says that the row was put, deleted or claimed by another since this
// step began: the step has nothing more to say about it and must stop quietly,
// returning the error.
var ErrFenced = errors.New("engine: step was superseded")

// A Flow is looked at whenever a row of its kind falls due. Step reads the
// world, takes one step, and says when to look again: At, Now or Done. It may
// be repeated at any point, after a crash for one, so it must be idempotent;
// the row says only that it is time to look, the truth is in the domain's
// tables. An error is logged and the row falls due again after a pause that
// grows with each attempt. ctx ends when the step is superseded or the engine
// stops.
type Flow interface {
	Step(ctx context.Context, w *Work) (Next, error)
}

// FlowFunc is a function that is a Flow.
type FlowFunc func(ctx context.Context, w *Work) (Next, error)

// Step calls f.
func (f FlowFunc) Step(ctx context.Context, w *Work) (Next, error) { return f(ctx, w) }

// Options of an engine; the zero value is fine.
type Options struct {
	// Lanes is the number of steps that may run at a time in each lane. A lane
	// that is not named has one slot for each CPU.
	Lanes map[string]int
	// Lease is how long a row stays claimed without a sign of life from its
	// claimant; 0 is 30 seconds. Running steps have theirs extended.
	Lease time.Duration
	// Poll is how often the table is looked at without being told, should a
	// notice get lost; 0 is 1 second on PostgreSQL and 10 seconds on SQLite,
	// where notices do not get lost.
	Poll time.Duration
	// Logger receives failed steps; nil discards them.
	Logger *slog.Logger
	// Owner names this engine in the rows it holds. One that is the same after
	// a restart, and of no other engine, lets the engine resume at once what it
	// held when it died, instead of when the leases end. Empty is a random name.
	Owner string
}

// Engine steps the rows of one database. Several engines, each in its own
// process, may share a PostgreSQL database.
type Engine struct {
	db    *store.DB
	opts  Options
	log   *slog.Logger
	table table

	kinds map[string]*kind // fixed from Start on
	lanes map[string]*lane
	names []string // of kinds, sorted

	offset   atomic.Int64 // database's clock minus ours, in microseconds
	draining atomic.Bool
	started  atomic.Bool
	outcomes chan outcome
	settled  broadcast

	mu   sync.Mutex
	held map[rowKey]*Work // claimed by us and not yet let go

	stepping    context.Context // parent of every step
	cancelSteps context.CancelCauseFunc
	running     sync.WaitGroup // steps
	background  sync.WaitGroup // loops
	claiming    sync.WaitGroup // lanes
	stopListen  context.CancelFunc

	stopClaiming  chan struct{}
	stopBeating   chan struct{}
	stopFinishing chan struct{}
	finished      chan struct{} // finishLoop has returned
}

type rowKey struct{ kind, key string }

// kind is a registered flow.
type kind struct {
	flow Flow
	lane *lane
	stat kindCounters
}

// New returns an engine that is not yet started.
func New(db *store.DB, o Options) *Engine {
	if o.Lease <= 0 {
		o.Lease = 30 * time.Second
	}
	if o.Poll <= 0 {
		o.Poll = time.Second
		if db.Dialect() == store.SQLite {
			o.Poll = 10 * time.Second
		}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Owner == "" {
		o.Owner = rand.Text()[:12]
	}
	return &Engine{
		db: db, opts: o, log: o.Logger, table: tableFor(db.Dialect()),
		kinds: make(map[string]*kind), lanes: make(map[string]*lane), held: make(map[rowKey]*Work),
		outcomes: make(chan outcome, outcomeBuffer), finished: make(chan struct{}),
		stopClaiming: make(chan struct{}), stopBeating: make(chan struct{}), stopFinishing: make(chan struct{}),
	}
}

// Register has f step the rows of a kind, in a lane. It must be called before
// Start, and once for a kind; anything else is a programming error and panics.
func (e *Engine) Register(kindName, laneName string, f Flow) {
	if e.started.Load() {
		panic("engine: Register after Start")
	}
	if _, twice := e.kinds[kindName]; twice {
		panic("engine: kind registered twice: " + kindName)
	}
	l, ok := e.lanes[laneName]
	if !ok {
		slots := e.opts.Lanes[laneName]
		if slots <= 0 {
			slots = runtime.GOMAXPROCS(0)
		}
		l = newLane(e, laneName, slots)
		e.lanes[laneName] = l
	}
	e.kinds[kindName] = &kind{flow: f, lane: l}
}

// Start begins to step rows and returns. ctx is for starting only. An engine is
// started once.
func (e *Engine) Start(ctx context.Context) error {
	if e.started.Swap(true) {
		return errors.New("engine: started twice")
	}
	e.names = slices.Sorted(maps.Keys(e.kinds))
	if err := e.recover(ctx); err != nil {
		e.started.Store(false)
		return fmt.Errorf("start engine: %w", err)
	}
	e.stepping, e.cancelSteps = context.WithCancelCause(context.WithoutCancel(ctx))
	listening, stop := context.WithCancel(context.WithoutCancel(ctx))
	e.stopListen = stop
	if e.db.Dialect() == store.PostgreSQL {
		e.db.Listen(listening, wakeChannel, e.hear)
	}
	for _, l := range e.lanes {
		e.claiming.Go(l.loop)
	}
	e.background.Go(e.finishLoop)
	e.background.Go(e.beatLoop)
	return nil
}

// recover takes the measure of the database's clock and, where no other engine
// can be at work, resumes at once what a predecessor held when it died.
func (e *Engine) recover(ctx context.Context) error {
	return e.db.UpdateAt(ctx, store.ReadCommitted, func(tx *store.Tx) error {
		now := tx.Now()
		e.setClock(store.Micros(now))
		for _, name := range slices.Sorted(maps.Keys(e.lanes)) {
			if err := e.table.resume(tx, name, e.opts.Owner, store.Micros(now), store.Micros(now.Add(e.opts.Lease))); err != nil {
				return fmt.Errorf("resume lane %s: %w", name, err)
			}
		}
		return e.adopt(tx)
	})
}

// adopt moves rows out of lanes that no kind is registered in any more, as
// after an upgrade, into the lanes of their kinds. Lanes are found by skipping
// through the index from one to the next.
func (e *Engine) adopt(tx *store.Tx) error {
	lanes, err := store.All(store.Query(tx, store.Scan1[string], `with recursive l(lane) as (
			select min(lane) from work
			union all select (select min(lane) from work where lane > l.lane) from l where l.lane is not null)
		select lane from l where lane is not null`))
	if err != nil {
		return fmt.Errorf("list lanes: %w", err)
	}
	for _, old := range lanes {
		if e.lanes[old] != nil {
			continue
		}
		for _, name := range e.names {
			if _, err := tx.Exec("update work set lane = ? where lane = ? and kind = ?", e.kinds[name].lane.name, old, name); err != nil {
				return fmt.Errorf("adopt lane %s: %w", old, err)
			}
		}
	}
	return nil
}

// errStopped is the cause of a step's context when the engine stops.
var errStopped = errors.New("engine: stopped")

// stopGrace is how long Stop waits for steps whose context it has cancelled.
const stopGrace = 5 * time.Second

// Stop drains the engine: it claims no more rows, gives back those it has not
// begun, and waits for running steps. When ctx ends it cancels them, waits a
// few seconds more, and gives their rows back. It returns an error if a step
// ignored its cancellation; that step's row falls due again when its lease
// ends.
func (e *Engine) Stop(ctx context.Context) error {
	if !e.started.Load() || e.draining.Swap(true) {
		return nil
	}
	e.stopListen()
	close(e.stopClaiming)
	e.claiming.Wait()
	for _, l := range e.lanes {
		l.giveBack(time.Now().Add(e.opts.Lease))
	}
	err := e.awaitSteps(ctx)
	e.cancelSteps(errStopped)
	close(e.stopBeating)
	close(e.stopFinishing)
	e.background.Wait()
	return err
}

// awaitSteps returns when no step runs.
func (e *Engine) awaitSteps(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		e.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	e.cancelSteps(errStopped)
	grace := time.NewTimer(stopGrace)
	defer grace.Stop()
	select {
	case <-done:
		return nil
	case <-grace.C:
		return errors.New("stop engine: a step ignored its cancellation")
	}
}

// Reset is called after DB.Reset has deleted every row: steps whose row is gone
// are cancelled at once, and what else is in memory of the old rows forgotten.
func (e *Engine) Reset() {
	e.extend(time.Now().Add(e.opts.Lease))
	for _, l := range e.lanes {
		l.nudge(0)
	}
	e.settled.wake()
}

// now is the database's time, as near as it is known.
func (e *Engine) now() time.Time {
	return time.Now().Add(time.Duration(e.offset.Load()) * time.Microsecond).UTC().Truncate(time.Microsecond)
}

func (e *Engine) setClock(dbNow int64) {
	if e.db.Dialect() == store.PostgreSQL {
		e.offset.Store(dbNow - time.Now().UnixMicro())
	}
}
