package canaryrun_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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
