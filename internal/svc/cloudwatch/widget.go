package cloudwatch

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/metricmath"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/plot"
	"nephele.dev/nephele/internal/series"
	"nephele.dev/nephele/internal/store"
)

// Limits of GetMetricWidgetImage, from the API reference, but the last, which
// bounds the memory of one call.
const (
	maxWidgetSize    = 100 << 10 // bytes of JSON
	maxWidgetMetrics = 100
	maxWidgetPoints  = 500_000
)

// GetMetricWidgetImage draws a graph of metrics and expressions as a PNG image.
func (s *Service) GetMetricWidgetImage(ctx context.Context, in *api.GetMetricWidgetImageInput) (*api.GetMetricWidgetImageOutput, error) {
	switch f := in.OutputFormat; {
	case f == nil || *f == "" || *f == "png":
	case *f == "image/png":
		return nil, notImplemented("Nephele does not implement the OutputFormat image/png of cloudwatch:GetMetricWidgetImage yet. Use png.")
	default:
		return nil, validation("The value %s for parameter OutputFormat is invalid. The only format is png.", *f)
	}
	call := plane.FromContext(ctx)
	w, err := parseWidget(in.MetricWidget, call.Time)
	if err != nil {
		return nil, err
	}
	var chart *plot.Chart
	err = s.db.View(ctx, func(tx *store.Tx) error {
		region := call.Caller.Region
		if w.Region != "" {
			region = w.Region
		}
		drawn := *w // the function may run again
		if err := drawn.takeAlarms(tx, call.Caller.Account, region); err != nil {
			return err
		}
		chart = drawn.chart()
		return drawn.evaluate(newEvaluation(tx, call.Caller.Account, region, drawn.queries(), w.aligned(), w.end), chart)
	})
	if err != nil {
		return nil, err
	}
	image, err := chart.PNG()
	if errors.Is(err, plot.ErrSize) {
		return nil, validation("The width and height of a MetricWidget must be from 1 to %d.", plot.MaxSize)
	}
	if err != nil {
		return nil, err
	}
	return &api.GetMetricWidgetImageOutput{MetricWidgetImage: image}, nil
}

// aligned is the start moved back to a whole period, as graphs show periods.
func (w *widget) aligned() time.Time {
	return w.start.Truncate(min(seconds(w.Period), time.Hour))
}

// queries are the rows as GetMetricData would be asked for them.
func (w *widget) queries() []*api.MetricDataQuery {
	if w.asked != nil {
		return w.asked
	}
	for i := range w.rows {
		r := &w.rows[i]
		q := &api.MetricDataQuery{Id: r.options.ID}
		if q.Id == "" {
			q.Id = "row_" + strconv.Itoa(i+1)
		}
		if r.options.Label != "" {
			q.Label = &r.options.Label
		}
		if r.options.AccountID != "" {
			q.AccountId = &r.options.AccountID
		}
		if r.options.Expression != "" {
			q.Expression = &r.options.Expression
			q.Period = new(r.period)
		} else {
			q.MetricStat = &api.MetricStat{Period: r.period, Stat: r.stat, Metric: &api.Metric{Namespace: &r.id.Namespace, MetricName: &r.id.Name}}
			for _, d := range r.id.Dimensions {
				q.MetricStat.Metric.Dimensions = append(q.MetricStat.Metric.Dimensions, &api.Dimension{Name: d.Name, Value: d.Value})
			}
		}
		w.asked = append(w.asked, q)
	}
	return w.asked
}

// evaluate computes the visible rows and adds their series to the chart.
func (w *widget) evaluate(e *evaluation, chart *plot.Chart) error {
	e.zone, e.regions = w.zone, w.regions()
	labels := w.labels()
	for i, q := range w.queries() {
		r := &w.rows[i]
		if r.options.Visible != nil && !*r.options.Visible {
			continue
		}
		v, err := e.result(q)
		if err != nil {
			return err
		}
		for n, s := range v.Series {
			one := *s
			if q.MetricStat != nil {
				one.Label = labels[i]
			}
			drawn := seriesOf(&one, e.labelOf(q, v, &one))
			drawn.Right = r.options.YAxis == "right"
			if n == 0 || v.Kind == metricmath.TimeSeries {
				drawn.Color, _ = parseColor(r.options.Color)
			}
			chart.Series = append(chart.Series, drawn)
		}
	}
	chart.Warning = e.tooMany
	return nil
}

