package cloudwatch

import (
	"encoding/json"
	"image/color"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/metricmath"
	"nephele.dev/nephele/internal/series"
)

// widget is the JSON of a metric widget, as "GetMetricWidgetImage: Metric
// Widget Structure and Syntax" of the API reference describes it, and below
// what it was resolved to.
type widget struct {
	Metrics     []json.RawMessage `json:"metrics"`
	Annotations struct {
		Horizontal []json.RawMessage `json:"horizontal"`
		Vertical   []json.RawMessage `json:"vertical"`
		Alarms     []json.RawMessage `json:"alarms"`
	} `json:"annotations"`
	Start      string `json:"start"`
	End        string `json:"end"`
	Width      int    `json:"width"`
	Height     int    `json:"height"`
	Period     int32  `json:"period"`
	Stat       string `json:"stat"`
	Region     string `json:"region"`
	Title      string `json:"title"`
	View       string `json:"view"`
	Stacked    bool   `json:"stacked"`
	Sparkline  *bool  `json:"sparkline"`
	WholeRange bool   `json:"setPeriodToTimeRange"`
	Theme      string `json:"theme"`
	Timezone   string `json:"timezone"`
	Legend     struct {
		Position string `json:"position"`
	} `json:"legend"`
	YAxis struct {
		Left  widgetAxis `json:"left"`
		Right widgetAxis `json:"right"`
	} `json:"yAxis"`

	start, end           time.Time
	zone                 *time.Location
	rows                 []widgetRow
	horizontal, vertical []annotation
	asked                []*api.MetricDataQuery
}

type widgetAxis struct {
	Min   *float64 `json:"min"`
	Max   *float64 `json:"max"`
	Label string   `json:"label"`
}

// widgetRow is one element of the metrics array, resolved.
type widgetRow struct {
	id      series.ID // namespace, name and dimensions
	options rowOptions
	period  int32
	stat    string
}

type rowOptions struct {
	ID         string `json:"id"`
	Expression string `json:"expression"`
	Label      string `json:"label"`
	Color      string `json:"color"`
	YAxis      string `json:"yAxis"`
	Stat       string `json:"stat"`
	Period     *int32 `json:"period"`
	Region     string `json:"region"`
	AccountID  string `json:"accountId"`
	Visible    *bool  `json:"visible"`
}

// mark is a horizontal or vertical annotation, or one edge of a band.
type mark struct {
	Value   json.RawMessage `json:"value"`
	Label   string          `json:"label"`
	Color   string          `json:"color"`
	Fill    string          `json:"fill"`
	YAxis   string          `json:"yAxis"`
	Visible *bool           `json:"visible"`

	number float64
	time   time.Time
}

func invalidWidget(format string, args ...any) error {
	return validation("The parameter MetricWidget is invalid: "+format, args...)
}

