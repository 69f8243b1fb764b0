package canaryrun_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

func TestPythonScriptFailures(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		script, reason string
		change         func(*canaryrun.Job)
	}{
		"raises":                 {script: "def handler(event, context):\n  raise Exception('it broke')", reason: "it broke"},
		"raises its own":         {script: "class Sold(Exception): pass\ndef handler(event, context):\n  raise Sold('out')", reason: "Sold: out"},
		"raises without a text":  {script: "def handler(event, context):\n  raise TimeoutError()", reason: "TimeoutError"},
		"raises a zero byte":     {script: "def handler(event, context):\n  raise Exception('a\\0b')", reason: "a\uFFFDb"},
		"raises a secret":        {script: "def handler(event, context):\n  raise Exception('no answer from http://u:p@h/x')", reason: "no answer from http://u:REDACTED@h/x"},
		"raises for the process": {script: "def handler(event, context):\n  raise KeyboardInterrupt('stop')", reason: "KeyboardInterrupt: stop"},
		"async raises":           {script: "import asyncio\nasync def handler(event, context):\n  await asyncio.sleep(0)\n  raise Exception('later')", reason: "later"},
		"exits":                  {script: "import sys\ndef handler(event, context):\n  sys.exit(3)", reason: "ended the process (exit code 3) before its function returned"},
		"exits with success":     {script: "def handler(event, context):\n  raise SystemExit", reason: "ended the process (exit code 0)"},
		"exits at once":          {script: "import os\ndef handler(event, context):\n  os._exit(7)", reason: "No test result returned. The canary's process ended early (exit code 7)"},
		"kills itself":           {script: "import os, signal\ndef handler(event, context):\n  os.kill(os.getpid(), signal.SIGKILL)", reason: "signal: killed"},
		"overflows":              {script: "def f(): f()\ndef handler(event, context):\n  f()", reason: "RecursionError"},
		"raises when loaded":     {script: "raise Exception('early')", reason: "early"},
		"imports what is not":    {script: "import nothing_of_that_name", reason: "ModuleNotFoundError: No module named 'nothing_of_that_name'"},
		"syntax error":           {script: "\ndef handler(event, context):\n  return )\n", reason: "SyntaxError: unmatched ')' (python/index.py:3)"},
		"indentation":            {script: "def handler(event, context):\nreturn 1", reason: "IndentationError: expected an indented block"},
		"no such function":       {script: "def other(): pass", reason: "The canary script index.py has no function named handler"},
		"no function":            {script: "handler = 7", reason: "has no function named handler"},
		"no such file": {
			script: "", reason: "Cannot find the canary script other.py in the folder python or the root of the code archive",
			change: func(j *canaryrun.Job) { j.Handler = "other.handler" },
		},
		"odd handler": {script: "", reason: "is not of the form file.function", change: func(j *canaryrun.Job) { j.Handler = "handler" }},
		"function name too early": {
			script: "def go(event, context): pass", reason: "calls a function named handler, not go",
			change: func(j *canaryrun.Job) { j.Handler, j.RuntimeVersion = "index.go", "syn-python-selenium-1.0" },
		},
		"visual monitoring": {
			script: "from aws_synthetics.common import synthetics_configuration as c\ndef handler(e, x): c.set_config({'visual_compare_with_base_run': True})",
			reason: "Runtimes for Python have no visual monitoring",
		},
		"unknown option": {
			script: "from aws_synthetics.common import synthetics_configuration as c\ndef handler(e, x): c.set_config({'har_file': False, 'colour': True})",
			reason: "Unknown configuration option colour",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := runPython(t, tt.script, tt.change)
			if o.Status != canaryrun.Failed || o.StateReasonCode != canaryrun.CanaryFailure || !strings.Contains(o.StateReason, tt.reason) {
				t.Errorf("%s %s %q, want %q\n%s", o.Status, o.StateReasonCode, o.StateReason, tt.reason, logText(o))
			}
		})
	}
}

func TestPythonTracebacksShowTheScriptAlone(t *testing.T) {
	t.Parallel()
	o := runPython(t, "def check():\n  raise ValueError('odd')\ndef handler(event, context):\n  check()", nil)
	text := logText(o)
	if !strings.Contains(text, "/opt/python/index.py\", line 2, in check") || strings.Contains(text, "/nephele/") {
		t.Errorf("%s", text)
	}
}

func TestPythonRootLevelCodeComesLate(t *testing.T) {
	t.Parallel()
	files := map[string]string{"index.py": "def handler(event, context): pass"}
	passedRun(t, runPythonFiles(t, files, nil))
	o := runPythonFiles(t, files, func(j *canaryrun.Job) { j.RuntimeVersion = "syn-python-selenium-7.0" })
	if o.Status != canaryrun.Failed || !strings.Contains(o.StateReason, "in the folder python of the code archive") {
		t.Errorf("%s %q", o.Status, o.StateReason)
	}
}

