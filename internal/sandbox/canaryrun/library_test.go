package canaryrun_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

// onRuntime sets the runtime version of a job.
func onRuntime(version string) func(*canaryrun.Job) {
	return func(j *canaryrun.Job) { j.RuntimeVersion = version }
}

// echo answers with what it was asked, and remembers the headers.
func echo(t *testing.T) (url string, headers func(path string) []http.Header) {
	t.Helper()
	var mu sync.Mutex
	seen := map[string][]http.Header{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		seen[r.URL.Path] = append(seen[r.URL.Path], r.Header.Clone())
		mu.Unlock()
		w.Header().Set("Set-Cookie", "session=hidden")
		fmt.Fprintf(w, `<!doctype html><title>%s</title><link rel="icon" href="data:,">body of %[1]s`, r.URL.Path)
	}))
	t.Cleanup(s.Close)
	return s.URL, func(path string) []http.Header {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(seen[path])
	}
}

func TestConfigurationFile(t *testing.T) {
	t.Parallel()
	url, headers := echo(t)
	script := `
const synthetics = require('@aws/synthetics-puppeteer');
exports.handler = async () => {
  const page = await synthetics.getPage();
  await synthetics.executeStep('fails', async () => { await page.goto('` + url + `/a?token=secret'); throw new Error('no ` + url + `/?token=secret'); });
  await synthetics.executeStep('goes on', async () => {}, { screenshotOnStepSuccess: true, includeRequestHeaders: true });
};`
	config := `{"step": {"screenshotOnStepStart": false, "screenshotOnStepSuccess": false, "continueOnStepFailure": true},
		"report": {"restrictedUrlParameters": ["token"]}, "logging": {"logRequest": true, "logRequestHeaders": true},
		"httpMetrics": {"metric_2xx": false}, "userAgent": "Watcher/2", "har": false}`
	files := map[string]string{"index.js": script, "synthetics.json": config}
	o := runFiles(t, files, onRuntime("syn-nodejs-puppeteer-11.0"))
	if o.Status != canaryrun.Failed || o.StateReason != "fails: no "+url+"/?token=REDACTED" {
		t.Fatalf("%s %q\n%s", o.Status, o.StateReason, logText(o))
	}
	if diff := cmp.Diff([]string{"01-fails-failed.png", "02-goes on-succeeded.png", "log.txt", "SyntheticsReport-FAILED.json"}, names(o)); diff != "" {
		t.Errorf("artifacts (-want +got):\n%s", diff)
	}
	if agent := headers("/a")[0].Get("User-Agent"); !strings.HasSuffix(agent, ":canary:watch Watcher/2") {
		t.Errorf("user agent %q", agent)
	}
	if c := o.Report.Configuration.CanaryMetrics; c.C2xx || !c.C4xx {
		t.Errorf("%+v", c)
	}
	text := logText(o)
	for _, want := range []string{"headers: {", "/a?token=REDACTED", "The option includeRequestHeaders cannot be set for a step on this runtime"} {
		if !strings.Contains(text, want) {
			t.Errorf("the log lacks %q:\n%s", want, text)
		}
	}
	// Older runtimes know no such file.
	o = runFiles(t, map[string]string{"nodejs/node_modules/index.js": script, "nodejs/node_modules/synthetics.json": config}, nil)
	if len(o.Report.CustomerScript.Steps) != 1 || !slices.Contains(names(o), "results.har") {
		t.Errorf("an older runtime read synthetics.json: %v", names(o))
	}
	// A file that cannot be read is the canary's failure.
	files["synthetics.json"] = `{"step": }`
	if o := runFiles(t, files, onRuntime("syn-nodejs-puppeteer-11.0")); !strings.HasPrefix(o.StateReason, "synthetics.json is not JSON") {
		t.Errorf("%s %q", o.Status, o.StateReason)
	}
}

