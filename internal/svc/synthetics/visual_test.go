package synthetics

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/api/s3"
	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

// picturing leaves two screenshots and what a comparison draws, and compares
// what it is given.
func picturing(content string) func(canaryrun.Job, *canaryrun.Outcome) {
	return func(job canaryrun.Job, o *canaryrun.Outcome) {
		for _, name := range []string{"01-home-loaded.png", "02-cart-loaded.png", "02-cart-difference.png"} {
			o.Attach(name, []byte(name+" "+content))
		}
		o.Report.CustomerScript.Steps = []canaryrun.Step{{Screenshots: []canaryrun.Screenshot{{FileName: "01-home-loaded.png"}, {FileName: "03-never.png"}}}}
		o.Report.CustomerScript.NonStepScreenshots = []canaryrun.Screenshot{{FileName: "02-cart-loaded.png"}, {FileName: "02-cart-difference.png", Error: "x"}}
		if job.Visual != nil {
			o.Visual = &canaryrun.VisualOutcome{Comparisons: len(job.Visual.Baselines), Matching: 1}
		}
	}
}

// compared is what the last run was given to compare with.
func (b *bench) compared(t *testing.T) map[string]string {
	t.Helper()
	job := b.lastJob()
	if job.Visual == nil {
		return nil
	}
	got := map[string]string{}
	b.runner.mu.Lock()
	defer b.runner.mu.Unlock()
	for _, base := range job.Visual.Baselines {
		got[base.Name] = b.runner.seen[base.Name]
	}
	return got
}

func (b *bench) setVisual(t *testing.T, base string, shots ...*api.BaseScreenshot) error {
	t.Helper()
	_, err := b.api.UpdateCanary(t.Context(), &api.UpdateCanaryInput{
		Name: "c", VisualReference: &api.VisualReferenceInput{BaseCanaryRunId: base, BaseScreenshots: shots},
	})
	return err
}

func TestBaselineOfTheNextRun(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.runner.judge = picturing("first")
		b.create(t, nil)
		b.call(t, "StopCanary", "c")
		pass(time.Second)
		if err := b.setVisual(t, "nextrun"); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		if ref := b.canaryAs(t, "").VisualReference; *ref.BaseCanaryRunId != "nextrun" || len(ref.BaseScreenshots) != 0 {
			t.Errorf("waiting: %+v", ref)
		}
		b.runner.judge = func(_ canaryrun.Job, o *canaryrun.Outcome) { picturing("broken")(canaryrun.Job{}, o); failing(o) }
		b.call(t, "StartCanary", "c")
		pass(time.Minute)
		if ref := b.canaryAs(t, "").VisualReference; *ref.BaseCanaryRunId != "nextrun" {
			t.Errorf("a failed run became the baseline: %+v", ref)
		}
		b.runner.judge = picturing("good")
		pass(5 * time.Minute)
		base := *b.runs(t)[0].Id
		if got := b.compared(t); got != nil {
			t.Errorf("the baseline was compared with %v", got)
		}
		ref := b.canaryAs(t, "").VisualReference
		if *ref.BaseCanaryRunId != base || len(ref.BaseScreenshots) != 2 || ref.BaseScreenshots[0].ScreenshotName != "01-home-loaded.png" {
			t.Errorf("settled: %+v", ref)
		}
		b.runner.judge = picturing("later")
		pass(5 * time.Minute)
		want := map[string]string{"01-home-loaded.png": "01-home-loaded.png good", "02-cart-loaded.png": "02-cart-loaded.png good"}
		if diff := cmp.Diff(want, b.compared(t)); diff != "" {
			t.Error(diff)
		}
		if b.world.count("VisualMonitoringSuccessPercent|CanaryName=c") != 1 || b.world.count("VisualMonitoringTotalComparisons|CanaryName=c") != 1 {
			t.Errorf("metrics %v", b.world.metrics)
		}
		b.checkBaselineIsCollected(t)
	})
}

// checkBaselineIsCollected takes another baseline, and deletes the canary.
func (b *bench) checkBaselineIsCollected(t *testing.T) {
	t.Helper()
	if err := b.setVisual(t, "lastrun"); err != nil {
		t.Fatal(err)
	}
	pass(2 * time.Hour)
	if n := b.blobs(t); n != 2 {
		t.Errorf("%d archives, want the code and one baseline", n)
	}
	b.call(t, "StopCanary", "c")
	pass(time.Second)
	b.call(t, "DeleteCanary", "c")
	pass(2 * time.Hour)
	if n := b.blobs(t); n != 0 {
		t.Errorf("%d archives are left", n)
	}
}

