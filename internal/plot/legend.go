package plot

import "image"

const (
	legendRow  = 16 // pixels from line to line
	legendSign = 10 // the coloured square
)

// drawLegend takes rows at the bottom or a column on the right. It takes at
// most a third of the image and counts what did not fit.
func (d *drawing) drawLegend() {
	if d.Legend == Hidden || len(d.Series) == 0 || d.area.Dx() < 120 || d.area.Dy() < 90 {
		return
	}
	if d.Legend == Right {
		d.legendColumn()
		return
	}
	d.legendRows()
}

func (d *drawing) legendColumn() {
	width := 0
	for i := range d.Series {
		width = max(width, d.width(d.Series[i].Label, smallFace))
	}
	width = min(width+legendSign+8, d.area.Dx()/3)
	x := d.area.Max.X - width
	room := d.area.Dy() / legendRow
	for i := range d.Series {
		y := d.area.Min.Y + i*legendRow
		if i == room-1 && len(d.Series) > room {
			d.more(len(d.Series)-i, x, y)
			break
		}
		d.entry(i, x, y, width)
	}
	d.area.Max.X = x - 12
}

// legendRows puts entries side by side.
func (d *drawing) legendRows() {
	type place struct{ i, x, row int }
	var places []place
	limit := max(1, d.area.Dy()/3/legendRow)
	x, row, left := d.area.Min.X, 0, 0
	for i := range d.Series {
		w := min(d.width(d.Series[i].Label, smallFace)+legendSign+18, d.area.Dx())
		if x > d.area.Min.X && x+w > d.area.Max.X {
			x, row = d.area.Min.X, row+1
		}
		if row >= limit {
			left = len(d.Series) - i
			row--
			break
		}
		places = append(places, place{i, x, row})
		x += w
	}
	if left > 0 && len(places) > 0 { // the last entry gives way
		places = places[:len(places)-1]
		left++
	}
	top := d.area.Max.Y - (row+1)*legendRow
	for _, p := range places {
		d.entry(p.i, p.x, top+p.row*legendRow, d.area.Max.X-p.x)
	}
	if left > 0 {
		x, y := d.area.Min.X, top+row*legendRow
		if n := len(places); n > 0 && places[n-1].row == row {
			last := places[n-1]
			x = last.x + d.width(d.Series[last.i].Label, smallFace) + legendSign + 18
		}
		d.more(left, x, y)
	}
	d.area.Max.Y = top - 6
}

func (d *drawing) entry(i, x, y, width int) {
	d.fill(image.Rect(x, y+3, x+legendSign, y+3+legendSign), d.colors[i])
	label := fit(d.face(smallFace), d.Series[i].Label, width-legendSign-5)
	d.text(label, x+legendSign+5, y+12, smallFace, start, d.theme.text)
}

func (d *drawing) more(n, x, y int) {
	d.text("+ "+compact(float64(n), 1)+" more", x, y+12, smallFace, start, d.theme.faint)
}
