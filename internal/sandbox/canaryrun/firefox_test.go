package canaryrun_test

import (
	"bytes"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/sandbox"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

// inFirefox is a job whose browser is Firefox, with the default memory.
func inFirefox(j *canaryrun.Job) {
	j.Browser, j.Timeout = "FIREFOX", 2*time.Minute
}

const firefoxAgent = `navigator.userAgent + ' ' + innerWidth + 'x' + innerHeight`

// What is asked of a script in Chromium holds in Firefox, under both drivers.
func TestFirefox(t *testing.T) {
	t.Parallel()
	url := market(t)
	tests := map[string]struct{ version, script string }{
		"Puppeteer": {"syn-nodejs-puppeteer-13.1", `
const synthetics = require('@aws/synthetics-puppeteer');
exports.handler = async () => {
  const page = await synthetics.getPage();
  await synthetics.executeStep('open', async () => {
    const response = await page.goto('SITE/login');
    if (response.status() !== 200) throw new Error('status ' + response.status());
    console.log('AGENT ' + await page.evaluate(() => ` + firefoxAgent + `));
  });
  await synthetics.executeStep('sign in', async () => {
    await page.type('input[name=user]', 'ada');
    await page.type('input[name=password]', 'open sesame');
    await Promise.all([page.waitForNavigation(), page.click('button')]);
    await page.waitForSelector('li');
  });
  await synthetics.executeStep('look', () => page.goto('SITE/gone'));
};`},
		"Playwright": {playwrightRuntime, `
const { synthetics } = require('@aws/synthetics-playwright');
const { expect } = require('@playwright/test');
exports.handler = async () => {
  const page = await synthetics.newPage(await synthetics.launch());
  await synthetics.executeStep('open', async () => {
    const response = await page.goto('SITE/login');
    if (response.status() !== 200) throw new Error('status ' + response.status());
    console.log('AGENT ' + await page.evaluate(() => ` + firefoxAgent + `));
  });
  await synthetics.executeStep('sign in', async () => {
    await page.getByLabel('Name').fill('ada');
    await page.getByLabel('Password').fill('open sesame');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByRole('listitem')).toHaveCount(2);
  });
  await synthetics.executeStep('look', () => page.goto('SITE/gone'));
};`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := runFiles(t, map[string]string{"index.js": strings.ReplaceAll(tt.script, "SITE", url)}, ofVersion(tt.version, inFirefox))
			mustHavePassed(t, o)
			t.Logf("wall %v, processor %v, peak %d MB", o.Usage.Wall, o.Usage.CPU, o.Usage.PeakMemory>>20)
			text := logText(o)
			for _, want := range []string{" Firefox/", "CloudWatchSynthetics/arn:aws:synthetics:us-east-1:000000000000:canary:watch 1920x1080"} {
				if !strings.Contains(text, want) {
					t.Errorf("the log lacks %q:\n%s", want, text)
				}
			}
			checkSize(t, read(t, o, "02-open-succeeded.png"))
			if diff := cmp.Diff(canaryrun.Requests{C2xx: 3, C3xx: 1, C4xx: 1}, o.Report.CustomerScript.Requests); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
			want := map[string]int{"GET /login": 200, "POST /login": 303, "GET /products": 200, "GET /api/products": 200, "GET /gone": 404}
			if diff := cmp.Diff(want, statuses(t, o, url)); diff != "" {
				t.Errorf("HAR (-want +got):\n%s", diff)
			}
		})
	}
}

// Firefox has no way around the proxy, under any name of this machine.
func TestFirefoxCannotReachPrivateAddresses(t *testing.T) {
	t.Parallel()
	url := market(t)
	port := url[strings.LastIndexByte(url, ':')+1:]
	o := run(t, `
exports.handler = async () => {
  const page = await require('Synthetics').getPage();
  for (const host of ['127.0.0.1', 'localhost', '0.0.0.0', '2130706433', '[::1]', '[::ffff:127.0.0.1]', '169.254.169.254']) {
    const res = await page.goto('http://' + host + ':`+port+`/').catch(() => null);
    if (res && res.status() !== 403) throw new Error(host + ' answered ' + res.status());
  }
};`, ofVersion("syn-nodejs-puppeteer-11.0", inFirefox, func(j *canaryrun.Job) { j.Egress = sandbox.EgressPolicy{} }))
	if o.Status != canaryrun.Passed || o.Usage.Refused < 7 {
		t.Errorf("refused %d, %q\n%s", o.Usage.Refused, o.StateReason, logText(o))
	}
}

// A machine without a Firefox says what to install.
func TestFirefoxIsMissing(t *testing.T) {
	t.Parallel()
	box, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer box.Close()
	r, err := canaryrun.New(canaryrun.Options{Sandbox: box, Firefox: "/no/such/firefox"})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	archive, size := code(t, map[string]string{"index.js": `exports.handler = async () => {};`})
	o, err := r.Run(t.Context(), canaryrun.Job{
		RunID: "missing", RuntimeVersion: playwrightRuntime, Handler: "index.handler", Browser: "FIREFOX", Zip: archive, Size: size,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if o.Status != canaryrun.Failed || !strings.Contains(o.StateReason, "no Firefox is installed; apt-get install firefox-esr") {
		t.Errorf("%s %q", o.Status, o.StateReason)
	}
}

// Runtimes from before Firefox say so.
func TestFirefoxIsNotForEveryRuntime(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"syn-nodejs-puppeteer-10.0", "syn-nodejs-playwright-1.0"} {
		o := run(t, `exports.handler = async () => {};`, ofVersion(version, inFirefox))
		if o.Status != canaryrun.Failed || !strings.Contains(o.StateReason, version+" runs in CHROME only") {
			t.Errorf("%s: %s %q", version, o.Status, o.StateReason)
		}
	}
}

func checkSize(t *testing.T, b []byte) {
	t.Helper()
	picture, err := png.DecodeConfig(bytes.NewReader(b))
	if err != nil || picture.Width != 1920 || picture.Height != 1080 {
		t.Errorf("the screenshot is %dx%d, error %v", picture.Width, picture.Height, err)
	}
}
