package cloudwatch

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"time"

	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/metricmath"
	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// Limits of GetMetricData, from the API reference.
const (
	maxQueries    = 500
	maxDataPoints = 100_800 // a page holds at most so many values
)

// validation is how GetMetricData reports bad input; the model has no shape
// for it.
func validation(format string, args ...any) *awserr.Error {
	return awserr.New("ValidationError", http.StatusBadRequest, format, args...)
}

func notImplemented(format string, args ...any) *awserr.Error {
	return awserr.New("NotImplemented", http.StatusNotImplemented, format, args...)
}

// GetMetricData returns one statistic of each of many metrics, and arithmetic
// over them, page by page. All of a call's pages together hold what each query
// has; a query that goes on in the next page says PartialData.
func (s *Service) GetMetricData(ctx context.Context, in *api.GetMetricDataInput) (*api.GetMetricDataOutput, error) {
	if err := checkQueries(in); err != nil {
		return nil, err
	}
	call := plane.FromContext(ctx)
	zone, err := labelZone(in)
	if err != nil {
		return nil, err
	}
	from, err := s.openDataToken(call, in)
	if err != nil {
		return nil, err
	}
	out := &api.GetMetricDataOutput{MetricDataResults: []*api.MetricDataResult{}, Messages: []*api.MessageData{}}
	var next *dataToken
	err = s.db.View(ctx, func(tx *store.Tx) (err error) {
		e := newEvaluation(tx, call.Caller.Account, call.Caller.Region, in.MetricDataQueries, in.StartTime, in.EndTime)
		e.zone = zone
		out.MetricDataResults = []*api.MetricDataResult{}
		next, err = e.page(from, in, out)
		if e.tooMany {
			out.Messages = []*api.MessageData{{Code: new("MaxMetricsExceeded"), Value: new("Maximum number of allowed metrics exceeded")}}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if next != nil {
		token, err := s.pages.Seal(dataScope(call, in), next)
		if err != nil {
			return nil, err
		}
		out.NextToken = &token
	}
	return out, nil
}

var queryID = regexp.MustCompile(`^[a-z][a-zA-Z0-9_]*$`)

func checkQueries(in *api.GetMetricDataInput) error {
	switch {
	case in.StartTime.Equal(in.EndTime):
		return validation("The parameter StartTime must not equal parameter EndTime.")
	case in.StartTime.After(in.EndTime):
		return validation("The parameter StartTime must be less than the parameter EndTime.")
	case len(in.MetricDataQueries) == 0:
		return validation("The parameter MetricDataQueries is required.")
	case len(in.MetricDataQueries) > maxQueries:
		return validation("The collection MetricDataQueries must not have a size greater than %d.", maxQueries)
	case in.MaxDatapoints != nil && (*in.MaxDatapoints < 1 || *in.MaxDatapoints > maxDataPoints):
		return validation("The value %d for parameter MaxDatapoints is invalid.", *in.MaxDatapoints)
	}
	ids, insights := map[string]bool{}, 0
	for i, q := range in.MetricDataQueries {
		if q == nil || !queryID.MatchString(q.Id) {
			return validation("The parameter MetricDataQueries.member.%d.Id must begin with a lowercase letter "+
				"and hold letters, digits and underscores only.", i+1)
		}
		if ids[q.Id] {
			return validation("The values for parameter id in MetricDataQueries are not unique.")
		}
		ids[q.Id] = true
		if q.Expression != nil && metricmath.IsSelect(*q.Expression) {
			if insights++; insights > 1 {
				return validation("A request can hold only one Metrics Insights query.")
			}
		}
		if err := checkQuery(i+1, q); err != nil {
			return err
		}
	}
	return nil
}

func checkQuery(n int, q *api.MetricDataQuery) error {
	switch {
	case (q.MetricStat == nil) == (q.Expression == nil):
		return validation("Exactly one of the parameters MetricDataQueries.member.%d.MetricStat and "+
			"MetricDataQueries.member.%d.Expression must be specified.", n, n)
	case q.Period != nil && !validPeriod(*q.Period):
		return validation("The parameter MetricDataQueries.member.%d.Period must be 1, 5, 10, 20, 30 or a multiple of 60.", n)
	}
	if q.Label != nil {
		if err := checkLabel(*q.Label); err != nil {
			return err
		}
	}
	if q.MetricStat == nil {
		return nil
	}
	m := q.MetricStat
	if m.Metric.Namespace == nil || m.Metric.MetricName == nil {
		return validation("The parameters MetricDataQueries.member.%d.MetricStat.Metric.Namespace and MetricName are required.", n)
	}
	if !validPeriod(m.Period) {
		return validation("The parameter MetricDataQueries.member.%d.MetricStat.Period must be 1, 5, 10, 20, 30 or a multiple of 60.", n)
	}
	if _, ok := parseStatistic(m.Stat); !ok {
		return validation("The value %s for parameter MetricDataQueries.member.%d.MetricStat.Stat is not supported.", m.Stat, n)
	}
	return nil
}

// labelZone is the zone of times in labels.
func labelZone(in *api.GetMetricDataInput) (*time.Location, error) {
	if in.LabelOptions == nil || in.LabelOptions.Timezone == nil {
		return time.UTC, nil
	}
	zone, ok := parseZone(*in.LabelOptions.Timezone)
	if !ok {
		return nil, validation("The value %s for parameter LabelOptions.Timezone is invalid. Use + or - and four digits.", *in.LabelOptions.Timezone)
	}
	return zone, nil
}

// dataToken says where a page begins: at a query, at one of its series, behind
// a time.
type dataToken struct {
	Query  int
	Series int    `json:",omitempty"`
	After  *int64 `json:",omitempty"` // seconds since 1970
}

func dataScope(call *plane.Call, in *api.GetMetricDataInput) page.Scope {
	return page.Scope{
		Account: call.Caller.Account, Region: call.Caller.Region, Operation: "cloudwatch:GetMetricData",
		Filters: []any{in.MetricDataQueries, in.StartTime.UTC(), in.EndTime.UTC(), in.ScanBy},
	}
}

func (s *Service) openDataToken(call *plane.Call, in *api.GetMetricDataInput) (t dataToken, err error) {
	if in.NextToken == nil {
		return t, nil
	}
	if s.pages.Open(dataScope(call, in), *in.NextToken, &t) != nil {
		return t, api.NewInvalidNextToken("Request parameter NextToken is invalid")
	}
	return t, nil
}

// page fills out from a token on, and returns the token of the next page.
func (e *evaluation) page(from dataToken, in *api.GetMetricDataInput, out *api.GetMetricDataOutput) (*dataToken, error) {
	room := maxDataPoints
	if in.MaxDatapoints != nil {
		room = int(*in.MaxDatapoints)
	}
	descending := in.ScanBy == nil || *in.ScanBy == api.ScanByTimestampDescending
	for i, q := range in.MetricDataQueries {
		if i < from.Query || q.ReturnData != nil && !*q.ReturnData {
			continue
		}
		if room == 0 {
			return &dataToken{Query: i}, nil
		}
		all, err := e.result(q)
		if err != nil {
			return nil, err
		}
		for j, s := range all.Series {
			if i == from.Query && j < from.Series {
				continue
			}
			if room == 0 {
				return &dataToken{Query: i, Series: j}, nil
			}
			rest := ordered(s, descending)
			if i == from.Query && j == from.Series && from.After != nil {
				rest = rest.behind(*from.After, descending)
			}
			n := min(room, len(rest.times))
			room -= n
			label := e.labelOf(q, all, s)
			out.MetricDataResults = append(out.MetricDataResults, resultOf(q, label, rest, n))
			if n < len(rest.times) {
				return &dataToken{Query: i, Series: j, After: &rest.times[n-1]}, nil
			}
		}
	}
	return nil, nil
}

// points are the values of a series in the order of the answer.
type points struct {
	times  []int64
	values []float64
}

// ordered returns the points of s in the order that the caller asked for.
func ordered(s *metricmath.Series, descending bool) points {
	if !descending {
		return points{s.Times, s.Values}
	}
	o := points{slices.Clone(s.Times), slices.Clone(s.Values)}
	slices.Reverse(o.times)
	slices.Reverse(o.values)
	return o
}

// behind drops what comes up to and including t.
func (p points) behind(t int64, descending bool) points {
	i := slices.IndexFunc(p.times, func(x int64) bool { return descending && x < t || !descending && x > t })
	if i < 0 {
		return points{}
	}
	return points{p.times[i:], p.values[i:]}
}

// resultOf is the answer to q with the first n points of a series.
func resultOf(q *api.MetricDataQuery, label string, p points, n int) *api.MetricDataResult {
	status := api.StatusCodeComplete
	if n < len(p.times) {
		status = api.StatusCodePartialData
	}
	r := &api.MetricDataResult{
		Id: &q.Id, Label: &label, StatusCode: &status,
		Timestamps: make([]time.Time, n), Values: append([]float64{}, p.values[:n]...),
	}
	for i, t := range p.times[:n] {
		r.Timestamps[i] = time.Unix(t, 0).UTC()
	}
	return r
}
