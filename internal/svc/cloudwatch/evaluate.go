package cloudwatch

import (
	"errors"
	"time"

	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/metricmath"
	"nephele.dev/nephele/internal/series"
	"nephele.dev/nephele/internal/store"
)

// point is one value of a timeline.
type point struct {
	Time  time.Time // start of the period, UTC
	Value float64
}

// timeline is a series of points, earliest first.
type timeline []point

// evaluateQueries computes what the queries that return data (ReturnData is not
// false) have from start, rounded as GetMetricData does, up to end, by id. A
// query that makes several time series is refused: alarms, who use this, watch
// one. The error is an *awserr.Error where a query is at fault.
func (s *Service) evaluateQueries(tx *store.Tx, account, region string, queries []*api.MetricDataQuery, start, end time.Time) (map[string]timeline, error) {
	e := newEvaluation(tx, account, region, queries, start, end)
	out := map[string]timeline{}
	for _, q := range queries {
		if q.ReturnData != nil && !*q.ReturnData {
			continue
		}
		v, err := e.result(q)
		if err != nil {
			return nil, err
		}
		if v.Kind != metricmath.TimeSeries {
			return nil, validation("The expression '%s' returns more than one time series.", q.Id)
		}
		out[q.Id] = timelineOf(v.Series[0])
	}
	return out, nil
}

func timelineOf(s *metricmath.Series) timeline {
	line := make(timeline, len(s.Times))
	for i, t := range s.Times {
		line[i] = point{time.Unix(t, 0).UTC(), s.Values[i]}
	}
	return line
}

// metricRead is a prepared read of one statistic of one metric.
type metricRead struct {
	ID     series.ID
	Stat   statistic
	Period time.Duration
	Unit   string // "" takes all units together
}

// newMetricRead prepares m; ok is false when its statistic is unknown.
func newMetricRead(account, region string, m *api.MetricStat) (r metricRead, ok bool) {
	r.ID = series.ID{Account: account, Region: region, Dimensions: dimensionsOf(m.Metric.Dimensions)}
	if m.Metric.Namespace != nil {
		r.ID.Namespace = *m.Metric.Namespace
	}
	if m.Metric.MetricName != nil {
		r.ID.Name = *m.Metric.MetricName
	}
	if m.Unit != nil {
		r.Unit = string(*m.Unit)
	}
	r.Period = seconds(m.Period)
	r.Stat, ok = parseStatistic(m.Stat)
	return r, ok
}

// each calls f with every period that has the statistic. Values of all wanted
// units are taken together.
func (r *metricRead) each(tx *store.Tx, start, end, now time.Time, f func(t time.Time, v float64)) error {
	buckets, err := series.Buckets(tx, series.Query{ID: r.ID, From: start, To: end, Period: r.Period, Unit: r.Unit, Now: now})
	for len(buckets) > 0 {
		b := buckets[0]
		for buckets = buckets[1:]; len(buckets) > 0 && buckets[0].Time.Equal(b.Time); buckets = buckets[1:] {
			b.Merge(buckets[0].Summary)
		}
		if v, ok := r.Stat(&b.Summary); ok {
			f(b.Time, v)
		}
	}
	return err
}

// source is what the labels of a series can tell of it.
type source struct {
	ID     series.ID
	Stat   string
	Period int64 // seconds
}

// evaluation computes the queries of one request. done remembers results, which
// expressions use again; a nil entry is one being computed.
type evaluation struct {
	tx              *store.Tx
	account, region string
	queries         []*api.MetricDataQuery
	start, end, now time.Time
	byID            map[string]*api.MetricDataQuery
	done            map[string]*metricmath.Value
	regions         map[string]string // of queries that are not about region
	zone            *time.Location    // of the times in labels; nil is UTC
	tooMany         bool              // a search found more than it may return
	budget          metricmath.Budget // of points, read and computed
}

func newEvaluation(tx *store.Tx, account, region string, queries []*api.MetricDataQuery, start, end time.Time) *evaluation {
	e := &evaluation{
		tx: tx, account: account, region: region, queries: queries, start: start, end: end, now: tx.Now(),
		byID: make(map[string]*api.MetricDataQuery, len(queries)), done: map[string]*metricmath.Value{},
	}
	for _, q := range queries {
		e.byID[q.Id] = q
	}
	return e
}

// result computes q, once. It is a time series or an array of them.
func (e *evaluation) result(q *api.MetricDataQuery) (metricmath.Value, error) {
	if v, begun := e.done[q.Id]; begun {
		if v == nil {
			return metricmath.Value{}, validation("Error in expression '%s': Circular reference", q.Id)
		}
		return *v, nil
	}
	if q.AccountId != nil && *q.AccountId != e.account {
		return metricmath.Value{}, validation("The account %s of the query %s is not linked to this account.", *q.AccountId, q.Id)
	}
	e.done[q.Id] = nil
	v, err := e.compute(q)
	if err != nil {
		return v, expressionError(q, err)
	}
	e.done[q.Id] = &v
	return v, nil
}

func (e *evaluation) compute(q *api.MetricDataQuery) (metricmath.Value, error) {
	switch {
	case q.MetricStat != nil:
		s, err := e.metric(q)
		return metricmath.One(s), err
	case metricmath.IsSelect(*q.Expression):
		return e.insight(q)
	}
	expr, err := metricmath.Parse(*q.Expression)
	if err != nil {
		return metricmath.Value{}, err
	}
	v, err := expr.Eval(e.env(q))
	if err == nil && v.Kind == metricmath.Scalar {
		err = &metricmath.Error{Text: "The expression must return a time series or an array of time series, not a scalar"}
	}
	return v, err
}

// expressionError turns the errors of package metricmath into answers. One that
// is an answer already, of a query that q refers to, stays.
func expressionError(q *api.MetricDataQuery, err error) error {
	if e, ok := errors.AsType[*metricmath.Error](err); ok {
		return validation("Error in expression '%s': %s", q.Id, e.Text)
	}
	if e, ok := errors.AsType[*metricmath.NotImplementedError](err); ok {
		return notImplemented("Nephele does not implement the metric math function %s yet.", e.Function)
	}
	if answer := awserr.As(err); answer != nil {
		return answer
	}
	return err
}

// metric reads one statistic of one metric.
func (e *evaluation) metric(q *api.MetricDataQuery) (*metricmath.Series, error) {
	r, ok := newMetricRead(e.account, or(e.regions[q.Id], e.region), q.MetricStat)
	if !ok {
		return nil, validation("The value %s for parameter Stat is not supported.", q.MetricStat.Stat)
	}
	return e.read(&r, q.MetricStat.Stat)
}

func (e *evaluation) read(r *metricRead, stat string) (*metricmath.Series, error) {
	period := int64(r.Period / time.Second)
	out := &metricmath.Series{
		Label: r.ID.Name, Period: period, Metric: true,
		Source: &source{ID: r.ID, Stat: stat, Period: period},
	}
	err := r.each(e.tx, roundStart(e.start, e.now, r.Period), e.end, e.now, func(t time.Time, v float64) {
		out.Times, out.Values = append(out.Times, t.Unix()), append(out.Values, v)
	})
	if err != nil {
		return nil, err
	}
	return out, e.budget.Spend(len(out.Times))
}
