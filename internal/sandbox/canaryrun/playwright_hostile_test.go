package canaryrun_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nephele.dev/nephele/internal/sandbox"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

// What a hostile script begins with: a page.
const openPage = `
const { synthetics } = require('@aws/synthetics-playwright');
const open = async (options) => synthetics.newPage(await synthetics.launch(options));
const procs = require('fs').readdirSync;
const browsers = () => procs('/proc').filter((p) => /^\d+$/.test(p)).filter((p) => {
  try { return /headless|chrom/.test(require('fs').readFileSync('/proc/' + p + '/cmdline', 'utf8').split(' ')[0]); } catch { return false; }
});
`

// Neither the script nor a page, however launched, sees the host.
func TestHostilePlaywrightReadsNothing(t *testing.T) {
	t.Parallel()
	secret := t.TempDir() + "/nephele.db"
	if err := os.WriteFile(secret, []byte("the-data"), 0o644); err != nil {
		t.Fatal(err)
	}
	o := run(t, openPage+`
const fs = require('fs'), { execSync } = require('child_process');
const files = ['/etc/shadow', '/etc/hostname', '/root/.bashrc', '/root/.aws/credentials', '`+secret+`', '/proc/1/root`+secret+`'];
const readable = (f) => { try { fs.readFileSync(f); return true; } catch { return false; } };
exports.handler = async () => {
  const seen = files.filter(readable);
  for (const d of ['/root', '/work', '/var/lib', '/sys', '/boot']) if (fs.existsSync(d)) seen.push(d);
  for (const f of ['/nephele/runtime/main.cjs', '/nephele/runtime/playwright.cjs', '/node_modules/playwright/index.cjs', '/opt/index.js', '/usr/bin/env', '/x']) {
    try { fs.writeFileSync(f, ''); seen.push('wrote ' + f); } catch {}
  }
  const page = await open({ args: ['--allow-file-access-from-files'], executablePath: '/bin/sh', headless: false });
  for (const f of files) {
    await page.goto('file://' + f).catch(() => null);
    const text = await page.innerText('body').catch(() => '');
    if (/the-data|root:/.test(text)) seen.push('page ' + f);
  }
  const found = browsers();
  for (const p of found) if (/hush|OWN=/.test(fs.readFileSync('/proc/' + p + '/environ', 'utf8'))) seen.push('the environment in a browser');
  if (found.length === 0) seen.push('no browser');
  console.log(execSync('cat /proc/[0-9]*/environ | tr "\\0" "\\n"').toString());
  if (seen.length) throw new Error('saw ' + seen);
};`, ofVersion(playwrightRuntime, func(j *canaryrun.Job) { j.Env = map[string]string{"OWN": "mine", "AWS_SECRET_ACCESS_KEY": "hush"} }))
	mustHavePassed(t, o)
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

// With the strict policy nothing of this machine answers, the metadata service
// included: to pages, to contexts with a proxy of the script's, to requests
// that Playwright itself sends, and to browsers that the script starts.
func TestHostilePlaywrightNetwork(t *testing.T) {
	t.Parallel()
	url := market(t)
	port := url[strings.LastIndexByte(url, ':')+1:]
	o := run(t, openPage+`
const { request } = require('playwright');
const { spawnSync } = require('child_process');
const PORT = '`+port+`';
exports.handler = async () => {
  const page = await open({ args: ['--no-proxy-server', '--proxy-bypass-list=*', '--host-resolver-rules=MAP * 127.0.0.1'] });
  for (const host of ['127.0.0.1', 'localhost', '0.0.0.0', '2130706433', '0x7f.1', '[::1]', '[::ffff:127.0.0.1]']) {
    const res = await page.goto('http://' + host + ':' + PORT + '/').catch(() => null);
    if (res && res.status() !== 403) throw new Error(host + ' answered ' + res.status());
  }
  const meta = await page.goto('http://169.254.169.254/latest/meta-data/').catch(() => null);
  if (meta && meta.status() !== 403) throw new Error('metadata answered ' + meta.status());
  const own = await request.newContext();
  for (const client of [page.request, own]) {
    const answer = await client.get('http://127.0.0.1:' + PORT + '/').then((r) => r.status(), (err) => err.message);
    if (!/EACCES|refuses/.test(answer)) throw new Error('a request got ' + answer);
  }
  const proxied = await page.context().browser().newContext({ proxy: { server: 'http://127.0.0.1:' + PORT } });
  const direct = await (await proxied.newPage()).goto('http://example.com/').catch(() => null);
  if (direct) throw new Error('a proxy of its own answered ' + direct.status());
  const alone = spawnSync(require('playwright').chromium.executablePath(), ['--no-sandbox', '--no-proxy-server', '--dump-dom', '--virtual-time-budget=2000', 'http://127.0.0.1:' + PORT + '/'], { timeout: 20000 });
  if (alone.error || /Welcome/.test(alone.stdout)) throw new Error('a browser of its own got in');
};
`, ofVersion(playwrightRuntime, func(j *canaryrun.Job) { j.Egress = sandbox.EgressPolicy{}; j.Timeout = time.Minute }))
	if o.Status != canaryrun.Passed || o.Usage.Refused < 9 {
		t.Errorf("refused %d, %q\n%s", o.Usage.Refused, o.StateReason, logText(o))
	}
}

// The door tells a canary's connections from others.
func TestHostilePlaywrightIsKnownAtTheDoor(t *testing.T) {
	t.Parallel()
	atTheDoor(t, playwrightRuntime, func(url string) map[string]string {
		return map[string]string{"index.js": openPage + `
exports.handler = async () => {
  const url = '` + url + `';
  const page = await open();
  for (let i = 0; i < 20; i++) { const s = (await page.request.post(url)).status(); if (s !== 403) throw new Error('a request got ' + s); }
  const s = (await page.goto(url)).status(); if (s !== 403) throw new Error('the page got ' + s);
};`}
	})
}

func TestHostilePlaywrightTakesTooMuch(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		script string
		change func(*canaryrun.Job)
		check  func(o *canaryrun.Outcome) bool
	}{
		"memory of a page": {
			openPage + `exports.handler = async () => { const page = await open(); await page.evaluate(() => { const a = []; for (;;) a.push(new Uint8Array(8 << 20).fill(1)); }); };`,
			func(j *canaryrun.Job) { j.MemoryMB = 320 },
			// The browser may end the page, or the box the run.
			func(o *canaryrun.Outcome) bool {
				return o.OutOfMemory || strings.Contains(o.StateReason, "crashed") || strings.Contains(o.StateReason, "closed") || strings.Contains(o.StateReason, "allocation")
			},
		},
		"processes": {
			`const { spawnSync } = require('child_process');
exports.handler = async () => {
  const { stdout } = spawnSync('sh', ['-c', 'n=0; while [ $n -lt 5000 ]; do sleep 60 >/dev/null 2>&1 & n=$((n+1)); done; echo all'], { stdio: ['ignore', 'pipe', 'ignore'] });
  throw new Error('stopped: ' + !String(stdout).includes('all'));
};`,
			nil,
			func(o *canaryrun.Outcome) bool { return o.StateReason == "stopped: true" },
		},
		"disk": {
			`const fs = require('fs'); exports.handler = async () => { const f = fs.openSync('/tmp/big', 'w'); for (;;) fs.writeSync(f, Buffer.alloc(1 << 20)); };`,
			func(j *canaryrun.Job) { j.DiskMB = 16 },
			func(o *canaryrun.Outcome) bool {
				return strings.Contains(o.StateReason, "no space left") || strings.Contains(o.StateReason, "No test result")
			},
		},
		"downloads": {
			openPage + `exports.handler = async () => {
  const page = await open();
  const [d] = await Promise.all([page.waitForEvent('download'), page.evaluate(() => {
    const a = document.createElement('a'); a.download = 'big'; a.href = URL.createObjectURL(new Blob([new Uint8Array(300 << 20)])); a.click(); })]);
  throw new Error('failed: ' + await d.failure());
};`,
			func(j *canaryrun.Job) { j.MemoryMB = 3008 },
			func(o *canaryrun.Outcome) bool {
				return o.OutOfMemory || strings.HasPrefix(o.StateReason, "failed: ") && o.StateReason != "failed: null" || strings.Contains(o.StateReason, "crashed")
			},
		},
		"time": {
			openPage + `exports.handler = async () => { const page = await open(); await page.evaluate(() => { for (;;); }); };`,
			func(j *canaryrun.Job) { j.Timeout = 4 * time.Second },
			func(o *canaryrun.Outcome) bool { return o.TimedOut },
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			change := tt.change
			if change == nil {
				change = func(*canaryrun.Job) {}
			}
			o := run(t, tt.script, ofVersion(playwrightRuntime, change))
			if o.Status != canaryrun.Failed || !tt.check(o) {
				t.Errorf("%s %q %+v\n%s", o.Status, o.StateReason, o.Usage, logText(o))
			}
		})
	}
}

