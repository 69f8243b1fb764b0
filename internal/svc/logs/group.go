package logs

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/logs"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/journal"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// group is a log group; its key's ID is its name.
type group struct {
	ID        string // of the log in the journal
	Retention int32  // days; 0 keeps for ever
	Class     api.LogGroupClass
	Protected bool // against DeleteLogGroup

	Filters        int32 `json:",omitempty"` // metric filters
	FiltersChanged int64 `json:",omitempty"` // how often they have been changed
}

// CreateLogGroup makes a log group.
func (s *Service) CreateLogGroup(ctx context.Context, in *api.CreateLogGroupInput) (*api.CreateLogGroupOutput, error) {
	if strings.HasPrefix(strings.ToLower(in.LogGroupName), "aws/") {
		return nil, invalid("Log groups starting with AWS/ are reserved for AWS.")
	}
	if in.KmsKeyId != nil {
		return nil, notImplemented("the encryption of log groups under a KMS key")
	}
	g := group{ID: newID(), Class: api.LogGroupClassStandard}
	if in.LogGroupClass != nil {
		g.Class = *in.LogGroupClass
	}
	if g.Class == api.LogGroupClassDelivery {
		return nil, notImplemented("the log group class DELIVERY")
	}
	if in.DeletionProtectionEnabled != nil {
		g.Protected = *in.DeletionProtectionEnabled
	}
	k := key(plane.FromContext(ctx), in.LogGroupName)
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.groups.Create(tx, k, g); err != nil {
			return err
		}
		return s.tag(tx, k, in.Tags)
	})
	if errors.Is(err, store.ErrExists) {
		return nil, api.NewResourceAlreadyExistsException("The specified log group already exists")
	}
	if err != nil {
		return nil, err
	}
	return &api.CreateLogGroupOutput{}, nil
}

// DeleteLogGroup makes a group disappear at once; its streams and events are
// deleted soon after.
func (s *Service) DeleteLogGroup(ctx context.Context, in *api.DeleteLogGroupInput) (*api.DeleteLogGroupOutput, error) {
	call := plane.FromContext(ctx)
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		g, err := s.group(tx, call, in.LogGroupName)
		if err != nil {
			return err
		}
		if g.Doc.Protected {
			return api.NewValidationException("The log group %s cannot be deleted because deletion protection is enabled.", in.LogGroupName)
		}
		if err := s.groups.Delete(tx, g.Key); err != nil {
			return err
		}
		if err := s.engine.Delete(tx, retentionKind, g.Doc.ID); err != nil {
			return err
		}
		return s.engine.Put(tx, purgeKind, g.Doc.ID, tx.Now(), purgeState{Account: g.Account, Region: g.Region})
	})
	if err != nil {
		return nil, err
	}
	s.compiled.drop(key(call, in.LogGroupName))
	return &api.DeleteLogGroupOutput{}, nil
}

