package cloudwatch

import (
	"slices"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/metricmath"
	"nephele.dev/nephele/internal/series"
)

// insightReach is how far back Metrics Insights sees, from the API reference.
// An earlier start is moved there.
const insightReach = 3 * time.Hour

// maxInsight is how many metrics one query takes in, from the user guide.
const maxInsight = 10_000

// insightStatistics are the functions of a query. The counts, sums and extremes
// of all metrics of a group merge first, so that AVG weighs every observation.
var insightStatistics = map[string]statistic{
	"AVG": simple["Average"], "COUNT": simple["SampleCount"], "MAX": simple["Maximum"], "MIN": simple["Minimum"], "SUM": simple["Sum"],
}

// insight answers a query of Metrics Insights: one time series, or with GROUP BY
// an array of them.
func (e *evaluation) insight(q *api.MetricDataQuery) (metricmath.Value, error) {
	query, err := metricmath.ParseSelect(*q.Expression)
	if err != nil {
		return metricmath.Value{}, err
	}
	if q.Period == nil || !validPeriod(*q.Period) {
		return metricmath.Value{}, &metricmath.Error{Text: "A Metrics Insights query needs a Period of 1, 5, 10, 20, 30 or a multiple of 60"}
	}
	ids, err := e.find(query.Namespace, query.Metric, maxInsight, query.Match)
	if err != nil {
		return metricmath.Value{}, err
	}
	groups := map[string]*insightGroup{}
	for i := range ids {
		values := query.Group(searchable(&ids[i]))
		key := strings.Join(values, "\x00")
		if groups[key] == nil {
			groups[key] = &insightGroup{values: values, sums: map[int64]*series.Summary{}}
		}
		if err := e.gather(groups[key], ids[i], seconds(*q.Period)); err != nil {
			return metricmath.Value{}, err
		}
	}
	list := e.groupSeries(q, query, groups)
	if len(query.GroupBy) > 0 {
		return metricmath.List(query.Arrange(list)), nil
	}
	if len(list) == 0 {
		return metricmath.One(&metricmath.Series{Label: q.Id, Period: int64(*q.Period)}), nil
	}
	list[0].Label = q.Id
	return metricmath.One(list[0]), nil
}

// insightGroup collects the periods of all metrics of one group.
type insightGroup struct {
	values []string // of the labels that the query groups by
	sums   map[int64]*series.Summary
}

func (e *evaluation) gather(g *insightGroup, id series.ID, period time.Duration) error {
	start := e.start
	if oldest := e.now.Add(-insightReach); start.Before(oldest) {
		start = oldest
	}
	buckets, err := series.Buckets(e.tx, series.Query{ID: id, From: roundStart(start, e.now, period), To: e.end, Period: period, Now: e.now})
	for i := range buckets {
		t := buckets[i].Time.Unix()
		if g.sums[t] == nil {
			g.sums[t] = &series.Summary{}
		}
		g.sums[t].Merge(buckets[i].Summary)
	}
	return err
}

// groupSeries computes the series of the groups, in the order of their labels.
func (e *evaluation) groupSeries(q *api.MetricDataQuery, query *metricmath.Select, groups map[string]*insightGroup) []*metricmath.Series {
	keys := make([]string, 0, len(groups))
	for key := range groups {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	f := insightStatistics[query.Function]
	list := make([]*metricmath.Series, len(keys))
	for i, key := range keys {
		g := groups[key]
		id := series.ID{Account: e.account, Region: e.region, Namespace: query.Namespace, Name: query.Metric}
		for j, label := range query.GroupBy {
			id.Dimensions = append(id.Dimensions, series.Dimension{Name: label, Value: g.values[j]})
		}
		s := &metricmath.Series{
			Label: strings.Join(g.values, " "), Period: int64(*q.Period),
			Source: &source{ID: id, Stat: query.Function, Period: int64(*q.Period)},
		}
		times := make([]int64, 0, len(g.sums))
		for t := range g.sums {
			times = append(times, t)
		}
		slices.Sort(times)
		for _, t := range times {
			if v, ok := f(g.sums[t]); ok {
				s.Times, s.Values = append(s.Times, t), append(s.Values, v)
			}
		}
		list[i] = s
	}
	return list
}
