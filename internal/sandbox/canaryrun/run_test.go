package canaryrun_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/sandbox"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

var runner *canaryrun.Runner

func TestMain(m *testing.M) {
	_ = os.Setenv("NEPHELE_ROOT_SECRET_ACCESS_KEY", serverSecret)
	os.Exit(func() int {
		box, err := sandbox.New(sandbox.Options{})
		if err != nil {
			fmt.Fprintln(os.Stderr, "canaries cannot be tested here:", err)
			return 1
		}
		defer box.Close()
		if runner, err = canaryrun.New(canaryrun.Options{Sandbox: box}); err != nil {
			fmt.Fprintln(os.Stderr, "canaries cannot be tested here:", err)
			return 1
		}
		defer runner.Close()
		return m.Run()
	}())
}

// code makes a code archive.
func code(t testing.TB, files map[string]string) (*bytes.Reader, int64) {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, content := range files {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(out.Bytes()), int64(out.Len())
}

// run runs a script as index.handler, with change made to the job.
func run(t *testing.T, script string, change func(*canaryrun.Job)) *canaryrun.Outcome {
	t.Helper()
	return runFiles(t, map[string]string{"nodejs/node_modules/index.js": script}, change)
}

func runFiles(t *testing.T, files map[string]string, change func(*canaryrun.Job)) *canaryrun.Outcome {
	t.Helper()
	archive, size := code(t, files)
	job := canaryrun.Job{
		RunID: "4f6f2c5e-0000-4000-8000-000000000001", CanaryName: "watch",
		CanaryARN:      "arn:aws:synthetics:us-east-1:000000000000:canary:watch",
		RuntimeVersion: "syn-nodejs-puppeteer-10.0", Handler: "index.handler",
		Zip: archive, Size: size, Timeout: 30 * time.Second,
		Egress: sandbox.EgressPolicy{AllowPrivate: true},
	}
	if change != nil {
		change(&job)
	}
	o, err := runner.Run(t.Context(), job)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.Close() })
	return o
}

// logText is the run's log as text.
func logText(o *canaryrun.Outcome) string {
	var b strings.Builder
	for _, l := range o.Logs {
		b.WriteString(l.Message + "\n")
	}
	return b.String()
}

func names(o *canaryrun.Outcome) (out []string) {
	for _, a := range o.Artifacts {
		if strings.HasSuffix(a.Name, "-log.txt") {
			a.Name = "log.txt"
		}
		out = append(out, a.Name)
	}
	return out
}

