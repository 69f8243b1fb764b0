package plot

import (
	"image"
	"math"
)

// last returns the newest value of a series.
func (s *Series) last() (float64, bool) {
	if len(s.Points) == 0 {
		return 0, false
	}
	return s.Points[len(s.Points)-1].Value, true
}

// number writes a value in few digits.
func number(v float64) string {
	step := math.Pow(10, math.Floor(math.Log10(math.Max(math.Abs(v), 1e-9)))-2)
	if math.Abs(v) >= 1000 {
		step = math.Abs(v) / 1000
	}
	return compact(v, step)
}

// drawNumbers writes the newest value of each series, in a grid that suits the
// shape of the image.
func (d *drawing) drawNumbers() {
	n := len(d.Series)
	if n == 0 {
		d.text("No data available", d.area.Min.X+d.area.Dx()/2, d.area.Min.Y+d.area.Dy()/2, smallFace, middle, d.theme.faint)
		return
	}
	columns := 1
	for columns < n && d.area.Dx()/(columns+1) >= 90 && columns*columns*d.area.Dy() < n*d.area.Dx() {
		columns++
	}
	rows := (n + columns - 1) / columns
	for i := range d.Series {
		cell := image.Rect(
			d.area.Min.X+d.area.Dx()*(i%columns)/columns, d.area.Min.Y+d.area.Dy()*(i/columns)/rows,
			d.area.Min.X+d.area.Dx()*(i%columns+1)/columns, d.area.Min.Y+d.area.Dy()*(i/columns+1)/rows)
		d.drawNumber(i, cell)
	}
}

func (d *drawing) drawNumber(i int, cell image.Rectangle) {
	s := &d.Series[i]
	value := "--"
	if v, ok := s.last(); ok {
		value = number(v)
	}
	kind, height := hugeFace, 34
	if d.width(value, hugeFace) > cell.Dx()-8 || cell.Dy() < 80 {
		kind, height = largeFace, 20
	}
	if d.width(value, kind) > cell.Dx()-4 || cell.Dy() < 34 {
		kind, height = smallFace, 9
	}
	x, y := cell.Min.X+cell.Dx()/2, cell.Min.Y+cell.Dy()/2
	if d.Sparkline && cell.Dy() > 110 {
		y -= cell.Dy() / 6
		d.spark(i, image.Rect(cell.Min.X+8, cell.Max.Y-cell.Dy()/4, cell.Max.X-8, cell.Max.Y-6))
	}
	d.text(value, x, y+height/3, kind, middle, d.theme.text)
	if cell.Dy() >= 40 {
		label := fit(d.face(smallFace), s.Label, cell.Dx()-20)
		half := d.width(label, smallFace) / 2
		d.fill(image.Rect(x-half-12, y+height/3+9, x-half-4, y+height/3+17), d.colors[i])
		d.text(label, x, y+height/3+17, smallFace, middle, d.theme.faint)
	}
}

// spark is a small line without axes.
func (d *drawing) spark(i int, box image.Rectangle) {
	points := d.Series[i].Points
	low, high := math.Inf(1), math.Inf(-1)
	for _, p := range points {
		low, high = math.Min(low, p.Value), math.Max(high, p.Value)
	}
	x := scale{seconds(d.Start), seconds(d.End), float64(box.Min.X), float64(box.Max.X)}
	y := scale{low, high, float64(box.Max.Y), float64(box.Min.Y)}
	path := make([]xy, len(points))
	for j, p := range points {
		path[j] = xy{x.at(seconds(p.Time)), y.at(p.Value)}
	}
	d.line(path, 1.5, d.colors[i])
}
