package logs

import (
	"context"
	"errors"
	"slices"
	"strings"

	api "nephele.dev/nephele/internal/api/logs"
	"nephele.dev/nephele/internal/logfilter"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// metricFilter is a metric filter. The ID of its key is the group's ID, a slash,
// and its name.
type metricFilter struct {
	Name, Group   string
	Pattern       string
	Metric        string
	Namespace     string
	Value         string            // a number, or a field: "$.latency", "$bytes"
	Default       *float64          `json:",omitempty"`
	Dimensions    map[string]string `json:",omitempty"` // fields by the dimension's name
	Unit          api.StandardUnit  `json:",omitempty"`
	CreatedMillis int64
	HasRegex      bool `json:",omitempty"`
}

// Limits of metric filters of a group, from the quotas page.
const (
	maxMetricFilters = 100
	maxRegexFilters  = 5
)

func metricFilterID(groupID, name string) string { return groupID + "/" + name }

// PutMetricFilter makes a metric filter or changes one. It sees the events that
// come from now on.
func (s *Service) PutMetricFilter(ctx context.Context, in *api.PutMetricFilterInput) (*api.PutMetricFilterOutput, error) {
	f, err := metricFilterOf(in)
	if err != nil {
		return nil, err
	}
	call := plane.FromContext(ctx)
	f.CreatedMillis = call.Time.UnixMilli()
	err = s.changeGroup(ctx, in.LogGroupName, func(tx *store.Tx, g *group) error {
		if g.Class != api.LogGroupClassStandard {
			return api.NewInvalidOperationException("Metric filters are not supported for log groups of the class %s.", g.Class)
		}
		k := key(call, metricFilterID(g.ID, f.Name))
		rec, err := s.filters.Get(tx, k)
		switch {
		case err == nil:
			f.CreatedMillis = rec.Doc.CreatedMillis
			rec.Doc = *f
			err = s.filters.Put(tx, &rec)
		case errors.Is(err, store.ErrNotFound):
			_, err = s.filters.Create(tx, k, *f)
		}
		if err != nil {
			return err
		}
		return s.countFilters(tx, call, g)
	})
	if err != nil {
		return nil, err
	}
	return &api.PutMetricFilterOutput{}, nil
}

// countFilters notes in the group how many metric filters it has, and that they
// have changed.
func (s *Service) countFilters(tx *store.Tx, call *plane.Call, g *group) error {
	all, err := s.filters.List(tx, call.Caller.Account, call.Caller.Region, store.ListOptions{Prefix: metricFilterID(g.ID, "")})
	if err != nil {
		return err
	}
	regexes := 0
	for i := range all {
		if all[i].Doc.HasRegex {
			regexes++
		}
	}
	if len(all) > maxMetricFilters || regexes > maxRegexFilters {
		return api.NewLimitExceededException("Resource limit exceeded.")
	}
	g.Filters = int32(len(all)) //nolint:gosec // at most 100
	g.FiltersChanged++
	return nil
}

// DeleteMetricFilter removes a metric filter.
func (s *Service) DeleteMetricFilter(ctx context.Context, in *api.DeleteMetricFilterInput) (*api.DeleteMetricFilterOutput, error) {
	call := plane.FromContext(ctx)
	err := s.changeGroup(ctx, in.LogGroupName, func(tx *store.Tx, g *group) error {
		err := s.filters.Delete(tx, key(call, metricFilterID(g.ID, in.FilterName)))
		if errors.Is(err, store.ErrNotFound) {
			return api.NewResourceNotFoundException("The specified metric filter does not exist.")
		}
		if err == nil {
			_, err = tx.Exec("delete from logs_minute where log = ? and filter = ?", g.ID, in.FilterName)
		}
		if err != nil {
			return err
		}
		return s.countFilters(tx, call, g)
	})
	if err != nil {
		return nil, err
	}
	s.compiled.drop(key(call, in.LogGroupName))
	return &api.DeleteMetricFilterOutput{}, nil
}

// DescribeMetricFilters lists the metric filters of a group, of a metric, or
// all, by name.
func (s *Service) DescribeMetricFilters(ctx context.Context, in *api.DescribeMetricFiltersInput) (*api.DescribeMetricFiltersOutput, error) {
	call := plane.FromContext(ctx)
	if (in.MetricName == nil) != (in.MetricNamespace == nil) {
		return nil, invalid("Both metricName and metricNamespace must be specified.")
	}
	sc := scope(ctx, in.LogGroupName, in.FilterNamePrefix, in.MetricName, in.MetricNamespace)
	var after filterPlace
	if err := s.open(sc, in.NextToken, &after); err != nil {
		return nil, err
	}
	limit := pageSize(in.Limit, maxDescribed)
	out := &api.DescribeMetricFiltersOutput{MetricFilters: []*api.MetricFilter{}}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		all, err := s.listFilters(tx, call, in)
		if err != nil {
			return err
		}
		all = slices.DeleteFunc(all, func(f metricFilter) bool { return f.place().compare(after) <= 0 })
		for i := range all[:min(limit, len(all))] {
			out.MetricFilters = append(out.MetricFilters, all[i].answer())
		}
		if len(all) > limit {
			out.NextToken, err = s.seal(sc, all[limit-1].place())
		}
		return err
	})
	return out, err
}