func TestStructuredLogs(t *testing.T) {
	t.Parallel()
	script := `
const log = require('SyntheticsLogger');
exports.handler = async () => { log.debug('d'); log.warn('two\nlines', new Error('why')); console.log('mine %d', 7); };`
	line := regexp.MustCompile(`(?m)^\{"timestamp":"[^"]+Z","level":"(\w+)","canaryName":"watch","canaryRunId":"4f6f2c5e-[^"]+","message":"(.*)"\}$`)
	for name, tt := range map[string]struct {
		version, format, level string
		want                   []string
	}{
		"by default":     {"syn-nodejs-puppeteer-11.0", "", "", []string{"INFO Start", "WARN two", "INFO mine 7", "INFO Canary"}},
		"more":           {"syn-nodejs-puppeteer-11.0", "", "TRACE", []string{"INFO Start", "DEBUG d", "WARN two", "INFO mine 7", "INFO Canary"}},
		"less":           {"syn-nodejs-puppeteer-11.0", "JSON", "ERROR", []string{"INFO mine 7"}},
		"text":           {"syn-nodejs-puppeteer-11.0", "TEXT", "", nil},
		"older":          {"syn-nodejs-puppeteer-10.0", "", "", nil},
		"older, but yes": {"syn-nodejs-puppeteer-10.0", "json", "warn", []string{"WARN two", "INFO mine 7"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := run(t, script, func(j *canaryrun.Job) {
				j.RuntimeVersion = tt.version
				j.Env = map[string]string{"CW_SYNTHETICS_LOG_FORMAT": tt.format, "CW_SYNTHETICS_LOG_LEVEL": tt.level}
			})
			wantPassed(t, o)
			var got []string
			for _, m := range line.FindAllStringSubmatch(logText(o), -1) {
				first, _, _ := strings.Cut(m[2], " ")
				got = append(got, m[1]+" "+strings.SplitN(first, `\n`, 2)[0])
			}
			want := slices.Clone(tt.want)
			for i, w := range want {
				want[i] = strings.Join(strings.Fields(w)[:2], " ")
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("lines (-want +got):\n%s\n%s", diff, logText(o))
			}
			if tt.want == nil && !strings.Contains(logText(o), "\tWARN\tWARN: two\nlines Error: why") {
				t.Errorf("log:\n%s", logText(o))
			}
			if tt.level == "ERROR" {
				return // nothing was logged
			}
			file := o.Artifacts[slices.IndexFunc(o.Artifacts, func(a canaryrun.Artifact) bool { return strings.HasSuffix(a.Name, "-log.txt") })].Name
			if text := string(read(t, o, file)); !strings.Contains(text, "Z WARN: two\nlines") {
				t.Errorf("file:\n%s", text)
			}
		})
	}
}

func TestPagesAndUserAgents(t *testing.T) {
	t.Parallel()
	url, headers := echo(t)
	o := run(t, `
const synthetics = require('Synthetics');
exports.handler = async () => {
  const options = await synthetics.getDefaultLaunchOptions();
  if (options.defaultViewport.width !== 1920) throw new Error('viewport');
  await synthetics.launch({ args: [...options.args, '--disable-web-security'], defaultViewport: { width: 800, height: 600, deviceScaleFactor: 1 } });
  const page = await synthetics.getPage();
  await synthetics.addUserAgent(page, 'Extra/1');
  await page.setExtraHTTPHeaders({ 'X-Own': 'yes' });
  await page.goto('`+url+`/first');
  const second = await synthetics.newPage();
  if (second === page || (await synthetics.getPage()) !== second) throw new Error('the new page is not the current one');
  await synthetics.executeStep('second', () => second.goto('`+url+`/second'));
  await synthetics.executeStep('on the first', async () => {}, null, page);
  await page.evaluate(() => window.open('`+url+`/popup') && 0);
  await page.browser().waitForTarget((t) => t.url().endsWith('/popup')).then(async (t) => (await t.page()).waitForFunction(() => document.title === '/popup'));
  await page.screenshot({ path: '/tmp/mine.png' });
  await synthetics.executeStep('native', () => second.screenshot({ path: 'pictures.png' }), { screenshotOnStepStart: false });
};`, func(j *canaryrun.Job) { j.RuntimeVersion, j.ActiveTracing = "syn-nodejs-puppeteer-11.0", true })
	wantPassed(t, o)
	trace := map[string]bool{}
	for path, suffix := range map[string]string{"/first": ":canary:watch Extra/1", "/second": ":canary:watch"} {
		h := headers(path)[0]
		if !strings.HasSuffix(h.Get("User-Agent"), suffix) {
			t.Errorf("%s: user agent %q", path, h.Get("User-Agent"))
		}
		id := h.Get("X-Amzn-Trace-Id")
		if !regexp.MustCompile(`^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=1$`).MatchString(id) {
			t.Errorf("%s: trace %q", path, id)
		}
		trace[strings.SplitN(id, ";", 2)[0]] = true
	}
	if len(trace) != 1 || headers("/first")[0].Get("X-Own") != "yes" {
		t.Errorf("traces %v, headers %v", trace, headers("/first"))
	}
	if har := string(read(t, o, "results.har")); !strings.Contains(har, url+"/popup") {
		t.Error("a window that the page opened is not in the archive")
	}
	script := o.Report.CustomerScript
	if s := script.NonStepScreenshots; len(s) != 1 || s[0].FileName != "mine.png" {
		t.Errorf("pictures outside steps: %+v", s)
	}
	if s := script.Steps; len(s) != 3 || s[0].DestinationURL != url+"/second" || s[1].SourceURL != url+"/first" ||
		len(s[2].Screenshots) != 2 || s[2].Screenshots[0].FileName != "pictures.png" {
		t.Errorf("steps: %+v", s)
	}
}