func (b *bench) blobs(t *testing.T) (n int) {
	t.Helper()
	for _, err := range b.Blob.List(t.Context(), "synthetics/") {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

func TestBaselineOfAFormerRun(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.runner.judge = picturing("first")
		b.create(t, func(in *api.CreateCanaryInput) { in.SuccessRetentionPeriodInDays = new(int32(60)) })
		first := *b.runs(t)[0].Id
		b.runner.judge = picturing("second")
		pass(5 * time.Minute)
		shots := []*api.BaseScreenshot{{ScreenshotName: "01-home-loaded.png", IgnoreCoordinates: []string{"1,2,3,4"}}}
		for base, want := range map[string]string{first: "first", "lastrun": "second"} {
			if err := b.setVisual(t, base, shots...); err != nil {
				t.Fatal(err)
			}
			pass(time.Minute)
			got, job := b.compared(t), b.lastJob()
			if len(got) != 1 || !strings.HasPrefix(got["01-home-loaded.png"], "01-home-loaded.png "+want) {
				t.Errorf("%s: %v", base, got)
			}
			if diff := cmp.Diff([]canaryrun.Area{{X1: 1, Y1: 2, X2: 3, Y2: 4}}, job.Visual.Baselines[0].Ignore); diff != "" {
				t.Error(diff)
			}
			b.runner.judge = picturing("second")
		}
		if err := b.setVisual(t, first, &api.BaseScreenshot{ScreenshotName: "09-other.png"}); !awserr.Is(err, "ValidationException") {
			t.Errorf("a screenshot that there is not: %v", err)
		}
		b.call(t, "StopCanary", "c")
		pass(time.Second)
		b.world.mu.Lock()
		clear(b.world.objects)
		b.world.mu.Unlock()
		if err := b.setVisual(t, "lastrun"); !awserr.Is(err, "ValidationException") {
			t.Errorf("a run whose artifacts are gone: %v", err)
		}
		pass(32 * 24 * time.Hour)
		if err := b.setVisual(t, first); !awserr.Is(err, "ValidationException") || !strings.Contains(err.Error(), "31 days") {
			t.Errorf("a run older than 31 days: %v", err)
		}
	})
}

