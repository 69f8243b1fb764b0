package events

import (
	"context"
	"slices"
	"strings"

	api "nephele.dev/nephele/internal/api/events"
	"nephele.dev/nephele/internal/store"
)

// maxTargets is how many targets a rule has, and a call puts or removes.
const maxTargets = 5

// PutTargets adds targets to a rule, in place of those of the same Id. It does
// all or, where one is refused, nothing.
func (s *Service) PutTargets(ctx context.Context, in *api.PutTargetsInput) (*api.PutTargetsOutput, error) {
	b, err := ownBus(ctx, in.EventBusName)
	if err != nil {
		return nil, err
	}
	for _, t := range in.Targets {
		if err := checkTarget(t); err != nil {
			return nil, err
		}
	}
	err = s.change(ctx, b, func(tx *store.Tx) error {
		r, err := s.rule(tx, b, in.Rule)
		if err != nil {
			return err
		}
		targets := slices.Clone(r.Doc.Targets)
		for _, t := range in.Targets {
			i, found := slices.BinarySearchFunc(targets, t.Id, byID)
			if found {
				targets[i] = t
			} else {
				targets = slices.Insert(targets, i, t)
			}
		}
		if len(targets) > maxTargets {
			return limitExceeded()
		}
		r.Doc.Targets = targets
		return s.rules.Put(tx, &r)
	})
	if err != nil {
		return nil, err
	}
	return &api.PutTargetsOutput{FailedEntryCount: new(int32), FailedEntries: []*api.PutTargetsResultEntry{}}, nil
}

func byID(t *api.Target, id string) int { return strings.Compare(t.Id, id) }

// RemoveTargets removes targets from a rule. Those that it does not have are
// reported, one by one.
func (s *Service) RemoveTargets(ctx context.Context, in *api.RemoveTargetsInput) (*api.RemoveTargetsOutput, error) {
	b, err := ownBus(ctx, in.EventBusName)
	if err != nil {
		return nil, err
	}
	out := &api.RemoveTargetsOutput{}
	err = s.change(ctx, b, func(tx *store.Tx) error {
		out.FailedEntries = []*api.RemoveTargetsResultEntry{}
		r, err := s.rule(tx, b, in.Rule)
		if err != nil {
			return err
		}
		for _, id := range in.Ids {
			i, found := slices.BinarySearchFunc(r.Doc.Targets, id, byID)
			if found {
				r.Doc.Targets = slices.Delete(r.Doc.Targets, i, i+1)
				continue
			}
			out.FailedEntries = append(out.FailedEntries, &api.RemoveTargetsResultEntry{
				TargetId: &id, ErrorCode: new(api.ErrResourceNotFoundException),
				ErrorMessage: new("Rule '" + in.Rule + "' does not have a target with the Id '" + id + "'."),
			})
		}
		return s.rules.Put(tx, &r)
	})
	if err != nil {
		return nil, err
	}
	out.FailedEntryCount = new(int32(len(out.FailedEntries)))
	return out, nil
}

// ListTargetsByRule lists the targets of a rule by Id.
func (s *Service) ListTargetsByRule(ctx context.Context, in *api.ListTargetsByRuleInput) (*api.ListTargetsByRuleOutput, error) {
	b, err := ownBus(ctx, in.EventBusName)
	if err != nil {
		return nil, err
	}
	sc := scope(ctx, b.ID, in.Rule)
	after, err := s.open(sc, in.NextToken)
	if err != nil {
		return nil, err
	}
	var r store.Record[rule]
	err = s.db.View(ctx, func(tx *store.Tx) error {
		r, err = s.rule(tx, b, in.Rule)
		return err
	})
	if err != nil {
		return nil, err
	}
	targets := slices.DeleteFunc(r.Doc.Targets, func(t *api.Target) bool { return t.Id <= after })
	out := &api.ListTargetsByRuleOutput{}
	out.Targets, out.NextToken, err = cut(s, sc, targets, pageSize(in.Limit), func(t *api.Target) string { return t.Id })
	if out.Targets == nil {
		out.Targets = []*api.Target{}
	}
	return out, err
}
