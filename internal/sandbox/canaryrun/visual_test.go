package canaryrun_test

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"nephele.dev/nephele/internal/sandbox/canaryrun"
	scripts "nephele.dev/nephele/runtimes/nodejs"
)

// painted is a picture with some rectangles of a color on another.
func painted(size image.Point, ground, ink color.Color, areas ...image.Rectangle) []byte {
	img := image.NewRGBA(image.Rectangle{Max: size})
	draw.Draw(img, img.Bounds(), image.NewUniform(ground), image.Point{}, draw.Src)
	for _, area := range areas {
		draw.Draw(img, area, image.NewUniform(ink), image.Point{}, draw.Src)
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		panic(err)
	}
	return out.Bytes()
}

func baseline(name string, content []byte, ignore ...canaryrun.Area) canaryrun.Baseline {
	return canaryrun.Baseline{Name: name, Ignore: ignore, Open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content)), nil
	}}
}

func TestPuppeteerVisualMonitoringBlueprint(t *testing.T) {
	t.Parallel()
	site := visited(t)
	script := scripted(t, "visual", site)
	first := run(t, script, nil)
	wantPassed(t, first)
	if first.Visual != nil {
		t.Errorf("a run without a baseline compared: %+v", first.Visual)
	}
	const name = "01-shop-loaded.png"
	base := read(t, first, name)
	again := func(script string, b ...canaryrun.Baseline) *canaryrun.Outcome {
		return run(t, script, func(j *canaryrun.Job) { j.Visual = &canaryrun.Visual{Baselines: b} })
	}
	changed := strings.Replace(script, "await synthetics.takeScreenshot", "await page.evaluate(() => { document.body.style.background = '#fc3'; }); await synthetics.takeScreenshot", 1)
	t.Run("same", func(t *testing.T) {
		t.Parallel()
		o := again(script, baseline(name, base))
		wantPassed(t, o)
		v := o.Report.CustomerScript.Steps[0].Screenshots[0].VisualTest
		if o.Visual == nil || *o.Visual != (canaryrun.VisualOutcome{Comparisons: 1, Matching: 1}) || v == nil || v.Status != "PASSED" || v.VariancePercent != 0 || v.Difference != "" {
			t.Errorf("%+v %+v", o.Visual, v)
		}
	})
	t.Run("different", func(t *testing.T) {
		t.Parallel()
		// The number in front of a name moves when steps do.
		o := again(changed, baseline("07-shop-loaded.png", base))
		keepArtifacts(t, o)
		if o.Status != canaryrun.Failed || o.StateReasonCode != canaryrun.CanaryFailure || !strings.HasPrefix(o.StateReason, "Visual variance: 1 of 1 screenshots differ from the baseline: "+name) {
			t.Fatalf("%s %q\n%s", o.Status, o.StateReason, logText(o))
		}
		v := o.Report.CustomerScript.Steps[0].Screenshots[0].VisualTest
		if v == nil || v.Status != "FAILED" || v.Threshold != 5 || v.VariancePercent < 80 || v.Baseline != "01-shop-loaded.baseline.png" {
			t.Fatalf("%+v", v)
		}
		if !bytes.Equal(read(t, o, v.Baseline), base) {
			t.Error("the copy of the baseline is another picture")
		}
		img, err := png.Decode(bytes.NewReader(read(t, o, v.Difference)))
		if err != nil {
			t.Fatal(err)
		}
		if r, g, b, _ := img.At(1800, 1000).RGBA(); r>>8 != 0xff || g != 0 || b>>8 != 0xff {
			t.Errorf("a pixel that differs is %x %x %x", r>>8, g>>8, b>>8)
		}
	})
	t.Run("different, and allowed to be", func(t *testing.T) {
		t.Parallel()
		o := again(strings.Replace(changed, "withVisualVarianceThresholdPercentage(5)", "withFailCanaryRunOnVisualVariance(false)", 1), baseline(name, base))
		wantPassed(t, o)
		if o.Visual == nil || *o.Visual != (canaryrun.VisualOutcome{Comparisons: 1}) {
			t.Errorf("%+v", o.Visual)
		}
	})
	t.Run("different where it does not count", func(t *testing.T) {
		t.Parallel()
		o := again(changed, baseline(name, base, canaryrun.Area{X2: 1920, Y2: 1080}))
		wantPassed(t, o)
	})
	t.Run("not asked for", func(t *testing.T) {
		t.Parallel()
		o := again(strings.Replace(changed, "withVisualCompareWithBaseRun(true)", "withVisualCompareWithBaseRun(false)", 1), baseline(name, base))
		wantPassed(t, o)
		if o.Visual != nil {
			t.Errorf("%+v", o.Visual)
		}
	})
	t.Run("baseline that is no picture", func(t *testing.T) {
		t.Parallel()
		o := again(script, baseline(name, []byte("GIF89a")))
		if o.Status != canaryrun.Failed || !strings.Contains(o.StateReason, "is not a PNG picture") {
			t.Errorf("%s %q", o.Status, o.StateReason)
		}
	})
}

