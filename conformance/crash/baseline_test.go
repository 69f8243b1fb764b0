package crash

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/synthetics"
	"github.com/aws/aws-sdk-go-v2/service/synthetics/types"
)

// baselineErrand has a canary with a browser compare its screenshots with those
// of its next run, and then with those of its last, in turn.
type baselineErrand struct {
	*aviary
	started    bool   // since the reference waits for the next run, acknowledged
	runsBefore int    // when it was started
	base       string // the last baseline
	baseSet    int    // baselines so far
}

const compared = "compared"

func (e *baselineErrand) prepare(ctx context.Context, t *testing.T) {
	in := e.request(compared, &types.CanaryCodeInput{Handler: aws.String("index.handler"), ZipFile: scriptZip()}, 1)
	in.RuntimeVersion = aws.String("syn-nodejs-puppeteer-10.0")
	e.create(ctx, t, in)
}

func (*baselineErrand) rebooted(context.Context, *testing.T) {}

// once takes the canary a step further: a reference is set, a run is awaited,
// and the reference has become what it says.
func (e *baselineErrand) once(ctx context.Context, t *testing.T) {
	seen := e.look(ctx, t, compared)
	if seen == nil || transitional(seen.Status.State) || seen.Status.State == types.CanaryStateRunning {
		return
	}
	runs := e.runs(ctx, t, compared, types.RunTypeCanaryRun)
	if len(runs) > 0 && runs[0].Status.State != types.CanaryRunStatePassed {
		t.Errorf("%s: a run is %s: %s", compared, runs[0].Status.State, aws.ToString(runs[0].Status.StateReason))
	}
	switch ref := seen.VisualReference; {
	case ref == nil:
		e.set(ctx, t, "nextrun")
	case *ref.BaseCanaryRunId == "nextrun":
		if e.started && len(runs) > e.runsBefore {
			t.Errorf("%s: run %s is over, and is no baseline", compared, *runs[0].Id)
		}
		e.runsBefore = len(runs)
		e.started = e.start(ctx, t, compared)
	case *ref.BaseCanaryRunId != *runs[0].Id || len(ref.BaseScreenshots) == 0:
		t.Errorf("%s: the baseline is %s with %d screenshots, want run %s", compared, *ref.BaseCanaryRunId, len(ref.BaseScreenshots), *runs[0].Id)
	case e.base != *runs[0].Id:
		e.base, e.started = *runs[0].Id, false
		e.baseSet++
		e.set(ctx, t, "lastrun")
	default:
		e.set(ctx, t, "nextrun")
	}
}

func (e *baselineErrand) set(ctx context.Context, t *testing.T, base string) {
	t.Helper()
	_, err := e.UpdateCanary(ctx, &synthetics.UpdateCanaryInput{Name: aws.String(compared), VisualReference: &types.VisualReferenceInput{BaseCanaryRunId: &base}})
	if code(err) != "" {
		t.Errorf("UpdateCanary with %s: %v", base, err)
	}
}

func (e *baselineErrand) verify(ctx context.Context, t *testing.T) {
	seen := e.look(ctx, t, compared)
	n := e.verifyRuns(ctx, t, compared, 1)
	if n.retries > 0 {
		t.Errorf("%s was repeated: %+v", compared, n)
	}
	if ref := seen.VisualReference; e.started && n.runs > e.runsBefore && *ref.BaseCanaryRunId == "nextrun" {
		t.Errorf("%s: a run is over, and is no baseline", compared)
	}
	if e.baseSet > 0 && (seen.VisualReference == nil || *seen.VisualReference.BaseCanaryRunId != "nextrun" && len(seen.VisualReference.BaseScreenshots) == 0) {
		t.Errorf("%s: the baseline is %+v", compared, seen.VisualReference)
	}
	t.Logf("baselines: %d, of %d runs", e.baseSet, n.runs)
}
