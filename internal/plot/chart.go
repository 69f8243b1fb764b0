package plot

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"time"
)

// MaxSize bounds width and height in pixels.
const MaxSize = 2000

// View is the kind of graph.
type View int

// The kinds of graph.
const (
	Lines View = iota
	Bars
	Pie
	Gauge
	SingleValue
)

// LegendPosition says where the legend stands.
type LegendPosition int

// Where the legend stands.
const (
	Bottom LegendPosition = iota
	Right
	Hidden
)

// Chart is what to draw.
type Chart struct {
	Width, Height int // pixels, 1 to MaxSize
	View          View
	Title         string
	Start, End    time.Time
	Zone          *time.Location // of times on the axis; nil is UTC
	Stacked       bool
	Sparkline     bool // behind single values
	Legend        LegendPosition
	Left, Right   Axis
	Series        []Series
	Horizontal    []Horizontal
	Vertical      []Vertical
	Theme         Theme
	Warning       bool // some data could not be shown: a sign in the corner
}

// Axis is a value axis. Nil bounds follow the data.
type Axis struct {
	Min, Max *float64
	Label    string
}

// Series is one line, bar, slice or number.
type Series struct {
	Label  string
	Color  color.NRGBA // the zero value takes the next of the palette
	Right  bool        // on the right axis
	Points []Point     // by time
	Gap    time.Duration
}

// Point is a value at a time. Points further apart than the series' Gap are not
// joined.
type Point struct {
	Time  time.Time
	Value float64
}

// FillSide says which side of an annotation is shaded.
type FillSide int

// Which side of an annotation is shaded: above or after, below or before.
const (
	FillNone FillSide = iota
	FillAbove
	FillBelow
)

// Horizontal is a line at a value, or with To a band between two.
type Horizontal struct {
	Label string
	Value float64
	To    *float64
	Color color.NRGBA
	Fill  FillSide
	Right bool
}

// Vertical is a line at a time, or with To a band between two.
type Vertical struct {
	Label string
	Time  time.Time
	To    *time.Time
	Color color.NRGBA
	Fill  FillSide
}

// Theme is the colours of everything but the data.
type Theme int

// The themes.
const (
	Light Theme = iota
	Dark
)

type colours struct{ background, text, faint, grid, axis color.NRGBA }

func (t Theme) colours() colours {
	if t == Dark {
		return colours{rgb(0x16191f), rgb(0xd5dbdb), rgb(0x95a5a6), rgb(0x2f3540), rgb(0x687078)}
	}
	return colours{rgb(0xffffff), rgb(0x16191f), rgb(0x545b64), rgb(0xe9ebed), rgb(0xaab7b8)}
}

// palette is the colours of series that have none: distinct in hue, and of
// alike weight on white and on black.
var palette = []color.NRGBA{
	rgb(0x1f77b4), rgb(0xff7f0e), rgb(0x2ca02c), rgb(0xd62728), rgb(0x9467bd),
	rgb(0x8c564b), rgb(0xe377c2), rgb(0x7f7f7f), rgb(0xbcbd22), rgb(0x17becf),
}

func rgb(v uint32) color.NRGBA {
	return color.NRGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), 0xff} //nolint:gosec // bytes of a constant
}

// faded returns c with the given opacity, 0 to 1.
func faded(c color.NRGBA, opacity float64) color.NRGBA {
	c.A = uint8(float64(c.A) * opacity)
	return c
}

// ErrSize says that a chart is too large or has no extent.
var ErrSize = errors.New("plot: width and height must be from 1 to 2000 pixels")

// PNG draws the chart. A chart without series is an empty frame.
func (c *Chart) PNG() ([]byte, error) {
	if c.Width < 1 || c.Width > MaxSize || c.Height < 1 || c.Height > MaxSize {
		return nil, ErrSize
	}
	d, err := newDrawing(c)
	if err != nil {
		return nil, err
	}
	d.draw()
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := encoder.Encode(&b, d.img); err != nil {
		return nil, fmt.Errorf("plot: encode: %w", err)
	}
	return b.Bytes(), nil
}

// drawing is one image in the making. area is what is still free.
type drawing struct {
	*Chart
	*canvas
	theme  colours
	colors []color.NRGBA // of the series
	area   image.Rectangle
}

func newDrawing(c *Chart) (*drawing, error) {
	d := &drawing{Chart: c, theme: c.Theme.colours(), area: image.Rect(0, 0, c.Width, c.Height)}
	for i := range c.Series {
		color := c.Series[i].Color
		if color.A == 0 {
			color = palette[i%len(palette)]
		}
		d.colors = append(d.colors, color)
	}
	var err error
	d.canvas, err = newCanvas(c.Width, c.Height, d.theme.background)
	return d, err
}

// draw lays out and paints, from the outside inwards.
func (d *drawing) draw() {
	d.area = d.area.Inset(min(10, d.Width/20, d.Height/20))
	d.drawTitle()
	if d.View == SingleValue {
		d.drawNumbers()
		return
	}
	d.drawLegend()
	switch d.View {
	case Bars:
		d.drawBars()
	case Pie:
		d.drawPie()
	case Gauge:
		d.drawGauge()
	default:
		d.drawLines()
	}
}

// drawTitle takes a line at the top.
func (d *drawing) drawTitle() {
	const height = 24
	if d.Warning && d.area.Dy() > height {
		d.warningSign(d.area.Max.X-16, d.area.Min.Y)
	}
	if d.Title == "" || d.area.Dy() < 3*height {
		return
	}
	width := d.area.Dx() - 24
	d.text(fit(d.face(titleFace), d.Title, width), d.area.Min.X+d.area.Dx()/2, d.area.Min.Y+14, titleFace, middle, d.theme.text)
	d.area.Min.Y += height
}

// warningSign is the orange triangle of graphs that miss data.
func (d *drawing) warningSign(x, y int) {
	fx, fy := float64(x), float64(y)
	d.polygon([]xy{{fx + 8, fy}, {fx + 16, fy + 14}, {fx, fy + 14}}, rgb(0xff9900))
	d.text("!", x+8, y+12, smallFace, middle, rgb(0xffffff))
}
