package plane

import (
	"context"
	"errors"
	"sync"
	"time"
)

// errReset is the cause of the contexts of calls that a Freeze gave up on.
var errReset = errors.New("plane: the server is being reset")

// freezeGrace is how long Freeze lets the calls inside finish by themselves
// before it cancels their contexts (long polls would hold it for 20 s).
const freezeGrace = 100 * time.Millisecond

// gate counts the outer calls inside the plane and can be shut.
type gate struct {
	mu     sync.Mutex
	inside map[*pass]struct{}
	shut   chan struct{} // non-nil while shut; closed when it opens
	empty  chan struct{} // non-nil while Freeze waits; closed when nobody is inside
	turn   chan struct{} // one Freeze at a time
}

// pass is one call inside the gate.
type pass struct{ cancel context.CancelCauseFunc }

func newGate() gate {
	return gate{inside: make(map[*pass]struct{}), turn: make(chan struct{}, 1)}
}

// enter waits until the gate is open and goes in. The returned context ends
// when a Freeze loses patience; leave must be called once.
func (g *gate) enter(ctx context.Context) (_ context.Context, leave func(), err error) {
	for {
		g.mu.Lock()
		shut := g.shut
		if shut == nil {
			break
		}
		g.mu.Unlock()
		select {
		case <-shut:
		case <-ctx.Done():
			return nil, nil, context.Cause(ctx)
		}
	}
	defer g.mu.Unlock()
	ctx, cancel := context.WithCancelCause(ctx)
	p := &pass{cancel}
	g.inside[p] = struct{}{}
	return ctx, func() { g.leave(p) }, nil
}

// leave does not end the pass's context: an output that streams is read after
// its handler has returned. The context ends with the one it was made from.
func (g *gate) leave(p *pass) {
	g.mu.Lock()
	delete(g.inside, p)
	if len(g.inside) == 0 && g.empty != nil {
		close(g.empty)
		g.empty = nil
	}
	g.mu.Unlock()
}

// Freeze shuts the gate: calls that arrive wait, and when Freeze returns none
// is inside. Calls that do not finish at once have their contexts cancelled.
// thaw opens the gate again. When ctx ends first, the gate is open and the
// error is ctx's. Freezes queue behind each other.
func (p *Plane) Freeze(ctx context.Context) (thaw func(), err error) {
	g := &p.gate
	select {
	case g.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	empty := g.close()
	thaw = sync.OnceFunc(func() { g.open(); <-g.turn })
	patience := time.NewTimer(freezeGrace)
	defer patience.Stop()
	for {
		select {
		case <-empty:
			return thaw, nil
		case <-patience.C:
			g.evict()
		case <-ctx.Done():
			thaw()
			return nil, context.Cause(ctx)
		}
	}
}

// close shuts the gate and returns a channel that closes when it is empty.
func (g *gate) close() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = make(chan struct{})
	empty := make(chan struct{})
	if len(g.inside) == 0 {
		close(empty)
		return empty
	}
	g.empty = empty
	return empty
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.shut)
	g.shut, g.empty = nil, nil
}

// evict cancels the context of every call inside.
func (g *gate) evict() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for p := range g.inside {
		p.cancel(errReset)
	}
}
