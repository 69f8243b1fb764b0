package app_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/app"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
	"nephele.dev/nephele/internal/svc/synthetics"
)

// stuckRunner begins runs and never ends them.
type stuckRunner struct{ begun chan string }

func (r stuckRunner) Run(ctx context.Context, job canaryrun.Job) (*canaryrun.Outcome, error) {
	r.begun <- job.CanaryName
	<-ctx.Done()
	return nil, ctx.Err()
}

// Health and metrics tell of runs that wait for a worker.
func TestWaitingCanariesShow(t *testing.T) {
	t.Parallel()
	cfg, log := quiet(t)
	cfg.CanaryWorkers = 1
	runner := stuckRunner{make(chan string, 9)}
	a, err := app.New(t.Context(), cfg, log, app.WithRunner(runner))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		now, cancel := context.WithCancel(context.Background())
		cancel()
		_ = a.Stop(now)
	})
	canaries := api.Client{Invoker: a.Plane().As(plane.RootCaller(cfg.Account, cfg.Region))}
	for _, name := range []string{"one", "two"} {
		startCanary(t, canaries, name)
	}
	<-runner.begun
	awaitWaiting(t, a.URL())
	metrics := page(t, a.URL()+"/_nephele/metrics")
	for _, want := range []string{
		`nephele_canary_runs_waiting{lane="canary"} 1`, `nephele_canary_lateness_seconds_count 1`, `nephele_canary_ticks_passed_over_total 0`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
}

// awaitWaiting asks for the server's health until it tells of one run that waits.
func awaitWaiting(t *testing.T, url string) {
	t.Helper()
	patience := time.After(time.Minute)
	for tick := time.NewTicker(20 * time.Millisecond); ; {
		var told struct {
			Detail struct {
				Canaries synthetics.Punctuality
			}
		}
		text := page(t, url+"/_nephele/health")
		if err := json.Unmarshal([]byte(text), &told); err != nil {
			t.Fatal(err)
		}
		if told.Detail.Canaries.Waiting[synthetics.LaneBrowser] == 1 {
			return
		}
		select {
		case <-tick.C:
		case <-patience:
			t.Fatalf("no run waits: %s", text)
		}
	}
}

func page(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // read to its end
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v", url, resp.StatusCode, err)
	}
	return string(text)
}

// startCanary makes a canary and starts it when it is ready.
func startCanary(t *testing.T, canaries api.Client, name string) {
	t.Helper()
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	f, err := w.Create("nodejs/node_modules/index.js")
	if err == nil {
		_, err = fmt.Fprint(f, "exports.handler = async () => {};")
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	_, err = canaries.CreateCanary(t.Context(), &api.CreateCanaryInput{
		Name: name, ArtifactS3Location: "s3://artifacts/" + name, ExecutionRoleArn: "arn:aws:iam::000000000000:role/canary",
		RuntimeVersion: "syn-nodejs-puppeteer-11.0", Schedule: &api.CanaryScheduleInput{Expression: "rate(5 minutes)"},
		Code: &api.CanaryCodeInput{Handler: new("index.handler"), ZipFile: archive.Bytes()},
	})
	for err == nil {
		if _, err = canaries.StartCanary(t.Context(), &api.StartCanaryInput{Name: name}); err == nil {
			return
		}
		if strings.Contains(err.Error(), "startable") {
			err = nil // it is still CREATING
		}
	}
	t.Fatal(err)
}
