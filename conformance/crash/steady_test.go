package crash

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/synthetics"
	"github.com/aws/aws-sdk-go-v2/service/synthetics/types"
)

// period is that of the steady canary's schedule, the shortest there is.
const period = time.Minute

// steady is a canary that runs on a schedule while the server is killed, and is
// stopped at the end.
type steady struct {
	life
	begun time.Time
}

func newSteady(ctx context.Context, t *testing.T, c clients) *steady {
	t.Helper()
	s := &steady{life: life{name: "steady"}, begun: time.Now()}
	in := s.request()
	in.Schedule.Expression = aws.String("rate(1 minute)")
	if _, err := c.synthetics.CreateCanary(ctx, in); err != nil {
		t.Fatal(err)
	}
	if !s.start(ctx, c) {
		t.Fatal("the steady canary cannot be started")
	}
	return s
}

// stop asks until it is acknowledged: a canary that was running and is no more
// was stopped by an earlier attempt.
func (s *steady) stop(ctx context.Context, t *testing.T, c clients) {
	t.Helper()
	stopped := until(ctx, func() bool {
		if _, err := c.synthetics.StopCanary(ctx, &synthetics.StopCanaryInput{Name: &s.name}); err == nil {
			return true
		}
		got, err := c.synthetics.GetCanary(ctx, &synthetics.GetCanaryInput{Name: &s.name})
		return err == nil && got.Canary.Status.State == types.CanaryStateStopped
	})
	if !stopped {
		t.Error("the steady canary cannot be stopped")
	}
}

// runs returns the runs that are kept, once none is in progress any more.
func (s *steady) runs(ctx context.Context, t *testing.T, c clients) (runs []types.CanaryRun) {
	t.Helper()
	complete := until(ctx, func() bool {
		out, err := c.synthetics.GetCanaryRuns(ctx, &synthetics.GetCanaryRunsInput{Name: &s.name})
		if err != nil {
			return false
		}
		runs = out.CanaryRuns
		return !slices.ContainsFunc(runs, func(r types.CanaryRun) bool { return r.Status.State == types.CanaryRunStateRunning })
	})
	if !complete {
		t.Errorf("steady: a run does not end: %+v", runs)
	}
	return runs
}

// verify checks that no tick had two runs, that the schedule went on through
// the kills, and that every run has a verdict and metrics.
func (s *steady) verify(ctx context.Context, t *testing.T, c clients) {
	t.Helper()
	runs := s.runs(ctx, t, c)
	for _, r := range runs {
		if r.Status.State != types.CanaryRunStatePassed {
			t.Errorf("steady: run is %s: %s", r.Status.State, aws.ToString(r.Status.StateReason))
		}
	}
	ticks := int(time.Since(s.begun)/period) + 1
	if len(runs) > ticks || len(runs) == 0 && ticks > 3 {
		t.Errorf("steady: %d runs at %d ticks", len(runs), ticks)
	}
	patience, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	published := func() int {
		n, err := sampleCount(ctx, c, s.name)
		if err != nil {
			t.Errorf("steady: %v", err)
		}
		return int(n)
	}
	poll(patience, func() bool { return published() >= len(runs) })
	// A run that was in progress at the stop is not kept, but has metrics.
	if n := published(); n < len(runs) || n > len(runs)+1 {
		t.Errorf("steady: %d datapoints of %d runs", n, len(runs))
	}
	t.Logf("steady: %d runs at %d ticks", len(runs), ticks)
}