// filterPlace is where a filter stands in a listing.
type filterPlace struct{ Name, Group string }

func (f *metricFilter) place() filterPlace { return filterPlace{f.Name, f.Group} }

func (p filterPlace) compare(o filterPlace) int {
	if c := strings.Compare(p.Name, o.Name); c != 0 {
		return c
	}
	return strings.Compare(p.Group, o.Group)
}

// listFilters returns the filters that are asked for, by name.
func (s *Service) listFilters(tx *store.Tx, call *plane.Call, in *api.DescribeMetricFiltersInput) ([]metricFilter, error) {
	var opts store.ListOptions
	if in.LogGroupName != nil {
		g, err := s.group(tx, call, *in.LogGroupName)
		if err != nil {
			return nil, err
		}
		opts.Prefix = metricFilterID(g.Doc.ID, "")
		if in.FilterNamePrefix != nil {
			opts.Prefix += *in.FilterNamePrefix
		}
	}
	records, err := s.filters.List(tx, call.Caller.Account, call.Caller.Region, opts)
	var all []metricFilter
	for i := range records {
		f := &records[i].Doc
		if in.MetricName == nil || f.Metric == *in.MetricName && f.Namespace == *in.MetricNamespace {
			all = append(all, *f)
		}
	}
	slices.SortFunc(all, func(a, b metricFilter) int { return a.place().compare(b.place()) })
	return all, err
}

func (f *metricFilter) answer() *api.MetricFilter {
	t := &api.MetricTransformation{
		MetricName: f.Metric, MetricNamespace: f.Namespace, MetricValue: f.Value, DefaultValue: f.Default, Dimensions: f.Dimensions,
	}
	if f.Unit != "" {
		t.Unit = &f.Unit
	}
	return &api.MetricFilter{
		FilterName: &f.Name, FilterPattern: &f.Pattern, LogGroupName: &f.Group, CreationTime: &f.CreatedMillis,
		MetricTransformations: []*api.MetricTransformation{t}, ApplyOnTransformedLogs: new(false),
	}
}

// TestMetricFilter shows which of the messages a pattern matches, and what it
// takes out of them.
func (s *Service) TestMetricFilter(_ context.Context, in *api.TestMetricFilterInput) (*api.TestMetricFilterOutput, error) {
	p, err := parsePattern(&in.FilterPattern)
	if err != nil {
		return nil, err
	}
	out := &api.TestMetricFilterOutput{Matches: []*api.MetricFilterMatchRecord{}}
	for i, message := range in.LogEventMessages {
		var r logfilter.Record
		r, ok := p.Match(message)
		if !ok {
			continue
		}
		out.Matches = append(out.Matches, &api.MetricFilterMatchRecord{
			EventNumber: new(int64(i + 1)), EventMessage: &message, ExtractedValues: r.Values(),
		})
	}
	return out, nil
}