// PutLogGroupDeletionProtection sets whether DeleteLogGroup refuses.
func (s *Service) PutLogGroupDeletionProtection(ctx context.Context, in *api.PutLogGroupDeletionProtectionInput) (*api.PutLogGroupDeletionProtectionOutput, error) {
	call := plane.FromContext(ctx)
	name, err := groupName(call, nil, &in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	err = s.changeGroup(ctx, name, func(_ *store.Tx, g *group) error {
		g.Protected = in.DeletionProtectionEnabled
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &api.PutLogGroupDeletionProtectionOutput{}, nil
}

// maxDescribed is the most that the Describe operations answer at a time.
const maxDescribed = 50

// DescribeLogGroups lists groups by name.
func (s *Service) DescribeLogGroups(ctx context.Context, in *api.DescribeLogGroupsInput) (*api.DescribeLogGroupsOutput, error) {
	call := plane.FromContext(ctx)
	want, err := groupFilter(call, in)
	if err != nil {
		return nil, err
	}
	sc := scope(ctx, in.LogGroupNamePrefix, in.LogGroupNamePattern, in.LogGroupClass, in.LogGroupIdentifiers, in.AccountIdentifiers)
	opts := store.ListOptions{}
	if err := s.open(sc, in.NextToken, &opts.After); err != nil {
		return nil, err
	}
	if in.LogGroupNamePrefix != nil {
		opts.Prefix = *in.LogGroupNamePrefix
	}
	limit := pageSize(in.Limit, maxDescribed)
	out := &api.DescribeLogGroupsOutput{LogGroups: []*api.LogGroup{}}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		page, more, err := s.groupPage(tx, call, opts, limit, want)
		if err != nil {
			return err
		}
		for i := range page {
			g, err := describeGroup(tx, &page[i])
			if err != nil {
				return err
			}
			out.LogGroups = append(out.LogGroups, g)
		}
		if more {
			out.NextToken, err = s.seal(sc, page[limit-1].ID)
		}
		return err
	})
	return out, err
}

// groupFilter returns what a listed group must fulfil besides the prefix.
func groupFilter(call *plane.Call, in *api.DescribeLogGroupsInput) (func(*store.Record[group]) bool, error) {
	if in.LogGroupNamePrefix != nil && in.LogGroupNamePattern != nil {
		return nil, invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
	}
	var names []string
	for i := range in.LogGroupIdentifiers {
		name, err := groupName(call, nil, &in.LogGroupIdentifiers[i])
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return func(g *store.Record[group]) bool {
		switch {
		case len(in.AccountIdentifiers) > 0 && !slices.Contains(in.AccountIdentifiers, call.Caller.Account):
			return false // no other account is linked to this one
		case in.LogGroupClass != nil && *in.LogGroupClass != g.Doc.Class:
			return false
		case names != nil && !slices.Contains(names, g.ID):
			return false
		}
		return in.LogGroupNamePattern == nil ||
			strings.Contains(g.ID, *in.LogGroupNamePattern)
	}, nil
}

// listStep is how many records are read at a time where not all are listed.
const listStep = 200

// groupPage returns up to limit groups that are wanted, and whether there are
// more.
func (s *Service) groupPage(tx *store.Tx, call *plane.Call, opts store.ListOptions, limit int, want func(*store.Record[group]) bool) (found []store.Record[group], more bool, err error) {
	opts.Limit = listStep
	for {
		step, err := s.groups.List(tx, call.Caller.Account, call.Caller.Region, opts)
		if err != nil {
			return nil, false, err
		}
		for i := range step {
			if !want(&step[i]) {
				continue
			}
			if len(found) == limit {
				return found, true, nil
			}
			found = append(found, step[i])
		}
		if len(step) < listStep {
			return found, false, nil
		}
		opts.After = step[len(step)-1].ID
	}
}

func describeGroup(tx *store.Tx, g *store.Record[group]) (*api.LogGroup, error) {
	size, err := journal.Bytes(tx, g.Doc.ID)
	if err != nil {
		return nil, err
	}
	d := &api.LogGroup{
		LogGroupName: &g.ID, CreationTime: new(g.Created.UnixMilli()), MetricFilterCount: &g.Doc.Filters,
		Arn: new(groupARN(g.Key) + ":*"), LogGroupArn: new(groupARN(g.Key)), StoredBytes: &size, LogGroupClass: &g.Doc.Class,
		DeletionProtectionEnabled: &g.Doc.Protected,
	}
	if g.Doc.Retention > 0 {
		d.RetentionInDays = &g.Doc.Retention
	}
	return d, nil
}

func groupARN(k store.Key) string {
	return arn.New("logs", "log-group", k.Region, k.Account, k.ID).String()
}

// groupName finds out which group is meant by a name, or by an identifier,
// which is a name or an ARN.
func groupName(call *plane.Call, name, identifier *string) (string, error) {
	switch {
	case (name == nil) == (identifier == nil):
		return "", invalid("Exactly one of logGroupName and logGroupIdentifier must be specified.")
	case name != nil:
		return *name, nil
	case !arn.Is(*identifier):
		return *identifier, nil
	}
	a, err := arn.Parse(*identifier)
	if err != nil {
		return "", invalid("Invalid log group identifier %s", *identifier)
	}
	kind, id := a.Split()
	if a.Service != "logs" || kind != "log-group" {
		return "", invalid("Invalid log group identifier %s", *identifier)
	}
	if a.Account != call.Caller.Account || a.Region != call.Caller.Region {
		return "", noGroup()
	}
	return strings.TrimSuffix(id, ":*"), nil
}

// group returns a group's record, or the answer that there is none.
func (s *Service) group(tx *store.Tx, call *plane.Call, name string) (store.Record[group], error) {
	g, err := s.groups.Get(tx, key(call, name))
	if errors.Is(err, store.ErrNotFound) {
		return g, noGroup()
	}
	return g, err
}

// changeGroup changes a group's record.
func (s *Service) changeGroup(ctx context.Context, name string, change func(*store.Tx, *group) error) error {
	call := plane.FromContext(ctx)
	return s.db.Update(ctx, func(tx *store.Tx) error {
		g, err := s.group(tx, call, name)
		if err != nil {
			return err
		}
		if err := change(tx, &g.Doc); err != nil {
			return err
		}
		return s.groups.Put(tx, &g)
	})
}

// kept is the earliest time of which the group shows events.
func (g *group) kept(now time.Time) time.Time {
	if g.Retention == 0 {
		return time.Time{}
	}
	return now.Add(-days(g.Retention))
}

func days(n int32) time.Duration { return time.Duration(n) * 24 * time.Hour }
