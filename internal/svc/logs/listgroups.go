package logs

import (
	"context"
	"slices"
	"strings"

	api "nephele.dev/nephele/internal/api/logs"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// maxListedGroups is the most that ListLogGroups answers at a time.
const maxListedGroups = 1000

// ListLogGroups lists groups by name, briefly.
func (s *Service) ListLogGroups(ctx context.Context, in *api.ListLogGroupsInput) (*api.ListLogGroupsOutput, error) {
	want, err := listFilter(plane.FromContext(ctx), in)
	if err != nil {
		return nil, err
	}
	sc := scope(ctx, in.LogGroupNamePattern, in.LogGroupClass, in.AccountIdentifiers)
	opts := store.ListOptions{}
	if err := s.open(sc, in.NextToken, &opts.After); err != nil {
		return nil, err
	}
	limit := pageSize(in.Limit, maxDescribed)
	call := plane.FromContext(ctx)
	out := &api.ListLogGroupsOutput{LogGroups: []*api.LogGroupSummary{}}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		found, more, err := s.groupPage(tx, call, opts, min(limit, maxListedGroups), want)
		if err != nil {
			return err
		}
		for i := range found {
			out.LogGroups = append(out.LogGroups, &api.LogGroupSummary{
				LogGroupName: &found[i].ID, LogGroupArn: new(groupARN(found[i].Key)), LogGroupClass: &found[i].Doc.Class,
			})
		}
		if more {
			out.NextToken, err = s.seal(sc, found[len(found)-1].ID)
		}
		return err
	})
	return out, err
}

// listFilter returns what a listed group must fulfil. A pattern is parts of names
// with | between them, ^ before those that must begin one.
func listFilter(call *plane.Call, in *api.ListLogGroupsInput) (func(*store.Record[group]) bool, error) {
	switch {
	case len(in.DataSources) > 0:
		return nil, notImplemented("the data sources of ListLogGroups")
	case len(in.FieldIndexNames) > 0:
		return nil, notImplemented("the field indexes of ListLogGroups")
	case len(in.LogGroupTags) > 0:
		return nil, notImplemented("the tag filters of ListLogGroups")
	}
	var parts []string
	if in.LogGroupNamePattern != nil {
		parts = strings.Split(*in.LogGroupNamePattern, "|")
	}
	return func(g *store.Record[group]) bool {
		if len(in.AccountIdentifiers) > 0 && !slices.Contains(in.AccountIdentifiers, call.Caller.Account) ||
			in.LogGroupClass != nil && *in.LogGroupClass != g.Doc.Class {
			return false
		}
		return parts == nil || slices.ContainsFunc(parts, func(part string) bool {
			if begin, ok := strings.CutPrefix(part, "^"); ok {
				return strings.HasPrefix(g.ID, begin)
			}
			return strings.Contains(g.ID, part)
		})
	}, nil
}
