package cloudwatch

import (
	"context"
	"time"

	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/series"
	"nephele.dev/nephele/internal/store"
)

// From the API reference: a page of ListMetrics, how long a metric is listed
// after its last data, and what counts as recently active.
const (
	listPage       = 500
	listedFor      = 14 * 24 * time.Hour
	recentlyActive = 3 * time.Hour
)

// ListMetrics returns the metrics that match, by namespace, name and
// dimensions. A dimension filter matches metrics that have more dimensions too.
func (s *Service) ListMetrics(ctx context.Context, in *api.ListMetricsInput) (*api.ListMetricsOutput, error) {
	call := plane.FromContext(ctx)
	f, err := s.filterOf(call, in)
	if err != nil {
		return nil, err
	}
	out := &api.ListMetricsOutput{Metrics: []*api.Metric{}}
	if in.OwningAccount != nil && *in.OwningAccount != call.Caller.Account {
		return out, nil // no other account is linked to this one
	}
	var ids []series.ID
	err = s.db.View(ctx, func(tx *store.Tx) (err error) {
		ids, err = series.List(tx, f)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(ids) > listPage {
		ids = ids[:listPage]
		last := &ids[listPage-1]
		token, err := s.pages.Seal(listScope(call, in), listToken{last.Namespace, last.Name, last.Dimensions})
		if err != nil {
			return nil, err
		}
		out.NextToken = &token
	}
	for i := range ids {
		out.Metrics = append(out.Metrics, metricOf(&ids[i]))
		if in.IncludeLinkedAccounts != nil && *in.IncludeLinkedAccounts {
			out.OwningAccounts = append(out.OwningAccounts, call.Caller.Account)
		}
	}
	return out, nil
}

// listScope binds tokens to everything that decides what is listed.
func listScope(call *plane.Call, in *api.ListMetricsInput) page.Scope {
	return page.Scope{
		Account: call.Caller.Account, Region: call.Caller.Region, Operation: "cloudwatch:ListMetrics",
		Filters: []any{in.Namespace, in.MetricName, in.Dimensions, in.RecentlyActive, in.OwningAccount},
	}
}

// listToken is the last metric of a page.
type listToken struct {
	Namespace, Name string
	Dimensions      []series.Dimension
}

func (s *Service) filterOf(call *plane.Call, in *api.ListMetricsInput) (series.Filter, error) {
	f := series.Filter{
		Account: call.Caller.Account, Region: call.Caller.Region,
		SeenSince: call.Time.Add(-listedFor), Limit: listPage + 1,
	}
	if in.Namespace != nil {
		f.Namespace = *in.Namespace
	}
	if in.MetricName != nil {
		f.Name = *in.MetricName
	}
	if in.RecentlyActive != nil {
		f.SeenSince = call.Time.Add(-recentlyActive)
	}
	for _, d := range in.Dimensions {
		if d != nil {
			f.Dimensions = append(f.Dimensions, series.DimensionFilter{Name: d.Name, Value: d.Value})
		}
	}
	if in.NextToken != nil {
		var t listToken
		if s.pages.Open(listScope(call, in), *in.NextToken, &t) != nil {
			return f, api.NewInvalidParameterValueException("Request parameter NextToken is invalid")
		}
		f.After = &series.ID{Namespace: t.Namespace, Name: t.Name, Dimensions: t.Dimensions}
	}
	return f, nil
}

func metricOf(id *series.ID) *api.Metric {
	m := &api.Metric{Namespace: &id.Namespace, MetricName: &id.Name, Dimensions: []*api.Dimension{}}
	for _, d := range id.Dimensions {
		m.Dimensions = append(m.Dimensions, &api.Dimension{Name: d.Name, Value: d.Value})
	}
	return m
}
