package canaryrun_test

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

// Scripts that use Selenium itself run as they are.
func TestPythonPlainSelenium(t *testing.T) {
	t.Parallel()
	url, seen := site(t)
	o := runPython(t, `
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
def handler(event, context):
    options = webdriver.ChromeOptions()
    for a in ["--headless=new", "--no-sandbox", "--single-process", "--user-data-dir=/tmp/data", "--remote-debugging-port=9222", "--proxy-server=http://10.0.0.1:1", "--window-size=1000,700"]:
        options.add_argument(a)
    with webdriver.Chrome(options=options, service=Service()) as browser:
        browser.get("`+url+`")
        assert browser.title == "Shop"
        assert browser.execute_script("return innerWidth") == 1000
        assert any("Network." in line["message"] for line in browser.get_log("performance"))
        browser.save_screenshot("/tmp/mine.png")
    browser = webdriver.Chrome()
    browser.get("`+url+`/moved")
    browser.quit()
`, nil)
	passedRun(t, o)
	want := []string{"SyntheticsReport-PASSED.json", "log.txt", "mine.png", "results.har", "results.har.html"}
	if diff := cmp.Diff(want, slices.Sorted(slices.Values(names(o)))); diff != "" {
		t.Errorf("artifacts (-want +got):\n%s", diff)
	}
	if r := o.Report.CustomerScript.Requests; r.C2xx != 4 || r.C3xx != 1 {
		t.Errorf("requests %+v", r)
	}
	if agent := seen().Get("User-Agent"); !strings.HasSuffix(agent, "CloudWatchSynthetics/arn:aws:synthetics:us-east-1:000000000000:canary:watch") {
		t.Errorf("user agent %q", agent)
	}
	if !strings.Contains(logText(o), "--proxy-server=http://10.0.0.1:1 is not used") {
		t.Errorf("log:\n%s", logText(o))
	}
}

