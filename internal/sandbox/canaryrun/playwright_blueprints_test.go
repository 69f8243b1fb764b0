package canaryrun_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"nephele.dev/nephele/internal/blueprint"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

var (
	requires = regexp.MustCompile(`(?m)^const (.+) = require\('(.+)'\);$`)
	handlers = regexp.MustCompile(`(?m)^exports\.handler =`)
)

// asModule is a script as an ES module, with the modules' first names.
func asModule(script string) string {
	script = strings.ReplaceAll(script, "'@aws/synthetics-", "'@amzn/synthetics-")
	return handlers.ReplaceAllString(requires.ReplaceAllString(script, "import $1 from '$2';"), "export const handler =")
}

// playTemplate runs a blueprint of the product, in both forms of a module.
func playTemplate(t *testing.T, name, version string, values map[string][]string, change func(*canaryrun.Job), check func(t *testing.T, o *canaryrun.Outcome)) {
	t.Helper()
	b, err := blueprint.ByName(name)
	if err != nil {
		t.Fatal(err)
	}
	family := version[:strings.LastIndexByte(version, '-')]
	files, err := b.Files(family, values)
	if err != nil {
		t.Fatal(err)
	}
	forms := []string{"CommonJS"}
	if b.Name != "visual" && b.Name != "gui-workflow" { // whose modules are those of the others
		forms = append(forms, "module")
	}
	for _, form := range forms {
		packed := map[string]string{}
		for file, text := range files {
			if form == "module" && path.Ext(file) == ".js" {
				file, text = strings.TrimSuffix(file, ".js")+".mjs", []byte(asModule(string(text)))
			}
			packed[file] = string(text)
		}
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			o := runFiles(t, packed, ofVersion(version, func(j *canaryrun.Job) {
				j.Handler = b.Families[family].Handler
				if change != nil {
					change(j)
				}
			}))
			leaveArtifacts(t, o)
			check(t, o)
		})
	}
}

func TestPlaywrightHeartbeatBlueprint(t *testing.T) {
	t.Parallel()
	url := market(t)
	playTemplate(t, "heartbeat", playwrightRuntime, map[string][]string{"urls": {url + "/", url + "/gone", url + "/products"}}, nil, func(t *testing.T, o *canaryrun.Outcome) {
		steps := o.Report.CustomerScript.Steps
		if o.Status != canaryrun.Failed || !strings.HasSuffix(o.StateReason, "/gone answered 404") || len(steps) != 3 || steps[2].Status != "PASSED" {
			t.Errorf("%q %+v\n%s", o.StateReason, steps, logText(o))
		}
	})
}

func TestPlaywrightBrokenLinkBlueprint(t *testing.T) {
	t.Parallel()
	url := market(t)
	playTemplate(t, "broken-links", playwrightRuntime, map[string][]string{"url": {url + "/"}, "limit": {"10"}}, nil, func(t *testing.T, o *canaryrun.Outcome) {
		if o.Status != canaryrun.Failed || o.StateReason != "1 broken links found" {
			t.Fatalf("%q\n%s", o.StateReason, logText(o))
		}
		report := string(read(t, o, "BrokenLinkCheckerReport.json"))
		for _, want := range []string{`"totalBrokenLinks": 1`, `"totalLinksChecked": 4`, url + "/gone", "answered 404"} {
			if !strings.Contains(report, want) {
				t.Errorf("the report lacks %s:\n%s", want, report)
			}
		}
	})
}

func TestPlaywrightWorkflowBlueprint(t *testing.T) {
	t.Parallel()
	url := market(t)
	values := map[string][]string{
		"url": {url + "/login"}, "userSelector": {"[name=user]"}, "passwordSelector": {"[name=password]"}, "submitSelector": {"button"}, "text": {"Lamp"},
	}
	secrets := func(j *canaryrun.Job) {
		j.Env = map[string]string{"SITE_USER": "ada", "SITE_PASSWORD": "open sesame"}
	}
	playTemplate(t, "gui-workflow", playwrightRuntime, values, secrets, func(t *testing.T, o *canaryrun.Outcome) {
		mustHavePassed(t, o)
		if len(o.Steps) != 4 || !slices.Contains(names(o), "08-verify-succeeded.png") {
			t.Errorf("%+v %q", o.Steps, names(o))
		}
	})
}

