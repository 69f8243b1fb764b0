package canaryrun_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

func TestHostilePythonReadsNothing(t *testing.T) {
	t.Parallel()
	secret := t.TempDir() + "/nephele.db"
	if err := os.WriteFile(secret, []byte("the-data"), 0o644); err != nil {
		t.Fatal(err)
	}
	o := runPython(t, `
import os, subprocess
from selenium import webdriver
FILES = ["/etc/shadow", "/etc/hostname", "/root/.bashrc", "/root/.aws/credentials", "`+secret+`", "/proc/1/root`+secret+`"]
def handler(event, context):
    seen = []
    for f in FILES:
        try:
            open(f).read()
            seen.append(f)
        except OSError:
            pass
    seen += [d for d in ["/root", "/work", "/var/lib", "/sys", "/boot"] if os.path.exists(d)]
    for place in ["/nephele/python/main.py", "/opt/python/index.py", "/usr/bin/env", "/etc/hosts", "/x"]:
        try:
            open(place, "w")
            seen.append("wrote " + place)
        except OSError:
            pass
    print(subprocess.run("cat /proc/[0-9]*/environ | tr '\\0' '\\n'", shell=True, capture_output=True, text=True).stdout)
    browser = webdriver.Chrome()
    for f in FILES:
        try:
            browser.get("file://" + f)
            if "the-data" in browser.page_source or "root:" in browser.page_source:
                seen.append("page " + f)
        except Exception:
            pass
    if seen:
        raise Exception(f"saw {seen}")
`, func(j *canaryrun.Job) { j.Env = map[string]string{"OWN": "mine"} })
	passedRun(t, o)
	text := logText(o)
	if !strings.Contains(text, "OWN=mine") {
		t.Errorf("the script does not see its own environment:\n%s", text)
	}
	for _, bad := range append(os.Environ(), "NEPHELE_ROOT", serverSecret, "the-data") {
		if name, value, ok := strings.Cut(bad, "="); ok && (len(value) < 12 || name == "PATH" || name == "LANG") {
			continue // too common to mean anything
		}
		if strings.Contains(text, bad) {
			t.Errorf("the script saw %.30q", bad)
		}
	}
}

// The browser and its driver are started without the canary's credentials.
func TestPythonBrowserHasNoCredentials(t *testing.T) {
	t.Parallel()
	passedRun(t, runPython(t, `
import glob, os
from aws_synthetics.selenium import synthetics_webdriver as webdriver
def handler(event, context):
    browser = webdriver.Chrome()
    seen = 0
    for path in glob.glob("/proc/[0-9]*/environ"):
        pid = path.split("/")[2]
        try:
            command, environment = open(f"/proc/{pid}/cmdline").read(), open(path).read()
        except OSError:
            continue
        if "chrom" in command.split("\0")[0]:
            seen += 1
            assert "AWS_SECRET" not in environment, command
    assert seen >= 2, seen
    assert os.environ["AWS_SECRET_ACCESS_KEY"] == "hush"
`, func(j *canaryrun.Job) { j.Env = map[string]string{"AWS_SECRET_ACCESS_KEY": "hush"} }))
}

// The door tells a canary's connections from others, so that administration is
// refused to them.
func TestHostilePythonIsKnownAtTheDoor(t *testing.T) {
	t.Parallel()
	report := atTheDoor(t, "syn-python-selenium-14.0", func(url string) map[string]string {
		return map[string]string{"python/index.py": `
from urllib import error, request
from aws_synthetics.selenium import synthetics_webdriver as webdriver
URL = "` + url + `"
def handler(event, context):
    for _ in range(20):
        try:
            request.urlopen(request.Request(URL, method="POST"))
        except error.HTTPError as err:
            assert err.code == 403, err
        else:
            raise Exception("reset")
    browser = webdriver.Chrome()
    browser.get(URL)
    assert "reset" not in browser.page_source.replace("_nephele/reset", "")
`}
	})
	if report != nil && report.CustomerScript.Requests.C4xx == 0 {
		t.Errorf("the page was not refused: %+v", report.CustomerScript.Requests)
	}
}

func TestHostilePythonTakesTooMuch(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		script string
		change func(*canaryrun.Job)
		check  func(o *canaryrun.Outcome) bool
	}{
		"memory": {
			"def handler(e, x):\n  a = []\n  while True: a.append(bytearray(b'x' * (8 << 20)))",
			func(j *canaryrun.Job) { j.MemoryMB = 128 },
			func(o *canaryrun.Outcome) bool {
				return o.OutOfMemory && strings.Contains(o.StateReason, "out of memory (128 MB)")
			},
		},
		"processes": {
			"import os, time\ndef handler(e, x):\n  n = 0\n  try:\n    while True:\n      if os.fork() == 0: time.sleep(60)\n      n += 1\n  except BlockingIOError: raise Exception(f'stopped: {n < 2000}')",
			func(j *canaryrun.Job) { j.Timeout = time.Minute }, // a thousand processes take their time on a busy machine
			func(o *canaryrun.Outcome) bool { return o.StateReason == "stopped: True" },
		},
		"disk": {
			"def handler(e, x):\n  with open('/tmp/big', 'wb') as f:\n    while True: f.write(bytes(1 << 20))",
			func(j *canaryrun.Job) { j.DiskMB = 16 },
			func(o *canaryrun.Outcome) bool {
				return o.TestResult == "UNKNOWN" && o.EphemeralUsedPercent > 90 && strings.Contains(o.StateReason, "No test result") ||
					strings.Contains(o.StateReason, "No space left on device")
			},
		},
		"home": {
			"def handler(e, x):\n  with open('/home/box/big', 'wb') as f:\n    while True: f.write(bytes(1 << 20))",
			nil,
			func(o *canaryrun.Outcome) bool { return strings.Contains(o.StateReason, "No space left on device") },
		},
		"output": {
			"import sys\ndef handler(e, x):\n  for i in range(40000): sys.stdout.write('x' * 1000 + '\\n')\n  raise Exception('done')",
			nil,
			func(o *canaryrun.Outcome) bool { return o.LogsTruncated && o.StateReason == "done" },
		},
		"one line": {
			"import os\ndef handler(e, x):\n  for i in range(100): os.write(1, b'y' * 100000)\n  raise Exception('done')",
			nil,
			func(o *canaryrun.Outcome) bool { return o.StateReason == "done" },
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := runPython(t, tt.script, tt.change)
			if o.Status != canaryrun.Failed || !tt.check(o) {
				t.Errorf("%s %q %+v %v", o.Status, o.StateReason, o.Usage, o.EphemeralUsedPercent)
			}
		})
	}
}

