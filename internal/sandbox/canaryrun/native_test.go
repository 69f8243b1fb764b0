package canaryrun_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/sandbox"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

// checkJob is a job of a configuration.
func checkJob(t testing.TB, files map[string]string) canaryrun.Job {
	t.Helper()
	archive, size := code(t, files)
	return canaryrun.Job{
		RunID: "4f6f2c5e-0000-4000-8000-000000000009", CanaryName: "watch", CanaryARN: "arn:aws:synthetics:us-east-1:000000000000:canary:watch",
		RuntimeVersion: "syn-nodejs-5.1", Blueprint: canaryrun.MultiChecks, Zip: archive, Size: size, Timeout: 30 * time.Second,
		Egress: sandbox.EgressPolicy{AllowPrivate: true},
	}
}

func checkFiles(config string) map[string]string {
	return map[string]string{"blueprint-config.json": config}
}

// runChecks runs a job natively, with no sandbox at hand.
func runChecks(t testing.TB, o canaryrun.NativeOptions, job canaryrun.Job) *canaryrun.Outcome {
	t.Helper()
	out, err := canaryrun.NewNative(o).Run(t.Context(), job)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = out.Close() })
	return out
}

// api is a small API: a login, and something behind it.
func api(t testing.TB) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != "hunter2" {
			w.WriteHeader(http.StatusForbidden)
		}
		_, _ = io.WriteString(w, `{"user": {"id": 42}}`)
	})
	mux.HandleFunc("GET /users/42", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"agent": "`+r.UserAgent()+`", "trace": "`+r.Header.Get("X-Amzn-Trace-Id")+`"}`)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

func login(url string) string {
	return `{"variables": {"base": "` + url + `"}, "steps": {
		"1": {"stepName": "login", "checkerType": "HTTP", "url": "${base}/login", "httpMethod": "POST", "authentication": {"type": "BASIC", "username": "ann", "password": "${AWS_SECRET:login:password}"},
			"extractors": [{"name": "id", "type": "BODY", "path": "$.user.id"}]},
		"2": {"stepName": "profile", "checkerType": "HTTP", "url": "${base}/users/${id}", "httpMethod": "GET", "assertions": [
			{"type": "BODY", "path": "$.agent", "operator": "EQUALS", "value": "CloudWatchSynthetics/arn:aws:synthetics:us-east-1:000000000000:canary:watch"}]},
		"3": {"stepName": "gone", "checkerType": "HTTP", "url": "${base}/nope", "httpMethod": "GET", "assertions": [{"type": "STATUS_CODE", "operator": "EQUALS", "value": 404}]}}}`
}

func TestNativeRun(t *testing.T) {
	t.Parallel()
	job := checkJob(t, checkFiles(login(api(t))))
	var mu sync.Mutex
	var told []string
	job.Progress = func(p canaryrun.Progress) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, fmt.Sprint(p.Event, p.Num, p.Step, p.Pass))
	}
	job.Secret = func(_ context.Context, name string) (string, error) { return `{"password": "hunter2"}`, nil }
	var dials, open atomic.Int64
	o := runChecks(t, canaryrun.NativeOptions{OnDial: func(run string, local, remote sandbox.Addr) func() {
		if run != job.RunID || local == nil || remote == nil {
			t.Errorf("OnDial(%q, %v, %v)", run, local, remote)
		}
		dials.Add(1)
		open.Add(1)
		return func() { open.Add(-1) }
	}}, job)
	if o.Status != canaryrun.Passed || o.TestResult != "PASSED" || o.StateReason != "" || o.StateReasonCode != "" || o.Duration <= 0 || o.Completed.Before(o.Started) {
		t.Fatalf("%+v\n%s", o, logText(o))
	}
	if diff := cmp.Diff([]string{"HttpRequestsReport.json", "MultiChecksReport.json", "SyntheticsReport-PASSED.json", "log.txt"}, sortedNames(o)); diff != "" {
		t.Error(diff)
	}
	if dials.Load() != 3 || open.Load() != 0 || o.Usage.Requests != 3 || o.Usage.BytesSent == 0 || o.Usage.BytesIn == 0 || o.Usage.Wall <= 0 {
		t.Errorf("%d dials, %d open, %+v", dials.Load(), open.Load(), o.Usage)
	}
	want := []string{"step-started1loginfalse", "step-ended1logintrue", "step-started2profilefalse", "step-ended2profiletrue", "step-started3gonefalse", "step-ended3gonetrue"}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Error(diff)
	}
	var report canaryrun.Report
	if err := json.Unmarshal(read(t, o, "SyntheticsReport-PASSED.json"), &report); err != nil {
		t.Fatal(err)
	}
	script := report.CustomerScript
	if script.Requests != (canaryrun.Requests{C2xx: 2, C4xx: 1}) || len(script.Steps) != 3 || script.Steps[1].HTTPRequestNum != 2 || script.Steps[1].StepNum != 2 || script.Status != "PASSED" || !report.Configuration.StepMetrics.Success {
		t.Errorf("%+v", report)
	}
	if len(o.Steps) != 3 || !o.Steps[0].EmitSuccess || !o.Steps[0].EmitDuration || !o.Steps[0].Passed || o.Steps[0].Duration <= 0 {
		t.Errorf("%+v", o.Steps)
	}
	log := logText(o)
	for _, text := range []string{
		"START RequestId: " + job.RunID, "\tINFO\tINFO: Start canary watch on syn-nodejs-5.1", "INFO: Step started: login", "/users/42: 200", "INFO: Step succeeded: gone",
		"END RequestId: " + job.RunID, "REPORT RequestId: ",
	} {
		if !strings.Contains(log, text) {
			t.Errorf("the log lacks %q:\n%s", text, log)
		}
	}
	for _, a := range o.Artifacts {
		if strings.Contains(string(read(t, o, a.Name)), "hunter2") || strings.Contains(log, "hunter2") {
			t.Errorf("%s tells the secret", a.Name)
		}
	}
}

func sortedNames(o *canaryrun.Outcome) []string {
	out := names(o)
	slices.Sort(out)
	return out
}

// The Runner hands blueprints over.
func TestRunnerRunsBlueprints(t *testing.T) {
	t.Parallel()
	job := checkJob(t, checkFiles(`{"steps": {"1": {"stepName": "a", "checkerType": "HTTP", "url": "`+api(t)+`/users/42"}}}`))
	o, err := runner.Run(t.Context(), job)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if o.Status != canaryrun.Passed {
		t.Errorf("%s\n%s", o.StateReason, logText(o))
	}
}

func TestNativeFailures(t *testing.T) {
	t.Parallel()
	url := api(t)
	step := func(n int, name, path string) string {
		return fmt.Sprintf(`"%d": {"stepName": "%s", "checkerType": "HTTP", "url": "%s%s"}`, n, name, url, path)
	}
	failing := `{"steps": {` + step(1, "one", "/x") + "," + step(2, "two", "/users/42") + "," + step(3, "three", "/y") + `}}`
	for name, tt := range map[string]struct {
		files  map[string]string
		change func(*canaryrun.Job)
		reason string
		steps  int
	}{
		"checks":     {checkFiles(failing), nil, "one: the server answered 404 Not Found (2 of 3 checks failed)", 3},
		"no config":  {map[string]string{"index.js": ""}, nil, "the archive: has no blueprint-config.json at its root", 0},
		"bad config": {checkFiles(`{"steps": {}}`), nil, "blueprint-config.json: steps must have at least one step", 0},
		"no archive": {nil, func(j *canaryrun.Job) { j.Zip, j.Size = strings.NewReader("x"), 1 }, "the archive: cannot be read", 0},
		"blueprint":  {checkFiles(failing), func(j *canaryrun.Job) { j.Blueprint = "other" }, `the blueprint "other" is not known`, 0},
		"policy":     {checkFiles(`{"steps": {` + step(1, "one", "/users/42") + `}}`), func(j *canaryrun.Job) { j.Egress.AllowPrivate = false }, "one: the sandbox refuses 127.0.0.1:", 1},
		"stop":       {map[string]string{"blueprint-config.json": failing, "synthetics.json": `{"step": {"continueOnStepFailure": false}}`}, nil, "one: the server answered 404 Not Found", 1},
	} {
		job := checkJob(t, tt.files)
		if tt.change != nil {
			tt.change(&job)
		}
		o := runChecks(t, canaryrun.NativeOptions{}, job)
		if o.Status != canaryrun.Failed || o.StateReasonCode != canaryrun.CanaryFailure || !strings.Contains(o.StateReason, tt.reason) || o.TestResult != "FAILED" {
			t.Errorf("%s: %s %s %q", name, o.Status, o.StateReasonCode, o.StateReason)
		}
		if o.Report == nil || len(o.Report.CustomerScript.Steps) != tt.steps || len(o.Steps) != tt.steps || !strings.Contains(logText(o), "ERROR") {
			t.Errorf("%s: %+v\n%s", name, o.Report, logText(o))
		}
		if name == "policy" && (o.Usage.Refused != 1 || !strings.Contains(logText(o), "WARN: the sandbox refuses")) {
			t.Errorf("%+v\n%s", o.Usage, logText(o))
		}
		if name == "stop" && !strings.Contains(string(read(t, o, "MultiChecksReport.json")), `"skipped": [
    "two",
    "three"
  ]`) {
			t.Error("what was skipped is not told")
		}
	}
}

// hanging is a server that answers when the test has ended.
func hanging(t testing.TB) (url string, asked chan struct{}) {
	t.Helper()
	asked = make(chan struct{}, 100)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	t.Cleanup(s.Close)
	return s.URL, asked
}

func TestNativeTimeout(t *testing.T) {
	t.Parallel()
	url, _ := hanging(t)
	job := checkJob(t, checkFiles(`{"steps": {"1": {"stepName": "a", "checkerType": "HTTP", "url": "`+url+`"}}}`))
	job.Timeout = 200 * time.Millisecond
	o := runChecks(t, canaryrun.NativeOptions{}, job)
	if !o.TimedOut || !o.Usage.TimedOut || o.Report != nil || o.Status != canaryrun.Failed || o.TestResult != "UNKNOWN" || o.StateReason != "No test result returned. Task timed out after 0.20 seconds" || o.Duration <= 0 {
		t.Errorf("%+v", o)
	}
	if diff := cmp.Diff([]string{"log.txt"}, names(o)); diff != "" || !strings.Contains(logText(o), "Task timed out after 0.20 seconds") {
		t.Errorf("%s\n%s", diff, logText(o))
	}
}

func TestNativeEndsWithItsContext(t *testing.T) {
	t.Parallel()
	url, asked := hanging(t)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	_, err := canaryrun.NewNative(canaryrun.NativeOptions{}).Run(ctx, checkJob(t, checkFiles(`{"steps": {"1": {"stepName": "a", "checkerType": "HTTP", "url": "`+url+`"}}}`)))
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestNativeSettings: environment and synthetics.json say what is logged,
// reported and measured.
func TestNativeSettings(t *testing.T) {
	t.Parallel()
	files := checkFiles(`{"steps": {"1": {"stepName": "a", "checkerType": "HTTP", "url": "` + api(t) + `/users/42", "assertions": [
		{"type": "BODY", "path": "$.trace", "operator": "EQUALS", "value": "Root=1-a;Parent=b;Sampled=1"}, {"type": "BODY", "path": "$.agent", "operator": "CONTAINS", "value": "canary:watch extra"}]}}}`)
	files["synthetics.json"] = `{"step": {"stepSuccessMetric": false, "stepsReport": false}, "report": {"includeResponseBody": true}, "httpMetrics": {"metric_2xx": false}, "userAgent": "extra"}`
	job := checkJob(t, files)
	job.ActiveTracing = true
	job.Env = map[string]string{"CW_SYNTHETICS_LOG_LEVEL": "debug", "CW_SYNTHETICS_LOG_FORMAT": "JSON", "_X_AMZN_TRACE_ID": "Root=1-a;Parent=b;Sampled=1"}
	o := runChecks(t, canaryrun.NativeOptions{}, job)
	if o.Status != canaryrun.Passed || o.Steps[0].EmitSuccess || !o.Steps[0].EmitDuration || len(o.Report.CustomerScript.Steps) != 0 || o.Report.Configuration.CanaryMetrics.C2xx {
		t.Errorf("%+v %s", o, o.StateReason)
	}
	if !strings.Contains(logText(o), `"level":"DEBUG","message":"a: dns `) || !strings.Contains(string(read(t, o, "HttpRequestsReport.json")), `canary:watch extra`) {
		t.Errorf("%s\n%s", logText(o), read(t, o, "HttpRequestsReport.json"))
	}
	job = checkJob(t, checkFiles(files["blueprint-config.json"]))
	job.ActiveTracing, job.Env = true, map[string]string{"CW_SYNTHETICS_LOG_LEVEL": "ERROR"}
	o = runChecks(t, canaryrun.NativeOptions{}, job)
	if o.Status != canaryrun.Failed || !strings.Contains(o.StateReason, `got "Root=1-`) || strings.Contains(logText(o), "INFO") || strings.Contains(string(read(t, o, "HttpRequestsReport.json")), "canary:watch extra") {
		t.Errorf("%s\n%s", o.StateReason, logText(o))
	}
}

