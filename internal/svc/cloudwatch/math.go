package cloudwatch

import (
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/metricmath"
	"nephele.dev/nephele/internal/series"
)

// maxFound is how many metrics a search expression returns, from the user
// guide.
const maxFound = 100

// defaultPeriod is that of expressions for which the request names none.
const defaultPeriod = 300

// env is what the expression of q sees of the request.
func (e *evaluation) env(q *api.MetricDataQuery) *metricmath.Env {
	period := e.periodOf(q)
	return &metricmath.Env{
		First:   func(p int64) int64 { return roundStart(e.start, e.now, time.Duration(p)*time.Second).Unix() },
		End:     e.end.Unix(),
		Period:  period,
		Budget:  &e.budget,
		Query:   e.reference,
		Metrics: e.metrics,
		Search: func(s *metricmath.Search, stat string, p int64) ([]*metricmath.Series, error) {
			if p == 0 {
				p = period
			}
			return e.search(s, stat, p)
		},
	}
}

// periodOf is the period in seconds of an expression: its own, or else the
// longest of the request's metrics.
func (e *evaluation) periodOf(q *api.MetricDataQuery) int64 {
	if q.Period != nil {
		return int64(*q.Period)
	}
	var longest int64
	for _, other := range e.queries {
		if other.MetricStat != nil {
			longest = max(longest, int64(other.MetricStat.Period))
		}
	}
	if longest == 0 {
		return defaultPeriod
	}
	return longest
}

// reference is the result of the query with the given id.
func (e *evaluation) reference(id string) (metricmath.Value, bool, error) {
	q, ok := e.byID[id]
	if !ok {
		return metricmath.Value{}, false, nil
	}
	v, err := e.result(q)
	return v, true, err
}

// metrics is METRICS(): the metrics of the request, without expressions.
func (e *evaluation) metrics(part string) ([]*metricmath.Series, error) {
	var list []*metricmath.Series
	for _, q := range e.queries {
		if q.MetricStat == nil || !strings.Contains(q.Id, part) {
			continue
		}
		v, err := e.result(q)
		if err != nil {
			return nil, err
		}
		s := *v.Series[0]
		if q.Label != nil {
			s.Label = e.label(*q.Label, &s)
		}
		list = append(list, &s)
	}
	return list, nil
}

// search is SEARCH: metrics that had data within two weeks, in the order of
// their names.
func (e *evaluation) search(q *metricmath.Search, stat string, period int64) ([]*metricmath.Series, error) {
	f, ok := parseStatistic(stat)
	if !ok {
		return nil, &metricmath.Error{Text: "The statistic " + stat + " is not supported"}
	}
	if !validPeriod(int32(period)) {
		return nil, &metricmath.Error{Text: "The period must be 1, 5, 10, 20, 30 or a multiple of 60"}
	}
	ids, err := e.find(q.Namespace(), "", maxFound, q.Match)
	if err != nil {
		return nil, err
	}
	labels := distinctions(ids)
	list := make([]*metricmath.Series, len(ids))
	for i := range ids {
		r := metricRead{ID: ids[i], Stat: f, Period: time.Duration(period) * time.Second}
		if list[i], err = e.read(&r, stat); err != nil {
			return nil, err
		}
		list[i].Label = labels[i]
	}
	return list, nil
}

// findPage is how many metrics are looked at in one go.
const findPage = 1000

// find lists the account's metrics that match. Of more than limit it returns
// limit, and notes that there are more. Empty names mean any.
func (e *evaluation) find(namespace, name string, limit int, match func(*metricmath.Metric) bool) ([]series.ID, error) {
	f := series.Filter{
		Account: e.account, Region: e.region, Namespace: namespace, Name: name, SeenSince: e.now.Add(-listedFor), Limit: findPage,
	}
	var found []series.ID
	for {
		page, err := series.List(e.tx, f)
		if err != nil {
			return nil, err
		}
		for i := range page {
			if !match(searchable(&page[i])) {
				continue
			}
			if len(found) == limit {
				e.tooMany = true
				return found, nil
			}
			found = append(found, page[i])
		}
		if len(page) < findPage {
			return found, nil
		}
		f.After = &page[len(page)-1]
	}
}

// searchable is the identity of a series as expressions look at it.
func searchable(id *series.ID) *metricmath.Metric {
	m := &metricmath.Metric{Account: id.Account, Namespace: id.Namespace, Name: id.Name}
	for _, d := range id.Dimensions {
		m.Dimensions = append(m.Dimensions, metricmath.Dimension(d))
	}
	return m
}

// distinctions are default labels for metrics found together: of namespace,
// dimensions' values and name those that not all have in common.
func distinctions(ids []series.ID) []string {
	parts := make([][]string, len(ids))
	differ := map[string]map[string]bool{}
	note := func(what, value string) {
		if differ[what] == nil {
			differ[what] = map[string]bool{}
		}
		differ[what][value] = true
	}
	for i := range ids {
		note("namespace", ids[i].Namespace)
		note("name", ids[i].Name)
		for _, d := range ids[i].Dimensions {
			note("dimension "+d.Name, d.Value)
		}
	}
	labels := make([]string, len(ids))
	for i := range ids {
		if len(differ["namespace"]) > 1 {
			parts[i] = append(parts[i], ids[i].Namespace)
		}
		for _, d := range ids[i].Dimensions {
			if len(differ["dimension "+d.Name]) > 1 {
				parts[i] = append(parts[i], d.Value)
			}
		}
		if len(differ["name"]) > 1 || len(parts[i]) == 0 {
			parts[i] = append(parts[i], ids[i].Name)
		}
		labels[i] = strings.Join(parts[i], " ")
	}
	return labels
}
