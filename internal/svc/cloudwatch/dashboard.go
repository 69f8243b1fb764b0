package cloudwatch

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// Limits of dashboards, from the API reference.
const (
	dashboardPage    = 1000
	maxDashboardDrop = 100
)

// dashboard is what is kept. Dashboards are global: their key has no region.
type dashboard struct {
	Body string // as it was put
}

var dashboards = store.NewCollection[dashboard]("cloudwatch.dashboard")

func dashboardKey(call *plane.Call, name string) store.Key {
	return store.Key{Account: call.Caller.Account, ID: name}
}

func dashboardARN(call *plane.Call, name string) *string {
	return new(arn.New("cloudwatch", "dashboard", call.Caller.Region, call.Caller.Account, name).String())
}

var (
	dashboardName   = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)
	dashboardPrefix = regexp.MustCompile(`^[A-Za-z0-9._-]{1,255}$`)
)

// PutDashboard creates a dashboard or replaces its body. Tags count when it is
// created only. What might not render is answered as messages; what is wrong
// refuses the call with them.
func (s *Service) PutDashboard(ctx context.Context, in *api.PutDashboardInput) (*api.PutDashboardOutput, error) {
	if !dashboardName.MatchString(in.DashboardName) {
		return nil, api.NewDashboardInvalidInputError("The value %s for field DashboardName contains invalid characters. "+
			"It can only contain alphanumerics, dash (-) and underscore (_).", in.DashboardName)
	}
	warnings, err := checkDashboard(in.DashboardBody)
	if err != nil {
		return nil, err
	}
	tags, err := tagsOf(in.Tags)
	if err != nil {
		return nil, err
	}
	call := plane.FromContext(ctx)
	key := dashboardKey(call, in.DashboardName)
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		rec, err := dashboards.Get(tx, key)
		if errors.Is(err, store.ErrNotFound) {
			if _, err := dashboards.Create(tx, key, dashboard{in.DashboardBody}); err != nil {
				return err
			}
			return dashboards.SetTags(tx, key, tags)
		}
		if err != nil {
			return err
		}
		rec.Doc.Body = in.DashboardBody
		return dashboards.Put(tx, &rec)
	})
	if errors.Is(err, store.ErrExists) || errors.Is(err, store.ErrConflict) {
		return nil, api.NewConflictException("The dashboard %s is being changed by another call", in.DashboardName)
	}
	if err != nil {
		return nil, err
	}
	return &api.PutDashboardOutput{DashboardValidationMessages: warnings}, nil
}

// GetDashboard returns the body as it was put.
func (s *Service) GetDashboard(ctx context.Context, in *api.GetDashboardInput) (*api.GetDashboardOutput, error) {
	call := plane.FromContext(ctx)
	var rec store.Record[dashboard]
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		rec, err = dashboards.Get(tx, dashboardKey(call, in.DashboardName))
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, api.NewDashboardNotFoundError("Dashboard %s does not exist", in.DashboardName)
	}
	if err != nil {
		return nil, err
	}
	return &api.GetDashboardOutput{
		DashboardName: &in.DashboardName, DashboardBody: &rec.Doc.Body, DashboardArn: dashboardARN(call, in.DashboardName),
	}, nil
}

// ListDashboards returns the dashboards in order of their names.
func (s *Service) ListDashboards(ctx context.Context, in *api.ListDashboardsInput) (*api.ListDashboardsOutput, error) {
	call := plane.FromContext(ctx)
	o := store.ListOptions{Limit: dashboardPage + 1}
	if in.DashboardNamePrefix != nil && *in.DashboardNamePrefix != "" {
		if !dashboardPrefix.MatchString(*in.DashboardNamePrefix) {
			return nil, api.NewInvalidParameterValueException("The value %s for parameter DashboardNamePrefix is invalid.", *in.DashboardNamePrefix)
		}
		o.Prefix = *in.DashboardNamePrefix
	}
	scope := page.Scope{Account: call.Caller.Account, Operation: "cloudwatch:ListDashboards", Filters: o.Prefix}
	if in.NextToken != nil && s.pages.Open(scope, *in.NextToken, &o.After) != nil {
		return nil, api.NewInvalidParameterValueException("Request parameter NextToken is invalid")
	}
	var recs []store.Record[dashboard]
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		recs, err = dashboards.List(tx, call.Caller.Account, "", o)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &api.ListDashboardsOutput{DashboardEntries: []*api.DashboardEntry{}}
	if len(recs) > dashboardPage {
		recs = recs[:dashboardPage]
		token, err := s.pages.Seal(scope, recs[dashboardPage-1].ID)
		if err != nil {
			return nil, err
		}
		out.NextToken = &token
	}
	for i := range recs {
		r := &recs[i]
		out.DashboardEntries = append(out.DashboardEntries, &api.DashboardEntry{
			DashboardName: &r.ID, DashboardArn: dashboardARN(call, r.ID),
			LastModified: new(r.Updated.UTC().Truncate(time.Second)), Size: new(int64(len(r.Doc.Body))),
		})
	}
	return out, nil
}

// DeleteDashboards deletes all of the named dashboards. When one of them does
// not exist, none is deleted.
func (s *Service) DeleteDashboards(ctx context.Context, in *api.DeleteDashboardsInput) (*api.DeleteDashboardsOutput, error) {
	if len(in.DashboardNames) > maxDashboardDrop {
		return nil, api.NewInvalidParameterValueException("The collection DashboardNames must not have a size greater than %d.", maxDashboardDrop)
	}
	call := plane.FromContext(ctx)
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		var missing []string
		seen := map[string]bool{}
		for _, name := range in.DashboardNames {
			if seen[name] {
				continue
			}
			seen[name] = true
			err := dashboards.Delete(tx, dashboardKey(call, name))
			if errors.Is(err, store.ErrNotFound) {
				missing = append(missing, name)
			} else if err != nil {
				return err
			}
		}
		if len(missing) > 0 {
			return api.NewDashboardNotFoundError("The specified dashboard does not exist. [%s]", strings.Join(missing, ", "))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &api.DeleteDashboardsOutput{}, nil
}
