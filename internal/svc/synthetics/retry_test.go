package synthetics

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

// failFirst has the first n executions fail.
func failFirst(n int) func(canaryrun.Job, *canaryrun.Outcome) {
	return func(_ canaryrun.Job, o *canaryrun.Outcome) {
		if n > 0 {
			failing(o)
		}
		n--
	}
}

func TestRetries(t *testing.T) {
	tests := map[string]struct {
		fail, max int
		states    []api.CanaryRunState // oldest first
		metrics   map[string]float64   // datapoints
	}{
		"passes at once": {fail: 0, max: 2, states: []api.CanaryRunState{runPassed}, metrics: map[string]float64{"SuccessPercent": 1, "RetryCount": 1, "SuccessPercentWithRetries": 1}},
		"passes at last": {fail: 2, max: 2, states: []api.CanaryRunState{runFailed, runFailed, runPassed}, metrics: map[string]float64{"SuccessPercent": 3, "RetryCount": 1, "SuccessPercentWithRetries": 1}},
		"never passes":   {fail: 9, max: 1, states: []api.CanaryRunState{runFailed, runFailed}, metrics: map[string]float64{"SuccessPercent": 2, "RetryCount": 1, "SuccessPercentWithRetries": 1}},
		"no retries":     {fail: 9, max: 0, states: []api.CanaryRunState{runFailed}, metrics: map[string]float64{"SuccessPercent": 1}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T, b *bench) {
				b.runner.judge, b.runner.takes = failFirst(test.fail), time.Second
				b.create(t, func(in *api.CreateCanaryInput) {
					in.Schedule = &api.CanaryScheduleInput{Expression: "rate(0 minute)", RetryConfig: &api.RetryConfigInput{MaxRetries: int32(test.max)}}
					in.RunConfig = &api.CanaryRunConfigInput{TimeoutInSeconds: new(int32(60))}
				})
				pass(time.Minute)
				if b.state(t, "c") != stateStopped {
					t.Errorf("state %s", b.state(t, "c"))
				}
				runs := b.runs(t)
				var states []api.CanaryRunState
				for i, r := range slices.Backward(runs) {
					attempt := len(runs) - 1 - i
					states = append(states, *r.Status.State)
					if *r.ScheduledRunId != *runs[len(runs)-1].Id || !r.Timeline.MetricTimestampForRunAndRetries.Equal(*runs[len(runs)-1].Timeline.Started) {
						t.Errorf("attempt %d: %+v", attempt, r)
					}
					if attempt == 0 != (r.RetryAttempt == nil) || attempt > 0 && *r.RetryAttempt != int32(attempt) {
						t.Errorf("attempt %d has RetryAttempt %v", attempt, r.RetryAttempt)
					}
				}
				if diff := cmp.Diff(test.states, states); diff != "" {
					t.Error(diff)
				}
				got := map[string]float64{}
				for _, m := range []string{"SuccessPercent", "RetryCount", "SuccessPercentWithRetries"} {
					if n := b.world.count(m + "|CanaryName=c"); n > 0 {
						got[m] = n
					}
				}
				if diff := cmp.Diff(test.metrics, got); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// The ticks that pass while a run is repeated count.
func TestRetriesHoldUpTicks(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.runner.judge, b.runner.takes = failFirst(2), 50*time.Second
		b.create(t, func(in *api.CreateCanaryInput) {
			in.Schedule = &api.CanaryScheduleInput{Expression: "rate(1 minute)", RetryConfig: &api.RetryConfigInput{MaxRetries: 2}}
		})
		pass(4*time.Minute + 50*time.Second)
		if n := b.runner.count(); n != 5 { // three attempts at the first, ticks 1 and 2 passed over, two more
			t.Errorf("%d executions", n)
		}
		if got := b.skipped.Load(); got != 2 {
			t.Errorf("%d ticks passed over", got)
		}
		b.world.mu.Lock()
		defer b.world.mu.Unlock()
		if b.world.metrics["SkippedRuns|CanaryName=c"] == 0 || b.world.metrics["ScheduleLateness|CanaryName=c"] == 0 {
			t.Errorf("metrics %v", b.world.metrics)
		}
	})
}

// Stopping a canary is the end of its attempts.
func TestStopDuringRetries(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.runner.judge, b.runner.takes = failFirst(9), 20*time.Second
		b.create(t, func(in *api.CreateCanaryInput) { in.Schedule.RetryConfig = &api.RetryConfigInput{MaxRetries: 1} })
		pass(time.Second)
		b.call(t, "StopCanary", "c")
		pass(time.Hour)
		if n := b.runner.count(); n != 1 || len(b.runs(t)) != 0 {
			t.Errorf("%d executions, %d runs are kept", n, len(b.runs(t)))
		}
	})
}

func TestRetryRules(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		tests := map[string]struct {
			runtime string
			retries int32
			timeout int32
			ok      bool
		}{
			"once":                 {"syn-nodejs-puppeteer-10.0", 1, 840, true},
			"twice":                {"syn-nodejs-puppeteer-10.0", 2, 599, true},
			"twice for too long":   {"syn-nodejs-puppeteer-10.0", 2, 600, false},
			"an old runtime":       {"syn-nodejs-puppeteer-9.1", 1, 60, false},
			"an old one, none":     {"syn-nodejs-puppeteer-9.1", 0, 60, true},
			"playwright":           {"syn-nodejs-playwright-2.0", 1, 60, true},
			"the first playwright": {"syn-nodejs-playwright-1.0", 1, 60, false},
		}
		n := 0
		for name, test := range tests {
			in := createInput("c" + string(rune('a'+n)))
			n++
			in.RuntimeVersion = test.runtime
			in.Schedule = &api.CanaryScheduleInput{Expression: "rate(1 hour)", RetryConfig: &api.RetryConfigInput{MaxRetries: test.retries}}
			in.RunConfig = &api.CanaryRunConfigInput{TimeoutInSeconds: &test.timeout}
			out, err := b.api.CreateCanary(t.Context(), in)
			switch {
			case test.ok && (err != nil || out.Canary.Schedule.RetryConfig == nil && test.retries > 0):
				t.Errorf("%s: %v", name, err)
			case !test.ok && !awserr.Is(err, "ValidationException"):
				t.Errorf("%s: %v", name, err)
			}
		}
		b.create(t, func(in *api.CreateCanaryInput) { in.Schedule.RetryConfig = &api.RetryConfigInput{MaxRetries: 2} })
		_, err := b.api.UpdateCanary(t.Context(), &api.UpdateCanaryInput{Name: "c", RuntimeVersion: new("syn-nodejs-puppeteer-9.1")})
		if !awserr.Is(err, "ValidationException") {
			t.Errorf("a runtime without retries: %v", err)
		}
	})
}

// Runs that could not take place are repeated too.
func TestRetryWithoutAnOutcome(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.runner.fails = errors.New("broken")
		b.create(t, func(in *api.CreateCanaryInput) {
			in.Schedule = &api.CanaryScheduleInput{Expression: "rate(0 minute)", RetryConfig: &api.RetryConfigInput{MaxRetries: 1}}
		})
		pass(time.Minute)
		if runs := b.runs(t); len(runs) != 2 || b.world.count("RetryCount|CanaryName=c") != 1 || b.world.count("SuccessPercentWithRetries|CanaryName=c") != 0 {
			t.Errorf("%d runs, metrics %v", len(runs), b.world.metrics)
		}
	})
}