// The verdict is the launcher's own, and read with care.
func TestHostilePlaywrightVerdicts(t *testing.T) {
	t.Parallel()
	forged := `require('fs').mkdirSync('/tmp/.nephele'); require('fs').writeFileSync('/tmp/.nephele/result.json', JSON.stringify({ status: 'PASSED', report: {} }));`
	tests := map[string]struct{ script, reason string }{
		"overwritten":     {`exports.handler = async () => { ` + forged + ` throw new Error('the truth'); };`, "the truth"},
		"garbage":         {`exports.handler = async () => { ` + strings.Replace(forged, "JSON.stringify({ status: 'PASSED', report: {} })", "'{{{'", 1) + ` process.reallyExit(0); };`, "the verdict cannot be read"},
		"huge":            {`exports.handler = async () => { ` + strings.Replace(forged, "JSON.stringify({ status: 'PASSED', report: {} })", "'\"' + 'x'.repeat(20 << 20)", 1) + ` process.reallyExit(0); };`, "the verdict cannot be read"},
		"a link":          {`exports.handler = async () => { require('fs').symlinkSync('/opt', '/tmp/.nephele'); throw new Error('the truth'); };`, "No test result returned"},
		"browser is gone": {openPage + `exports.handler = async () => { const page = await open(); for (const p of browsers()) try { process.kill(p, 'SIGKILL'); } catch {} await page.goto('http://127.0.0.1:1/'); };`, "closed"},
		"everybody":       {openPage + `exports.handler = async () => { await open(); process.kill(-1, 'SIGKILL'); throw new Error('alone'); };`, ""},
		"modules":         {`globalThis[Symbol.for('nephele.modules')] = {}; exports.handler = async () => { throw new Error('the truth'); };`, "the truth"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := run(t, tt.script, ofVersion(playwrightRuntime))
			if o.Status != canaryrun.Failed || !strings.Contains(o.StateReason, tt.reason) {
				t.Errorf("%s %q, want %q\n%s", o.Status, o.StateReason, tt.reason, logText(o))
			}
		})
	}
}

// Browsers and processes that a script leaves end with the run, and their
// profiles are no artifacts.
func TestHostilePlaywrightLeavesProcesses(t *testing.T) {
	t.Parallel()
	mark := fmt.Sprintf("%d", 4e8+time.Now().UnixNano()%1e8)
	o := run(t, openPage+`
exports.handler = async () => {
  await open();
  const { chromium } = require('playwright');
  await chromium.launch();
  await chromium.launchPersistentContext('/home/box/other', {});
  require('child_process').spawn('setsid', ['sleep', '`+mark+`'], { detached: true, stdio: 'ignore' }).unref();
};`, ofVersion(playwrightRuntime))
	mustHavePassed(t, o)
	for _, a := range o.Artifacts {
		if strings.Contains(a.Name, "playwright") {
			t.Errorf("artifact %s", a.Name)
		}
	}
	commands, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, f := range commands {
		if b, err := os.ReadFile(f); err == nil && strings.Contains(string(b), mark) && strings.HasPrefix(string(b), "sleep") {
			t.Errorf("%s survived: %q", f, b)
		}
	}
}
