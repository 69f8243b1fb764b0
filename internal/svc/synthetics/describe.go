package synthetics

import (
	"context"
	"slices"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// GetCanary returns one canary, as it is or as one of its dry runs sees it.
func (s *Service) GetCanary(ctx context.Context, in *api.GetCanaryInput) (*api.GetCanaryOutput, error) {
	var out api.GetCanaryOutput
	err := s.DB.View(ctx, func(tx *store.Tx) error {
		rec, err := s.load(tx, keyFor(plane.FromContext(ctx), in.Name))
		if err != nil {
			return err
		}
		if in.DryRunId != nil {
			if err := s.asDryRun(tx, rec, *in.DryRunId); err != nil {
				return err
			}
		}
		out.Canary, err = s.view(tx, rec)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &out, nil
}

// DescribeCanaries lists the account's canaries in the region by name.
func (s *Service) DescribeCanaries(ctx context.Context, in *api.DescribeCanariesInput) (*api.DescribeCanariesOutput, error) {
	out := &api.DescribeCanariesOutput{Canaries: []*api.Canary{}}
	next, err := s.eachCanary(ctx, in.Names, in.NextToken, limitOr(in.MaxResults, 20), func(tx *store.Tx, rec *store.Record[canary]) error {
		v, err := s.view(tx, rec)
		out.Canaries = append(out.Canaries, v)
		return err
	})
	if err != nil {
		return nil, err
	}
	out.NextToken = next
	return out, nil
}

// DescribeCanariesLastRun lists the most recent run of each canary that has one,
// complete or not.
func (s *Service) DescribeCanariesLastRun(ctx context.Context, in *api.DescribeCanariesLastRunInput) (*api.DescribeCanariesLastRunOutput, error) {
	out := &api.DescribeCanariesLastRunOutput{CanariesLastRun: []*api.CanaryLastRun{}}
	var which runFilter
	if in.BrowserType != nil {
		which.Browser = string(*in.BrowserType)
	}
	next, err := s.eachCanary(ctx, in.Names, in.NextToken, limitOr(in.MaxResults, 100), func(tx *store.Tx, rec *store.Record[canary]) error {
		runs, err := newestRuns(tx, rec.Doc.ID, which, runPosition{}, 1)
		if err == nil && len(runs) > 0 {
			out.CanariesLastRun = append(out.CanariesLastRun, &api.CanaryLastRun{CanaryName: new(rec.ID), LastRun: runs[0].view(rec)})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out.NextToken = next
	return out, nil
}

// eachCanary calls f for a page of canaries and returns the token of the next.
func (s *Service) eachCanary(ctx context.Context, names []string, token *string, limit int, f func(*store.Tx, *store.Record[canary]) error) (next *string, err error) {
	call := plane.FromContext(ctx)
	after := ""
	if err := s.position(ctx, names, token, &after); err != nil {
		return nil, err
	}
	err = s.DB.View(ctx, func(tx *store.Tx) error {
		next = nil
		page, err := s.page(tx, call, names, after, limit+1)
		if err != nil {
			return err
		}
		if len(page) > limit {
			page = page[:limit]
			if next, err = s.token(ctx, names, page[limit-1].ID); err != nil {
				return err
			}
		}
		for i := range page {
			if err := f(tx, &page[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return next, err
}

// page returns the canaries named, or all, that come after a name.
func (s *Service) page(tx *store.Tx, call *plane.Call, names []string, after string, limit int) ([]store.Record[canary], error) {
	if len(names) == 0 {
		return s.canaries.List(tx, call.Caller.Account, call.Caller.Region, store.ListOptions{After: after, Limit: limit})
	}
	var page []store.Record[canary]
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		if name <= after || len(page) == limit {
			continue
		}
		rec, err := s.load(tx, keyFor(call, name))
		if err != nil {
			return nil, err
		}
		page = append(page, *rec)
	}
	return page, nil
}
