package crash

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/synthetics"
	"github.com/aws/aws-sdk-go-v2/service/synthetics/types"
)

// mendErrand updates a canary that runs on a schedule and is repeated when it
// fails. Every other update names a role that cannot be assumed, and must be
// rolled back. All of them have the canary run at once.
type mendErrand struct {
	*aviary
	rng     *rand.Rand
	days    []int32 // that the canary keeps failures: as acknowledged, and asked for since
	asked   int32
	doomed  bool // the last acknowledged update must be rolled back
	updates int
	rolled  int
}

const mended = "mended"

func (e *mendErrand) prepare(ctx context.Context, t *testing.T) {
	in := e.request(mended, e.checks("flip"), 2)
	in.Schedule.Expression = aws.String("rate(1 minute)")
	in.RunConfig.TimeoutInSeconds = aws.Int32(60)
	e.asked = 31
	e.days = []int32{e.asked}
	if e.create(ctx, t, in) {
		until(ctx, func() bool { return e.state(ctx, t, mended) == types.CanaryStateReady })
		e.start(ctx, t, mended)
	}
}

func (e *mendErrand) once(ctx context.Context, t *testing.T) {
	seen := e.look(ctx, t, mended)
	if seen == nil || transitional(seen.Status.State) {
		return
	}
	e.check(t, seen)
	e.asked = 1 + (e.asked+7)%455 // the days that there can be
	e.doomed = e.rng.IntN(2) == 0
	in := &synthetics.UpdateCanaryInput{Name: aws.String(mended), FailureRetentionPeriodInDays: &e.asked}
	if e.doomed {
		in.ExecutionRoleArn = aws.String(noRole)
	}
	_, err := e.UpdateCanary(ctx, in)
	if code(err) != "" {
		t.Errorf("UpdateCanary: %v", err)
	}
	switch {
	case err != nil:
		if !e.doomed {
			e.days = append(e.days, e.asked)
		}
		e.doomed = false
	case !e.doomed:
		e.days = []int32{e.asked}
	}
	e.updates++
}

// check looks at a canary that no update is under way of.
func (e *mendErrand) check(t *testing.T, seen *types.Canary) {
	t.Helper()
	if seen.Status.State != types.CanaryStateRunning || *seen.ExecutionRoleArn != e.role {
		t.Errorf("%s is %s as %s", mended, seen.Status.State, *seen.ExecutionRoleArn)
	}
	if days := *seen.FailureRetentionPeriodInDays; !slices.Contains(e.days, days) {
		t.Errorf("%s keeps failures %d days, want one of %v", mended, days, e.days)
	}
	if !e.doomed {
		return
	}
	if seen.Status.StateReasonCode != types.CanaryStateReasonCodeRollbackComplete || aws.ToString(seen.Status.StateReason) == "" {
		t.Errorf("%s was to be rolled back, and says %s (%s)", mended, seen.Status.StateReasonCode, aws.ToString(seen.Status.StateReason))
	}
	e.rolled++
	e.doomed = false
}

func (e *mendErrand) rebooted(ctx context.Context, t *testing.T) {
	if s := e.state(ctx, t, mended); s != types.CanaryStateRunning && s != types.CanaryStateUpdating {
		t.Errorf("%s is %s after a boot", mended, s)
	}
}

// verify takes the schedule away, so that the runs that are under way complete
// and are kept, and counts.
func (e *mendErrand) verify(ctx context.Context, t *testing.T) {
	e.check(t, e.look(ctx, t, mended))
	_, err := e.UpdateCanary(ctx, &synthetics.UpdateCanaryInput{Name: aws.String(mended), Schedule: &types.CanaryScheduleInput{Expression: aws.String("cron(0 0 1 1 ? *)")}})
	if err != nil {
		t.Errorf("UpdateCanary: %v", err)
	}
	over := until(ctx, func() bool {
		return e.state(ctx, t, mended) == types.CanaryStateRunning && !slices.ContainsFunc(e.runs(ctx, t, mended, types.RunTypeCanaryRun), func(r types.CanaryRun) bool {
			return r.Status.State == types.CanaryRunStateRunning
		})
	})
	if !over {
		t.Errorf("%s has runs that do not end", mended)
	}
	n := e.verifyRuns(ctx, t, mended, 2)
	if _, err := e.StopCanary(ctx, &synthetics.StopCanaryInput{Name: aws.String(mended)}); err != nil {
		t.Errorf("StopCanary: %v", err)
	}
	t.Logf("updates: %d, %d of them seen rolled back; %+v", e.updates, e.rolled, n)
}
