package plot

import (
	"image"
	"image/color"
	"math"
)

// drawBars draws the newest value of each series as a horizontal bar.
func (d *drawing) drawBars() {
	n := len(d.Series)
	if n == 0 || d.area.Dy() < 4 || d.area.Dx() < 4 {
		return
	}
	low, high := 0.0, 0.0
	for i := range d.Series {
		v, _ := d.Series[i].last()
		low, high = math.Min(low, v), math.Max(high, v)
	}
	box := d.area
	labels := d.area.Dx() >= 120 && d.area.Dy() >= 50
	if labels {
		box.Max.Y -= 18
		box.Max.X -= 40
	}
	v := newValueScale(d.Left, low, high, box.Min.X, box.Max.X, max(1, box.Dx()/80))
	for _, t := range v.ticks {
		x := int(math.Round(v.at(t)))
		d.fill(image.Rect(x, box.Min.Y, x+1, box.Max.Y), d.theme.grid)
		if labels {
			d.text(v.label(t), x, box.Max.Y+14, smallFace, middle, d.theme.faint)
		}
	}
	zero := v.at(math.Min(math.Max(0, v.low), v.high))
	for i := range d.Series {
		value, ok := d.Series[i].last()
		if !ok {
			continue
		}
		top, bottom := box.Min.Y+box.Dy()*i/n, box.Min.Y+box.Dy()*(i+1)/n
		inset := max((bottom-top)/6, (bottom-top-40)/2)
		bar := image.Rect(int(math.Round(zero)), top+inset, int(math.Round(v.at(value))), bottom-inset).Canon()
		d.fill(bar.Intersect(box), d.colors[i])
		if labels && bar.Dy() >= 9 {
			d.text(number(value), min(max(bar.Max.X, box.Min.X), box.Max.X)+4, (top+bottom)/2+4, smallFace, start, d.theme.text)
		}
	}
	d.fill(image.Rect(int(zero), box.Min.Y, int(zero)+1, box.Max.Y), d.theme.axis)
}

// drawPie draws the newest values as shares of their sum. Negative values have
// no share.
func (d *drawing) drawPie() {
	sum := 0.0
	for i := range d.Series {
		v, _ := d.Series[i].last()
		sum += math.Max(v, 0)
	}
	center := xy{float64(d.area.Min.X+d.area.Max.X) / 2, float64(d.area.Min.Y+d.area.Max.Y) / 2}
	radius := float64(min(d.area.Dx(), d.area.Dy()))/2 - 2
	if radius < 1 {
		return
	}
	if sum == 0 {
		d.polygon(circle(center, radius), d.theme.grid)
		return
	}
	angle := -math.Pi / 2
	for i := range d.Series {
		v, _ := d.Series[i].last()
		share := math.Max(v, 0) / sum
		if share == 0 {
			continue
		}
		d.slice(center, radius, angle, angle+share*2*math.Pi, d.colors[i])
		mid := angle + share*math.Pi
		angle += share * 2 * math.Pi
		if share > 0.04 && radius > 40 {
			text := compact(math.Round(share*1000)/10, 0.1) + "%"
			d.text(text, int(center.x+math.Cos(mid)*radius*0.7), int(center.y+math.Sin(mid)*radius*0.7)+4, smallFace, middle, contrast(d.colors[i]))
		}
	}
}

func (d *drawing) slice(center xy, radius, from, to float64, col color.NRGBA) {
	d.polygon(append(arc(center, radius, from, to), center), col)
	if to-from < 2*math.Pi-1e-6 && radius > 20 {
		edge := xy{center.x + radius*math.Cos(from), center.y + radius*math.Sin(from)}
		d.line([]xy{center, edge}, 1, d.theme.background)
		edge = xy{center.x + radius*math.Cos(to), center.y + radius*math.Sin(to)}
		d.line([]xy{center, edge}, 1, d.theme.background)
	}
}

// contrast is black or white, whichever reads better on c.
func contrast(c color.NRGBA) color.NRGBA {
	if 299*int(c.R)+587*int(c.G)+114*int(c.B) > 150_000 {
		return rgb(0x16191f)
	}
	return rgb(0xffffff)
}

// drawGauge draws the newest value of the first series on an arc from the left
// axis' minimum (or 0) to its maximum (or 100), with coloured thresholds.
func (d *drawing) drawGauge() {
	low, high := 0.0, 100.0
	if d.Left.Min != nil {
		low = *d.Left.Min
	}
	if d.Left.Max != nil {
		high = *d.Left.Max
	}
	center := xy{float64(d.area.Min.X+d.area.Max.X) / 2, float64(d.area.Max.Y) - 14}
	radius := math.Min(float64(d.area.Dx())/2-2, float64(d.area.Dy())-20)
	if radius < 4 || high <= low {
		return
	}
	angle := func(v float64) float64 {
		return math.Pi + math.Pi*math.Min(math.Max((v-low)/(high-low), 0), 1)
	}
	d.ring(center, radius, radius*0.72, math.Pi, 2*math.Pi, d.theme.grid)
	for _, h := range d.Horizontal {
		from, to := h.Value, h.Value
		switch {
		case h.To != nil:
			to = *h.To
		case h.Fill == FillAbove:
			to = high
		case h.Fill == FillBelow:
			from = low
		}
		col := or(h.Color, horizontalColor)
		d.ring(center, radius, radius*0.95, angle(math.Min(from, to)), angle(math.Max(from, to))+0.01, col)
	}
	text := "--"
	if len(d.Series) > 0 {
		if v, ok := d.Series[0].last(); ok {
			d.ring(center, radius*0.93, radius*0.72, math.Pi, angle(v), d.colors[0])
			text = number(v)
		}
	}
	kind := hugeFace
	if radius < 90 {
		kind = largeFace
	}
	if radius < 45 {
		kind = smallFace
	}
	d.text(text, int(center.x), int(center.y)-2, kind, middle, d.theme.text)
	if radius >= 45 {
		d.text(compact(low, math.Max(high-low, 1e-6)/100), int(center.x-radius*0.86), int(center.y)+12, smallFace, middle, d.theme.faint)
		d.text(compact(high, math.Max(high-low, 1e-6)/100), int(center.x+radius*0.86), int(center.y)+12, smallFace, middle, d.theme.faint)
	}
}

func (d *drawing) ring(center xy, outer, inner, from, to float64, col color.NRGBA) {
	if to <= from {
		return
	}
	d.polygon(append(arc(center, outer, from, to), arc(center, inner, to, from)...), col)
}
