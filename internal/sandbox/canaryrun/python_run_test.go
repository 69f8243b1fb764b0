package canaryrun_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/sandbox"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

// runPython runs a script as index.handler of the newest runtime.
func runPython(t *testing.T, script string, change func(*canaryrun.Job)) *canaryrun.Outcome {
	t.Helper()
	return runPythonFiles(t, map[string]string{"python/index.py": script}, change)
}

func runPythonFiles(t *testing.T, files map[string]string, change func(*canaryrun.Job)) *canaryrun.Outcome {
	t.Helper()
	return runFiles(t, files, func(j *canaryrun.Job) {
		j.RuntimeVersion = "syn-python-selenium-14.0"
		if change != nil {
			change(j)
		}
	})
}

func passedRun(t *testing.T, o *canaryrun.Outcome) {
	t.Helper()
	if o.Status != canaryrun.Passed {
		t.Fatalf("%s %s %q\n%s", o.Status, o.StateReasonCode, o.StateReason, logText(o))
	}
}

func TestPythonPassingCanary(t *testing.T) {
	t.Parallel()
	url, seen := site(t)
	o := runPython(t, `
import logging
from aws_synthetics.selenium import synthetics_webdriver as webdriver
from aws_synthetics.common import synthetics_logger as log

def handler(event, context):
    browser = webdriver.Chrome()
    def load():
        browser.get("`+url+`/moved?token=secret")
    webdriver.execute_step("open", load)
    def look():
        log.info("The title is %s", browser.title)
        log.debug("not shown")
        logging.getLogger().warning("two\nlines")
        logging.getLogger().info("not shown either")
        print("printed")
        browser.save_screenshot("look.png", "closer")
        return browser.title
    assert webdriver.execute_step("look", look) == "Shop"
    assert event["canaryName"] == "watch" and context.aws_request_id == event["canaryRunId"]
    assert 0 < context.get_remaining_time_in_millis() <= 30000
    return "done"
`, nil)
	passedRun(t, o)
	if o.StateReason != "" || o.StateReasonCode != "" || o.TestResult != "PASSED" {
		t.Fatalf("%s %q", o.StateReasonCode, o.StateReason)
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
	if !strings.HasSuffix(agent, " CloudWatchSynthetics/arn:aws:synthetics:us-east-1:000000000000:canary:watch") || !strings.Contains(agent, "HeadlessChrome/1") {
		t.Errorf("user agent %q", agent)
	}
	text := logText(o)
	for _, part := range []string{"START RequestId: 4f6f", "[INFO]\t20", "\t4f6f2c5e-0000-4000-8000-000000000001\tThe title is Shop", "[WARNING]\t20", "\ttwo\nlines", "printed", "REPORT RequestId: 4f6f"} {
		if !strings.Contains(text, part) {
			t.Errorf("the log lacks %q:\n%s", part, text)
		}
	}
	if strings.Contains(text, "not shown") {
		t.Error("lines below the level are in the log")
	}
	checkHAR(t, read(t, o, "results.har"), url)
	if o.Duration <= 0 || o.Usage.CPU <= 0 || o.Usage.PeakMemory <= 0 || o.Usage.Requests == 0 {
		t.Errorf("duration %v, usage %+v", o.Duration, o.Usage)
	}
	t.Logf("wall %v, duration %v, CPU %v, peak %d MB", o.Usage.Wall, o.Duration, o.Usage.CPU, o.Usage.PeakMemory>>20)
}

// The whole browser does what the headless shell does, and so does a machine
// that offers no isolation, where its owner allows it.
func TestPythonElsewhere(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		box     sandbox.Options
		browser string
	}{
		"whole browser":     {browser: "/usr/lib/chromium/chromium"},
		"without isolation": {box: sandbox.Options{Bubblewrap: "/no/such/bwrap", AllowUnsandboxed: true}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			box, err := sandbox.New(tt.box)
			if err != nil {
				t.Fatal(err)
			}
			defer box.Close()
			r, err := canaryrun.New(canaryrun.Options{Sandbox: box, Browser: tt.browser})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			url, seen := site(t)
			archive, size := code(t, map[string]string{"python/index.py": `
import http.client
from aws_synthetics.selenium import synthetics_webdriver as webdriver
def handler(event, context):
    browser = webdriver.Chrome()
    webdriver.execute_step("open", lambda: browser.get("` + url + `"))
    assert browser.execute_script("return [innerWidth, innerHeight]") == [1920, 1080]
    assert webdriver.get_http_response("` + url + `/ok.svg") == 200
    browser.quit()
`})
			o, err := r.Run(t.Context(), canaryrun.Job{
				RunID: "elsewhere", RuntimeVersion: "syn-python-selenium-14.0", CanaryARN: "the-arn", Handler: "index.handler",
				Zip: archive, Size: size, Egress: sandbox.EgressPolicy{AllowPrivate: true},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer o.Close()
			passedRun(t, o)
			want := []string{"01-open-starting.png", "02-open-succeeded.png", "log.txt", "SyntheticsReport-PASSED.json", "results.har", "results.har.html"}
			if diff := cmp.Diff(want, names(o)); diff != "" {
				t.Errorf("artifacts (-want +got):\n%s", diff)
			}
			checkPicture(t, read(t, o, "02-open-succeeded.png"))
			if agent := seen().Get("User-Agent"); !strings.HasSuffix(agent, " CloudWatchSynthetics/the-arn") {
				t.Errorf("user agent %q", agent)
			}
		})
	}
}

// Where Python or what it needs is missing, the run says what to install.
func TestPythonMissing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil { // users of runs may not enter a test's directory
		t.Fatal(err)
	}
	bare := filepath.Join(dir, "python3")
	script := "#!/bin/sh\nif [ \"$2\" = -c ]; then echo '{\"version\":[3,12,1],\"selenium\":\"\"}'; else exec /usr/bin/python3 -S \"$@\"; fi\n"
	if err := os.WriteFile(bare, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ python, script, reason string }{
		"no Python":            {dir + "/none", "def handler(e, x): pass", "Python: " + dir + "/none is not installed; apt-get install python3"},
		"no Selenium, page":    {bare, "from selenium import webdriver\ndef handler(e, x): webdriver.Chrome()", "has no Selenium; apt-get install python3 python3-selenium chromium-driver"},
		"no Selenium, no page": {bare, "def handler(e, x): raise Exception('it ran')", "it ran"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			box, err := sandbox.New(sandbox.Options{Bubblewrap: "/no/such/bwrap", AllowUnsandboxed: true})
			if err != nil {
				t.Fatal(err)
			}
			defer box.Close()
			r, err := canaryrun.New(canaryrun.Options{Sandbox: box, Python: tt.python})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			archive, size := code(t, map[string]string{"python/index.py": tt.script})
			o, err := r.Run(t.Context(), canaryrun.Job{RunID: "m", RuntimeVersion: "syn-python-selenium-14.0", Handler: "index.handler", Zip: archive, Size: size})
			if err != nil {
				t.Fatal(err)
			}
			defer o.Close()
			if o.Status != canaryrun.Failed || !strings.Contains(o.StateReason, tt.reason) {
				t.Errorf("%s %q\n%s", o.Status, o.StateReason, logText(o))
			}
		})
	}
}