func TestPlaywrightVisualBlueprint(t *testing.T) {
	t.Parallel()
	url := market(t)
	values := map[string][]string{"url": {url + "/products"}, "threshold": {"1"}}
	first := make(chan []byte, 1)
	t.Run("first", func(t *testing.T) {
		playTemplate(t, "visual", playwrightRuntime, values, nil, func(t *testing.T, o *canaryrun.Outcome) {
			mustHavePassed(t, o)
			first <- read(t, o, "02-open-succeeded.png")
		})
	})
	base := <-first
	for name, other := range map[string]string{"same": "/products", "different": "/login"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			values := map[string][]string{"url": {url + other}, "threshold": {"0"}}
			compare := func(j *canaryrun.Job) {
				j.Visual = &canaryrun.Visual{Baselines: []canaryrun.Baseline{baseline("02-open-succeeded.png", base)}}
			}
			playTemplate(t, "visual", playwrightRuntime, values, compare, func(t *testing.T, o *canaryrun.Outcome) {
				if o.Visual == nil || o.Visual.Comparisons != 1 {
					t.Fatalf("%+v\n%s", o.Visual, logText(o))
				}
				if matches := o.Visual.Matching == 1; matches != (name == "same") || matches != (o.Status == canaryrun.Passed) {
					t.Errorf("%+v, %s %q", o.Visual, o.Status, o.StateReason)
				}
			})
		})
	}
}

func TestAPITemplate(t *testing.T) {
	t.Parallel()
	url := market(t)
	for want, values := range map[string]map[string][]string{
		"":                                      {"url": {url + "/api/orders"}, "method": {"POST"}, "body": {`{"Item":"Lamp"}`}, "status": {"201"}},
		"GET /api/orders answered 405, not 200": {"url": {url + "/api/orders"}, "method": {"GET"}, "status": {"200"}},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			playTemplate(t, "api", apiRuntime, values, nil, func(t *testing.T, o *canaryrun.Outcome) {
				if (want == "") != (o.Status == canaryrun.Passed) || !strings.Contains(o.StateReason, want) {
					t.Errorf("%s %q\n%s", o.Status, o.StateReason, logText(o))
				}
			})
		})
	}
}

// What Playwright's recorder writes, put into a handler.
func TestPlaywrightRecording(t *testing.T) {
	t.Parallel()
	url := market(t)
	o := runFiles(t, map[string]string{"recorded.js": `
const { synthetics } = require('@aws/synthetics-playwright');
const { expect } = require('@playwright/test');
exports.handler = async () => {
  const browser = await synthetics.launch();
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto('` + url + `/');
  await page.getByRole('link', { name: 'Sign in' }).click();
  await page.getByRole('textbox', { name: 'Name' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('ada');
  await page.getByRole('textbox', { name: 'Name' }).press('Tab');
  await page.getByRole('textbox', { name: 'Password' }).fill('open sesame');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.locator('#list')).toContainText('Lamp');
  await synthetics.executeStep('the end', async () => {});
  await context.close();
  await browser.close();
};`}, ofVersion(playwrightRuntime, func(j *canaryrun.Job) { j.Handler = "recorded.handler" }))
	mustHavePassed(t, o)
	// The page was not opened by synthetics.newPage, and is pictured all the same.
	if !slices.Contains(names(o), "02-the end-succeeded.png") || o.Report.CustomerScript.Requests.C2xx != 4 {
		t.Errorf("%q %+v", names(o), o.Report.CustomerScript.Requests)
	}
}

// Frames of other origins, windows that pages open, requests of the context
// itself, and Playwright's own launch are recorded and leave by the proxy.
func TestPlaywrightSeesEverything(t *testing.T) {
	t.Parallel()
	other := market(t)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `<title>Outer</title><iframe src="%s/products"></iframe><a href="/popup" target="_blank">Open</a>`, strings.Replace(other, "127.0.0.1", "localhost", 1))
	})
	mux.HandleFunc("GET /popup", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `<title>Popup</title>`) })
	mux.HandleFunc("GET /data", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.UserAgent()) })
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	o := run(t, `
const { chromium, request } = require('playwright');
const { synthetics } = require('@aws/synthetics-playwright');
exports.handler = async () => {
  const browser = await chromium.launch();
  const page = await synthetics.newPage(browser);
  await page.goto('`+s.URL+`/');
  await page.frameLocator('iframe').getByText('Lamp').waitFor();
  const [popup] = await Promise.all([page.waitForEvent('popup'), page.getByText('Open').click()]);
  if (await popup.title() !== 'Popup') throw new Error('no popup');
  for (const answer of [await page.request.get('`+s.URL+`/data'), await (await request.newContext()).get('`+s.URL+`/data')]) {
    if (!(await answer.text()).includes('CloudWatchSynthetics/arn:')) throw new Error(await answer.text());
  }
  for (const other of ['firefox', 'webkit']) {
    await require('playwright')[other].launch().then(() => { throw new Error('launched ' + other); }, (err) => { if (!/browser is CHROME/.test(err.message)) throw err; });
  }
};`, ofVersion(playwrightRuntime))
	mustHavePassed(t, o)
	har := read(t, o, "results.har")
	for _, want := range []string{s.URL + "/popup", "/api/products"} {
		if !bytes.Contains(har, []byte(want)) {
			t.Errorf("the HAR lacks %s", want)
		}
	}
	if got := o.Report.CustomerScript.Requests; got != (canaryrun.Requests{C2xx: 4}) {
		t.Errorf("%+v", got)
	}
}