// regions are those of the rows that name one.
func (w *widget) regions() map[string]string {
	regions := map[string]string{}
	for i, q := range w.queries() {
		if r := w.rows[i].options.Region; r != "" {
			regions[q.Id] = r
		}
	}
	return regions
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// labels are the default labels of the rows with metrics.
func (w *widget) labels() []string {
	var ids []series.ID
	for i := range w.rows {
		if w.rows[i].options.Expression == "" {
			ids = append(ids, w.rows[i].id)
		}
	}
	labels := distinctions(ids)
	for i := range w.rows {
		if w.rows[i].options.Expression != "" {
			labels = slices.Insert(labels, i, "")
		}
	}
	return labels
}

// seriesOf is a series to draw. A line breaks where a period is missing.
func seriesOf(s *metricmath.Series, label string) plot.Series {
	out := plot.Series{Label: label, Points: make([]plot.Point, len(s.Times))}
	if s.Period > 0 {
		out.Gap = time.Duration(s.Period) * time.Second * 3 / 2
	}
	for i, t := range s.Times {
		out.Points[i] = plot.Point{Time: time.Unix(t, 0).UTC(), Value: s.Values[i]}
	}
	return out
}

var widgetViews = map[string]plot.View{
	"": plot.Lines, "timeSeries": plot.Lines, "singleValue": plot.SingleValue, "bar": plot.Bars, "pie": plot.Pie, "gauge": plot.Gauge,
}

var legendPositions = map[string]plot.LegendPosition{"": plot.Bottom, "bottom": plot.Bottom, "right": plot.Right, "hidden": plot.Hidden}

// chart is everything but the data.
func (w *widget) chart() *plot.Chart {
	c := &plot.Chart{
		Width: w.Width, Height: w.Height, View: widgetViews[w.View], Title: w.Title, Start: w.start, End: w.end, Zone: w.zone,
		Stacked: w.Stacked, Sparkline: w.Sparkline == nil || *w.Sparkline, Legend: legendPositions[w.Legend.Position],
		Left: w.YAxis.Left.axis(), Right: w.YAxis.Right.axis(),
	}
	if w.Theme == "dark" {
		c.Theme = plot.Dark
	}
	for _, h := range w.horizontal {
		c.Horizontal = append(c.Horizontal, h.horizontal())
	}
	for _, v := range w.vertical {
		c.Vertical = append(c.Vertical, v.vertical())
	}
	return c
}

func (a widgetAxis) axis() plot.Axis { return plot.Axis{Min: a.Min, Max: a.Max, Label: a.Label} }

// annotation is one or two marks: a line, or a band.
type annotation []mark

// joined is the label of a band.
func (a annotation) joined() string {
	var labels []string
	for _, m := range a {
		if m.Label != "" {
			labels = append(labels, m.Label)
		}
	}
	return strings.Join(labels, " – ")
}

// color is that of the first edge that has one.
func (a annotation) color() string {
	if len(a) == 2 {
		return or(a[0].Color, a[1].Color)
	}
	return a[0].Color
}

func (a annotation) horizontal() plot.Horizontal {
	h := plot.Horizontal{Label: a.joined(), Value: a[0].number, Right: a[0].YAxis == "right", Fill: fillSides[a[0].Fill]}
	h.Color, _ = parseColor(a.color())
	if len(a) == 2 {
		h.To = &a[1].number
	}
	return h
}

func (a annotation) vertical() plot.Vertical {
	v := plot.Vertical{Label: a.joined(), Time: a[0].time, Fill: fillSides[a[0].Fill]}
	v.Color, _ = parseColor(a.color())
	if len(a) == 2 {
		v.To = &a[1].time
	}
	return v
}

var fillSides = map[string]plot.FillSide{
	"": plot.FillNone, "none": plot.FillNone, "above": plot.FillAbove, "after": plot.FillAbove, "below": plot.FillBelow, "before": plot.FillBelow,
}
