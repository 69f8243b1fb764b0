package canarylocal

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/canaryruntime"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

// project writes a directory with files.
func project(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		to := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestManifest(t *testing.T) {
	t.Parallel()
	latest := func(f canaryruntime.Family) string { return canaryruntime.Latest(f).Name }
	tests := map[string]struct {
		files  map[string]string
		want   Manifest
		refuse string
	}{
		"one script":           {map[string]string{"heart.js": "require('Synthetics')"}, Manifest{Handler: "heart.handler", RuntimeVersion: latest(canaryruntime.Puppeteer)}, ""},
		"playwright":           {map[string]string{"nodejs/node_modules/p.mjs": "import '@aws/synthetics-playwright'"}, Manifest{Handler: "p.handler", RuntimeVersion: latest(canaryruntime.Playwright)}, ""},
		"no browser":           {map[string]string{"a.js": "require('@amzn/synthetics-core')"}, Manifest{Handler: "a.handler", RuntimeVersion: latest(canaryruntime.NodeJS)}, ""},
		"python":               {map[string]string{"python/s.py": ""}, Manifest{Handler: "s.handler", RuntimeVersion: latest(canaryruntime.Selenium)}, ""},
		"index of many":        {map[string]string{"index.js": "", "other.js": ""}, Manifest{Handler: "index.handler", RuntimeVersion: latest(canaryruntime.Puppeteer)}, ""},
		"multi-checks":         {map[string]string{MultiChecksFile: "{}"}, Manifest{Blueprint: "multi-checks", RuntimeVersion: latest(canaryruntime.NodeJS)}, ""},
		"said":                 {map[string]string{ManifestFile: "handler: a.go\nruntimeVersion: syn-nodejs-puppeteer-10.0\nname: x\n"}, Manifest{Name: "x", Handler: "a.go", RuntimeVersion: "syn-nodejs-puppeteer-10.0"}, ""},
		"many":                 {map[string]string{"a.js": "", "b.js": ""}, Manifest{}, "found no script"},
		"nothing":              {nil, Manifest{}, "found no script"},
		"unknown runtime":      {map[string]string{ManifestFile: "runtimeVersion: syn-1.0\nhandler: a.b\n"}, Manifest{}, "no runtime version"},
		"wrong blueprint":      {map[string]string{ManifestFile: "runtimeVersion: syn-nodejs-puppeteer-11.0\nblueprint: multi-checks\n"}, Manifest{}, "no blueprint"},
		"browser too early":    {map[string]string{ManifestFile: "runtimeVersion: syn-nodejs-puppeteer-10.0\nhandler: a.b\nbrowser: FIREFOX\n"}, Manifest{}, "no browser"},
		"name of no canary":    {map[string]string{ManifestFile: "handler: a.b\nname: \"x\\e]0;y\"\n"}, Manifest{}, "no name of a canary"},
		"member of no meaning": {map[string]string{ManifestFile: "handlr: a.b\n"}, Manifest{}, "handlr"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := project(t, tt.files)
			m, err := Load(dir)
			if err == nil {
				err = m.Complete(dir)
			}
			if tt.refuse != "" {
				if !errors.Is(err, ErrProject) || !strings.Contains(err.Error(), tt.refuse) {
					t.Errorf("error %v, want %q", err, tt.refuse)
				}
				return
			}
			if tt.want.Name == "" {
				m.Name = ""
			}
			if diff := cmp.Diff(tt.want, m); err != nil || diff != "" {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

func TestPack(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		files   map[string]string
		version string
		want    []string
	}{
		"old":      {map[string]string{"a.js": "", "lib/b.js": "", ManifestFile: "", ".nephele/runs/x/run.json": "", ".git/HEAD": ""}, "syn-nodejs-puppeteer-10.0", []string{"nodejs/node_modules/a.js", "nodejs/node_modules/lib/b.js"}},
		"new":      {map[string]string{"a.js": ""}, "syn-nodejs-puppeteer-11.0", []string{"a.js"}},
		"laid out": {map[string]string{"nodejs/node_modules/a.js": "", "x.txt": ""}, "syn-nodejs-puppeteer-10.0", []string{"nodejs/node_modules/a.js", "x.txt"}},
		"python":   {map[string]string{"a.py": ""}, "syn-python-selenium-6.0", []string{"python/a.py"}},
	}
	for name, tt := range tests {
		v, _ := canaryruntime.ByName(tt.version)
		archive, err := Pack(project(t, tt.files), v)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got []string
		for _, f := range z.File {
			got = append(got, f.Name)
		}
		slices.Sort(got)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// example is a run of two steps, one of which failed.
func example() *Run {
	start := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	return &Run{
		Canary: "shop", Status: canaryrun.Failed, StateReason: "pay: no <button>\x07", StateReasonCode: "CANARY_FAILURE",
		Started: start, Completed: start.Add(1500 * time.Millisecond), DurationMs: 1400,
		Steps: []Step{
			{Num: 1, Name: "open", Status: "PASSED", DurationMs: 400, Screenshots: []canaryrun.Screenshot{{FileName: "01-open.png"}}},
			{Num: 2, Name: "pay", Status: "FAILED", FailureReason: "no <button>\x07", DurationMs: 1000},
		},
		Requests: &canaryrun.Requests{C2xx: 3, Failed: 1}, Usage: Usage{WallMs: 1500, CPUMs: 900, PeakMemoryMB: 200},
		Log: []string{"START", "a \x1b[31mline"}, Dir: "d",
	}
}

func TestJUnit(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := example().WriteJUnit(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`<testsuite name="shop" tests="2" failures="1" errors="0" time="1.5" timestamp="2026-11-23T03:00:00">`,
		`<testcase name="open" classname="shop" time="0.4"></testcase>`,
		`<failure message="no &lt;button&gt;` + "\uFFFD" + `" type="CANARY_FAILURE">`,
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in\n%s", want, out.String())
		}
	}
	out.Reset()
	broken := &Run{Canary: "c", Status: canaryrun.Failed, StateReason: "timed out"}
	if err := broken.WriteJUnit(&out); err != nil || !strings.Contains(out.String(), `errors="1"`) || !strings.Contains(out.String(), `message="timed out"`) {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestPrinter(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p := &Printer{W: &out}
	p.Head(Manifest{Name: "shop", RuntimeVersion: "syn-nodejs-puppeteer-11.0"}, "full")
	p.Progress(canaryrun.Progress{Event: "step-started", Num: 1, Step: "open"})
	p.Progress(canaryrun.Progress{Event: "step-ended", Num: 1, Step: "open", Pass: true, Ms: 400})
	p.End(example())
	want := `shop  syn-nodejs-puppeteer-11.0, isolation: full
  ✓ 1 open                                     400 ms
  ✗ 2 pay                                      1.0 s
      no <button>` + "\uFFFD" + `
FAILED in 1.5 s: 2 steps, 1 screenshots, 4 requests; 900 ms CPU, 200 MB
CANARY_FAILURE: pay: no <button>` + "\uFFFD" + `
kept in d
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
	out.Reset()
	p.Log(example())
	if strings.Contains(out.String(), "\x1b") {
		t.Errorf("a script's control sequence reached the terminal: %q", out.String())
	}
}

// comparer says of every picture what it is told to.
type comparer map[string]canaryrun.VisualTest

func (c comparer) Compare(_ context.Context, in canaryrun.Comparison) (canaryrun.VisualTest, error) {
	return c[filepath.Base(in.Base)], nil
}

func TestCompare(t *testing.T) {
	t.Parallel()
	one, two := *example(), *example()
	one.Dir = project(t, map[string]string{"01-open.png": "a", "gone.png": "g"})
	two.Dir = project(t, map[string]string{"01-open.png": "b", "new.png": "n"})
	one.Screenshots = []canaryrun.Screenshot{{FileName: "gone.png"}, {FileName: "../escape.png"}}
	two.Screenshots = []canaryrun.Screenshot{{FileName: "new.png"}}
	two.Steps = []Step{two.Steps[0], {Num: 2, Name: "leave", Status: "PASSED"}}
	c := comparer{"01-open.png": {Status: "FAILED", VariancePercent: 3, Picture: []byte("red")}}
	d, err := Compare(t.Context(), c, &one, &two, CompareOptions{})
	if err != nil {
		t.Fatal(err)
	}
	wrote := filepath.Join(two.Dir, "difference", "01-open.png")
	if text, err := os.ReadFile(wrote); err != nil || string(text) != "red" {
		t.Errorf("the difference: %q %v", text, err)
	}
	if len(d.Pictures) != 1 || d.Pictures[0].Difference != wrote || d.Same() {
		t.Errorf("%+v", d)
	}
	if diff := cmp.Diff([]any{[]string{"gone.png"}, []string{"new.png"}}, []any{d.Missing, d.Added}); diff != "" {
		t.Error(diff)
	}
	steps := []StepChange{
		{Name: "open", Base: "PASSED", Other: "PASSED", BaseMs: 400, OtherMs: 400},
		{Name: "pay", Base: "FAILED", BaseMs: 1000},
		{Name: "leave", Other: "PASSED"},
	}
	if diff := cmp.Diff(steps, d.Steps); diff != "" {
		t.Error(diff)
	}
	same, err := Compare(t.Context(), comparer{"01-open.png": {Status: "PASSED"}, "gone.png": {Status: "PASSED"}}, &one, &one, CompareOptions{Out: t.TempDir()})
	if err != nil || !same.Same() {
		t.Errorf("a run differs from itself: %+v %v", same, err)
	}
}
