package synthetics

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

func browserConfigs(types ...string) (all []*api.BrowserConfig) {
	for _, b := range types {
		all = append(all, &api.BrowserConfig{BrowserType: new(api.BrowserType(b))})
	}
	return all
}

func TestBothBrowsers(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.runner.judge = func(job canaryrun.Job, o *canaryrun.Outcome) {
			if job.Browser == firefox {
				failing(o)
			}
		}
		b.create(t, func(in *api.CreateCanaryInput) {
			in.RuntimeVersion, in.BrowserConfigs = "syn-nodejs-puppeteer-11.0", browserConfigs(chrome, firefox)
			in.Schedule.Expression = "rate(0 minute)"
		})
		pass(time.Minute)
		runs := b.runs(t)
		slices.SortFunc(runs, func(x, y *api.CanaryRun) int { return strings.Compare(string(*x.BrowserType), string(*y.BrowserType)) })
		if len(runs) != 2 || *runs[0].ScheduledRunId != *runs[1].ScheduledRunId || *runs[0].Id == *runs[1].Id {
			t.Fatalf("runs %+v", runs)
		}
		for i, want := range []string{chrome, firefox} {
			if string(*runs[i].BrowserType) != want || !strings.HasSuffix(*runs[i].ArtifactS3Location, "/"+want) {
				t.Errorf("%s: %s in %s", want, *runs[i].BrowserType, *runs[i].ArtifactS3Location)
			}
		}
		if *runs[0].Status.State != runPassed || *runs[1].Status.State != runFailed || b.state(t, "c") != stateStopped {
			t.Errorf("%s, %s; canary %s", *runs[0].Status.State, *runs[1].Status.State, b.state(t, "c"))
		}
		got := map[string]float64{}
		for _, dims := range []string{"", ",Browser=CHROME", ",Browser=FIREFOX", ",StepName=open", ",StepName=open,Browser=FIREFOX"} {
			got[dims] = b.world.count("SuccessPercent|CanaryName=c" + dims)
		}
		want := map[string]float64{"": 2, ",Browser=CHROME": 1, ",Browser=FIREFOX": 1, ",StepName=open": 2, ",StepName=open,Browser=FIREFOX": 1}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		out, err := b.api.GetCanary(t.Context(), &api.GetCanaryInput{Name: "c"})
		if err != nil {
			t.Fatal(err)
		}
		c := out.Canary
		if len(c.EngineConfigs) != 2 || len(c.BrowserConfigs) != 2 || *c.EngineConfigs[0].EngineArn == *c.EngineConfigs[1].EngineArn || c.EngineArn != nil {
			t.Errorf("engines %+v, browsers %+v", c.EngineConfigs, c.BrowserConfigs)
		}
		last, err := b.api.DescribeCanariesLastRun(t.Context(), &api.DescribeCanariesLastRunInput{BrowserType: new(api.BrowserTypeFirefox)})
		if err != nil || len(last.CanariesLastRun) != 1 || *last.CanariesLastRun[0].LastRun.Id != *runs[1].Id {
			t.Errorf("last run in Firefox: %+v, %v", last, err)
		}
	})
}

func TestBrowserRules(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		tests := map[string]struct {
			runtime  string
			browsers []string
			ok       bool
		}{
			"firefox alone":         {"syn-nodejs-puppeteer-11.0", []string{firefox}, true},
			"both, in playwright":   {"syn-nodejs-playwright-3.0", []string{firefox, chrome}, true},
			"twice the same":        {"syn-nodejs-puppeteer-11.0", []string{chrome, chrome}, false},
			"firefox, too early":    {"syn-nodejs-puppeteer-10.0", []string{firefox}, false},
			"chrome, early":         {"syn-nodejs-puppeteer-10.0", []string{chrome}, true},
			"firefox in playwright": {"syn-nodejs-playwright-2.0", []string{firefox}, false},
			"no browser at all":     {"syn-nodejs-3.0", []string{chrome}, false},
		}
		n := 0
		for name, test := range tests {
			in := createInput("c" + string(rune('a'+n)))
			n++
			in.RuntimeVersion, in.BrowserConfigs = test.runtime, browserConfigs(test.browsers...)
			_, err := b.api.CreateCanary(t.Context(), in)
			if test.ok && err != nil || !test.ok && !awserr.Is(err, "ValidationException") {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// One browser is added to a canary, and the other taken away.
func TestChangeBrowsers(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.create(t, func(in *api.CreateCanaryInput) { in.RuntimeVersion = "syn-nodejs-puppeteer-11.0" })
		for _, want := range [][]string{{chrome, firefox}, {firefox}} {
			before := b.runner.count()
			if _, err := b.api.UpdateCanary(t.Context(), &api.UpdateCanaryInput{Name: "c", BrowserConfigs: browserConfigs(want...)}); err != nil {
				t.Fatal(err)
			}
			pass(time.Minute)
			var got []string
			for _, job := range b.runner.jobs[before:] {
				got = append(got, job.Browser)
			}
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		}
		_, err := b.api.UpdateCanary(t.Context(), &api.UpdateCanaryInput{Name: "c", RuntimeVersion: new("syn-nodejs-puppeteer-10.0")})
		if !awserr.Is(err, "ValidationException") {
			t.Errorf("a runtime that lacks the browser: %v", err)
		}
	})
}