func read(t *testing.T, o *canaryrun.Outcome, name string) []byte {
	t.Helper()
	r, err := o.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// site serves a page with a picture, a missing script and a failing one.
func site(t *testing.T) (url string, seen func() http.Header) {
	t.Helper()
	headers := make(chan http.Header, 100)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			headers <- r.Header.Clone()
			fmt.Fprint(w, `<!doctype html><title>Shop</title><body style="background:#7ac">
				<h1>Welcome</h1><img src="/ok.svg" width=200><script src="/missing.js"></script><script src="/broken.js"></script>`)
		case "/ok.svg":
			w.Header().Set("Content-Type", "image/svg+xml")
			fmt.Fprint(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle cx="4" cy="4" r="4" fill="#c33"/></svg>`)
		case "/moved":
			http.Redirect(w, r, "/", http.StatusFound)
		case "/broken.js":
			w.WriteHeader(http.StatusInternalServerError)
		case "/echo":
			_, _ = io.Copy(w, r.Body)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL, func() http.Header { return <-headers }
}

func TestPassingCanary(t *testing.T) {
	t.Parallel()
	url, seen := site(t)
	o := run(t, `
const synthetics = require('Synthetics');
const log = require('SyntheticsLogger');
exports.handler = async () => {
  const page = await synthetics.getPage();
  await synthetics.executeStep('open', async () => {
    const response = await page.goto('`+url+`/moved?token=secret', {waitUntil: 'networkidle0'});
    if (response.status() !== 200) throw new Error('not 200');
  });
  await synthetics.executeStep('look', async () => {
    log.info('The title is ' + await page.title());
    log.debug('not shown');
    console.log('two\nlines');
    await synthetics.takeScreenshot('look', 'closer');
  });
  return 'done';
};`, nil)
	if o.Status != canaryrun.Passed || o.StateReason != "" || o.StateReasonCode != "" || o.TestResult != "PASSED" {
		t.Fatalf("%s %s %q\n%s", o.Status, o.StateReasonCode, o.StateReason, logText(o))
	}
	want := []string{
		"01-open-starting.png", "02-open-succeeded.png", "03-look-starting.png", "04-look-closer.png",
		"05-look-succeeded.png", "log.txt", "SyntheticsReport-PASSED.json", "results.har", "results.har.html",
	}
	if diff := cmp.Diff(want, names(o)); diff != "" {
		t.Errorf("artifacts (-want +got):\n%s", diff)
	}
	checkPicture(t, read(t, o, "02-open-succeeded.png"))
	r := o.Report.CustomerScript
	if diff := cmp.Diff(canaryrun.Requests{C2xx: 2, C3xx: 1, C4xx: 1, C5xx: 1}, r.Requests); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if len(r.Steps) != 2 || r.Steps[0].Status != "PASSED" || r.Steps[0].DestinationURL != url+"/" || len(r.Steps[1].Screenshots) != 3 {
		t.Errorf("steps: %+v", r.Steps)
	}
	agent := seen().Get("User-Agent")
	if !strings.HasSuffix(agent, " CloudWatchSynthetics/arn:aws:synthetics:us-east-1:000000000000:canary:watch") {
		t.Errorf("user agent %q", agent)
	}
	text := logText(o)
	for _, part := range []string{"START RequestId: 4f6f", "INFO: The title is Shop", "two\nlines", "REPORT RequestId: 4f6f"} {
		if !strings.Contains(text, part) {
			t.Errorf("the log lacks %q:\n%s", part, text)
		}
	}
	if strings.Contains(text, "not shown") {
		t.Error("debug lines are in the log")
	}
	checkHAR(t, read(t, o, "results.har"), url)
	if o.Duration <= 0 || o.Usage.CPU <= 0 || o.Usage.PeakMemory <= 0 || o.Usage.Requests == 0 {
		t.Errorf("duration %v, usage %+v", o.Duration, o.Usage)
	}
}

func checkPicture(t *testing.T, b []byte) {
	t.Helper()
	if dir := os.Getenv("NEPHELE_KEEP_SCREENSHOTS"); dir != "" {
		_ = os.WriteFile(dir+"/"+t.Name()+".png", b, 0o600)
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if size := img.Bounds().Size(); size.X != 1920 || size.Y != 1080 {
		t.Errorf("the screenshot is %v", size)
	}
	if r, g, b, _ := img.At(1900, 1000).RGBA(); r>>8 != 0x77 || g>>8 != 0xaa || b>>8 != 0xcc {
		t.Errorf("the page's background is %x %x %x", r>>8, g>>8, b>>8)
	}
}

func checkHAR(t *testing.T, b []byte, url string) {
	t.Helper()
	var har struct {
		Log struct {
			Entries []struct {
				Request  struct{ URL, Method string }
				Response struct{ Status int }
				Timings  map[string]float64
			}
		}
	}
	if err := json.Unmarshal(b, &har); err != nil {
		t.Fatal(err)
	}
	status := map[string]int{}
	for _, e := range har.Log.Entries {
		status[strings.TrimPrefix(e.Request.URL, url)] = e.Response.Status
		if e.Timings["wait"] < 0 || e.Timings["receive"] < 0 {
			t.Errorf("timings of %s: %v", e.Request.URL, e.Timings)
		}
	}
	want := map[string]int{"/moved?token=secret": 302, "/": 200, "/ok.svg": 200, "/missing.js": 404, "/broken.js": 500}
	if diff := cmp.Diff(want, status); diff != "" {
		t.Errorf("HAR (-want +got):\n%s", diff)
	}
}

func TestFailingStep(t *testing.T) {
	t.Parallel()
	url, _ := site(t)
	o := run(t, `
const synthetics = require('@aws/synthetics-puppeteer');
exports.handler = async () => {
  const page = await synthetics.getPage();
  await synthetics.executeStep('open', () => page.goto('`+url+`'));
  await synthetics.executeStep('buy', () => page.waitForSelector('#buy', {timeout: 50}));
  throw new Error('not reached');
};`, nil)
	if o.Status != canaryrun.Failed || o.StateReasonCode != canaryrun.CanaryFailure || !strings.Contains(o.StateReason, "#buy") {
		t.Fatalf("%s %s %q\n%s", o.Status, o.StateReasonCode, o.StateReason, logText(o))
	}
	got := names(o)
	for _, want := range []string{"04-buy-failed.png", "SyntheticsReport-FAILED.json"} {
		if !strings.Contains(strings.Join(got, " "), want) {
			t.Errorf("%s is not among %q", want, got)
		}
	}
	if s := o.Report.CustomerScript.Steps[1]; s.Status != "FAILED" || !strings.Contains(s.FailureReason, "#buy") {
		t.Errorf("step: %+v", s)
	}
}

func TestScriptFailures(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		files  map[string]string
		change func(*canaryrun.Job)
		reason string
	}{
		"throws": {
			files:  map[string]string{"nodejs/node_modules/index.js": `exports.handler = async () => { throw new TypeError('it broke'); };`},
			reason: "it broke",
		},
		"throws a zero byte": {
			files:  map[string]string{"nodejs/node_modules/index.js": `exports.handler = async () => { throw new Error('a\0b'); };`},
			reason: "a\uFFFDb",
		},
		"throws nothing":    {files: map[string]string{"nodejs/node_modules/index.js": `exports.handler = () => Promise.reject();`}, reason: "without a reason"},
		"unhandled promise": {files: map[string]string{"nodejs/node_modules/index.js": `exports.handler = () => { Promise.reject(new Error('lost')); return new Promise(r => setTimeout(r, 5000)); };`}, reason: "lost"},
		"exits":             {files: map[string]string{"nodejs/node_modules/index.js": `exports.handler = () => process.exit(3);`}, reason: "exit code 3"},
		"never settles":     {files: map[string]string{"nodejs/node_modules/index.js": `exports.handler = () => new Promise(() => {});`}, reason: "before its function returned"},
		"kills itself":      {files: map[string]string{"nodejs/node_modules/index.js": `exports.handler = () => { process.kill(process.pid, 'SIGKILL'); return new Promise(() => {}); };`}, reason: "signal: killed"},
		"no such file":      {files: map[string]string{"nodejs/node_modules/other.js": ``}, reason: "Cannot find the canary script index.js"},
		"no such function":  {files: map[string]string{"nodejs/node_modules/index.js": `exports.other = 1;`}, reason: "does not export a function named handler"},
		"syntax error":      {files: map[string]string{"nodejs/node_modules/index.js": "\nexports.handler = async () => {\n  const a = ;\n};"}, reason: "SyntaxError: Unexpected token ';' (nodejs/node_modules/index.js:3)"},
		"root level too early": {
			files: map[string]string{"index.js": `exports.handler = async () => {};`}, reason: "Cannot find the canary script",
		},
		"function name too early": {
			files:  map[string]string{"nodejs/node_modules/index.js": `exports.go = async () => {};`},
			change: func(j *canaryrun.Job) { j.Handler, j.RuntimeVersion = "index.go", "syn-nodejs-puppeteer-3.3" },
			reason: "calls a function named handler, not go",
		},
		"option of another type": {
			files:  map[string]string{"nodejs/node_modules/index.js": `exports.handler = async () => { require('Synthetics').getConfiguration().withHarFile('yes'); };`},
			reason: `Configuration option harFile must be a boolean, not "yes"`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := runFiles(t, tt.files, tt.change)
			if o.Status != canaryrun.Failed || o.StateReasonCode != canaryrun.CanaryFailure || !strings.Contains(o.StateReason, tt.reason) {
				t.Errorf("%s %s %q, want %q\n%s", o.Status, o.StateReasonCode, o.StateReason, tt.reason, logText(o))
			}
		})
	}
}

func TestPackaging(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		files   map[string]string
		handler string
	}{
		"folder":     {map[string]string{"nodejs/node_modules/a/b.js": `exports.go = async () => {};`}, "a/b.go"},
		"root level": {map[string]string{"index.js": `exports.handler = async () => {};`}, "index.handler"},
		"ES module": {map[string]string{"nodejs/node_modules/index.mjs": `
			import synthetics, { synthetics as same } from '@aws/synthetics-puppeteer';
			import log from 'SyntheticsLogger';
			import { SyntheticsLink } from '@aws/synthetics-link';
			export const handler = async () => { if (synthetics !== same || !new SyntheticsLink('x').withText('y')) throw new Error('odd'); log.info('hello'); };`}, "index.handler"},
		"type module": {map[string]string{
			"nodejs/node_modules/package.json": `{"type":"module"}`,
			"nodejs/node_modules/index.js":     `import 'Synthetics'; export async function handler() {}`,
		}, "index.handler"},
		"own package": {map[string]string{
			"nodejs/node_modules/index.js":       `exports.handler = async () => { if (require('lodash-ish')() !== 7) throw new Error('no'); };`,
			"nodejs/node_modules/lodash-ish.js":  `module.exports = () => 7;`,
			"nodejs/node_modules/data/some.json": `{}`,
		}, "index.handler"},
		"all names": {map[string]string{"nodejs/node_modules/index.js": `
			const same = [['Synthetics', '@aws/synthetics-puppeteer'], ['SyntheticsLink', '@aws/synthetics-link'],
				['SyntheticsLogger', '@aws/synthetics-logger'], ['SyntheticsLogHelper', '@aws/synthetics-log-helper'],
				['BrokenLinkCheckerReport', '@aws/synthetics-broken-link-checker-report'], ['puppeteer', 'puppeteer-core']];
			exports.handler = async () => { for (const [a, b] of same) if (!require(a) || require(a) !== require(b)) throw new Error(a); };`}, "index.handler"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := runFiles(t, tt.files, func(j *canaryrun.Job) { j.Handler, j.RuntimeVersion = tt.handler, "syn-nodejs-puppeteer-11.0" })
			if o.Status != canaryrun.Passed {
				t.Errorf("%q\n%s", o.StateReason, logText(o))
			}
		})
	}
}

// TestTimeout gives a browser that starts on a busy machine its time, and spends
// the rest of it asleep: scripts that spin are hostile ones, and theirs is less.
func TestTimeout(t *testing.T) {
	t.Parallel()
	o := run(t, `
const synthetics = require('Synthetics');
require('SyntheticsLogger').info('on my way');
exports.handler = async () => { await synthetics.getPage(); console.log('browser up'); await new Promise(() => setInterval(() => {}, 1000)); };`,
		func(j *canaryrun.Job) { j.Timeout = 10 * time.Second })
	if !o.TimedOut || o.Status != canaryrun.Failed || !strings.Contains(o.StateReason, "timed out after 10.00 seconds") || o.TestResult != "UNKNOWN" {
		t.Errorf("%+v", o)
	}
	if diff := cmp.Diff([]string{"log.txt"}, names(o)); diff != "" {
		t.Errorf("artifacts (-want +got):\n%s", diff)
	}
	if text := logText(o); !strings.Contains(text, "browser up") || !strings.Contains(text, "Task timed out after 10.00 seconds") {
		t.Errorf("log:\n%s", text)
	}
}

func TestCancelledRunIsAnError(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	archive, size := code(t, map[string]string{"nodejs/node_modules/index.js": `exports.handler = () => { for (;;); };`})
	_, err := runner.Run(ctx, canaryrun.Job{RunID: "c", RuntimeVersion: "syn-nodejs-puppeteer-10.0", Handler: "index.handler", Zip: archive, Size: size})
	if err == nil || ctx.Err() == nil {
		t.Fatalf("error %v", err)
	}
}

func TestLogFlood(t *testing.T) {
	t.Parallel()
	o := run(t, `exports.handler = async () => { for (let i = 0; i < 60000; i++) process.stdout.write('x\n'); };`, nil)
	if !o.LogsTruncated || len(o.Logs) > 51_000 || !strings.Contains(logText(o), "the rest was dropped") {
		t.Errorf("%d lines, truncated %v, %s", len(o.Logs), o.LogsTruncated, o.StateReason)
	}
}