// TestManyNativeRunsAtOnce: runs that wait take little memory each.
func TestManyNativeRunsAtOnce(t *testing.T) {
	t.Parallel()
	const runs = 200
	url, asked := hanging(t)
	job := checkJob(t, checkFiles(`{"steps": {"1": {"stepName": "a", "checkerType": "HTTP", "url": "`+url+`", "timeout": 60000}}}`))
	n := canaryrun.NewNative(canaryrun.NativeOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range runs {
		all.Go(func() {
			if _, err := n.Run(ctx, job); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	}
	for range runs {
		<-asked
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	cancel()
	all.Wait()
	if each := m.StackInuse / runs; each > 256<<10 {
		t.Errorf("%d bytes of stack for each run", each)
	}
}

// BenchmarkNative measures runs of one HTTP check, archive to artifacts, against
// a server in the same process, which takes its part of the time.
func BenchmarkNative(b *testing.B) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"status": "ok"}`) }))
	b.Cleanup(s.Close)
	job := checkJob(b, checkFiles(`{"steps": {"1": {"stepName": "a", "checkerType": "HTTP", "url": "`+s.URL+`", "httpMethod": "GET", "assertions": [
		{"type": "STATUS_CODE", "operator": "EQUALS", "value": 200}, {"type": "BODY", "path": "$.status", "operator": "EQUALS", "value": "ok"}]}}}`))
	n := canaryrun.NewNative(canaryrun.NativeOptions{})
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			o, err := n.Run(b.Context(), job)
			if err != nil || o.Status != canaryrun.Passed {
				b.Error(err, o.StateReason)
				return
			}
			_ = o.Close()
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "checks/s")
}
