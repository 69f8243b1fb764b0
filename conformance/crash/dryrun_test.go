package crash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/synthetics"
	"github.com/aws/aws-sdk-go-v2/service/synthetics/types"
)

// dryErrand makes canaries that fail, and tries in a dry run what mends them, or
// does not. What passes is applied, and runs.
type dryErrand struct {
	*aviary
	rng     *rand.Rand
	made    int
	active  []*dryLife
	done    []*dryLife
	applied int
}

type dryLife struct {
	name    string
	mends   bool
	id      string // of the dry run
	over    bool
	applied bool // acknowledged
}

func (*dryErrand) prepare(context.Context, *testing.T)  {}
func (*dryErrand) rebooted(context.Context, *testing.T) {}

func (e *dryErrand) once(ctx context.Context, t *testing.T) {
	if len(e.active) < mostActive {
		l := &dryLife{name: fmt.Sprintf("dry-%d", e.made), mends: e.rng.IntN(3) > 0}
		e.made++
		if e.create(ctx, t, e.request(l.name, e.checks("bad"), 1)) {
			e.active = append(e.active, l)
		}
		return
	}
	at := e.rng.IntN(len(e.active))
	l := e.active[at]
	seen := e.look(ctx, t, l.name)
	if seen == nil || !e.step(ctx, t, l, seen) {
		return
	}
	e.active = slices.Delete(e.active, at, at+1)
	if e.made%2 == 0 {
		e.remove(ctx, t, l.name)
		return
	}
	e.done = append(e.done, l)
}

// step takes a canary one step further, and reports whether that was the last.
func (e *dryErrand) step(ctx context.Context, t *testing.T, l *dryLife, seen *types.Canary) (last bool) {
	t.Helper()
	state := seen.Status.State
	switch {
	case transitional(state) || state == types.CanaryStateRunning:
	case l.id == "" && seen.DryRunConfig != nil:
		l.id = *seen.DryRunConfig.DryRunId // of an attempt that was not answered
	case l.id == "":
		e.try(ctx, t, l)
	case !l.over:
		e.awaitVerdict(ctx, t, l)
	case !l.mends:
		return e.refuse(ctx, t, l)
	case !l.applied:
		e.apply(ctx, t, l)
	case state == types.CanaryStateReady:
		e.start(ctx, t, l.name)
	default:
		return true
	}
	return false
}

func (e *dryErrand) try(ctx context.Context, t *testing.T, l *dryLife) {
	t.Helper()
	page := "bad"
	if l.mends {
		page = "ok"
	}
	out, err := e.StartCanaryDryRun(ctx, &synthetics.StartCanaryDryRunInput{Name: &l.name, Code: e.checks(page)})
	if err == nil {
		l.id = *out.DryRunConfig.DryRunId
	}
	if code(err) != "" {
		t.Errorf("StartCanaryDryRun %s: %v", l.name, err)
	}
}

func (e *dryErrand) awaitVerdict(ctx context.Context, t *testing.T, l *dryLife) {
	t.Helper()
	want := "FAILED"
	if l.mends {
		want = "PASSED"
	}
	asked(ctx, t, "GetCanary with a dry run", func() error {
		out, err := e.GetCanary(ctx, &synthetics.GetCanaryInput{Name: &l.name, DryRunId: &l.id})
		if err != nil {
			return err
		}
		switch got := aws.ToString(out.Canary.DryRunConfig.LastDryRunExecutionStatus); got {
		case "RUNNING":
		case want:
			l.over = true
		default:
			t.Errorf("%s: the dry run is %s, want %s", l.name, got, want)
			l.over = true
		}
		return nil
	})
}

// apply asks for what was tried. A second attempt, where the first was not
// answered, changes nothing more.
func (e *dryErrand) apply(ctx context.Context, t *testing.T, l *dryLife) {
	t.Helper()
	_, err := e.UpdateCanary(ctx, &synthetics.UpdateCanaryInput{Name: &l.name, DryRunId: &l.id})
	if l.applied = err == nil; l.applied {
		e.applied++
	}
	if code(err) != "" {
		t.Errorf("UpdateCanary with the dry run of %s: %v", l.name, err)
	}
}

func (e *dryErrand) refuse(ctx context.Context, t *testing.T, l *dryLife) bool {
	t.Helper()
	_, err := e.UpdateCanary(ctx, &synthetics.UpdateCanaryInput{Name: &l.name, DryRunId: &l.id})
	c := code(err)
	if err == nil || c != "" && c != "ValidationException" {
		t.Errorf("UpdateCanary with the failed dry run of %s: %v", l.name, err)
	}
	return c != ""
}

func (e *dryErrand) verify(ctx context.Context, t *testing.T) {
	dry := 0
	for _, l := range append(e.done, e.active...) {
		seen := e.look(ctx, t, l.name)
		if seen == nil {
			continue
		}
		runs := e.runs(ctx, t, l.name, types.RunTypeDryRun)
		for _, r := range runs {
			if want := aws.ToString(l.verdict()); l.id != "" && (string(r.Status.State) != want || *r.DryRunConfig.DryRunId != l.id) {
				t.Errorf("%s: dry run %s is %s, want %s of %s", l.name, *r.DryRunConfig.DryRunId, r.Status.State, want, l.id)
			}
		}
		if l.id != "" && len(runs) != 1 {
			t.Errorf("%s has %d dry runs, want 1", l.name, len(runs))
		}
		if s := aws.ToString(seen.Code.SourceLocationArn); l.applied != strings.HasSuffix(s, ":2") && (l.applied || !l.mends) {
			t.Errorf("%s: applied %v, and the code is %s", l.name, l.applied, s)
		}
		dry += len(runs)
		e.checkMetric(ctx, t, l.name, "SuccessPercentDryRun", len(runs), -1)
		if n := e.verifyRuns(ctx, t, l.name, 1); seen.Status.State == types.CanaryStateStopped && (n.ticks != 1 || n.runs != 1) {
			t.Errorf("%s was mended and has %+v", l.name, n)
		}
	}
	t.Logf("dry runs: %d canaries, %d kept dry runs, %d applied", e.made, dry, e.applied)
}

func (l *dryLife) verdict() *string {
	if l.mends {
		return aws.String("PASSED")
	}
	return aws.String("FAILED")
}
