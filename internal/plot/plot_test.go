package plot

import (
	"bytes"
	"errors"
	"flag"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var keep = flag.String("keep", "", "directory to keep the images of the tests in")

// day is the window of the tests' graphs.
var (
	dayStart = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	dayEnd   = dayStart.Add(3 * time.Hour)
)

func wave(label string, height, phase float64, right bool) Series {
	s := Series{Label: label, Right: right, Gap: 10 * time.Minute}
	for t := dayStart; t.Before(dayEnd); t = t.Add(5 * time.Minute) {
		if t.Hour() == 10 && t.Minute() > 20 && t.Minute() < 45 && phase == 0 {
			continue // a gap
		}
		s.Points = append(s.Points, Point{t, height * (1.2 + math.Sin(phase+t.Sub(dayStart).Hours()*2))})
	}
	return s
}

func sample(view View) *Chart {
	to := dayStart.Add(100 * time.Minute)
	return &Chart{
		Width: 700, Height: 380, View: view, Title: "Requests and latency of the shop", Start: dayStart, End: dayEnd,
		Left: Axis{Label: "Count"}, Right: Axis{Label: "Milliseconds"},
		Series: []Series{wave("Requests", 800, 0, false), wave("Errors with a longer label", 220, 1, false), wave("Latency", 35, 2, true)},
		Horizontal: []Horizontal{
			{Label: "Too many", Value: 1600, Fill: FillAbove},
			{Label: "Normal", Value: 400, To: new(700.0), Color: rgb(0x2ca02c)},
		},
		Vertical: []Vertical{{Label: "Deployment", Time: dayStart.Add(80 * time.Minute), To: &to}, {Label: "Rollback", Time: dayStart.Add(170 * time.Minute)}},
	}
}

func paint(t *testing.T, name string, c *Chart) {
	t.Helper()
	b, err := c.PNG()
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil || img.Bounds().Dx() != c.Width || img.Bounds().Dy() != c.Height {
		t.Fatalf("%s: %v, %v", name, img.Bounds(), err)
	}
	if *keep != "" {
		if err := os.WriteFile(filepath.Join(*keep, name+".png"), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestViews(t *testing.T) {
	t.Parallel()
	stacked := sample(Lines)
	stacked.Stacked, stacked.Legend, stacked.Zone = true, Right, time.FixedZone("", 3600)
	dark := sample(Lines)
	dark.Theme, dark.Warning = Dark, true
	single := sample(SingleValue)
	single.Sparkline = true
	gauge := sample(Gauge)
	gauge.Left = Axis{Min: new(0.0), Max: new(2000.0)}
	for name, c := range map[string]*Chart{
		"lines": sample(Lines), "stacked": stacked, "dark": dark, "single": single, "bars": sample(Bars), "pie": sample(Pie), "gauge": gauge,
		"empty": {Width: 300, Height: 200, Start: dayStart, End: dayEnd},
	} {
		paint(t, name, c)
	}
}

// TestSizes draws every view in sizes where nothing fits.
func TestSizes(t *testing.T) {
	t.Parallel()
	for view := Lines; view <= SingleValue; view++ {
		for _, size := range []int{1, 2, 5, 17, 40, 90, 130} {
			c := sample(view)
			c.Width, c.Height = size, size*2/3+1
			paint(t, "small", c)
		}
	}
	for _, size := range [][2]int{{0, 10}, {10, -1}, {2001, 10}, {10, 1 << 40}} {
		c := sample(Lines)
		c.Width, c.Height = size[0], size[1]
		if _, err := c.PNG(); !errors.Is(err, ErrSize) {
			t.Errorf("size %v: %v", size, err)
		}
	}
}

// TestValueScale checks that ticks are round, within the axis, and cover the
// data.
func TestValueScale(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		low, high float64
		axis      Axis
		ticks     []float64
	}{
		{1, 9, Axis{}, []float64{0, 2, 4, 6, 8, 10}},
		{90, 99, Axis{}, []float64{90, 92, 94, 96, 98, 100}},
		{-3, 3, Axis{}, []float64{-4, -2, 0, 2, 4}},
		{5, 5, Axis{}, []float64{0, 1, 2, 3, 4, 5}},
		{0, 0, Axis{}, []float64{0, 0.2, 0.4, 0.6, 0.8, 1}},
		{1, 9, Axis{Min: new(-1.0), Max: new(5.0)}, []float64{0, 2, 4}},
	} {
		v := newValueScale(tt.axis, tt.low, tt.high, 100, 0, 5)
		if len(v.ticks) != len(tt.ticks) {
			t.Errorf("%v: ticks %v", tt, v.ticks)
			continue
		}
		for i := range v.ticks {
			if math.Abs(v.ticks[i]-tt.ticks[i]) > 1e-9 {
				t.Errorf("%v: ticks %v", tt, v.ticks)
				break
			}
		}
	}
}

func TestCompact(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		v, step float64
		want    string
	}{
		{0, 1, "0"}, {1500, 500, "1.5k"}, {1550, 50, "1550"}, {12000, 2000, "12k"}, {2.5e6, 5e5, "2.5M"}, {0.25, 0.05, "0.25"}, {-3000, 1000, "-3k"}, {1e20, 1e19, "1e+20"},
	} {
		if got := compact(tt.v, tt.step); got != tt.want {
			t.Errorf("compact(%g, %g) = %s, want %s", tt.v, tt.step, got, tt.want)
		}
	}
}

// FuzzChart draws whatever numbers come.
func FuzzChart(f *testing.F) {
	f.Add(1.0, 2.0, 3.0, 100, 80, 0)
	f.Add(-1e300, 1e300, 0.0, 300, 200, 1)
	f.Add(math.MaxFloat64, -math.MaxFloat64, 1e-300, 600, 400, 3)
	f.Fuzz(func(t *testing.T, a, b, c float64, width, height, view int) {
		for _, v := range []float64{a, b, c} {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return // series hold finite values
			}
		}
		chart := &Chart{
			Width: width % 400, Height: height % 400, View: View(view & 3), Start: dayStart, End: dayEnd, Stacked: view&4 != 0, Title: "t",
			Series:     []Series{{Label: "x", Points: []Point{{dayStart, a}, {dayStart.Add(time.Hour), b}}}, {Label: "y", Right: view&8 != 0, Points: []Point{{dayStart, c}}}},
			Horizontal: []Horizontal{{Value: b, To: &c}},
		}
		if _, err := chart.PNG(); err != nil && !errors.Is(err, ErrSize) {
			t.Fatal(err)
		}
	})
}

func BenchmarkLines(b *testing.B) {
	c := sample(Lines)
	for b.Loop() {
		if _, err := c.PNG(); err != nil {
			b.Fatal(err)
		}
	}
}