// What a run leaves are its regular files, whatever the script made.
func TestHostilePythonArtifacts(t *testing.T) {
	t.Parallel()
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("the-data"), 0o644); err != nil {
		t.Fatal(err)
	}
	o := runPython(t, `
import os, socket
def handler(event, context):
    os.symlink("`+outside+`", "/tmp/link.png")
    os.symlink("/", "/tmp/root")
    os.symlink("/etc/passwd", "/tmp/SyntheticsReport-PASSED.json")
    os.mkfifo("/tmp/pipe.txt")
    socket.socket(socket.AF_UNIX).bind("/tmp/socket")
    os.makedirs("/tmp/deep/er")
    open("/tmp/deep/er/plain.txt", "w").write("mine")
`, nil)
	for _, a := range o.Artifacts {
		if a.Name != "deep/er/plain.txt" && !strings.HasSuffix(a.Name, "-log.txt") {
			t.Errorf("artifact %s of %d bytes", a.Name, a.Size)
		}
	}
	if got := string(read(t, o, "deep/er/plain.txt")); got != "mine" {
		t.Errorf("%q", got)
	}
}

func TestHostilePythonVerdicts(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ script, reason string }{
		"garbage, then the end": {"import os\ndef handler(e, x):\n  os.makedirs('/tmp/.nephele')\n  open('/tmp/.nephele/result.json', 'w').write('{{{')\n  os._exit(0)", "the verdict cannot be read"},
		"incomplete":            {"import os\ndef handler(e, x):\n  os.makedirs('/tmp/.nephele')\n  open('/tmp/.nephele/result.json', 'w').write('{\"status\":\"PASSED\"}')\n  os._exit(0)", "the verdict is incomplete"},
		"huge":                  {"import os\ndef handler(e, x):\n  os.makedirs('/tmp/.nephele')\n  open('/tmp/.nephele/result.json', 'w').write('\"' + 'x' * (20 << 20))\n  os._exit(0)", "the verdict cannot be read"},
		"overwritten":           {"import os\ndef handler(e, x):\n  os.makedirs('/tmp/.nephele')\n  open('/tmp/.nephele/result.json', 'w').write('{\"status\":\"PASSED\",\"report\":{}}')\n  raise Exception('the truth')", "the truth"},
		"a link in the way":     {"import os\ndef handler(e, x):\n  os.symlink('/opt', '/tmp/.nephele')\n  raise Exception('the truth')", "No test result returned"},
		"a link as the file":    {"import os\ndef handler(e, x):\n  os.makedirs('/tmp/.nephele')\n  os.symlink('/dev/full', '/tmp/.nephele/result.json.new')\n  raise Exception('the truth')", "the truth"},
		"signals":               {"import os, signal\ndef handler(e, x):\n  os.kill(os.getpid(), signal.SIGTERM)\n  import time; time.sleep(5)", "signal: terminated"},
		"everybody":             {"import os, signal\ndef handler(e, x):\n  os.kill(-1, signal.SIGKILL)\n  raise Exception('alone')", "alone"},
		"stopped":               {"import os, signal, threading, time\ndef handler(e, x):\n  threading.Thread(target=lambda: (time.sleep(30))).start()\n  raise Exception('left a thread')", "left a thread"},
		"another hook":          {"import sys\nsys.excepthook = sys.unraisablehook = None\nimport builtins\nbuiltins.open = None\ndef handler(e, x):\n  pass", "No test result returned"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := runPython(t, tt.script, nil)
			if o.Status != canaryrun.Failed || !strings.Contains(o.StateReason, tt.reason) {
				t.Errorf("%s %q, want %q\n%s", o.Status, o.StateReason, tt.reason, logText(o))
			}
		})
	}
}

// Processes that a script leaves do not hold the run, and do not survive it.
func TestHostilePythonLeavesProcesses(t *testing.T) {
	t.Parallel()
	mark := fmt.Sprintf("%d", 3e8+time.Now().UnixNano()%1e8)
	o := runPython(t, `
import os, signal, subprocess, time
from aws_synthetics.selenium import synthetics_webdriver as webdriver
def handler(event, context):
    webdriver.Chrome()
    subprocess.Popen(["setsid", "sleep", "`+mark+`"])
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.setsid()
        time.sleep(`+mark+`)
`, nil)
	passedRun(t, o)
	if o.Usage.Wall > 20*time.Second {
		t.Errorf("the run took %v", o.Usage.Wall)
	}
	commands, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, f := range commands {
		if b, err := os.ReadFile(f); err == nil && strings.Contains(string(b), mark) && strings.HasPrefix(string(b), "sleep") {
			t.Errorf("%s survived: %q", f, b)
		}
	}
}
