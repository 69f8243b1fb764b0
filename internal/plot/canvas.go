package plot

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"sort"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// xy is a place on the canvas in pixels.
type xy struct{ x, y float64 }

// canvas is an image with lines, polygons and text.
type canvas struct {
	img   *image.RGBA
	faces [faceCount]font.Face
}

// faceKind is a font in a size.
type faceKind int

const (
	smallFace faceKind = iota // axes and legend
	titleFace
	largeFace // single values
	hugeFace
	faceCount
)

var fonts = sync.OnceValues(func() ([2]*opentype.Font, error) {
	regular, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return [2]*opentype.Font{}, fmt.Errorf("plot: font: %w", err)
	}
	bold, err := opentype.Parse(gobold.TTF)
	if err != nil {
		return [2]*opentype.Font{}, fmt.Errorf("plot: font: %w", err)
	}
	return [2]*opentype.Font{regular, bold}, nil
})

func newCanvas(width, height int, background color.NRGBA) (*canvas, error) {
	both, err := fonts()
	if err != nil {
		return nil, err
	}
	c := &canvas{img: image.NewRGBA(image.Rect(0, 0, width, height))}
	draw.Draw(c.img, c.img.Bounds(), image.NewUniform(background), image.Point{}, draw.Src)
	for kind, f := range []struct {
		font *opentype.Font
		size float64
	}{smallFace: {both[0], 11}, titleFace: {both[1], 14}, largeFace: {both[1], 26}, hugeFace: {both[1], 44}} {
		// Faces hold buffers, so each canvas has its own.
		c.faces[kind], err = opentype.NewFace(f.font, &opentype.FaceOptions{Size: f.size, DPI: 72, Hinting: font.HintingFull})
		if err != nil {
			return nil, fmt.Errorf("plot: font: %w", err)
		}
	}
	return c, nil
}

func (c *canvas) face(kind faceKind) font.Face { return c.faces[kind] }

// anchor is the point of a text that stands at its place.
type anchor int

const (
	start anchor = iota
	middle
	end
)

// text writes s with its baseline at y.
func (c *canvas) text(s string, x, y int, kind faceKind, a anchor, col color.NRGBA) {
	d := font.Drawer{Dst: c.img, Src: image.NewUniform(col), Face: c.faces[kind]}
	switch width := d.MeasureString(s).Ceil(); a {
	case middle:
		x -= width / 2
	case end:
		x -= width
	}
	d.Dot = fixed.P(x, y)
	d.DrawString(s)
}

func (c *canvas) width(s string, kind faceKind) int {
	return font.MeasureString(c.faces[kind], s).Ceil()
}

// fit shortens s to a width in pixels; what is cut off becomes an ellipsis.
func fit(face font.Face, s string, width int) string {
	if font.MeasureString(face, s).Ceil() <= width {
		return s
	}
	runes := []rune(s)
	runes = runes[:min(len(runes), max(width, 0))]
	cut := func(n int) string { return string(runes[:n]) + "…" }
	n := sort.Search(len(runes), func(n int) bool { return font.MeasureString(face, cut(n+1)).Ceil() > width })
	if n == 0 {
		return ""
	}
	return cut(n)
}

// fill paints a rectangle.
func (c *canvas) fill(r image.Rectangle, col color.NRGBA) {
	draw.Draw(c.img, r, image.NewUniform(col), image.Point{}, draw.Over)
}

// polygon paints the inside of a closed path. Only what lies on the canvas is
// rasterized.
func (c *canvas) polygon(path []xy, col color.NRGBA) {
	box := bounds(path).Intersect(c.img.Bounds())
	if len(path) < 3 || box.Empty() {
		return
	}
	z := vector.NewRasterizer(box.Dx(), box.Dy())
	c.trace(z, box, path)
	z.Draw(c.img, box, image.NewUniform(col), image.Point{})
}

// trace adds the part of a closed path within box to z, which cannot bear
// coordinates far outside.
func (c *canvas) trace(z *vector.Rasterizer, box image.Rectangle, path []xy) {
	if path = clip(path, box); len(path) < 3 {
		return
	}
	at := func(p xy) (float32, float32) {
		return float32(p.x - float64(box.Min.X)), float32(p.y - float64(box.Min.Y))
	}
	x, y := at(path[0])
	z.MoveTo(x, y)
	for _, p := range path[1:] {
		x, y = at(p)
		z.LineTo(x, y)
	}
	z.ClosePath()
}