// parseWidget reads and checks a widget.
func parseWidget(text string, now time.Time) (*widget, error) {
	if len(text) > maxWidgetSize {
		return nil, invalidWidget("it is larger than %d KB.", maxWidgetSize>>10)
	}
	w := &widget{Width: 600, Height: 400, Period: defaultPeriod, Stat: "Average", Start: "-PT3H", End: "PT0H"}
	if err := json.Unmarshal([]byte(text), w); err != nil {
		if e, ok := err.(*json.UnmarshalTypeError); ok { //nolint:errorlint // the decoder's own, unwrapped
			return nil, invalidWidget("%s should not be %s.", or(e.Field, "the document"), e.Value)
		}
		return nil, invalidWidget("it is not valid JSON.")
	}
	for _, check := range []func() error{w.checkNames, func() error { return w.window(now) }, w.parseRows, w.parseAnnotations, w.checkPoints} {
		if err := check(); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func (w *widget) checkNames() error {
	if _, ok := widgetViews[w.View]; !ok {
		return invalidWidget("view should be timeSeries, singleValue, bar, pie or gauge.")
	}
	if _, ok := legendPositions[w.Legend.Position]; !ok {
		return invalidWidget("legend.position should be bottom, right or hidden.")
	}
	if w.Theme != "" && w.Theme != "light" && w.Theme != "dark" {
		return invalidWidget("theme should be light or dark.")
	}
	if w.Width < 1 || w.Width > 2000 || w.Height < 1 || w.Height > 2000 {
		return invalidWidget("width and height should be from 1 to 2000.")
	}
	var ok bool
	if w.zone, ok = parseZone(w.Timezone); !ok {
		return invalidWidget("timezone should be + or - and four digits.")
	}
	if len(w.Annotations.Alarms) > maxWidgetMetrics {
		return invalidWidget("it has more than %d alarms.", maxWidgetMetrics)
	}
	return nil
}

// window resolves start and end.
func (w *widget) window(now time.Time) error {
	var ok bool
	if w.start, ok = parseInstant(w.Start, now); !ok {
		return invalidWidget("start should be a date and time, or a relative time such as -PT3H.")
	}
	if w.end, ok = parseInstant(w.End, now); !ok {
		return invalidWidget("end should be a date and time, or a relative time such as -PT0H.")
	}
	if !w.start.Before(w.end) {
		return invalidWidget("start should be before end.")
	}
	if w.WholeRange && w.View != "" && w.View != "timeSeries" {
		minutes := (w.end.Sub(w.start) + time.Minute - 1) / time.Minute
		w.Period = int32(min(minutes, 1<<20)) * 60 //nolint:gosec // bounded
	}
	return nil
}

var duration = regexp.MustCompile(`^-?P(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9})S)?)?$`)

// parseInstant reads ISO 8601: a time, or a duration before now. The sign of a
// duration may be left out, as consoles do.
func parseInstant(s string, now time.Time) (time.Time, bool) {
	if m := duration.FindStringSubmatch(s); m != nil {
		n := make([]int, len(m))
		for i, digits := range m[1:] {
			n[i], _ = strconv.Atoi(digits)
		}
		t := now.AddDate(-n[0], -n[1], -7*n[2]-n[3])
		return t.Add(-time.Duration(n[4])*time.Hour - time.Duration(n[5])*time.Minute - time.Duration(n[6])*time.Second), true
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// parseRows resolves the metrics array. "." repeats the item above, "..." all
// items that the row leaves out before those it has.
func (w *widget) parseRows() error {
	if len(w.Metrics) > maxWidgetMetrics {
		return invalidWidget("it has more than %d metrics.", maxWidgetMetrics)
	}
	var above []string
	ids := map[string]bool{}
	for i, raw := range w.Metrics {
		names, options, err := splitRow(raw, i)
		if err != nil {
			return err
		}
		row := widgetRow{options: options, period: w.Period, stat: or(options.Stat, w.Stat)}
		if options.Period != nil {
			row.period = *options.Period
		}
		if options.Expression == "" {
			if names, err = repeated(names, above, i); err != nil {
				return err
			}
			above = names
			row.id = identity(names)
		} else if len(names) > 0 {
			return invalidWidget("metrics[%d] has both a metric and an expression.", i)
		}
		if err := row.check(i); err != nil {
			return err
		}
		if options.ID != "" && ids[options.ID] {
			return invalidWidget("the id %s is used twice.", options.ID)
		}
		ids[options.ID] = true
		w.rows = append(w.rows, row)
	}
	return nil
}

func (r *widgetRow) check(i int) error {
	if _, ok := parseStatistic(r.stat); !ok {
		return invalidWidget("the statistic %s of metrics[%d] is not supported.", r.stat, i)
	}
	if !validPeriod(r.period) {
		return invalidWidget("the period of metrics[%d] should be 1, 5, 10, 20, 30 or a multiple of 60.", i)
	}
	if id := r.options.ID; id != "" && !queryID.MatchString(id) {
		return invalidWidget("the id of metrics[%d] should begin with a lowercase letter and hold letters, digits and underscores only.", i)
	}
	if !slices.Contains([]string{"", "left", "right"}, r.options.YAxis) {
		return invalidWidget("yAxis of metrics[%d] should be left or right.", i)
	}
	if _, ok := parseColor(r.options.Color); !ok {
		return invalidWidget("color of metrics[%d] should be like #1f77b4.", i)
	}
	if metricmath.IsSelect(r.options.Expression) || len(r.options.Expression) <= 2048 {
		return checkLabel(r.options.Label)
	}
	return invalidWidget("the expression of metrics[%d] is too long.", i)
}

// splitRow separates strings and the options behind them.
func splitRow(raw json.RawMessage, i int) (names []string, options rowOptions, err error) {
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil || len(items) == 0 {
		return nil, options, invalidWidget("metrics[%d] should be an array.", i)
	}
	if last := items[len(items)-1]; last[0] == '{' {
		if json.Unmarshal(last, &options) != nil {
			return nil, options, invalidWidget("the options of metrics[%d] are not valid.", i)
		}
		items = items[:len(items)-1]
	}
	for _, item := range items {
		var name string
		if json.Unmarshal(item, &name) != nil {
			return nil, options, invalidWidget("metrics[%d] should hold strings, and an object that may come last.", i)
		}
		names = append(names, name)
	}
	return names, options, nil
}

// repeated replaces "." and "..." by what stands in the row above.
func repeated(names, above []string, i int) ([]string, error) {
	if at := slices.Index(names, "..."); at >= 0 {
		rest := names[at+1:]
		if len(above)-at-len(rest) < 0 {
			return nil, invalidWidget("metrics[%d] repeats more than the row above has.", i)
		}
		names = slices.Concat(names[:at], above[at:len(above)-len(rest)], rest)
	}
	out := slices.Clone(names)
	for n := range out {
		if out[n] != "." {
			continue
		}
		if n >= len(above) {
			return nil, invalidWidget("metrics[%d] repeats more than the row above has.", i)
		}
		out[n] = above[n]
	}
	if len(out) < 2 || len(out)%2 != 0 || len(out) > 62 {
		return nil, invalidWidget("metrics[%d] should be a namespace, a metric name, and pairs of dimension names and values.", i)
	}
	return out, nil
}

func identity(names []string) series.ID {
	id := series.ID{Namespace: names[0], Name: names[1]}
	for i := 2; i < len(names); i += 2 {
		id.Dimensions = append(id.Dimensions, series.Dimension{Name: names[i], Value: names[i+1]})
	}
	return id
}

// checkPoints bounds what will be read and drawn.
func (w *widget) checkPoints() error {
	var points int64
	for i := range w.rows {
		points += int64(w.end.Sub(w.start)/time.Second) / int64(w.rows[i].period)
	}
	if points > maxWidgetPoints {
		return invalidWidget("it asks for more than %d datapoints. Use a longer period or a shorter time range.", maxWidgetPoints)
	}
	return nil
}

func (w *widget) parseAnnotations() error {
	var err error
	if w.horizontal, err = parseMarks(w.Annotations.Horizontal, "horizontal", func(m *mark) bool {
		return json.Unmarshal(m.Value, &m.number) == nil
	}); err != nil {
		return err
	}
	w.vertical, err = parseMarks(w.Annotations.Vertical, "vertical", func(m *mark) bool {
		var text string
		if json.Unmarshal(m.Value, &text) != nil {
			return false
		}
		var ok bool
		m.time, ok = parseInstant(text, w.end)
		return ok && !strings.HasPrefix(text, "P") && !strings.HasPrefix(text, "-")
	})
	return err
}

// parseMarks reads annotations: an object is a line, an array of two a band.
func parseMarks(list []json.RawMessage, kind string, value func(*mark) bool) ([]annotation, error) {
	if len(list) > maxWidgetMetrics {
		return nil, invalidWidget("it has more than %d %s annotations.", maxWidgetMetrics, kind)
	}
	var out []annotation
	for i, raw := range list {
		var a annotation
		if len(raw) > 0 && raw[0] == '[' {
			if json.Unmarshal(raw, &a) != nil || len(a) != 2 {
				return nil, invalidWidget("annotations.%s[%d] should be an object or an array of two.", kind, i)
			}
		} else {
			a = make(annotation, 1)
			if json.Unmarshal(raw, &a[0]) != nil {
				return nil, invalidWidget("annotations.%s[%d] should be an object or an array of two.", kind, i)
			}
		}
		for n := range a {
			_, fill := fillSides[a[n].Fill]
			_, col := parseColor(a[n].Color)
			if !value(&a[n]) || !fill || !col {
				return nil, invalidWidget("annotations.%s[%d] has no valid value, fill or color.", kind, i)
			}
		}
		if a[0].Visible == nil || *a[0].Visible {
			out = append(out, a)
		}
	}
	return out, nil
}

// parseColor reads #rrggbb and #rgb; "" is no color, and fine.
func parseColor(s string) (c color.NRGBA, ok bool) {
	if s == "" {
		return c, true
	}
	digits, _ := strings.CutPrefix(s, "#")
	if len(digits) == 3 {
		digits = string([]byte{digits[0], digits[0], digits[1], digits[1], digits[2], digits[2]})
	}
	v, err := strconv.ParseUint(digits, 16, 32)
	if err != nil || len(digits) != 6 || s[0] != '#' {
		return c, false
	}
	return color.NRGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), 0xff}, true //nolint:gosec // bytes
}
