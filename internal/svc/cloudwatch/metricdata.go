package cloudwatch

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/series"
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
	from, err := s.openDataToken(call, in)
	if err != nil {
		return nil, err
	}
	e := &evaluation{call: call, in: in, done: map[string]*points{}}
	out := &api.GetMetricDataOutput{MetricDataResults: []*api.MetricDataResult{}, Messages: []*api.MessageData{}}
	var next *dataToken
	err = s.db.View(ctx, func(tx *store.Tx) (err error) {
		e.tx = tx
		next, err = e.page(from, out)
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
	ids := map[string]bool{}
	for i, q := range in.MetricDataQueries {
		if q == nil || !queryID.MatchString(q.Id) {
			return validation("The parameter MetricDataQueries.member.%d.Id must begin with a lowercase letter "+
				"and hold letters, digits and underscores only.", i+1)
		}
		if ids[q.Id] {
			return validation("The values for parameter id in MetricDataQueries are not unique.")
		}
		ids[q.Id] = true
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
	case q.Label != nil && strings.Contains(*q.Label, "${"):
		return notImplemented("Nephele does not implement dynamic labels of cloudwatch:GetMetricData yet.")
	case q.MetricStat == nil:
		return nil
	}
	m := q.MetricStat
	if m.Metric.Namespace == nil || m.Metric.MetricName == nil {
		return validation("The parameters MetricDataQueries.member.%d.MetricStat.Metric.Namespace and MetricName are required.", n)
	}
	if !validPeriod(m.Period) {
		return validation("The parameter MetricDataQueries.member.%d.MetricStat.Period must be 1, 5, 10, 30 or a multiple of 60.", n)
	}
	if _, ok := parseStatistic(m.Stat); !ok {
		return validation("The value %s for parameter MetricDataQueries.member.%d.MetricStat.Stat is not supported.", m.Stat, n)
	}
	return nil
}

// dataToken says where a page begins: at a query, behind a time.
type dataToken struct {
	Query int
	After *time.Time
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

// points are the values of a time series, earliest first.
type points struct {
	times  []time.Time
	values []float64
}

// evaluation answers the queries of one call. done remembers their results,
// which expressions use again; a nil entry is one being computed.
type evaluation struct {
	call *plane.Call
	in   *api.GetMetricDataInput
	tx   *store.Tx
	done map[string]*points
}

// page fills out from a token on, and returns the token of the next page.
func (e *evaluation) page(from dataToken, out *api.GetMetricDataOutput) (*dataToken, error) {
	room := maxDataPoints
	if e.in.MaxDatapoints != nil {
		room = int(*e.in.MaxDatapoints)
	}
	for i, q := range e.in.MetricDataQueries {
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
		rest := e.ordered(all)
		if i == from.Query && from.After != nil {
			rest = rest.behind(*from.After, e.descending())
		}
		n := min(room, len(rest.times))
		room -= n
		out.MetricDataResults = append(out.MetricDataResults, resultOf(q, rest, n))
		if n < len(rest.times) {
			return &dataToken{Query: i, After: &rest.times[n-1]}, nil
		}
	}
	return nil, nil
}

func (e *evaluation) descending() bool {
	return e.in.ScanBy == nil || *e.in.ScanBy == api.ScanByTimestampDescending
}

// ordered returns p in the order that the caller asked for.
func (e *evaluation) ordered(p *points) points {
	o := points{slices.Clone(p.times), slices.Clone(p.values)}
	if e.descending() {
		slices.Reverse(o.times)
		slices.Reverse(o.values)
	}
	return o
}

// behind drops what comes up to and including t.
func (p points) behind(t time.Time, descending bool) points {
	i := slices.IndexFunc(p.times, func(x time.Time) bool {
		return descending && x.Before(t) || !descending && x.After(t)
	})
	if i < 0 {
		return points{}
	}
	return points{p.times[i:], p.values[i:]}
}

// resultOf is the answer to q with the first n points.
func resultOf(q *api.MetricDataQuery, p points, n int) *api.MetricDataResult {
	status := api.StatusCodeComplete
	if n < len(p.times) {
		status = api.StatusCodePartialData
	}
	label := q.Id
	switch {
	case q.Label != nil:
		label = *q.Label
	case q.MetricStat != nil:
		label = *q.MetricStat.Metric.MetricName
	}
	return &api.MetricDataResult{
		Id: &q.Id, Label: &label, StatusCode: &status,
		Timestamps: append([]time.Time{}, p.times[:n]...), Values: append([]float64{}, p.values[:n]...),
	}
}

// result computes q, once.
func (e *evaluation) result(q *api.MetricDataQuery) (*points, error) {
	if p, begun := e.done[q.Id]; begun {
		if p == nil {
			return nil, validation("The expression %s refers to itself.", q.Id)
		}
		return p, nil
	}
	if q.AccountId != nil && *q.AccountId != e.call.Caller.Account {
		return nil, validation("The account %s of the query %s is not linked to this account.", *q.AccountId, q.Id)
	}
	e.done[q.Id] = nil
	var p *points
	var err error
	if q.MetricStat != nil {
		p, err = e.metric(q.MetricStat)
	} else {
		p, err = e.expression(q)
	}
	e.done[q.Id] = p
	return p, err
}

// metric reads one statistic of one metric. Without a unit, values of every
// unit are taken together.
func (e *evaluation) metric(m *api.MetricStat) (*points, error) {
	period := seconds(m.Period)
	q := series.Query{
		ID: series.ID{
			Account: e.call.Caller.Account, Region: e.call.Caller.Region,
			Namespace: *m.Metric.Namespace, Name: *m.Metric.MetricName, Dimensions: dimensionsOf(m.Metric.Dimensions),
		},
		From: roundStart(e.in.StartTime, e.call.Time, period), To: e.in.EndTime, Period: period,
	}
	if m.Unit != nil {
		q.Unit = string(*m.Unit)
	}
	buckets, err := series.Buckets(e.tx, q)
	if err != nil {
		return nil, err
	}
	value, _ := parseStatistic(m.Stat)
	p := &points{}
	for len(buckets) > 0 {
		b := buckets[0]
		for buckets = buckets[1:]; len(buckets) > 0 && buckets[0].Time.Equal(b.Time); buckets = buckets[1:] {
			b.Merge(buckets[0].Summary)
		}
		if v, ok := value(&b.Summary); ok {
			p.times, p.values = append(p.times, b.Time), append(p.values, v)
		}
	}
	return p, nil
}