// clip cuts a closed path to a rectangle, edge by edge (Sutherland and Hodgman).
func clip(path []xy, box image.Rectangle) []xy {
	for _, edge := range []func(xy) float64{ // positive inside
		func(p xy) float64 { return p.x - float64(box.Min.X) },
		func(p xy) float64 { return float64(box.Max.X) - p.x },
		func(p xy) float64 { return p.y - float64(box.Min.Y) },
		func(p xy) float64 { return float64(box.Max.Y) - p.y },
	} {
		var cut []xy
		for i, q := range path {
			p := path[(i+len(path)-1)%len(path)]
			dp, dq := edge(p), edge(q)
			if dp*dq < 0 {
				f := dp / (dp - dq)
				cut = append(cut, xy{p.x + (q.x-p.x)*f, p.y + (q.y-p.y)*f})
			}
			if dq >= 0 {
				cut = append(cut, q)
			}
		}
		path = cut
	}
	return path
}

func bounds(path []xy) image.Rectangle {
	var r image.Rectangle
	for i, p := range path {
		x, y := int(math.Floor(p.x)), int(math.Floor(p.y))
		pixel := image.Rect(x, y, x+2, y+2)
		if i == 0 {
			r = pixel
		} else {
			r = r.Union(pixel)
		}
	}
	return r
}

// line draws a stroke of the given width through the points, with bevelled
// joints. All of it is one shape, so that a translucent line does not darken
// where its parts meet.
func (c *canvas) line(path []xy, width float64, col color.NRGBA) {
	if len(path) == 0 {
		return
	}
	if len(path) == 1 {
		c.dot(path[0], width, col)
		return
	}
	box := bounds(path).Inset(-int(width) - 2).Intersect(c.img.Bounds())
	if box.Empty() {
		return
	}
	z := vector.NewRasterizer(box.Dx(), box.Dy())
	for i := 1; i < len(path); i++ {
		c.trace(z, box, stroke(path[i-1], path[i], width))
		if i > 1 {
			c.trace(z, box, circle(path[i-1], width/2))
		}
	}
	z.Draw(c.img, box, image.NewUniform(col), image.Point{})
}

// stroke is the rectangle along a line from a to b, in the same turning
// direction always: the rasterizer adds what turns alike.
func stroke(a, b xy, width float64) []xy {
	dx, dy := b.x-a.x, b.y-a.y
	length := math.Hypot(dx, dy)
	if length == 0 {
		return circle(a, width/2)
	}
	nx, ny := -dy/length*width/2, dx/length*width/2
	return []xy{{a.x + nx, a.y + ny}, {a.x - nx, a.y - ny}, {b.x - nx, b.y - ny}, {b.x + nx, b.y + ny}}
}

func (c *canvas) dot(p xy, radius float64, col color.NRGBA) { c.polygon(circle(p, radius), col) }

// circle turns as stroke does.
func circle(p xy, radius float64) []xy { return arc(p, radius, 0, 2*math.Pi) }

// arc is the points of a circle from one angle to another, in radians clockwise
// from three o'clock.
func arc(p xy, radius, from, to float64) []xy {
	n := int(math.Max(8, math.Abs(to-from)*math.Max(radius, 4)/2))
	path := make([]xy, n+1)
	for i := range path {
		angle := from + (to-from)*float64(i)/float64(n)
		path[i] = xy{p.x + radius*math.Cos(angle), p.y + radius*math.Sin(angle)}
	}
	return path
}

// dashed draws a straight line of dashes, horizontal or vertical.
func (c *canvas) dashed(a, b xy, col color.NRGBA) {
	const dash, gap = 6, 4
	length := math.Hypot(b.x-a.x, b.y-a.y)
	if length == 0 {
		return
	}
	for at := 0.0; at < length; at += dash + gap {
		stop := math.Min(at+dash, length)
		p := xy{a.x + (b.x-a.x)*at/length, a.y + (b.y-a.y)*at/length}
		q := xy{a.x + (b.x-a.x)*stop/length, a.y + (b.y-a.y)*stop/length}
		c.line([]xy{p, q}, 1.5, col)
	}
}
