package canaryrun_test

import (
	"testing"
	"time"

	"nephele.dev/nephele/internal/sandbox"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

// The same runtime works without a box, where its owner allows it.
func TestCanaryWithoutIsolation(t *testing.T) {
	t.Parallel()
	direct, err := sandbox.New(sandbox.Options{Bubblewrap: "/no/such/bwrap", AllowUnsandboxed: true})
	if err != nil {
		t.Fatal(err)
	}
	defer direct.Close()
	r, err := canaryrun.New(canaryrun.Options{Sandbox: direct})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	url, _ := site(t)
	archive, size := code(t, map[string]string{"nodejs/node_modules/index.mjs": `
import synthetics from 'Synthetics';
export const handler = async () => {
  const page = await synthetics.getPage();
  await synthetics.executeStep('open', () => page.goto('` + url + `'));
};`})
	o, err := r.Run(t.Context(), canaryrun.Job{
		RunID: "direct", RuntimeVersion: "syn-nodejs-puppeteer-10.0", CanaryName: "c", Handler: "index.handler", Zip: archive, Size: size, Timeout: 30 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if o.Status != canaryrun.Passed || len(o.Artifacts) != 6 {
		t.Errorf("%s %q %v\n%s", o.Status, o.StateReason, names(o), logText(o))
	}
}
