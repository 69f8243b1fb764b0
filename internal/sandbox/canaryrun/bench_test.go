package canaryrun_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"nephele.dev/nephele/internal/sandbox"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

// BenchmarkRun measures whole runs, one after the other: the time from the
// order to the outcome, the processor time of the box, and its peak memory.
func BenchmarkRun(b *testing.B) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `<title>Shop</title><h1>Welcome</h1>`) }))
	defer s.Close()
	const twoSteps = `
  await synthetics.executeStep('open', () => page.goto('SITE/'));
  await synthetics.executeStep('again', () => page.goto('SITE/more'));`
	runs := []struct{ name, version, browser, script string }{
		{"puppeteer", "syn-nodejs-puppeteer-13.1", "", `const synthetics = require('Synthetics'); exports.handler = async () => { const page = await synthetics.getPage();` + twoSteps + `};`},
		{"playwright", playwrightRuntime, "", `const { synthetics } = require('@aws/synthetics-playwright'); exports.handler = async () => { const page = await synthetics.newPage(await synthetics.launch());` + twoSteps + `};`},
		{"puppeteer-firefox", "syn-nodejs-puppeteer-13.1", "FIREFOX", `const synthetics = require('Synthetics'); exports.handler = async () => { const page = await synthetics.getPage();` + twoSteps + `};`},
		{"playwright-firefox", playwrightRuntime, "FIREFOX", `const { synthetics } = require('@aws/synthetics-playwright'); exports.handler = async () => { const page = await synthetics.newPage(await synthetics.launch());` + twoSteps + `};`},
		{"api", apiRuntime, "", `const { synthetics } = require('@aws/synthetics-core'); exports.handler = async () => { await synthetics.executeHttpStep('one', 'SITE/'); await synthetics.executeHttpStep('two', 'SITE/'); };`},
	}
	for _, r := range runs {
		b.Run(r.name, func(b *testing.B) {
			var cpu time.Duration
			var peak int64
			for b.Loop() {
				archive, size := code(b, map[string]string{"index.js": strings.ReplaceAll(r.script, "SITE", s.URL)})
				o, err := runner.Run(b.Context(), canaryrun.Job{
					RunID: "bench", CanaryName: "bench", RuntimeVersion: r.version, Handler: "index.handler", Browser: r.browser,
					Zip: archive, Size: size, Timeout: time.Minute, Egress: sandbox.EgressPolicy{AllowPrivate: true},
				})
				if err != nil || o.Status != canaryrun.Passed {
					b.Fatal(err, o.StateReason, logText(o))
				}
				cpu, peak = cpu+o.Usage.CPU, max(peak, o.Usage.PeakMemory)
				_ = o.Close()
			}
			b.ReportMetric(cpu.Seconds()/float64(b.N), "cpu-s/op")
			b.ReportMetric(float64(peak>>20), "peak-MB")
		})
	}
}