// diff runs the command diff.cjs.
func diff(t *testing.T, dir string, base, other []byte, args ...string) (result map[string]any, difference image.Image, exit int) {
	t.Helper()
	work := t.TempDir()
	for name, content := range map[string][]byte{"a.png": base, "b.png": other} {
		if err := os.WriteFile(filepath.Join(work, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := exec.CommandContext(t.Context(), "node", append([]string{filepath.Join(dir, "diff.cjs"), "a.png", "b.png", "out.png"}, args...)...)
	c.Dir = work
	out, _ := c.Output()
	if err := json.Unmarshal(out, &result); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if f, err := os.Open(filepath.Join(work, "out.png")); err == nil {
		defer f.Close()
		if difference, err = png.Decode(f); err != nil {
			t.Fatal(err)
		}
	}
	return result, difference, c.ProcessState.ExitCode()
}

func TestDiffCommand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := scripts.Unpack(dir); err != nil {
		t.Fatal(err)
	}
	white, red, size := color.White, color.RGBA{R: 200, A: 255}, image.Pt(100, 100)
	plain := painted(size, white, red)
	corner := painted(size, white, red, image.Rect(0, 0, 20, 20)) // 4 % of it
	tests := map[string]struct {
		base, other []byte
		args        []string
		status      string
		variance    float64
		pixels      float64
		exit        int
	}{
		"same":                  {plain, plain, nil, "PASSED", 0, 10000, 0},
		"different":             {plain, corner, nil, "FAILED", 4, 10000, 1},
		"within the threshold":  {plain, corner, []string{"--threshold", "4"}, "PASSED", 4, 10000, 0},
		"beyond the threshold":  {plain, corner, []string{"--threshold=3.99"}, "FAILED", 4, 10000, 1},
		"ignored":               {plain, corner, []string{"--ignore", "0,0,20,20"}, "PASSED", 0, 9600, 0},
		"ignored in part":       {plain, corner, []string{"--ignore", "0,0,10,20"}, "FAILED", 100 * 200 / 9800.0, 9800, 1},
		"ignored twice":         {plain, corner, []string{"--ignore", "0,0,10,20", "--ignore", "20,20,10,0"}, "PASSED", 0, 9600, 0},
		"all ignored":           {plain, corner, []string{"--ignore", "0,0,5000,5000"}, "PASSED", 0, 0, 0},
		"taller":                {plain, painted(image.Pt(100, 125), white, red), nil, "FAILED", 20, 12500, 1},
		"smaller":               {plain, painted(image.Pt(50, 100), white, red), nil, "FAILED", 50, 10000, 1},
		"each larger one way":   {painted(image.Pt(50, 100), white, red), painted(image.Pt(100, 50), white, red), nil, "FAILED", 75, 10000, 1},
		"no picture":            {plain, []byte("x"), nil, "ERROR", 0, 0, 2},
		"cut off":               {plain, plain[:len(plain)/2], nil, "ERROR", 0, 0, 2},
		"too large to unpack":   {plain, claims(plain, 16000, 16000), nil, "ERROR", 0, 0, 2},
		"a side too long":       {plain, claims(plain, 1, 1<<20), nil, "ERROR", 0, 0, 2},
		"a color that is none":  {plain, corner, []string{"--color", "red"}, "ERROR", 0, 0, 2},
		"an area that is none":  {plain, corner, []string{"--ignore", "1,2,3"}, "ERROR", 0, 0, 2},
		"a threshold too large": {plain, corner, []string{"--threshold", "101"}, "ERROR", 0, 0, 2},
		"an unknown option":     {plain, corner, []string{"--verbose", "1"}, "ERROR", 0, 0, 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result, _, exit := diff(t, dir, tt.base, tt.other, tt.args...)
			if result["status"] != tt.status || exit != tt.exit {
				t.Fatalf("exit %d, %v", exit, result)
			}
			if tt.exit == 2 {
				if result["error"] == "" || result["error"] == nil {
					t.Error("no reason")
				}
				return
			}
			if result["variancePercentage"] != tt.variance || result["comparedPixels"] != tt.pixels {
				t.Errorf("%v", result)
			}
		})
	}
	_, img, _ := diff(t, dir, plain, corner, "--color", "#0f8")
	if r, g, b, _ := img.At(5, 5).RGBA(); strconv.FormatUint(uint64(r>>8<<16|g>>8<<8|b>>8), 16) != "ff88" {
		t.Errorf("the difference has the color %x %x %x", r>>8, g>>8, b>>8)
	}
}

// claims changes the size that a picture says it has.
func claims(picture []byte, width, height uint32) []byte {
	out := bytes.Clone(picture)
	for i := range 4 {
		out[16+i], out[20+i] = byte(width>>(24-8*i)), byte(height>>(24-8*i))
	}
	return out
}
