package cloudwatch

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/metricmath"
)

// Dynamic labels: "${MAX} of ${PROP('Dim.Host')}". The names are those of the
// page "Using dynamic labels" of the user guide; numbers are written with up to
// three decimals, times to the minute in the zone of LabelOptions.

// maxDynamic is how many values of the data a label may show.
const maxDynamic = 5

var placeholder = regexp.MustCompile(`\$\{([A-Z_]+|PROP\('([^']*)'\))\}`)

// checkLabel refuses labels that show too much.
func checkLabel(label string) error {
	dynamic, defaults := 0, 0
	for _, m := range placeholder.FindAllStringSubmatch(label, -1) {
		switch {
		case m[1] == "LABEL":
			defaults++
		case labelValues[m[1]] != nil:
			dynamic++
		}
	}
	if dynamic > maxDynamic {
		return validation("A label can show at most %d dynamic values.", maxDynamic)
	}
	if defaults > 1 {
		return validation("${LABEL} can be used only once in a label.")
	}
	return nil
}

// labelOf is the label of one of q's results: of a query that makes several,
// the query's label goes before that of the series.
func (e *evaluation) labelOf(q *api.MetricDataQuery, v metricmath.Value, s *metricmath.Series) string {
	switch {
	case q.Label == nil && v.Kind == metricmath.TimeSeries && q.Expression != nil:
		return q.Id
	case q.Label == nil:
		return s.Label
	}
	label := e.label(*q.Label, s)
	if v.Kind == metricmath.Array && !strings.Contains(*q.Label, "${") {
		label += " " + s.Label
	}
	return label
}

// label fills the placeholders of a template; unknown ones stay.
func (e *evaluation) label(template string, s *metricmath.Series) string {
	if !strings.Contains(template, "${") {
		return template
	}
	return placeholder.ReplaceAllStringFunc(template, func(text string) string {
		m := placeholder.FindStringSubmatch(text)
		switch {
		case m[1] == "LABEL":
			return s.Label
		case m[2] != "":
			return property(m[2], s)
		}
		f, ok := labelValues[m[1]]
		if !ok {
			return text
		}
		if len(s.Times) == 0 && m[1] != "DATAPOINT_COUNT" {
			return "--"
		}
		return f(&labelData{Series: s, now: e.now, zone: e.zone})
	})
}

// property is ${PROP('Namespace')} and the like; "" where there is none.
func property(name string, s *metricmath.Series) string {
	src, _ := s.Source.(*source)
	if src == nil {
		return ""
	}
	switch name {
	case "AccountId":
		return src.ID.Account
	case "MetricName":
		return src.ID.Name
	case "Namespace":
		return src.ID.Namespace
	case "Period":
		return strconv.FormatInt(src.Period, 10)
	case "Region":
		return src.ID.Region
	case "Stat":
		return src.Stat
	}
	dim, _ := strings.CutPrefix(name, "Dim.")
	for _, d := range src.ID.Dimensions {
		if d.Name == dim {
			return d.Value
		}
	}
	return ""
}

// labelData is a series, with points where points are needed, and what times
// are told by.
type labelData struct {
	*metricmath.Series
	now  time.Time
	zone *time.Location
}

func (d *labelData) last() int { return len(d.Times) - 1 }

func (d *labelData) lowest() int { return slices.Index(d.Values, slices.Min(d.Values)) }

func (d *labelData) highest() int { return slices.Index(d.Values, slices.Max(d.Values)) }

func (d *labelData) sum() (sum float64) {
	for _, v := range d.Values {
		sum += v
	}
	return sum
}

func (d *labelData) time(i int) string {
	zone := d.zone
	if zone == nil {
		zone = time.UTC
	}
	return time.Unix(d.Times[i], 0).In(zone).Format("2006-01-02 15:04 MST")
}

func (d *labelData) ago(i int) string { return span(d.now.Unix() - d.Times[i]) }

func (d *labelData) between(i, j int) string { return span(d.Times[j] - d.Times[i]) }

// labelValues are the placeholders that depend on the data.
var labelValues = map[string]func(*labelData) string{
	"AVG":                   func(d *labelData) string { return decimal(d.sum() / float64(len(d.Values))) },
	"DATAPOINT_COUNT":       func(d *labelData) string { return strconv.Itoa(len(d.Values)) },
	"FIRST":                 func(d *labelData) string { return decimal(d.Values[0]) },
	"FIRST_LAST_RANGE":      func(d *labelData) string { return decimal(d.Values[d.last()] - d.Values[0]) },
	"FIRST_LAST_TIME_RANGE": func(d *labelData) string { return d.between(0, d.last()) },
	"FIRST_TIME":            func(d *labelData) string { return d.time(0) },
	"FIRST_TIME_RELATIVE":   func(d *labelData) string { return d.ago(0) },
	"LAST":                  func(d *labelData) string { return decimal(d.Values[d.last()]) },
	"LAST_TIME":             func(d *labelData) string { return d.time(d.last()) },
	"LAST_TIME_RELATIVE":    func(d *labelData) string { return d.ago(d.last()) },
	"MAX":                   func(d *labelData) string { return decimal(d.Values[d.highest()]) },
	"MAX_TIME":              func(d *labelData) string { return d.time(d.highest()) },
	"MAX_TIME_RELATIVE":     func(d *labelData) string { return d.ago(d.highest()) },
	"MIN":                   func(d *labelData) string { return decimal(d.Values[d.lowest()]) },
	"MIN_MAX_RANGE":         func(d *labelData) string { return decimal(d.Values[d.highest()] - d.Values[d.lowest()]) },
	"MIN_MAX_TIME_RANGE":    func(d *labelData) string { return d.between(d.lowest(), d.highest()) },
	"MIN_TIME":              func(d *labelData) string { return d.time(d.lowest()) },
	"MIN_TIME_RELATIVE":     func(d *labelData) string { return d.ago(d.lowest()) },
	"SUM":                   func(d *labelData) string { return decimal(d.sum()) },
}

// decimal writes v with up to three decimals, small values with as many digits.
func decimal(v float64) string {
	if v != 0 && math.Abs(v) < 0.001 || math.Abs(v) >= 1e15 {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	s := strconv.FormatFloat(v, 'f', 3, 64)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// span writes seconds as "1d 2h 3m 4s", without the parts that are zero.
func span(n int64) string {
	if n < 0 {
		n = -n
	}
	if n == 0 {
		return "0s"
	}
	var parts []string
	for _, u := range []struct {
		name    string
		seconds int64
	}{{"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}} {
		if n >= u.seconds {
			parts = append(parts, strconv.FormatInt(n/u.seconds, 10)+u.name)
			n %= u.seconds
		}
	}
	return strings.Join(parts, " ")
}

var zoneOffset = regexp.MustCompile(`^([+-])(\d{2})(\d{2})$`)

// parseZone reads "+0130". The empty string is UTC.
func parseZone(s string) (*time.Location, bool) {
	if s == "" {
		return time.UTC, true
	}
	m := zoneOffset.FindStringSubmatch(s)
	if m == nil {
		return nil, false
	}
	hours, _ := strconv.Atoi(m[2])
	minutes, _ := strconv.Atoi(m[3])
	if hours > 23 || minutes > 59 {
		return nil, false
	}
	offset := hours*3600 + minutes*60
	if m[1] == "-" {
		offset = -offset
	}
	if offset == 0 {
		return time.UTC, true
	}
	return time.FixedZone(s, offset), true
}
