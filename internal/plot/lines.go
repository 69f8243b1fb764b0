package plot

import (
	"image"
	"math"
	"slices"
	"time"
)

// axes is the frame of a time graph.
type axes struct {
	box         image.Rectangle
	time        scale // of unix seconds
	left, right valueScale
	hasRight    bool
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

func (a *axes) x(t time.Time) float64 { return a.time.at(seconds(t)) }

func (a *axes) y(right bool, v float64) float64 {
	if right {
		return a.right.at(v)
	}
	return a.left.at(v)
}

// drawLines draws lines or stacked areas, over bands and under annotations.
func (d *drawing) drawLines() {
	layers := d.layers()
	a := d.newAxes(layers)
	if a.box.Dx() < 2 || a.box.Dy() < 2 {
		return
	}
	d.drawBands(a)
	d.drawGrid(a)
	whole := d.img
	d.img = whole.SubImage(a.box.Inset(-3)).(*image.RGBA) //nolint:errcheck // an *image.RGBA has no others
	for i := len(layers) - 1; i >= 0; i-- {
		d.drawLayer(a, &layers[i])
	}
	d.img = whole
	d.drawHorizontals(a)
	d.drawVerticals(a)
}

// layer is a series as it is drawn: stacked ones stand on those before.
type layer struct {
	*Series
	index int
	base  []Point // under a stacked series, at the same times
	top   []Point
}

func (d *drawing) layers() []layer {
	layers := make([]layer, len(d.Series))
	for i := range d.Series {
		layers[i] = layer{Series: &d.Series[i], index: i, top: d.Series[i].Points}
	}
	if d.Stacked {
		stack(layers, false)
		stack(layers, true)
	}
	return layers
}

// stack puts the series of one axis on top of each other, at every time that
// one of them has; a missing value is zero.
func stack(layers []layer, right bool) {
	var times []time.Time
	for _, l := range layers {
		if l.Right == right {
			for _, p := range l.Points {
				times = append(times, p.Time)
			}
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	times = slices.CompactFunc(times, time.Time.Equal)
	sum := make([]Point, len(times))
	for i, t := range times {
		sum[i].Time = t
	}
	for n := range layers {
		l := &layers[n]
		if l.Right != right {
			continue
		}
		l.base = slices.Clone(sum)
		j := 0
		for i := range sum {
			if j < len(l.Points) && l.Points[j].Time.Equal(sum[i].Time) {
				sum[i].Value += l.Points[j].Value
				j++
			}
		}
		l.top = slices.Clone(sum)
	}
}

// extent is the range of an axis' data and annotations.
func (d *drawing) extent(layers []layer, right bool) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	include := func(v float64) { low, high = math.Min(low, v), math.Max(high, v) }
	for _, l := range layers {
		if l.Right != right {
			continue
		}
		for i, p := range l.top {
			include(p.Value)
			if l.base != nil {
				include(l.base[i].Value)
			}
		}
	}
	for _, h := range d.Horizontal {
		if h.Right == right {
			include(h.Value)
			if h.To != nil {
				include(*h.To)
			}
		}
	}
	return low, high
}

// newAxes takes room for labels and scales what is left.
func (d *drawing) newAxes(layers []layer) *axes {
	a := &axes{box: d.area}
	roomy := d.area.Dx() >= 100 && d.area.Dy() >= 60
	for i := range d.Series {
		a.hasRight = a.hasRight || d.Series[i].Right
	}
	if roomy {
		a.box.Max.Y -= 18
		if d.Left.Label != "" || d.Right.Label != "" {
			a.box.Min.Y += 16
		} else {
			a.box.Min.Y += 6
		}
	}
	ticks := max(1, a.box.Dy()/42)
	low, high := d.extent(layers, false)
	a.left = newValueScale(d.Left, low, high, a.box.Max.Y, a.box.Min.Y, ticks)
	low, high = d.extent(layers, true)
	a.right = newValueScale(d.Right, low, high, a.box.Max.Y, a.box.Min.Y, ticks)
	if roomy {
		a.box.Min.X += d.labelWidth(a.left) + 6
		if a.hasRight {
			a.box.Max.X -= d.labelWidth(a.right) + 6
		} else {
			a.box.Max.X -= 8
		}
	}
	a.time = scale{seconds(d.Start), seconds(d.End), float64(a.box.Min.X), float64(a.box.Max.X)}
	return a
}

func (d *drawing) labelWidth(v valueScale) int {
	width := 0
	for _, t := range v.ticks {
		width = max(width, d.width(v.label(t), smallFace))
	}
	return width
}

func (d *drawing) zone() *time.Location {
	if d.Zone == nil {
		return time.UTC
	}
	return d.Zone
}

// drawGrid draws lines and labels of the axes.
func (d *drawing) drawGrid(a *axes) {
	labels := a.box != d.area
	for _, v := range a.left.ticks {
		y := int(math.Round(a.left.at(v)))
		d.fill(image.Rect(a.box.Min.X, y, a.box.Max.X, y+1), d.theme.grid)
		if labels {
			d.text(a.left.label(v), a.box.Min.X-5, y+4, smallFace, end, d.theme.faint)
		}
	}
	if a.hasRight && labels {
		for _, v := range a.right.ticks {
			d.text(a.right.label(v), a.box.Max.X+5, int(math.Round(a.right.at(v)))+4, smallFace, start, d.theme.faint)
		}
	}
	d.fill(image.Rect(a.box.Min.X, a.box.Max.Y, a.box.Max.X, a.box.Max.Y+1), d.theme.axis)
	if !labels {
		return
	}
	ticks, layout := timeTicks(d.Start, d.End, d.zone(), a.box.Dx()/80)
	for _, t := range ticks {
		text := t.In(d.zone()).Format(layout)
		half := d.width(text, smallFace) / 2
		x := int(math.Round(a.x(t)))
		d.fill(image.Rect(x, a.box.Max.Y, x+1, a.box.Max.Y+4), d.theme.axis)
		at := min(max(x, d.area.Min.X+half), d.area.Max.X-half)
		d.text(text, at, a.box.Max.Y+15, smallFace, middle, d.theme.faint)
	}
	d.text(fit(d.face(smallFace), d.Left.Label, d.area.Dx()/2), d.area.Min.X, d.area.Min.Y+10, smallFace, start, d.theme.text)
	d.text(fit(d.face(smallFace), d.Right.Label, d.area.Dx()/2), d.area.Max.X, d.area.Min.Y+10, smallFace, end, d.theme.text)
}

// drawLayer draws one series. A line is interrupted where points are further
// apart than the gap; a point that stands alone is a dot.
func (d *drawing) drawLayer(a *axes, l *layer) {
	col := d.colors[l.index]
	at := func(p Point) xy { return xy{a.x(p.Time), a.y(l.Right, p.Value)} }
	for i := 0; i < len(l.top); {
		j := i + 1
		for j < len(l.top) && (l.Gap == 0 || l.top[j].Time.Sub(l.top[j-1].Time) <= l.Gap) {
			j++
		}
		path := make([]xy, 0, 2*(j-i))
		for _, p := range l.top[i:j] {
			path = append(path, at(p))
		}
		if l.base != nil && j-i > 1 {
			under := slices.Clone(path)
			for k := j - 1; k >= i; k-- {
				under = append(under, at(l.base[k]))
			}
			d.polygon(under, faded(col, 0.65))
		}
		if len(path) == 1 {
			d.dot(path[0], 2.5, col)
		} else {
			d.line(path, 1.75, col)
		}
		i = j
	}
}