func TestVisualRules(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		one := func(browser string) *api.VisualReferenceInput {
			ref := &api.VisualReferenceInput{BaseCanaryRunId: "nextrun"}
			if browser != "" {
				ref.BrowserType = new(api.BrowserType(browser))
			}
			return ref
		}
		ignoring := func(area string) *api.VisualReferenceInput {
			return &api.VisualReferenceInput{BaseCanaryRunId: "nextrun", BaseScreenshots: []*api.BaseScreenshot{{ScreenshotName: "a", IgnoreCoordinates: []string{area}}}}
		}
		tests := map[string]struct {
			runtime string
			one     *api.VisualReferenceInput
			many    []*api.VisualReferenceInput
			ok      bool
		}{
			"one, early":            {"syn-nodejs-puppeteer-10.0", one(""), nil, true},
			"many, early":           {"syn-nodejs-puppeteer-10.0", nil, []*api.VisualReferenceInput{one(chrome)}, true},
			"one, late":             {"syn-nodejs-puppeteer-11.0", one(""), nil, false},
			"many, late":            {"syn-nodejs-puppeteer-11.0", nil, []*api.VisualReferenceInput{one(chrome)}, true},
			"both forms":            {"syn-nodejs-puppeteer-10.0", one(""), []*api.VisualReferenceInput{one("")}, false},
			"a browser it has not":  {"syn-nodejs-puppeteer-11.0", nil, []*api.VisualReferenceInput{one(firefox)}, false},
			"a browser twice":       {"syn-nodejs-puppeteer-11.0", nil, []*api.VisualReferenceInput{one(chrome), one("")}, false},
			"python":                {"syn-python-selenium-6.0", one(""), nil, false},
			"an area":               {"syn-nodejs-puppeteer-10.0", ignoring("0,0,100,20"), nil, true},
			"three coordinates":     {"syn-nodejs-puppeteer-10.0", ignoring("0,0,100"), nil, false},
			"an area inside out":    {"syn-nodejs-puppeteer-10.0", ignoring("5,5,1,1"), nil, false},
			"no coordinates at all": {"syn-nodejs-puppeteer-10.0", ignoring("a,b,c,d"), nil, false},
			"a run of nobody's":     {"syn-nodejs-puppeteer-10.0", &api.VisualReferenceInput{BaseCanaryRunId: newID()}, nil, false},
			"no run yet":            {"syn-nodejs-puppeteer-10.0", &api.VisualReferenceInput{BaseCanaryRunId: "lastrun"}, nil, false},
		}
		n := 0
		for name, test := range tests {
			in := createInput("c" + string(rune('a'+n)))
			n++
			in.RuntimeVersion = test.runtime
			if strings.Contains(test.runtime, "python") {
				in.Code.Handler = new("index.handler")
			}
			if _, err := b.api.CreateCanary(t.Context(), in); err != nil {
				t.Fatal(err)
			}
			pass(time.Second)
			_, err := b.api.UpdateCanary(t.Context(), &api.UpdateCanaryInput{Name: in.Name, VisualReference: test.one, VisualReferences: test.many})
			if test.ok && err != nil || !test.ok && !awserr.Is(err, "ValidationException") {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// A dry run that waits for a baseline is that baseline, once it is applied.
func TestBaselineOfADryRun(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.runner.judge = picturing("dry")
		b.create(t, nil)
		id := b.dryRun(t, func(in *api.StartCanaryDryRunInput) {
			in.VisualReference = &api.VisualReferenceInput{BaseCanaryRunId: "nextrun"}
		})
		pass(time.Minute)
		if err := b.applyDry(t, id); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		if got := b.compared(t); got["01-home-loaded.png"] != "01-home-loaded.png dry" {
			t.Errorf("compared with %v", got)
		}
	})
}

func TestRetentionRemovesArtifacts(t *testing.T) {
	for name, denied := range map[string]error{"allowed": nil, "denied": s3.NewAccessDenied("no")} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T, b *bench) {
				b.runner.judge = picturing("x")
				b.world.denied = denied
				b.create(t, func(in *api.CreateCanaryInput) {
					in.Schedule.Expression, in.SuccessRetentionPeriodInDays = "rate(1 hour)", new(int32(1))
				})
				pass(3 * time.Hour)
				foreign := *b.runs(t)[2].ArtifactS3Location + "/notes.txt"
				bucket, key, _ := strings.Cut(foreign, "/")
				if _, err := b.world.putObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader("mine")}); err != nil {
					t.Fatal(err)
				}
				pass(5 * 24 * time.Hour)
				runs := b.runs(t)
				b.world.mu.Lock()
				defer b.world.mu.Unlock()
				want := 3*len(runs) + 1
				if denied != nil {
					want = 3*b.runner.count() + 1
				}
				if b.world.objects[foreign] == nil {
					t.Error("what somebody else has put there is gone")
				}
				if len(runs) > 49 || len(b.world.objects) != want {
					t.Errorf("%d runs with %d objects, want %d", len(runs), len(b.world.objects), want)
				}
			})
		})
	}
}

// look reads what a run is given to compare with, while it is there.
func look(job canaryrun.Job, seen map[string]string) {
	if job.Visual == nil {
		return
	}
	for _, base := range job.Visual.Baselines {
		if r, err := base.Open(); err == nil {
			text, _ := io.ReadAll(r)
			seen[base.Name] = string(text)
		}
	}
}

// A report may name as many screenshots as fit into it.
func TestScreenshotsOfALongReport(t *testing.T) {
	t.Parallel()
	var files []string
	for i := range 10_000 {
		files = append(files, fmt.Sprintf("%05d.png", i))
	}
	report := &canaryrun.Report{}
	for i := range 500_000 {
		report.CustomerScript.NonStepScreenshots = append(report.CustomerScript.NonStepScreenshots, canaryrun.Screenshot{FileName: fmt.Sprintf("%05d.png", 9_990+i%20)})
	}
	start := time.Now()
	if got := screenshots(report, files); len(got) != 10 || got[0] != "09990.png" || got[9] != "09999.png" {
		t.Errorf("%d screenshots: %v", len(got), got)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}
