package canaryrun_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"nephele.dev/nephele/internal/sandbox"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

// serverSecret is in the environment of the server, which is this process.
const serverSecret = "s3cr3t-of-the-server"

func TestHostileCanaryReadsNothing(t *testing.T) {
	t.Parallel()
	secret := t.TempDir() + "/nephele.db"
	if err := os.WriteFile(secret, []byte("the-data"), 0o644); err != nil {
		t.Fatal(err)
	}
	o := run(t, `
const fs = require('fs'), { execSync } = require('child_process');
const seen = [];
exports.handler = async () => {
  const files = ['/etc/shadow', '/etc/hostname', '/root/.bashrc', '/root/.aws/credentials', '`+secret+`', '/proc/1/root`+secret+`'];
  for (const f of files) try { fs.readFileSync(f); seen.push(f); } catch {}
  for (const d of ['/root', '/work', '/var/lib', '/sys', '/boot']) if (fs.existsSync(d)) seen.push(d);
  console.log(execSync('cat /proc/[0-9]*/environ | tr "\\0" "\\n"').toString());
  const page = await require('Synthetics').getPage();
  for (const f of files) {
    const r = await page.goto('file://' + f).catch(() => null);
    if (r && (await page.evaluate(() => document.body.innerText)).trim() !== '' && !page.url().startsWith('chrome-error')) seen.push('page ' + f);
  }
  if (seen.length) throw new Error('saw ' + seen);
};`, func(j *canaryrun.Job) { j.Env = map[string]string{"OWN": "mine"} })
	if o.Status != canaryrun.Passed {
		t.Errorf("%q\n%s", o.StateReason, logText(o))
	}
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

// atTheDoor runs a script that asks a server for its administration, as "reset"
// of the URL it is given, and has to pass: the server refuses what it knows to be
// a canary's connection, before the first byte arrives. It returns the report.
func atTheDoor(t *testing.T, runtimeVersion string, files func(url string) map[string]string) *canaryrun.Report {
	t.Helper()
	var marked sync.Map
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := marked.Load(r.RemoteAddr); ok {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		fmt.Fprint(w, "reset")
	}))
	t.Cleanup(server.Close)
	box, err := sandbox.New(sandbox.Options{OnDial: func(_ string, local, _ sandbox.Addr) func() {
		marked.Store(local.String(), true)
		return func() { marked.Delete(local.String()) }
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer box.Close()
	r, err := canaryrun.New(canaryrun.Options{Sandbox: box})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	archive, size := code(t, files(server.URL+"/_nephele/reset"))
	o, err := r.Run(t.Context(), canaryrun.Job{
		RunID: "door", RuntimeVersion: runtimeVersion, Handler: "index.handler", Zip: archive, Size: size, Timeout: 30 * time.Second,
		Egress: sandbox.EgressPolicy{AllowPrivate: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if o.Status != canaryrun.Passed {
		t.Errorf("%q\n%s", o.StateReason, logText(o))
	}
	marked.Range(func(k, _ any) bool { t.Errorf("%v was not released", k); return true })
	return o.Report
}

// What the proxy dials can be told apart before the first byte arrives, which
// is how the server refuses its administration to canaries.
func TestHostileCanaryIsKnownAtTheDoor(t *testing.T) {
	t.Parallel()
	atTheDoor(t, "syn-nodejs-puppeteer-10.0", func(url string) map[string]string {
		return map[string]string{"nodejs/node_modules/index.js": `
exports.handler = async () => {
  const url = '` + url + `';
  for (let i = 0; i < 20; i++) { const s = (await fetch(url, { method: 'POST' })).status; if (s !== 403) throw new Error('fetch got ' + s); }
  const page = await require('Synthetics').getPage();
  const s = (await page.goto(url)).status(); if (s !== 403) throw new Error('page got ' + s);
};`}
	})
}

func TestHostileCanaryTakesTooMuchMemory(t *testing.T) {
	t.Parallel()
	o := run(t, `exports.handler = async () => { const a = []; for (;;) a.push(Buffer.alloc(8 << 20, 1)); };`,
		func(j *canaryrun.Job) { j.MemoryMB = 192 })
	if !o.OutOfMemory || o.Status != canaryrun.Failed || !strings.Contains(o.StateReason, "out of memory (192 MB)") {
		t.Errorf("%q %+v", o.StateReason, o.Usage)
	}
}

// A verdict that is a pipe keeps nobody waiting for its writer.
func TestHostileCanaryLeavesAPipe(t *testing.T) {
	t.Parallel()
	o := run(t, `
const { execSync } = require('child_process');
exports.handler = async () => {
  execSync('mkdir -p $TMPDIR/.nephele && rm -rf $TMPDIR/.nephele/result.json && mkfifo $TMPDIR/.nephele/result.json $TMPDIR/x.png $TMPDIR/SyntheticsReport-PASSED.json');
  process.kill(process.pid, 'SIGKILL');
};`, nil)
	if o.Status != canaryrun.Failed || !strings.Contains(o.StateReason, "ended early") {
		t.Errorf("%s %q", o.Status, o.StateReason)
	}
	for _, a := range o.Artifacts {
		if strings.HasSuffix(a.Name, ".png") {
			t.Errorf("a pipe is an artifact: %s", a.Name)
		}
	}
}
