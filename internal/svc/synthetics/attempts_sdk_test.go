package synthetics_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/synthetics"
	"github.com/aws/aws-sdk-go-v2/service/synthetics/types"

	"nephele.dev/nephele/internal/store/storetest"
	"nephele.dev/nephele/nepheletest"
)

// A canary fails and is retried; a dry run finds what mends it, and is put in
// force. All of it is real, on both databases.
func TestMendACanaryWithADryRun(t *testing.T) {
	t.Parallel()
	for name, postgres := range map[string]bool{"sqlite": false, "postgres": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var options []nepheletest.Option
			if postgres {
				options = append(options, nepheletest.WithPostgres(storetest.PostgresURL(t)))
			}
			u := newUser(t, options...)
			u.fail(t)
			id := u.tryDry(t, map[string]string{"MODE": "good"})
			if _, err := u.canaries.UpdateCanary(t.Context(), &synthetics.UpdateCanaryInput{Name: aws.String("mend"), DryRunId: &id}); err != nil {
				t.Fatal(err)
			}
			u.await(t, "mend", types.CanaryStateStopped)
			if _, err := u.canaries.StartCanary(t.Context(), &synthetics.StartCanaryInput{Name: aws.String("mend")}); err != nil {
				t.Fatal(err)
			}
			u.await(t, "mend", types.CanaryStateStopped)
			runs, err := u.canaries.GetCanaryRuns(t.Context(), &synthetics.GetCanaryRunsInput{Name: aws.String("mend")})
			if err != nil || len(runs.CanaryRuns) != 3 || runs.CanaryRuns[0].Status.State != types.CanaryRunStatePassed {
				t.Errorf("mended: %+v, %v", runs, err)
			}
			for metric, want := range map[string]float64{"RetryCount": 0.5, "SuccessPercentWithRetries": 50, "SuccessPercentDryRun": 100} {
				if got := u.average(t, metric, want); got != want {
					t.Errorf("%s is %v, want %v", metric, got, want)
				}
			}
		})
	}
}

// fail creates a canary that fails twice, for it is retried once.
func (u *user) fail(t *testing.T) {
	t.Helper()
	const script = "exports.handler = async () => { if (process.env.MODE !== 'good') throw new Error('out of order'); };"
	_, err := u.canaries.CreateCanary(t.Context(), &synthetics.CreateCanaryInput{
		Name: aws.String("mend"), ArtifactS3Location: aws.String("s3://artifacts/mend"), RuntimeVersion: aws.String("syn-nodejs-3.0"),
		ExecutionRoleArn: aws.String("arn:aws:iam::000000000000:role/canary"),
		Schedule:         &types.CanaryScheduleInput{Expression: aws.String("rate(0 minute)"), RetryConfig: &types.RetryConfigInput{MaxRetries: aws.Int32(1)}},
		RunConfig:        &types.CanaryRunConfigInput{TimeoutInSeconds: aws.Int32(60)},
		Code:             &types.CanaryCodeInput{Handler: aws.String("index.handler"), ZipFile: zipped(t, "nodejs/node_modules/index.js", script)},
	})
	if err != nil {
		t.Fatal(err)
	}
	u.await(t, "mend", types.CanaryStateReady)
	if _, err := u.canaries.StartCanary(t.Context(), &synthetics.StartCanaryInput{Name: aws.String("mend")}); err != nil {
		t.Fatal(err)
	}
	u.await(t, "mend", types.CanaryStateStopped)
	out, err := u.canaries.GetCanaryRuns(t.Context(), &synthetics.GetCanaryRunsInput{Name: aws.String("mend")})
	if err != nil || len(out.CanaryRuns) != 2 {
		t.Fatalf("runs %+v: %v", out, err)
	}
	again, first := out.CanaryRuns[0], out.CanaryRuns[1]
	if again.Status.State != types.CanaryRunStateFailed || aws.ToInt32(again.RetryAttempt) != 1 || *again.ScheduledRunId != *first.Id || first.RetryAttempt != nil {
		t.Errorf("the retry is %+v of %+v", again, first)
	}
}

// tryDry makes a dry run with environment variables, and awaits its success.
func (u *user) tryDry(t *testing.T, env map[string]string) (id string) {
	t.Helper()
	out, err := u.canaries.StartCanaryDryRun(t.Context(), &synthetics.StartCanaryDryRunInput{
		Name: aws.String("mend"), RunConfig: &types.CanaryRunConfigInput{TimeoutInSeconds: aws.Int32(60), EnvironmentVariables: env},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for tick := time.NewTicker(20 * time.Millisecond); ; <-tick.C {
		got, err := u.canaries.GetCanary(ctx, &synthetics.GetCanaryInput{Name: aws.String("mend"), DryRunId: out.DryRunConfig.DryRunId})
		if err != nil {
			t.Fatal(err)
		}
		switch status := *got.Canary.DryRunConfig.LastDryRunExecutionStatus; status {
		case "RUNNING":
		case "PASSED":
			return *out.DryRunConfig.DryRunId
		default:
			t.Fatalf("the dry run %s", status)
		}
	}
}

// average is a metric of the canary over the last hour, once there is one that
// is as wanted, or the last that there was.
func (u *user) average(t *testing.T, metric string, want float64) (last float64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for tick := time.NewTicker(50 * time.Millisecond); ; {
		out, err := u.metrics.GetMetricStatistics(ctx, &cloudwatch.GetMetricStatisticsInput{
			Namespace: aws.String("CloudWatchSynthetics"), MetricName: &metric, Period: aws.Int32(86400), Statistics: []cwtypes.Statistic{cwtypes.StatisticSum, cwtypes.StatisticSampleCount},
			StartTime: aws.Time(time.Now().Add(-24 * time.Hour)), EndTime: aws.Time(time.Now().Add(24 * time.Hour)),
			Dimensions: []cwtypes.Dimension{{Name: aws.String("CanaryName"), Value: aws.String("mend")}},
		})
		if err != nil && ctx.Err() == nil {
			t.Fatal(err)
		}
		if err == nil && len(out.Datapoints) > 0 {
			sum, n := 0.0, 0.0
			for _, d := range out.Datapoints { // of two days, at midnight
				sum, n = sum+*d.Sum, n+*d.SampleCount
			}
			last = sum / n
		}
		select {
		case <-ctx.Done():
			return last
		case <-tick.C:
		}
		if last == want {
			return last
		}
	}
}
