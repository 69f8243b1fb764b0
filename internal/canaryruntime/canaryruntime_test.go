package canaryruntime

import (
	"testing"
	"time"
)

func TestVersions(t *testing.T) {
	t.Parallel()
	for _, v := range All() {
		if got, ok := ByName(v.Name); !ok || got != v {
			t.Errorf("%s: not found by its name", v.Name)
		}
		if v.Description() == "" {
			t.Errorf("%s: no description", v.Name)
		}
		v.Dates() // panics on a date that is none
	}
	if _, ok := ByName("syn-nodejs-puppeteer-99.0"); ok {
		t.Error("a version that there is not")
	}
	if _, ok := Parse("syn"); ok {
		t.Error("a name without a version was read")
	}
	if got := Latest(Playwright).Name; got != "syn-nodejs-playwright-9.0" {
		t.Errorf("latest: %s", got)
	}
}

func TestTraits(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name                                                  string
		root, handlerOnly, perBrowser, dry, visual, multi, bp bool
	}{
		{"syn-nodejs-puppeteer-3.3", false, true, false, false, true, false, false},
		{"syn-nodejs-puppeteer-9.1", false, false, false, false, true, false, false},
		{"syn-nodejs-puppeteer-10.0", false, false, false, true, true, false, false},
		{"syn-nodejs-puppeteer-11.0", true, false, true, true, true, false, false},
		{"syn-nodejs-puppeteer-16.0", true, false, true, true, true, true, false},
		{"syn-nodejs-playwright-1.0", true, false, false, false, true, false, false},
		{"syn-nodejs-playwright-3.0", true, false, true, true, true, false, false},
		{"syn-nodejs-3.0", true, false, false, true, false, false, true},
		{"syn-python-selenium-1.0", false, true, false, false, false, false, false},
		{"syn-python-selenium-6.0", false, false, false, true, false, false, false},
	}
	for _, tt := range tests {
		v, ok := ByName(tt.name)
		if !ok {
			t.Errorf("%s: unknown", tt.name)
		}
		for what, got := range map[string][2]bool{
			"root": {v.RootLevelCode(), tt.root}, "handler": {v.HandlerOnly(), tt.handlerOnly}, "browsers": {v.PerBrowser(), tt.perBrowser},
			"dry": {v.DryRuns(), tt.dry}, "visual": {v.Visual(), tt.visual}, "multi": {v.MultiLocation(), tt.multi},
			"blueprints": {len(v.Blueprints()) > 0, tt.bp},
		} {
			if got[0] != got[1] {
				t.Errorf("%s: %s is %t", tt.name, what, got[0])
			}
		}
	}
	old, _ := ByName("syn-nodejs-puppeteer-7.0")
	last := time.Date(2026, 1, 21, 23, 59, 0, 0, time.UTC)
	if old.DeprecatedAt(last) || !old.DeprecatedAt(last.Add(time.Minute)) {
		t.Error("deprecation begins on its day")
	}
}
