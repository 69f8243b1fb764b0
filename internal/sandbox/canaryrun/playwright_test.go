package canaryrun_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

// newest runtimes of the two families.
const (
	playwrightRuntime = "syn-nodejs-playwright-9.0"
	apiRuntime        = "syn-nodejs-5.2"
)

// ofVersion makes the job one of a runtime version, after the other changes.
func ofVersion(version string, changes ...func(*canaryrun.Job)) func(*canaryrun.Job) {
	return func(j *canaryrun.Job) {
		j.RuntimeVersion = version
		for _, change := range changes {
			change(j)
		}
	}
}

// market is a site to walk through: a start page, a sign-in that sets a cookie,
// a product list made by script, a broken link, and an API.
func market(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	page := func(path, body string) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `<!doctype html><html lang="en"><title>Shop</title><body style="font:20px sans-serif;background:#eef;margin:3em">%s`, body)
		})
	}
	page("/{$}", `<h1>Welcome to the shop</h1><nav><a href="/login">Sign in</a> <a href="/gone">Offers</a> <a href="/products">Products</a></nav>`)
	page("/login", `<h1>Sign in</h1><form method="post" action="/login"><label>Name <input name="user"></label>
		<label>Password <input type="password" name="password"></label><button>Sign in</button></form>`)
	page("/products", `<h1>Products</h1><ul id="list"></ul><script>fetch('/api/products').then((r) => r.json()).then((all) => {
		for (const p of all) document.querySelector('#list').insertAdjacentHTML('beforeend', '<li>' + p.name + ' <button>Buy</button></li>'); });
		document.querySelector('#list').addEventListener('click', () => { document.title = 'Bought'; });</script>`)
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("password") != "open sesame" {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "user", Value: r.FormValue("user")})
		http.Redirect(w, r, "/products", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /api/products", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `[{"name":"Lamp"},{"name":"Chair"}]`)
	})
	mux.HandleFunc("POST /api/orders", func(w http.ResponseWriter, r *http.Request) {
		var order struct{ Item string }
		if json.NewDecoder(r.Body).Decode(&order) != nil || order.Item == "" {
			http.Error(w, `{"error":"item"}`, http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"id":1,"item":%q,"agent":%q}`, order.Item, r.Header.Get("X-Trace"))
	})
	mux.HandleFunc("GET /agent", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.UserAgent()) })
	mux.HandleFunc("GET /favicon.ico", func(http.ResponseWriter, *http.Request) {})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

// leaveArtifacts keeps the run's artifacts for somebody to look at.
func leaveArtifacts(t *testing.T, o *canaryrun.Outcome) {
	t.Helper()
	dir := os.Getenv("NEPHELE_KEEP_ARTIFACTS")
	if dir == "" {
		return
	}
	for _, a := range o.Artifacts {
		name := strings.ReplaceAll(t.Name()+"-"+a.Name, "/", "_")
		if err := os.WriteFile(filepath.Join(dir, name), read(t, o, a.Name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func mustHavePassed(t *testing.T, o *canaryrun.Outcome) {
	t.Helper()
	leaveArtifacts(t, o)
	if o.Status != canaryrun.Passed {
		t.Fatalf("%s %q\n%s", o.StateReasonCode, o.StateReason, logText(o))
	}
}

// The user guide's heartbeat in both module forms and under both names, with
// expect as the guide uses it.
func TestPlaywrightHeartbeat(t *testing.T) {
	t.Parallel()
	url := market(t)
	const body = `
  const browser = await synthetics.launch();
  const page = await synthetics.newPage(browser);
  const response = await page.goto('SITE/', { timeout: 30000 });
  if (response.status() !== 200) throw new Error('status ' + response.status());
  await page.screenshot({ path: '/tmp/home.png' });
  expect(await page.title()).toEqual('Shop');
  await expect(page.getByRole('heading')).toHaveText('Welcome to the shop');
  await synthetics.close();`
	tests := map[string]map[string]string{
		"ES module": {"index.mjs": `import { synthetics } from '@aws/synthetics-playwright';
import { expect } from '@playwright/test';
export const handler = async () => {` + body + `};`},
		"CommonJS": {"index.js": `const { synthetics } = require('@amzn/synthetics-playwright');
const { expect } = require('@playwright/test');
exports.handler = async () => {` + body + `};`},
	}
	for name, files := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for file, text := range files {
				files[file] = strings.ReplaceAll(text, "SITE", url)
			}
			o := runFiles(t, files, ofVersion(playwrightRuntime))
			mustHavePassed(t, o)
			want := []string{"SyntheticsReport-PASSED.json", "home.png", "log.txt", "results.har", "results.har.html"}
			if diff := cmp.Diff(want, sorted(names(o))); diff != "" {
				t.Errorf("artifacts (-want +got):\n%s", diff)
			}
			if r := o.Report.CustomerScript; r.Requests.C2xx != 1 || len(r.NonStepScreenshots) != 1 {
				t.Errorf("%+v", r)
			}
			if o.Report.TimeSpentInLaunchInMs <= 0 {
				t.Error("launching took no time")
			}
		})
	}
}

func TestPlaywrightWorkflow(t *testing.T) {
	t.Parallel()
	url := market(t)
	o := run(t, `
const { synthetics } = require('@aws/synthetics-playwright');
const { expect } = require('@playwright/test');
exports.handler = async () => {
  const browser = await synthetics.launch();
  const context = await browser.newContext();
  const page = await synthetics.newPage(context);
  await synthetics.executeStep('open', () => page.goto('`+url+`/login'));
  await synthetics.executeStep('sign in', async () => {
    await page.getByLabel('Name').fill('ada');
    await page.getByLabel('Password').fill('open sesame');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page).toHaveURL(/products$/);
  });
  const title = await synthetics.executeStep('buy', async () => {
    await page.getByRole('listitem').filter({ hasText: 'Chair' }).getByRole('button').click();
    return page.title();
  }, { screenshotOnStepStart: false }, page);
  expect(title).toBe('Bought');
};`, ofVersion(playwrightRuntime))
	mustHavePassed(t, o)
	want := []string{
		"01-open-starting.png", "02-open-succeeded.png", "03-sign in-starting.png", "04-sign in-succeeded.png", "05-buy-succeeded.png",
		"SyntheticsReport-PASSED.json", "log.txt", "results.har", "results.har.html",
	}
	if diff := cmp.Diff(want, sorted(names(o))); diff != "" {
		t.Errorf("artifacts (-want +got):\n%s", diff)
	}
	r := o.Report.CustomerScript
	if diff := cmp.Diff(canaryrun.Requests{C2xx: 3, C3xx: 1}, r.Requests); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if s := r.Steps; len(s) != 3 || s[1].SourceURL != url+"/login" || s[1].DestinationURL != url+"/products" || len(s[2].Screenshots) != 1 {
		t.Errorf("steps %+v", s)
	}
	har := statuses(t, o, url)
	if diff := cmp.Diff(map[string]int{"GET /login": 200, "POST /login": 303, "GET /products": 200, "GET /api/products": 200}, har); diff != "" {
		t.Errorf("HAR (-want +got):\n%s", diff)
	}
}

// statuses reads the HAR: the status of each request, and that its timings add up.
func statuses(t *testing.T, o *canaryrun.Outcome, url string) map[string]int {
	t.Helper()
	var har struct {
		Log struct {
			Browser struct{ Name, Version string }
			Pages   []struct{ PageTimings map[string]float64 }
			Entries []struct {
				PageRef  string
				Time     float64
				Request  struct{ URL, Method string }
				Response struct{ Status int }
				Timings  map[string]float64
			}
		}
	}
	if err := json.Unmarshal(read(t, o, "results.har"), &har); err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for _, e := range har.Log.Entries {
		out[e.Request.Method+" "+strings.TrimPrefix(e.Request.URL, url)] = e.Response.Status
		sum := 0.0
		for name, ms := range e.Timings {
			if name != "ssl" {
				sum += max(ms, 0)
			}
		}
		if sum < e.Time-0.1 || sum > e.Time+0.1 || e.Time <= 0 || e.PageRef == "" {
			t.Errorf("%s takes %v ms, and its parts %v: %v", e.Request.URL, e.Time, sum, e.Timings)
		}
	}
	if har.Log.Browser.Name == "" || har.Log.Browser.Version == "" || len(har.Log.Pages) == 0 || har.Log.Pages[0].PageTimings["onLoad"] <= 0 {
		t.Errorf("browser %+v, pages %+v", har.Log.Browser, har.Log.Pages)
	}
	return out
}

// synthetics.json beside the script, and what it says of the user agent.
func TestPlaywrightConfiguration(t *testing.T) {
	t.Parallel()
	url := market(t)
	o := runFiles(t, map[string]string{
		"flows/index.mjs": `import { synthetics } from '@aws/synthetics-playwright';
export const handler = async () => {
  const options = await synthetics.getDefaultLaunchOptions();
  const browser = await synthetics.launch({ args: [...options.args, '--disable-web-security'], defaultViewport: { width: 800, height: 600, deviceScaleFactor: 1 } });
  const page = await synthetics.newPage(browser);
  await synthetics.executeStep('agent', async () => {
    await page.goto('` + url + `/agent');
    const agent = await page.innerText('body');
    if (!agent.endsWith(' CloudWatchSynthetics/arn:aws:synthetics:us-east-1:000000000000:canary:watch my-team')) throw new Error(agent);
    const size = await page.evaluate(() => innerWidth + 'x' + innerHeight);
    if (size !== '800x600') throw new Error(size);
  });
  await synthetics.executeStep('fails', async () => { throw new Error('see ` + url + `/?token=secret'); });
  await synthetics.executeStep('goes on', async () => {});
};`,
		"flows/synthetics.json": `{"step":{"screenshotOnStepStart":false,"screenshotOnStepSuccess":false,"continueOnStepFailure":true},
			"report":{"restrictedUrlParameters":["token"]},"httpMetrics":{"metric_4xx":false},"canaryMetrics":{"aggregatedFailedCanaryMetric":false},
			"userAgent":"my-team","har":false}`,
	}, ofVersion(playwrightRuntime, func(j *canaryrun.Job) { j.Handler = "flows/index.handler" }))
	leaveArtifacts(t, o)
	if o.Status != canaryrun.Failed || !strings.Contains(o.StateReason, "token=REDACTED") || len(o.Report.CustomerScript.Steps) != 3 {
		t.Fatalf("%q\n%s", o.StateReason, logText(o))
	}
	want := []string{"01-fails-failed.png", "SyntheticsReport-FAILED.json", "log.txt"}
	if diff := cmp.Diff(want, sorted(names(o))); diff != "" {
		t.Errorf("artifacts (-want +got):\n%s", diff)
	}
	if m := o.Report.Configuration.CanaryMetrics; m.C4xx || m.AggregatedFailedCanary || !m.C5xx {
		t.Errorf("metrics %+v", m)
	}
}

// Logs are structured unless the canary wants text, and have a level.
func TestPlaywrightLogs(t *testing.T) {
	t.Parallel()
	const script = `
const log = require('@aws/synthetics-logger');
exports.handler = async () => { log.debug('deep'); log.info('plain'); log.error('bad'); console.log('two\nlines'); };`
	o := runFiles(t, map[string]string{"index.js": script}, ofVersion(playwrightRuntime))
	mustHavePassed(t, o)
	seen := map[string]string{}
	for _, l := range o.Logs {
		var line struct{ Level, Message, CanaryName string }
		if json.Unmarshal([]byte(l.Message), &line) == nil && line.CanaryName == "watch" {
			seen[line.Message] = line.Level
		}
	}
	for message, level := range map[string]string{"plain": "INFO", "bad": "ERROR", "two\nlines": "INFO"} {
		if seen[message] != level {
			t.Errorf("%q is logged at %q:\n%s", message, seen[message], logText(o))
		}
	}
	o = runFiles(t, map[string]string{"index.js": script}, ofVersion(playwrightRuntime, func(j *canaryrun.Job) {
		j.Env = map[string]string{"CW_SYNTHETICS_LOG_FORMAT": "TEXT", "CW_SYNTHETICS_LOG_LEVEL": "FATAL"}
	}))
	mustHavePassed(t, o)
	if text := logText(o); strings.Contains(text, "plain") || strings.Contains(text, `"level"`) || !strings.Contains(text, "two\nlines") {
		t.Error(text)
	}
}

// An API script starts no browser, and judges responses without a callback.
func TestAPIScripts(t *testing.T) {
	t.Parallel()
	url := market(t)
	tests := map[string]map[string]string{
		"ES module": {"index.mjs": `import { synthetics } from '@aws/synthetics-core';` + apiScript("export const handler =")},
		"CommonJS":  {"index.js": `const synthetics = require('@amzn/synthetics-core');` + apiScript("exports.handler =")},
	}
	for name, files := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for file, text := range files {
				files[file] = strings.ReplaceAll(text, "SITE", url)
			}
			o := runFiles(t, files, ofVersion(apiRuntime))
			leaveArtifacts(t, o)
			if o.Status != canaryrun.Failed || !strings.HasPrefix(o.StateReason, "missing: ") {
				t.Fatalf("%s %q\n%s", o.Status, o.StateReason, logText(o))
			}
			r := o.Report.CustomerScript
			if diff := cmp.Diff(canaryrun.Requests{C2xx: 2, C4xx: 1}, r.Requests); diff != "" || len(r.Steps) != 4 || r.Steps[0].Status != "PASSED" {
				t.Errorf("%+v (-want +got):\n%s", r.Steps, diff)
			}
			report := string(read(t, o, "HttpRequestsReport.json"))
			if !strings.Contains(report, `"statusCode": 201`) || !strings.Contains(report, "REDACTED") || strings.Contains(report, "hidden") {
				t.Error(report)
			}
			if want := []string{"HttpRequestsReport.json", "SyntheticsReport-FAILED.json", "log.txt"}; cmp.Diff(want, sorted(names(o))) != "" {
				t.Errorf("artifacts %q", names(o))
			}
			if o.Usage.PeakMemory > 150<<20 {
				t.Errorf("a script without a browser used %d MB", o.Usage.PeakMemory>>20)
			}
		})
	}
}

func apiScript(export string) string {
	return export + ` async () => {
  const url = new URL('SITE/api/orders');
  await synthetics.executeHttpStep('order', {
    protocol: 'http:', hostname: url.hostname, port: url.port, path: url.pathname, method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: 'hidden' }, body: JSON.stringify({ item: 'Lamp' }),
  }, async (res) => {
    if (res.statusCode !== 201) throw new Error('status ' + res.statusCode);
    let body = '';
    for await (const chunk of res) body += chunk;
    if (JSON.parse(body).item !== 'Lamp') throw new Error(body);
  }, { includeRequestHeaders: true, includeResponseBody: true, restrictedHeaders: ['authorization'] });
  await synthetics.executeHttpStep('list', 'SITE/api/products');
  await synthetics.executeHttpStep('missing', 'SITE/api/nothing');
  const seven = await synthetics.executeStep('count', async () => 7);
  if (seven !== 7) throw new Error('executeStep returned ' + seven);
  await synthetics.getPage().then(() => { throw new Error('a page'); }, (err) => { if (!/needs a browser/.test(err.message)) throw err; });
};`
}

func sorted(names []string) []string {
	slices.Sort(names)
	return names
}
