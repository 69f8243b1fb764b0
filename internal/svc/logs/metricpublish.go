package logs

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/courier"
	"nephele.dev/nephele/internal/journal"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// metricClass is the courier's class for the metrics of metric filters.
const metricClass = "logs.metrics"

// Limits of a call of PutMetricData.
const (
	maxMetricData   = 1000
	maxMetricValues = 150
)

// extraction is what the metric filters of a group make of a batch. It is found
// before the transaction that commits the batch, for it may take long, and used
// in it if the filters are still the same.
type extraction struct {
	group    string // its ID
	version  int64  // group.FiltersChanged
	keeps    int32  // group.Retention
	messages []*cloudwatch.PutMetricDataInput
	minutes  []filterMinute
}

// filterMinute is a minute in which events came to a filter that has a default.
type filterMinute struct {
	filter  string
	minute  int64
	matched bool
}

func (x *extraction) fits(g *group) bool {
	return g.Filters == 0 || x != nil && x.group == g.ID && x.version == g.FiltersChanged && x.keeps == g.Retention
}

// errUnprepared asks PutLogEvents to extract and to begin again.
var errUnprepared = errors.New("logs: metric filters have changed")

// filterCache holds the compiled filters of groups, by the group's key.
type filterCache struct {
	mu     sync.Mutex
	groups map[store.Key]*groupFilters
}

type groupFilters struct {
	group   group
	filters []*compiledFilter
}

// maxCached is how many groups' filters are kept; then all are forgotten.
const maxCached = 1000

func (c *filterCache) get(k store.Key) *groupFilters {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.groups[k]
}

func (c *filterCache) put(k store.Key, f *groupFilters) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.groups == nil || len(c.groups) >= maxCached {
		c.groups = make(map[store.Key]*groupFilters)
	}
	c.groups[k] = f
}

func (c *filterCache) drop(k store.Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.groups, k)
}

// loadFilters reads and compiles the filters of a group.
func (s *Service) loadFilters(ctx context.Context, call *plane.Call, name string) (*groupFilters, error) {
	var f groupFilters
	err := s.db.View(ctx, func(tx *store.Tx) error {
		g, err := s.group(tx, call, name)
		if err != nil {
			return err
		}
		records, err := s.filters.List(tx, g.Account, g.Region, store.ListOptions{Prefix: metricFilterID(g.Doc.ID, "")})
		if err != nil {
			return err
		}
		f = groupFilters{group: g.Doc}
		for i := range records {
			c, err := records[i].Doc.compile()
			if err != nil { // was accepted when it was put; its group takes events all the same
				s.log.Error("metric filter no longer valid", "group", g.ID, "filter", records[i].Doc.Name, "error", err)
				continue
			}
			f.filters = append(f.filters, c)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.compiled.put(key(call, name), &f)
	return &f, nil
}

// extract applies the filters to a batch.
func (f *groupFilters) extract(events []journal.Event, now time.Time) *extraction {
	x := &extraction{group: f.group.ID, version: f.group.FiltersChanged, keeps: f.group.Retention}
	data := map[string][]*cloudwatch.MetricDatum{}
	for _, c := range f.filters {
		found := c.collect(events, now)
		for _, k := range slices.SortedFunc(maps.Keys(found.values), seriesKey.compare) {
			data[c.Namespace] = append(data[c.Namespace], c.data(k, found.values[k])...)
		}
		if c.Default != nil {
			for _, minute := range slices.Sorted(maps.Keys(found.minutes)) {
				x.minutes = append(x.minutes, filterMinute{c.Name, minute, found.minutes[minute]})
			}
		}
	}
	for _, namespace := range sortedKeys(data) {
		for part := range slices.Chunk(data[namespace], maxMetricData) {
			x.messages = append(x.messages, &cloudwatch.PutMetricDataInput{Namespace: namespace, MetricData: part})
		}
	}
	return x
}

// seriesKey is a minute of one series of a filter.
type seriesKey struct {
	minute     int64
	dimensions string // values, each ended by a line end
}

func (k seriesKey) compare(o seriesKey) int {
	if k.minute != o.minute {
		return int(k.minute - o.minute)
	}
	return strings.Compare(k.dimensions, o.dimensions)
}

// found is what a filter finds in a batch: how often each value, and in which
// minutes events came and whether one matched.
type found struct {
	values  map[seriesKey]map[float64]float64
	minutes map[int64]bool
}

// collect applies a filter. Values that CloudWatch would not take are left out,
// as are events without a field that is a dimension, and minutes that are about
// to be too old for it.
func (c *compiledFilter) collect(events []journal.Event, now time.Time) found {
	f := found{map[seriesKey]map[float64]float64{}, map[int64]bool{}}
	oldest := minuteOf(now.Add(-maxPast)) + 2
	for i := range events {
		minute := minuteOf(events[i].Time)
		r, ok := c.pattern.Match(string(events[i].Body))
		f.minutes[minute] = f.minutes[minute] || ok
		if !ok || minute < oldest {
			continue
		}
		value, dimensions := c.constant, ""
		if c.value != nil {
			text, _ := r.Value(*c.value)
			n, err := strconv.ParseFloat(text, 64)
			if err != nil || !metricNumber(n) {
				continue
			}
			value = n
		}
		for _, d := range c.dimensions {
			text, there := r.Value(d.field)
			if ok = ok && there && printable(text); ok {
				dimensions += text + "\n"
			}
		}
		if !ok {
			continue
		}
		k := seriesKey{minute, dimensions}
		if f.values[k] == nil {
			f.values[k] = map[float64]float64{}
		}
		f.values[k][value]++
	}
	return f
}

// data makes the data of one minute of a series.
func (c *compiledFilter) data(k seriesKey, counts map[float64]float64) (data []*cloudwatch.MetricDatum) {
	var dimensions []*cloudwatch.Dimension
	for i, text := range strings.Split(k.dimensions, "\n") {
		if i < len(c.dimensions) {
			dimensions = append(dimensions, &cloudwatch.Dimension{Name: c.dimensions[i].name, Value: text})
		}
	}
	for values := range slices.Chunk(slices.Sorted(maps.Keys(counts)), maxMetricValues) {
		d := c.datum(k.minute)
		d.Dimensions = dimensions
		for _, v := range values {
			d.Values, d.Counts = append(d.Values, v), append(d.Counts, counts[v])
		}
		data = append(data, d)
	}
	return data
}

func (c *compiledFilter) datum(minute int64) *cloudwatch.MetricDatum {
	d := &cloudwatch.MetricDatum{MetricName: c.Metric, Timestamp: new(time.Unix(minute*secondsPerMinute, 0).UTC())}
	if c.Unit != "" {
		d.Unit = new(cloudwatch.StandardUnit(c.Unit))
	}
	return d
}

const secondsPerMinute = 60

func minuteOf(t time.Time) int64 { return t.Unix() / secondsPerMinute }

// publish has an extraction's metrics published after the commit.
func (s *Service) publish(tx *store.Tx, g *store.Record[group], x *extraction) error {
	for _, in := range x.messages {
		if err := s.sendMetrics(tx, g.Key, in); err != nil {
			return err
		}
	}
	for _, m := range x.minutes {
		if err := s.noteMinute(tx, g, m); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) sendMetrics(tx *store.Tx, k store.Key, in *cloudwatch.PutMetricDataInput) error {
	return s.courier.Send(tx, courier.Message{
		Class: metricClass, Principal: "logs.amazonaws.com", Account: k.Account, Region: k.Region,
		Service: "cloudwatch", Operation: "PutMetricData", Input: in,
	})
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