func TestRequestLog(t *testing.T) {
	t.Parallel()
	url, _ := echo(t)
	script := func(configure string) string {
		return `
const synthetics = require('Synthetics');
const RequestResponseLogHelper = require('RequestResponseLogHelper');
exports.handler = async () => {
  ` + configure + `
  const page = await synthetics.getPage();
  await page.goto('` + url + `/page?key=1');
  await synthetics.executeHttpStep('post', { url: '` + url + `/http', method: 'POST', body: 'sent text' });
};`
	}
	for name, tt := range map[string]struct {
		configure    string
		want, unwant []string
	}{
		"as it starts": {``, []string{"Request: GET " + url + "/page?key=1\n", "Response: 200 OK " + url + "/page?key=1\n", "Request: POST " + url + "/http\n"}, []string{"headers:", "sent text"}},
		"everything": {
			`synthetics.getConfiguration().setConfig({ logRequestHeaders: true, logResponseHeaders: true, logRequestBody: true, logResponseBody: true,
				restrictedHeaders: ['Set-Cookie'], restrictedUrlParameters: ['key'] });`,
			[]string{"/page?key=REDACTED headers: {", `body: sent text`, "body of /page", "body of /http", `"Set-Cookie":"REDACTED"`},
			[]string{"hidden"},
		},
		"nothing":   {`synthetics.getConfiguration().withLogRequest(false).withLogResponse(false);`, nil, []string{"Request:", "Response:"}},
		"older way": {`synthetics.setRequestResponseLogHelper(synthetics.getRequestResponseLogHelper().withLogRequestMethod(true).withLogRequestPostData(true).withLogResponseStatusText(false));`, []string{"Request: POST " + url + "/http body: sent text", "Response: 200 " + url + "/page", "RequestResponseLogHelper is deprecated"}, nil},
		"older way, by return": {
			`synthetics.setRequestResponseLogHelper().withLogRequestUrl(false).withLogRequestResourceType(true); new RequestResponseLogHelper();`,
			[]string{"Request: type: document\n"},
			[]string{"Request: GET"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := run(t, script(tt.configure), nil)
			wantPassed(t, o)
			text := logText(o)
			for _, want := range tt.want {
				if !strings.Contains(text, want) {
					t.Errorf("the log lacks %q:\n%s", want, text)
				}
			}
			for _, bad := range tt.unwant {
				if strings.Contains(text, bad) {
					t.Errorf("the log has %q:\n%s", bad, text)
				}
			}
		})
	}
}