func TestPythonLibrary(t *testing.T) {
	t.Parallel()
	url, seen := site(t)
	o := runPython(t, `
import asyncio
from selenium.webdriver.chrome.options import Options
from aws_synthetics.selenium import synthetics_webdriver as webdriver
from aws_synthetics.common import synthetics_logger as log, synthetics_configuration as config

async def handler(event, context):
    assert config.with_screenshot_on_step_start(False).with_2xx_metric(False).withAggregated2xxMetric(False) is config
    assert config.get_screenshot_on_step_start() is False and config.get_screenshot_on_step_failure() is True
    config.set_config({"restricted_headers": ["x-secret"], "restricted_url_parameters": ["token"], "continue_on_step_failure": True, "_4xx_metric": False})
    config.disable_aggregated_request_metrics()
    webdriver.add_user_agent("Mine/1.0")
    options = Options()
    options.add_argument("--incognito")
    browser = webdriver.Chrome(chrome_options=options)
    browser.set_viewport_size(800, 600)
    assert browser.execute_script("return [innerWidth, innerHeight]") == [800, 600]
    async def opens():
        await asyncio.sleep(0)
        browser.get("`+url+`/?token=hidden&page=1")
        return "opened"
    assert await webdriver.execute_step("opens", opens) == "opened"
    assert await asyncio.create_task(webdriver.execute_step("plain", lambda: 7)) == 7
    config.disable_step_screenshots()
    config.disable_step_metrics()
    def breaks():
        raise Exception("see `+url+`/?token=hidden")
    assert await webdriver.execute_step("breaks", breaks) is None
    assert config.enable_step_screenshots().get_config()["screenshot_on_step_start"] is True
    assert browser.save_screenshot("loaded.png", "page1") and browser.save_screenshot("loaded")
    assert webdriver.get_http_response("`+url+`/ok.svg") == 200
    assert webdriver.get_http_response("`+url+`/nowhere") == 404
    assert webdriver.get_http_response("http://no-such-host.invalid/") == "error"
    assert webdriver.get_canary_name() == "watch" and "Mine/1.0" in webdriver.get_canary_user_agent_string()
    assert webdriver.ChromeOptions and webdriver.ActionChains and isinstance(browser, webdriver.SyntheticsBrowser)
    log.set_level(10)
    assert log.get_level() == 10
    log.debug("shown %s", "now")
    log.set_level("WARN")
    log.info("not shown")
    log.log("nor this")
    log.warn("a %s", "warning")
    try:
        1 / 0
    except ZeroDivisionError:
        log.exception("caught %d", 1)
    webdriver.add_execution_error("Unable to take it", Exception("no `+url+`/?token=hidden"))
`, nil)
	if o.Status != canaryrun.Failed || o.TestResult != "FAILED" || o.StateReason != "breaks: see "+url+"/?token=REDACTED" {
		t.Fatalf("%s %s %q\n%s", o.Status, o.TestResult, o.StateReason, logText(o))
	}
	want := []string{
		"01-opens-succeeded.png", "02-plain-succeeded.png", "03-loaded-page1.png", "04-loaded.png",
		"log.txt", "SyntheticsReport-FAILED.json", "results.har", "results.har.html",
	}
	if diff := cmp.Diff(want, names(o)); diff != "" {
		t.Errorf("artifacts (-want +got):\n%s", diff)
	}
	if o.Report.ExecutionStatus != "FAILED" || o.Report.ExecutionError != "Unable to take it no "+url+"/?token=REDACTED" {
		t.Errorf("execution error %q", o.Report.ExecutionError)
	}
	m := o.Report.Configuration.CanaryMetrics
	if m.C2xx || m.C4xx || !m.C5xx || m.Aggregated5xx || m.AggregatedFailedRequests || !m.FailedCanary {
		t.Errorf("metrics %+v", m)
	}
	steps := []canaryrun.StepMetric{}
	for _, s := range o.Steps {
		s.Duration = 0
		steps = append(steps, s)
	}
	if diff := cmp.Diff([]canaryrun.StepMetric{{Name: "opens", Passed: true, EmitSuccess: true, EmitDuration: true}, {Name: "plain", Passed: true, EmitSuccess: true, EmitDuration: true}, {Name: "breaks"}}, steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if agent := seen().Get("User-Agent"); !strings.HasSuffix(agent, " Mine/1.0") {
		t.Errorf("user agent %q", agent)
	}
	if har := string(read(t, o, "results.har")); strings.Contains(har, "hidden") || !strings.Contains(har, "token=REDACTED&page=1") {
		t.Error("the HAR shows what is restricted")
	}
	text := logText(o)
	for _, part := range []string{"shown now", "[WARNING]\t", "\ta warning", "caught 1", "ZeroDivisionError"} {
		if !strings.Contains(text, part) {
			t.Errorf("the log lacks %q:\n%s", part, text)
		}
	}
	if strings.Contains(text, "not shown") || strings.Contains(text, "nor this") || strings.Contains(text, "hidden") {
		t.Errorf("log:\n%s", text)
	}
}

func TestPythonExecutionErrorAlone(t *testing.T) {
	t.Parallel()
	o := runPython(t, `
from aws_synthetics.selenium import synthetics_webdriver
def handler(event, context):
    synthetics_webdriver.execute_step("api", lambda: None)
    synthetics_webdriver.add_execution_error("No picture")
    import sys
    assert "selenium" not in sys.modules
`, nil)
	if o.Status != canaryrun.Failed || o.StateReasonCode != canaryrun.ExecutionFailure || o.TestResult != "PASSED" || o.StateReason != "No picture" {
		t.Errorf("%s %s %s %q", o.Status, o.StateReasonCode, o.TestResult, o.StateReason)
	}
	if o.Usage.PeakMemory > 100<<20 {
		t.Errorf("a run without a page used %d MB: was a browser started?", o.Usage.PeakMemory>>20)
	}
}

func TestPythonLogsAsJSON(t *testing.T) {
	t.Parallel()
	o := runPython(t, `
from aws_synthetics.common import synthetics_logger as log
def handler(event, context):
    log.debug("two\nlines")
    try:
        {}["x"]
    except KeyError:
        log.exception("caught")
`, func(j *canaryrun.Job) {
		j.Env = map[string]string{"CW_SYNTHETICS_LOG_FORMAT": "JSON", "CW_SYNTHETICS_LOG_LEVEL": "TRACE"}
	})
	passedRun(t, o)
	byMessage := map[string]map[string]any{}
	for _, l := range o.Logs {
		var line map[string]any
		if json.Unmarshal([]byte(l.Message), &line) == nil {
			byMessage[line["message"].(string)] = line
		}
	}
	if l := byMessage["two\nlines"]; l["level"] != "DEBUG" || l["requestId"] != "4f6f2c5e-0000-4000-8000-000000000001" {
		t.Errorf("%v", byMessage)
	}
	if l := byMessage["caught"]; l["level"] != "ERROR" || l["errorType"] != "KeyError" {
		t.Errorf("%v", l)
	}
}

func TestPythonProgress(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var told []canaryrun.Progress
	o := runPython(t, `
from aws_synthetics.selenium import synthetics_webdriver as webdriver
def handler(event, context):
    webdriver.Chrome()
    webdriver.execute_step("one", lambda: None)
    def two(): raise Exception("no")
    webdriver.execute_step("two", two)
`, func(j *canaryrun.Job) {
		j.Progress = func(p canaryrun.Progress) {
			mu.Lock()
			defer mu.Unlock()
			p.Ms, p.Time = 0, p.Time.Truncate(0)
			told = append(told, canaryrun.Progress{Event: p.Event, Step: p.Step, Num: p.Num, Pass: p.Pass, Error: p.Error, File: p.File})
		}
	})
	if o.Status != canaryrun.Failed {
		t.Fatal(o.Status)
	}
	want := []canaryrun.Progress{
		{Event: "step-started", Step: "one", Num: 1},
		{Event: "screenshot", File: "01-one-starting.png"},
		{Event: "screenshot", File: "02-one-succeeded.png"},
		{Event: "step-ended", Step: "one", Num: 1, Pass: true},
		{Event: "step-started", Step: "two", Num: 2},
		{Event: "screenshot", File: "03-two-starting.png"},
		{Event: "screenshot", File: "04-two-failed.png"},
		{Event: "step-ended", Step: "two", Num: 2, Error: "no"},
	}
	mu.Lock()
	defer mu.Unlock()
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
	if strings.Contains(logText(o), "step-started") {
		t.Error("progress is in the log")
	}
}

// A dialogue on the page is the script's to answer, in the next step too. It
// fails no picture and keeps nobody waiting.
func TestPythonDialogues(t *testing.T) {
	t.Parallel()
	o := runPython(t, `
from selenium.webdriver.support.expected_conditions import alert_is_present
from selenium.webdriver.support.ui import WebDriverWait
from aws_synthetics.selenium import synthetics_webdriver as webdriver
def handler(event, context):
    browser = webdriver.Chrome()
    def ask():
        browser.execute_script("setTimeout(() => document.title = confirm('sure?'), 0)")
        WebDriverWait(browser, 5).until(alert_is_present())
    webdriver.execute_step("ask", ask)
    webdriver.execute_step("answer", lambda: browser.switch_to.alert.accept())
    WebDriverWait(browser, 5).until(lambda b: b.title == "true")
`, nil)
	passedRun(t, o)
	shots := o.Report.CustomerScript.Steps[0].Screenshots
	if len(shots) != 2 || shots[0].Error != "" || shots[1].Error != "Dialogue: a dialogue is open: sure?" {
		t.Errorf("%+v", shots)
	}
	want := []string{"01-ask-starting.png", "04-answer-succeeded.png", "log.txt", "SyntheticsReport-PASSED.json", "results.har", "results.har.html"}
	if diff := cmp.Diff(want, names(o)); diff != "" {
		t.Errorf("artifacts (-want +got):\n%s", diff)
	}
}

func TestPythonActiveTracing(t *testing.T) {
	t.Parallel()
	url, seen := site(t)
	o := runPython(t, `
import os
from urllib import request
from aws_synthetics.selenium import synthetics_webdriver as webdriver
def handler(event, context):
    request.urlopen("`+url+`/")
    webdriver.Chrome().get("`+url+`/")
    print("trace", os.environ["_X_AMZN_TRACE_ID"].split(";")[0])
`, func(j *canaryrun.Job) { j.ActiveTracing = true })
	passedRun(t, o)
	for _, who := range []string{"script", "page"} {
		root, _, _ := strings.Cut(seen().Get("X-Amzn-Trace-Id"), ";")
		if !strings.HasPrefix(root, "Root=1-") || !strings.Contains(logText(o), "trace "+root) {
			t.Errorf("%s: trace %q\n%s", who, root, logText(o))
		}
	}
}
