package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"nephele.dev/nephele/internal/canarylocal"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

// TestCanaryLife begins a canary from a blueprint, runs it, breaks what it
// watches, and compares the runs.
func TestCanaryLife(t *testing.T) {
	t.Parallel()
	var colour atomic.Value
	colour.Store("white")
	var broken atomic.Bool
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if broken.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		fmt.Fprintf(w, `<body style="background: %s"><h1>Shop</h1>`, colour.Load())
	}))
	t.Cleanup(site.Close)
	dir := filepath.Join(t.TempDir(), "shop")
	status, out, errs := execute(t, nil, "canary", "new", "heartbeat", dir, "--set", "urls="+site.URL+"/")
	if status != 0 || !strings.Contains(out, "heartbeat.js") {
		t.Fatalf("new: %d %s %s", status, out, errs)
	}
	if status, _, errs := execute(t, nil, "canary", "new", "heartbeat", dir); status == 0 {
		t.Errorf("a canary was overwritten: %s", errs)
	}

	junit := filepath.Join(t.TempDir(), "junit.xml")
	status, out, errs = execute(t, nil, "canary", "run", dir, "--junit", junit)
	if status != 0 || !strings.Contains(out, "✓ 1 127.0.0.1") || !strings.Contains(out, "PASSED in ") {
		t.Fatalf("run: %d\n%s%s", status, out, errs)
	}
	if text, err := os.ReadFile(junit); err != nil || !strings.Contains(string(text), `failures="0"`) {
		t.Errorf("JUnit: %s %v", text, err)
	}

	colour.Store("black")
	status, out, errs = execute(t, nil, "canary", "run", dir, "--json")
	var second canarylocal.Run
	if err := json.Unmarshal([]byte(out), &second); err != nil || status != 0 || second.Status != canaryrun.Passed {
		t.Fatalf("run as JSON: %d %v\n%s%s", status, err, out, errs)
	}
	status, out, errs = execute(t, nil, "canary", "diff", "previous", "last", "--in", dir, "--json")
	var d canarylocal.Difference
	if err := json.Unmarshal([]byte(out), &d); err != nil || status != statusFailed || len(d.Pictures) != 2 {
		t.Fatalf("diff: %d %v\n%s%s", status, err, out, errs)
	}
	if p := d.Pictures[1]; p.Status != "FAILED" || p.VariancePercent < 50 || !isFile(p.Difference) {
		t.Errorf("a black page beside a white one: %+v", p)
	}
	if status, out, errs := execute(t, nil, "canary", "diff", "last", "last", "--in", dir); status != 0 {
		t.Errorf("a run differs from itself: %d\n%s%s", status, out, errs)
	}

	broken.Store(true)
	status, out, errs = execute(t, nil, "canary", "run", dir, "--log")
	if status != statusFailed || !strings.Contains(out, "answered 503") || !strings.Contains(out, "END RequestId") {
		t.Errorf("a broken site: %d\n%s%s", status, out, errs)
	}
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

// TestCanaryBaseline lets the run itself compare, as a canary with a visual
// reference does.
func TestCanaryBaseline(t *testing.T) {
	t.Parallel()
	var colour atomic.Value
	colour.Store("white")
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `<body style="background: %s">`, colour.Load())
	}))
	t.Cleanup(site.Close)
	dir := filepath.Join(t.TempDir(), "look")
	if status, _, errs := execute(t, nil, "canary", "new", "visual", dir, "--set", "url="+site.URL+"/", "--set", "threshold=1"); status != 0 {
		t.Fatal(errs)
	}
	for _, step := range []struct {
		colour   string
		baseline []string
		status   int
	}{{"white", nil, 0}, {"white", []string{"--baseline", "last"}, 0}, {"red", []string{"--baseline", "last"}, statusFailed}} {
		colour.Store(step.colour)
		status, out, errs := execute(t, nil, append([]string{"canary", "run", dir}, step.baseline...)...)
		if status != step.status {
			t.Fatalf("%+v: %d\n%s%s", step, status, out, errs)
		}
		if step.status != 0 && !strings.Contains(out, "differs by") {
			t.Errorf("%+v: the difference is not told\n%s", step, out)
		}
	}
}

func TestCanaryRefusals(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "index.js"), []byte("exports.handler = async () => {};"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		args []string
		want string
	}{
		"no project":         {[]string{"run", t.TempDir()}, "found no script"},
		"no directory":       {[]string{"run", filepath.Join(dir, "none")}, "no such file"},
		"no runtime":         {[]string{"run", dir, "--runtime", "syn-nodejs-puppeteer-99.0"}, "no runtime version"},
		"no such variable":   {[]string{"run", dir, "--env", "NOT_THERE"}, "not set in the environment"},
		"no value":           {[]string{"run", dir, "--env", "=x"}, "NAME=VALUE"},
		"egress":             {[]string{"run", dir, "--canary-egress", "all"}, "neither public nor private"},
		"address":            {[]string{"run", dir, "--canary-allow", "here"}, "not an address with a port"},
		"no flag":            {[]string{"run", dir, "--colour"}, "unknown flag"},
		"no run":             {[]string{"diff", "last", "previous", "--in", dir}, "has 0 runs"},
		"not a run":          {[]string{"diff", dir, dir}, "is not a run"},
		"area":               {[]string{"diff", dir, dir, "--ignore", "1,2"}, "X1,Y1,X2,Y2"},
		"baseline not there": {[]string{"run", dir, "--baseline", filepath.Join(dir, "none")}, "is not a run"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if status, out, errs := execute(t, nil, append([]string{"canary"}, tt.args...)...); status != statusNotRun || !strings.Contains(errs, tt.want) {
				t.Errorf("%d %s%s, want %q", status, out, errs, tt.want)
			}
		})
	}
	if status, out, errs := execute(t, nil, "canary", "new"); status != 0 || !strings.Contains(out, "multi-checks") {
		t.Errorf("blueprints: %d %s%s", status, out, errs)
	}
	if status, _, errs := execute(t, nil, "canary", "new", "none", dir); status == 0 || !strings.Contains(errs, "no such blueprint") {
		t.Errorf("%d %s", status, errs)
	}
}

// TestCanaryEnvironment gives a script its variables and nothing else of ours.
func TestCanaryEnvironment(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	script := `exports.handler = async () => { throw new Error(JSON.stringify([process.env.A, process.env.B, process.env.C, process.env.AWS_REGION])); };`
	if err := os.WriteFile(filepath.Join(dir, "index.js"), []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	status, out, errs := execute(t, []string{"B=two", "C=secret"}, "canary", "run", dir, "-e", "A=one", "-e", "B", "--region", "eu-west-1", "--json")
	if status != statusFailed || !strings.Contains(out, `[\"one\",\"two\",null,\"eu-west-1\"]`) {
		t.Errorf("%d %s%s", status, out, errs)
	}
}