// The ways in which a request can be given and judged.
func TestHTTPStepForms(t *testing.T) {
	t.Parallel()
	url, headers := echo(t)
	o := run(t, `
const synthetics = require('Synthetics');
exports.handler = async () => {
  const late = async (res) => {
    await new Promise((r) => setTimeout(r, 30));
    let text = '';
    for await (const part of res) text += part;
    if (!text.includes('body of /late')) throw new Error('the body is lost: ' + text);
  };
  await synthetics.executeHttpStep('text', '`+url+`/text');
  await synthetics.executeHttpStep('URL', new URL('`+url+`/url'));
  await synthetics.executeHttpStep('reads late', '`+url+`/late', late);
  await synthetics.executeHttpStep('reads nothing', '`+url+`/nothing', () => {});
  await synthetics.executeHttpStep('sends an object', { url: '`+url+`/object', method: 'PUT', body: { a: 1 } }, () => {}, { includeRequestBody: true, includeResponseHeaders: true });
  await synthetics.executeHttpStep('throws a text', '`+url+`/thrown', async () => { throw 'not good'; });
  await synthetics.executeHttpStep('nobody there', 'http://127.0.0.1:1/x?y=1', undefined, { stepSuccessMetric: false, stepsReport: false });
  await synthetics.executeHttpStep('no request', 7);
  let reached = true;
  try { await synthetics.executeHttpStep('stops', '`+url+`/stops', () => { throw new Error('stop'); }, { continueOnHttpStepFailure: false }); reached = false; } catch {}
  if (!reached) throw new Error('a failing step did not stop the script');
};`, func(j *canaryrun.Job) { j.ActiveTracing = true })
	if o.Status != canaryrun.Failed || o.StateReason != "throws a text: not good" {
		t.Fatalf("%s %q\n%s", o.Status, o.StateReason, logText(o))
	}
	var got []string
	for _, s := range o.Report.CustomerScript.Steps {
		got = append(got, fmt.Sprintf("%d %s %s %d", s.StepNum, s.StepName, s.Status, s.HTTPRequestNum))
	}
	want := []string{
		"1 text PASSED 1", "2 URL PASSED 2", "3 reads late PASSED 3", "4 reads nothing PASSED 4", "5 sends an object PASSED 5",
		"6 throws a text FAILED 6", "8 no request FAILED 0", "9 stops FAILED 8",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if len(o.Steps) != 9 || o.Steps[6].EmitSuccess || !o.Steps[6].EmitDuration || o.Steps[6].Passed {
		t.Errorf("metrics of steps: %+v", o.Steps)
	}
	if c := o.Report.CustomerScript.Requests; c.C2xx != 7 || c.Failed != 1 {
		t.Errorf("%+v", c)
	}
	if id := headers("/text")[0].Get("X-Amzn-Trace-Id"); !strings.HasPrefix(id, "Root=1-") {
		t.Errorf("trace %q", id)
	}
	checkHTTPReport(t, read(t, o, "HttpRequestsReport.json"))
}

func checkHTTPReport(t *testing.T, text []byte) {
	t.Helper()
	var report struct {
		Requests []struct {
			RequestURL string
			Request    struct {
				Body    string
				Headers any
			}
			Response struct {
				StatusCode int
				Body       string
				Headers    any
			}
		}
	}
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Requests) != 8 {
		t.Fatalf("%s", text)
	}
	sent, gone := report.Requests[4], report.Requests[6]
	if sent.Request.Body != `{"a":1}` || sent.Request.Headers != "Not enabled" || sent.Response.Body != "" {
		t.Errorf("%+v", sent)
	}
	if h, ok := sent.Response.Headers.(map[string]any); !ok || h["content-type"] == nil {
		t.Errorf("%+v", sent)
	}
	if gone.RequestURL != "http://127.0.0.1:1/x?y=1" || gone.Response.StatusCode != 0 {
		t.Errorf("%+v", gone)
	}
}

func TestProgressIsTold(t *testing.T) {
	t.Parallel()
	url, _ := echo(t)
	var told []canaryrun.Progress
	var mu sync.Mutex
	o := run(t, `
const synthetics = require('Synthetics');
exports.handler = async () => {
  const page = await synthetics.getPage();
  await synthetics.executeStep('open', () => page.goto('`+url+`/'));
  await synthetics.executeStep('look', () => { throw new Error('not there'); }, { continueOnStepFailure: true, screenshotOnStepStart: false });
};`, func(j *canaryrun.Job) {
		j.Progress = func(p canaryrun.Progress) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, p)
		}
	})
	want := []canaryrun.Progress{
		{Event: "step-started", Step: "open", Num: 1},
		{Event: "screenshot", File: "01-open-starting.png"},
		{Event: "step-ended", Step: "open", Num: 1, Pass: true},
		{Event: "screenshot", File: "02-open-succeeded.png"},
		{Event: "step-started", Step: "look", Num: 2},
		{Event: "step-ended", Step: "look", Num: 2, Error: "not there"},
		{Event: "screenshot", File: "03-look-failed.png"},
	}
	mu.Lock()
	defer mu.Unlock()
	if diff := cmp.Diff(want, told, cmpopts.IgnoreFields(canaryrun.Progress{}, "Ms", "Time")); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	if strings.Contains(logText(o), "nephele {") {
		t.Error("progress is in the log")
	}
}
