package canaryrun_test

import (
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

//go:embed testdata/blueprints
var scriptFiles embed.FS

// visited serves the pages that the blueprints visit.
func visited(t *testing.T) string {
	t.Helper()
	page := func(title, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `<!doctype html><html lang="en"><title>%s</title><link rel="icon" href="data:,"><body style="font:20px sans-serif">%s`, title, body)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", page("Home", `<h1>Home</h1>`))
	mux.HandleFunc("GET /shop", page("Shop", `<h1>Shop</h1><div style="width:400px;height:300px;background:#2a6"></div>`))
	mux.HandleFunc("GET /links", page("Links", `<a href="/">Home</a> <a href="/shop?session=1">Shop</a> <a href="/gone">Gone</a> <a href="mailto:a@b">Mail</a> <a href="/">Home</a>`))
	mux.HandleFunc("GET /login", page("Sign in", `<h1>Sign in</h1><form action="/account"><input id="user" name="user"><input id="password" type="password">
		<select id="language"><option value="de">de<option value="en">en</select><button id="send">Sign in</button></form>`))
	mux.HandleFunc("GET /account", func(w http.ResponseWriter, r *http.Request) {
		page("Account", `<p class="welcome">Hello `+r.URL.Query().Get("user"))(w, r)
	})
	mux.HandleFunc("GET /api/items", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `[{"name":"table"},{"name":"chair"}]`)
	})
	mux.HandleFunc("POST /api/items", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusCreated)
		_, _ = io.Copy(w, r.Body)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

// scripted is a script for a site.
func scripted(t *testing.T, name, site string) string {
	t.Helper()
	text, err := scriptFiles.ReadFile("testdata/blueprints/" + name + ".js")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(site)
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("{{SITE}}", site, "{{HOST}}", u.Hostname(), "{{PORT}}", u.Port()).Replace(string(text))
}

// renamed has the newer module names.
func renamed(script string) string {
	return strings.NewReplacer("'Synthetics'", "'@aws/synthetics-puppeteer'", "'SyntheticsLink'", "'@aws/synthetics-link'",
		"'SyntheticsLogger'", "'@aws/synthetics-logger'", "'SyntheticsLogHelper'", "'@aws/synthetics-log-helper'",
		"'BrokenLinkCheckerReport'", "'@aws/synthetics-broken-link-checker-report'").Replace(script)
}

var (
	required = regexp.MustCompile(`(?m)^(?:const|var|let) (.+) = require\('(.+)'\);$`)
	exported = regexp.MustCompile(`(?m)^exports\.handler =`)
)

// esModule is the script as an ES module.
func esModule(script string) string {
	return exported.ReplaceAllString(required.ReplaceAllString(script, "import $1 from '$2';"), "export const handler =")
}

// forms are the ways in which a blueprint may be written and packed.
func forms(script string) map[string]func(*canaryrun.Job) map[string]string {
	at := func(version, name, text string) func(*canaryrun.Job) map[string]string {
		return func(j *canaryrun.Job) map[string]string {
			j.RuntimeVersion = version
			return map[string]string{name: text}
		}
	}
	return map[string]func(*canaryrun.Job) map[string]string{
		"CommonJS, first names": at("syn-nodejs-puppeteer-10.0", "nodejs/node_modules/index.js", script),
		"module, @aws names":    at("syn-nodejs-puppeteer-13.1", "index.mjs", renamed(esModule(script))),
	}
}

// play runs every form of a blueprint and hands its outcome to check.
func play(t *testing.T, name string, change func(*canaryrun.Job), check func(t *testing.T, o *canaryrun.Outcome, site string)) {
	t.Helper()
	site := visited(t)
	for form, pack := range forms(scripted(t, name, site)) {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			var job canaryrun.Job
			files := pack(&job)
			o := runFiles(t, files, func(j *canaryrun.Job) {
				j.RuntimeVersion = job.RuntimeVersion
				if change != nil {
					change(j)
				}
			})
			keepArtifacts(t, o)
			check(t, o, site)
		})
	}
}

