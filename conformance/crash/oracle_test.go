package crash

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/synthetics/types"
)

// tally is what a canary's runs add up to.
type tally struct {
	runs, ticks, retries int
}

// verifyRuns checks all runs of a canary at rest: that each tick has its attempts
// as configured and none twice, that records, artifacts and metrics agree.
func (a *aviary) verifyRuns(ctx context.Context, t *testing.T, name string, retries int) tally {
	t.Helper()
	runs := a.runs(ctx, t, name, types.RunTypeCanaryRun)
	sum := tally{runs: len(runs)}
	ticks := map[string][]types.CanaryRun{}
	for _, r := range runs {
		tick := *r.ScheduledRunId + " " + string(r.BrowserType)
		ticks[tick] = append(ticks[tick], r)
	}
	for _, attempts := range ticks {
		sum.ticks++
		sum.retries += len(attempts) - 1
		checkAttempts(t, name, attempts, retries)
	}
	all := slices.Concat(runs, a.runs(ctx, t, name, types.RunTypeDryRun))
	a.checkReports(ctx, t, name, all)
	a.checkMetrics(ctx, t, name, retries, sum)
	return sum
}

// checkAttempts checks that each attempt but the last failed, and that the last
// one passed or was the last that the canary may have.
func checkAttempts(t *testing.T, name string, attempts []types.CanaryRun, retries int) {
	t.Helper()
	slices.SortFunc(attempts, func(x, y types.CanaryRun) int {
		return cmp.Compare(aws.ToInt32(x.RetryAttempt), aws.ToInt32(y.RetryAttempt))
	})
	for i, r := range attempts {
		last := i == len(attempts)-1
		wantFailed := !last || i < retries && r.Status.State != types.CanaryRunStatePassed
		switch {
		case int(aws.ToInt32(r.RetryAttempt)) != i || i == 0 && *r.Id != *r.ScheduledRunId:
			t.Errorf("%s: attempt %d of %s is run %s, of %d attempts", name, aws.ToInt32(r.RetryAttempt), *r.ScheduledRunId, *r.Id, len(attempts))
		case r.Status.State == types.CanaryRunStateRunning:
			t.Errorf("%s: run %s does not end", name, *r.Id)
		case wantFailed && (last || r.Status.State != types.CanaryRunStateFailed):
			t.Errorf("%s: attempt %d of %d is %s, with %d retries configured", name, i, len(attempts), r.Status.State, retries)
		case i > retries:
			t.Errorf("%s: attempt %d with %d retries configured", name, i, retries)
		case r.Status.StateReasonCode == types.CanaryRunStateReasonCodeExecutionFailure:
			t.Errorf("%s: run %s: %s", name, *r.Id, aws.ToString(r.Status.StateReason))
		case !r.Timeline.MetricTimestampForRunAndRetries.Equal(*attempts[0].Timeline.MetricTimestampForRunAndRetries):
			t.Errorf("%s: attempt %d is measured at %v", name, i, r.Timeline.MetricTimestampForRunAndRetries)
		}
	}
}

// checkReports checks that each run has the one report at the place that its
// record names, with its verdict, and that there are no others.
func (a *aviary) checkReports(ctx context.Context, t *testing.T, name string, runs []types.CanaryRun) {
	t.Helper()
	reports := a.reportsOf(ctx, t, name+"/")
	for _, r := range runs {
		where, mine := strings.TrimPrefix(aws.ToString(r.ArtifactS3Location), bucket+"/")+"/", ""
		for key, verdict := range reports {
			if strings.HasPrefix(key, where) {
				mine += verdict
				delete(reports, key)
			}
		}
		if mine != string(r.Status.TestResult) {
			t.Errorf("%s: run %s (%s, %s) has reports %q at %s", name, *r.Id, r.Status.State, r.Status.TestResult, mine, where)
		}
	}
	for key := range reports {
		t.Errorf("%s: a report of no run: %s", name, key)
	}
}

// checkMetrics checks that each run and each tick counts once.
func (a *aviary) checkMetrics(ctx context.Context, t *testing.T, name string, retries int, sum tally) {
	t.Helper()
	a.checkMetric(ctx, t, name, "SuccessPercent", sum.runs, -1)
	if retries > 0 {
		a.checkMetric(ctx, t, name, "RetryCount", sum.ticks, sum.retries)
		a.checkMetric(ctx, t, name, "SuccessPercentWithRetries", sum.ticks, -1)
	}
}

// checkMetric waits until a metric has so many datapoints; total is their sum, or
// negative for any. Metrics come after verdicts.
func (a *aviary) checkMetric(ctx context.Context, t *testing.T, name, metric string, count, total int) {
	t.Helper()
	patience, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var n, s float64
	poll(patience, func() bool {
		out, err := a.metrics.GetMetricStatistics(ctx, &cloudwatch.GetMetricStatisticsInput{
			Namespace: aws.String("CloudWatchSynthetics"), MetricName: &metric, Period: aws.Int32(3600),
			Dimensions: []cwtypes.Dimension{{Name: aws.String("CanaryName"), Value: &name}},
			StartTime:  aws.Time(time.Now().Add(-6 * time.Hour)), EndTime: aws.Time(time.Now().Add(time.Hour)),
			Statistics: []cwtypes.Statistic{cwtypes.StatisticSampleCount, cwtypes.StatisticSum},
		})
		if err != nil {
			return false
		}
		n, s = 0, 0
		for _, p := range out.Datapoints {
			n, s = n+*p.SampleCount, s+*p.Sum
		}
		return int(n) >= count
	})
	if int(n) != count || total >= 0 && int(s) != total {
		t.Errorf("%s: %s has %v datapoints of %v in all, want %d of %d", name, metric, n, s, count, total)
	}
}

// censusErrand looks after each boot whether all canaries are there that must be.
type censusErrand struct{ *aviary }

func (*censusErrand) prepare(context.Context, *testing.T) {}

// once reads what others write.
func (c *censusErrand) once(ctx context.Context, _ *testing.T) {
	_, _ = list(ctx, clients{synthetics: c.Client})
	select {
	case <-ctx.Done():
	case <-time.After(200 * time.Millisecond):
	}
}

func (c *censusErrand) rebooted(ctx context.Context, t *testing.T) { c.count(ctx, t, false) }

func (c *censusErrand) verify(ctx context.Context, t *testing.T) { c.count(ctx, t, true) }

func (c *censusErrand) count(ctx context.Context, t *testing.T, atLast bool) {
	there := map[string]bool{}
	for _, canary := range all(ctx, t, clients{synthetics: c.Client}) {
		there[*canary.Name] = true
	}
	kept := 0
	for name, s := range c.registry.lives {
		switch {
		case s.created && !s.leaving && !there[name]:
			t.Errorf("%s was created and is lost", name)
		case atLast && s.gone && there[name]:
			t.Errorf("%s was deleted and is there", name)
		case s.created && !s.leaving:
			kept++
		}
		delete(there, name)
	}
	for name := range there {
		t.Errorf("%s is there and nobody made it", name)
	}
	if atLast {
		t.Logf("canaries: %d made, %d kept", len(c.registry.lives), kept)
	}
}
