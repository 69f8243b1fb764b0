package crash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/synthetics/types"
)

// attemptErrand makes canaries that run once, of checks and of scripts, and are
// repeated when they fail.
type attemptErrand struct {
	*aviary
	rng    *rand.Rand
	made   int
	active []*attemptLife
	kept   []*attemptLife
	aged   []*attemptLife
}

type attemptLife struct {
	name, page string
	retries    int
	started    bool
}

// mostActive is how many canaries of an errand are under way at a time.
const mostActive = 4

func (*attemptErrand) prepare(context.Context, *testing.T)  {}
func (*attemptErrand) rebooted(context.Context, *testing.T) {}

// once makes a canary, or takes one a step further.
func (e *attemptErrand) once(ctx context.Context, t *testing.T) {
	if len(e.active) < mostActive {
		e.hatch(ctx, t)
		return
	}
	at := e.rng.IntN(len(e.active))
	l := e.active[at]
	switch seen := e.look(ctx, t, l.name); {
	case seen == nil:
	case seen.Status.State == types.CanaryStateReady && l.started:
		t.Errorf("%s was started and is READY", l.name)
	case seen.Status.State == types.CanaryStateReady:
		l.started = e.start(ctx, t, l.name)
	case seen.Status.State == types.CanaryStateStopped:
		e.active = append(e.active[:at], e.active[at+1:]...)
		if e.made%2 == 0 {
			e.remove(ctx, t, l.name)
			return
		}
		e.kept = append(e.kept, l)
	}
}

func (e *attemptErrand) hatch(ctx context.Context, t *testing.T) {
	l := &attemptLife{name: fmt.Sprintf("attempt-%d", e.made), page: []string{"ok", "bad", "flip"}[e.rng.IntN(3)], retries: e.rng.IntN(3)}
	e.made++
	code := e.checks(l.page)
	if e.made%5 == 0 { // scripts cost a process
		code = apiScript(l.page)
	}
	if e.create(ctx, t, e.request(l.name, code, int32(l.retries))) {
		e.active = append(e.active, l)
	}
}

func (e *attemptErrand) verify(ctx context.Context, t *testing.T) {
	var sum tally
	for _, l := range append(e.kept, e.active...) {
		seen := e.look(ctx, t, l.name)
		if seen == nil || seen.Status.State != types.CanaryStateStopped {
			continue // never started
		}
		n := e.verifyRuns(ctx, t, l.name, l.retries)
		if n.ticks != 1 || l.page == "ok" && n.runs != 1 || l.page == "bad" && n.runs != 1+l.retries {
			t.Errorf("%s (%s): %+v with %d retries configured", l.name, l.page, n, l.retries)
		}
		sum.runs += n.runs
		sum.retries += n.retries
	}
	e.verifyAged(ctx, t)
	t.Logf("attempts: %d canaries, %d runs kept, %d of them retries; %d canaries aged", e.made, sum.runs, sum.retries, len(e.aged))
}