// keepArtifacts leaves a run's artifacts for somebody to look at.
func keepArtifacts(t *testing.T, o *canaryrun.Outcome) {
	t.Helper()
	dir := os.Getenv("NEPHELE_KEEP_ARTIFACTS")
	if dir == "" {
		return
	}
	dir = filepath.Join(dir, strings.ReplaceAll(t.Name(), "/", "_"))
	for _, a := range o.Artifacts {
		file := filepath.Join(dir, a.Name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, read(t, o, a.Name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func wantPassed(t *testing.T, o *canaryrun.Outcome) {
	t.Helper()
	if o.Status != canaryrun.Passed {
		t.Fatalf("%s %q\n%s", o.Status, o.StateReason, logText(o))
	}
}

func TestPuppeteerHeartbeatBlueprint(t *testing.T) {
	t.Parallel()
	play(t, "heartbeat", nil, func(t *testing.T, o *canaryrun.Outcome, site string) {
		wantPassed(t, o)
		want := []string{"01-127.0.0.1_-loaded.png", "02-127.0.0.1_shop-loaded.png", "log.txt", "SyntheticsReport-PASSED.json", "results.har", "results.har.html"}
		if diff := cmp.Diff(want, names(o)); diff != "" {
			t.Errorf("artifacts (-want +got):\n%s", diff)
		}
		for _, name := range []string{"results.har", "results.har.html", "SyntheticsReport-PASSED.json"} {
			if strings.Contains(string(read(t, o, name)), "secret") {
				t.Errorf("%s tells the token", name)
			}
		}
		if text := logText(o); strings.Contains(text, "secret") || !strings.Contains(text, site+"/shop?token=REDACTED") {
			t.Errorf("log:\n%s", text)
		}
		if har := string(read(t, o, "results.har")); !strings.Contains(har, `{"name":"User-Agent","value":"REDACTED"}`) {
			t.Error("the archive has no headers, or the restricted one")
		}
		if s := o.Report.CustomerScript.Steps; len(s) != 2 || len(s[1].Screenshots) != 1 || s[1].DestinationURL != site+"/shop?token=REDACTED" {
			t.Errorf("steps: %+v", s)
		}
	})
}

func TestPuppeteerAPIBlueprint(t *testing.T) {
	t.Parallel()
	play(t, "api", nil, func(t *testing.T, o *canaryrun.Outcome, _ string) {
		wantPassed(t, o)
		var report struct {
			Requests []struct {
				RequestNum int
				Step       string
				Request    struct {
					Method, Body string
					Headers      map[string]string
				}
				Response struct {
					StatusCode int
					Body       string
				}
				HTTPTimings struct{ FirstByteTimeInMs, TotalDurationInMs, TCPConnectionTimeInMs float64 } `json:"httpTimings"`
			}
		}
		if err := json.Unmarshal(read(t, o, "HttpRequestsReport.json"), &report); err != nil {
			t.Fatal(err)
		}
		if len(report.Requests) != 3 {
			t.Fatalf("%d requests", len(report.Requests))
		}
		first, second := report.Requests[0], report.Requests[1]
		if first.RequestNum != 1 || first.Step != "List the items" || first.Request.Headers["Authorization"] != "REDACTED" ||
			!strings.Contains(first.Response.Body, "chair") || second.Request.Body != `{"name":"lamp"}` || second.Response.StatusCode != 201 {
			t.Errorf("%+v", report.Requests)
		}
		for _, r := range report.Requests {
			if total := r.HTTPTimings; total.TotalDurationInMs <= 0 || total.FirstByteTimeInMs <= 0 || total.FirstByteTimeInMs > total.TotalDurationInMs {
				t.Errorf("timings of %s: %+v", r.Step, total)
			}
		}
		if s := o.Report.CustomerScript; len(s.Steps) != 3 || s.Steps[2].HTTPRequestNum != 3 || s.Requests.C2xx != 3 {
			t.Errorf("%+v", s)
		}
	})
}

func TestPuppeteerBrokenLinkBlueprint(t *testing.T) {
	t.Parallel()
	play(t, "brokenlinks", nil, func(t *testing.T, o *canaryrun.Outcome, site string) {
		if o.Status != canaryrun.Failed || o.StateReason != "1 broken link(s) detected." {
			t.Fatalf("%s %q\n%s", o.Status, o.StateReason, logText(o))
		}
		type link struct {
			LinkNum              int
			URL, Text, ParentURL string
			Status               struct {
				StatusCode int
				StatusText string
			}
			FailureReason string
			Screenshots   []struct{ FileName string }
		}
		var report struct {
			Links                               map[string]link
			BrokenLinks                         []string
			TotalLinksChecked, TotalBrokenLinks int
		}
		if err := json.Unmarshal(read(t, o, "BrokenLinkCheckerReport.json"), &report); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{site + "/gone"}, report.BrokenLinks); diff != "" || report.TotalLinksChecked != 3 || report.TotalBrokenLinks != 1 {
			t.Errorf("%+v", report)
		}
		gone := report.Links[site+"/gone"]
		if gone.LinkNum != 3 || gone.Text != "Gone" || gone.ParentURL != site+"/links" || gone.Status.StatusCode != 404 ||
			gone.FailureReason != "Status 404" || len(gone.Screenshots) != 1 || gone.Screenshots[0].FileName != "03-Link_3-loaded.png" {
			t.Errorf("%+v", gone)
		}
		if _, ok := report.Links[site+"/shop?session=REDACTED"]; !ok {
			t.Errorf("addresses are not as reports show them: %+v", report.Links)
		}
	})
}

func TestPuppeteerWorkflowBlueprint(t *testing.T) {
	t.Parallel()
	play(t, "workflow", nil, func(t *testing.T, o *canaryrun.Outcome, _ string) {
		wantPassed(t, o)
		if !strings.Contains(logText(o), "Signed in as Hello canary") {
			t.Errorf("log:\n%s", logText(o))
		}
		got := strings.Join(names(o), " ")
		for _, want := range []string{"01-login-loaded.png", "02-verifyText-starting.png", "07-redirection-succeeded.png", "08-verifySelector-succeeded.png"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s is not among %s", want, got)
			}
		}
		if shots := o.Report.CustomerScript.NonStepScreenshots; len(shots) != 1 || shots[0].FileName != "01-login-loaded.png" {
			t.Errorf("pictures outside steps: %+v", shots)
		}
	})
}

func TestPuppeteerRecorderBlueprint(t *testing.T) {
	t.Parallel()
	play(t, "recorder", nil, func(t *testing.T, o *canaryrun.Outcome, site string) {
		wantPassed(t, o)
		steps := o.Report.CustomerScript.Steps
		if len(steps) != 7 || steps[6].StepName != "Click_1" || steps[6].DestinationURL != site+"/account?user=canary" {
			t.Errorf("steps: %+v", steps)
		}
	})
}