func TestPythonPackaging(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		files   map[string]string
		handler string
	}{
		"folder":         {map[string]string{"python/a/b.py": "from . import c\nimport a.c\ndef go(e, x): assert c is a.c and c.seven == 7", "python/a/c.py": "seven = 7"}, "a/b.go"},
		"folder by dots": {map[string]string{"python/a/b.py": "def go(e, x): pass"}, "a.b.go"},
		"package":        {map[string]string{"python/a/__init__.py": "ready = True", "python/a/b.py": "import a\ndef go(e, x): assert a.ready"}, "a/b.go"},
		"dash":           {map[string]string{"python/my-canary.py": "def handler(e, x): pass"}, "my-canary.handler"},
		"name of a part": {map[string]string{"python/json.py": "def handler(e, x): pass"}, "json.handler"},
		"double colon":   {map[string]string{"python/index.py": "def handler(e, x): pass"}, "index::handler"},
		"own module":     {map[string]string{"python/index.py": "import helper\ndef handler(e, x): assert helper.seven() == 7", "python/helper.py": "def seven(): return 7"}, "index.handler"},
		"layer": {map[string]string{
			"python/index.py": "import helper\ndef handler(e, x): assert helper.seven() == 7", "python/lib/python3.12/site-packages/helper.py": "def seven(): return 7",
		}, "index.handler"},
		"own data":        {map[string]string{"python/index.py": "import os\ndef handler(e, x): assert open(os.path.join(os.path.dirname(__file__), 'data.txt')).read() == 'x'", "python/data.txt": "x"}, "index.handler"},
		"object":          {map[string]string{"python/index.py": "class H:\n  def __call__(self, e, x): pass\nhandler = H()"}, "index.handler"},
		"a library ahead": {map[string]string{"python/index.py": "from aws_synthetics.common import synthetics_logger\ndef handler(e, x): synthetics_logger.info('x')", "python/aws_synthetics/__init__.py": "raise Exception('not ours')"}, "index.handler"},
		"thread left":     {map[string]string{"python/index.py": "import threading\ndef handler(e, x): threading.Thread(target=threading.Event().wait).start()"}, "index.handler"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			passedRun(t, runPythonFiles(t, tt.files, func(j *canaryrun.Job) { j.Handler = tt.handler }))
		})
	}
}

func TestPythonTimeout(t *testing.T) {
	t.Parallel()
	o := runPython(t, `
from aws_synthetics.common import synthetics_logger
synthetics_logger.info("on my way")
def handler(event, context):
    while True: pass
`, func(j *canaryrun.Job) { j.Timeout = 3 * time.Second })
	if !o.TimedOut || o.Status != canaryrun.Failed || !strings.Contains(o.StateReason, "timed out after 3.00 seconds") || o.TestResult != "UNKNOWN" {
		t.Errorf("%+v", o)
	}
	if diff := cmp.Diff([]string{"log.txt"}, names(o)); diff != "" {
		t.Errorf("artifacts (-want +got):\n%s", diff)
	}
	if text := logText(o); !strings.Contains(text, "on my way") || !strings.Contains(text, "Task timed out after 3.00 seconds") {
		t.Errorf("log:\n%s", text)
	}
}

func TestPythonFailingStep(t *testing.T) {
	t.Parallel()
	url, _ := site(t)
	o := runPython(t, `
from selenium.webdriver.common.by import By
from aws_synthetics.selenium import synthetics_webdriver as webdriver
def handler(event, context):
    browser = webdriver.Chrome()
    webdriver.execute_step("open", lambda: browser.get("`+url+`"))
    webdriver.execute_step("buy", lambda: browser.find_element(By.ID, "buy").click())
    raise Exception("not reached")
`, nil)
	if o.Status != canaryrun.Failed || o.StateReasonCode != canaryrun.CanaryFailure || !strings.HasPrefix(o.StateReason, "NoSuchElementException: no such element") ||
		strings.Contains(o.StateReason, "\n") {
		t.Fatalf("%s %s %q\n%s", o.Status, o.StateReasonCode, o.StateReason, logText(o))
	}
	want := []string{
		"01-open-starting.png", "02-open-succeeded.png", "03-buy-starting.png", "04-buy-failed.png",
		"log.txt", "SyntheticsReport-FAILED.json", "results.har", "results.har.html",
	}
	if diff := cmp.Diff(want, names(o)); diff != "" {
		t.Errorf("artifacts (-want +got):\n%s", diff)
	}
	if s := o.Report.CustomerScript.Steps[1]; s.Status != "FAILED" || !strings.Contains(s.FailureReason, "no such element") {
		t.Errorf("step: %+v", s)
	}
}
