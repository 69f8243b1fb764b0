package plot

import (
	"image"
	"image/color"
	"math"
)

// shade is how strongly bands are coloured.
const shade = 0.15

var (
	horizontalColor = rgb(0xd62728)
	verticalColor   = rgb(0x687078)
)

func or(c, other color.NRGBA) color.NRGBA {
	if c.A == 0 {
		return other
	}
	return c
}

// drawBands shades what annotations fill, below everything else.
func (d *drawing) drawBands(a *axes) {
	for _, h := range d.Horizontal {
		from, to := a.y(h.Right, h.Value), a.y(h.Right, h.Value)
		switch {
		case h.To != nil:
			to = a.y(h.Right, *h.To)
		case h.Fill == FillAbove:
			to = float64(a.box.Min.Y)
		case h.Fill == FillBelow:
			to = float64(a.box.Max.Y)
		}
		band := image.Rect(a.box.Min.X, int(math.Round(from)), a.box.Max.X, int(math.Round(to)))
		d.fill(band.Canon().Intersect(a.box), faded(or(h.Color, horizontalColor), shade))
	}
	for _, v := range d.Vertical {
		from, to := a.x(v.Time), a.x(v.Time)
		switch {
		case v.To != nil:
			to = a.x(*v.To)
		case v.Fill == FillAbove:
			to = float64(a.box.Max.X)
		case v.Fill == FillBelow:
			to = float64(a.box.Min.X)
		}
		band := image.Rect(int(math.Round(from)), a.box.Min.Y, int(math.Round(to)), a.box.Max.Y)
		d.fill(band.Canon().Intersect(a.box), faded(or(v.Color, verticalColor), shade))
	}
}

func (d *drawing) drawHorizontals(a *axes) {
	for _, h := range d.Horizontal {
		values := []float64{h.Value}
		if h.To != nil {
			values = append(values, *h.To)
		}
		for i, v := range values {
			y := a.y(h.Right, v)
			if y < float64(a.box.Min.Y) || y > float64(a.box.Max.Y) {
				continue
			}
			col := or(h.Color, horizontalColor)
			d.dashed(xy{float64(a.box.Min.X), y}, xy{float64(a.box.Max.X), y}, col)
			if i > 0 || h.Label == "" {
				continue
			}
			base := int(y) - 4
			if base < a.box.Min.Y+10 {
				base = int(y) + 12
			}
			d.tag(h.Label, a.box.Max.X-3, base, end, col, a.box.Dx()-6)
		}
	}
}

func (d *drawing) drawVerticals(a *axes) {
	row := 0
	for _, v := range d.Vertical {
		x := a.x(v.Time)
		col := or(v.Color, verticalColor)
		if x >= float64(a.box.Min.X) && x <= float64(a.box.Max.X) {
			d.dashed(xy{x, float64(a.box.Min.Y)}, xy{x, float64(a.box.Max.Y)}, col)
			if v.Label != "" {
				where, at := start, int(x)+4
				if a.box.Max.X-int(x) < 90 {
					where, at = end, int(x)-4
				}
				// Labels take turns in height, so that neighbours stay legible.
				d.tag(v.Label, at, a.box.Min.Y+12+row%3*14, where, col, a.box.Dx()/2)
				row++
			}
		}
		if v.To != nil {
			if x := a.x(*v.To); x >= float64(a.box.Min.X) && x <= float64(a.box.Max.X) {
				d.dashed(xy{x, float64(a.box.Min.Y)}, xy{x, float64(a.box.Max.Y)}, col)
			}
		}
	}
}

// tag writes text on a patch of background.
func (d *drawing) tag(s string, x, y int, where anchor, col color.NRGBA, width int) {
	s = fit(d.face(smallFace), s, width)
	w := d.width(s, smallFace)
	left := x
	if where == end {
		left = x - w
	}
	d.fill(image.Rect(left-2, y-10, left+w+2, y+3), faded(d.theme.background, 0.75))
	d.text(s, x, y, smallFace, where, col)
}
