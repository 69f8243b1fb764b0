package synthetics_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/app"
	"nephele.dev/nephele/internal/config"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

// instantRunner passes every run at once, with what a check of five steps leaves.
type instantRunner struct {
	runs atomic.Int64
	gate chan struct{} // runs wait for it to be closed
}

func (r *instantRunner) Run(_ context.Context, job canaryrun.Job) (*canaryrun.Outcome, error) {
	<-r.gate
	r.runs.Add(1)
	now := time.Now().UTC()
	o := &canaryrun.Outcome{
		Status: canaryrun.Passed, TestResult: "PASSED", Started: now, Completed: now, Duration: time.Millisecond, Report: &canaryrun.Report{},
	}
	o.Report.Configuration.CanaryMetrics = canaryrun.CanaryMetrics{FailedCanary: true, AggregatedFailedCanary: true}
	for _, line := range []string{"START RequestId: " + job.RunID, "a step", "another", "a third", "END", "REPORT Duration: 1 ms"} {
		o.Logs = append(o.Logs, canaryrun.LogLine{Time: now, Message: line})
	}
	for _, name := range []string{"SyntheticsReport-PASSED.json", "HttpRequestsReport.json"} {
		o.Attach(name, bytes.Repeat([]byte("{\"step\": 1}"), 200))
	}
	for n := range 3 {
		o.Steps = append(o.Steps, canaryrun.StepMetric{Name: fmt.Sprint("step ", n), Passed: true, EmitSuccess: true, EmitDuration: true})
	}
	return o, nil
}

// What a run costs the server, without what runs in it: a tick, artifacts, log,
// metrics, event. Canaries all fall due at once; an operation is one run.
func BenchmarkCanaryRuns(b *testing.B) {
	runner := &instantRunner{gate: make(chan struct{})}
	cfg := config.Default()
	cfg.Listen, cfg.Data, cfg.CanaryScriptWorkers = "127.0.0.1:0", b.TempDir(), 64
	a, err := app.New(b.Context(), cfg, app.WithRunner(runner), app.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		b.Fatal(err)
	}
	if err := a.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	defer func() { _ = a.Stop(context.Background()) }()
	as := a.Plane().As(plane.RootCaller(cfg.Account, cfg.Region))
	canaries := synthetics.Client{Invoker: as}
	if _, err := (s3.Client{Invoker: as}).CreateBucket(b.Context(), &s3.CreateBucketInput{Bucket: "artifacts"}); err != nil {
		b.Fatal(err)
	}
	names := make([]string, b.N)
	for i := range names {
		names[i] = fmt.Sprintf("canary-%06d", i)
		if err := createCheck(b.Context(), canaries, names[i]); err != nil {
			b.Fatal(err)
		}
	}
	began := time.Now()
	var starts errgroup.Group
	starts.SetLimit(16)
	for _, name := range names {
		starts.Go(func() error {
			_, err := canaries.StartCanary(b.Context(), &synthetics.StartCanaryInput{Name: name})
			return err
		})
	}
	if err := starts.Wait(); err != nil {
		b.Fatal(err)
	}
	for waiting(b, a, `nephele_engine_lane_running{lane="api"} 0`, `nephele_engine_lane_backlog{lane="api"} 0`) {
		time.Sleep(50 * time.Millisecond)
	}
	ticks := float64(b.N) / time.Since(began).Seconds()
	close(runner.gate)
	cpu := cpuTime(b)
	b.ResetTimer()
	for runner.runs.Load() < int64(b.N) ||
		waiting(b, a, `nephele_engine_lane_running{lane="canary.script"} 0`, `nephele_engine_lane_backlog{lane="canary.script"} 0`,
			`nephele_engine_lane_running{lane="canary.publish"} 0`, `nephele_engine_lane_backlog{lane="canary.publish"} 0`) {
		time.Sleep(50 * time.Millisecond)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "runs/s")
	b.ReportMetric(ticks, "ticks/s")
	b.ReportMetric((cpuTime(b)-cpu).Seconds()*1000/float64(b.N), "cpu-ms/run")
}

// cpuTime is what this process has used.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// waiting reports whether a gauge is not what it is at rest.
func waiting(b *testing.B, a *app.App, gauges ...string) bool {
	b.Helper()
	resp, err := http.Get(a.URL() + "/_nephele/metrics") //nolint:noctx // the server is ours
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	var page bytes.Buffer
	if _, err := page.ReadFrom(resp.Body); err != nil {
		b.Fatal(err)
	}
	for _, gauge := range gauges {
		if !bytes.Contains(page.Bytes(), []byte(gauge)) {
			return true
		}
	}
	return false
}

func createCheck(ctx context.Context, canaries synthetics.Client, name string) error {
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	f, err := w.Create("nodejs/node_modules/index.js")
	if err == nil {
		_, err = f.Write([]byte("exports.handler = async () => {};"))
	}
	if err := errors.Join(err, w.Close()); err != nil {
		return err
	}
	_, err = canaries.CreateCanary(ctx, &synthetics.CreateCanaryInput{
		Name: name, ArtifactS3Location: "s3://artifacts/" + name, ExecutionRoleArn: "arn:aws:iam::000000000000:role/canary",
		RuntimeVersion: "syn-nodejs-3.0", Schedule: &synthetics.CanaryScheduleInput{Expression: "rate(5 minutes)"},
		Code: &synthetics.CanaryCodeInput{Handler: new("index.handler"), ZipFile: archive.Bytes()},
	})
	for err == nil { // started as soon as it is there
		var out *synthetics.GetCanaryOutput
		if out, err = canaries.GetCanary(ctx, &synthetics.GetCanaryInput{Name: name}); err == nil && *out.Canary.Status.State == "READY" {
			break
		}
	}
	return err
}
