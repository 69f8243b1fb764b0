package events

import (
	"context"
	"errors"
	"strings"

	api "nephele.dev/nephele/internal/api/events"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

// Needs tells what a call has to be allowed. Roles of rules and targets are
// handed over; tags of something new need their own permission.
func (s *Service) Needs(call *plane.Call, in any) []policy.Need {
	need := policy.Need{Action: plane.Action(call.Operation), Resources: s.Resources(call, in)}
	needs := []policy.Need{need}
	switch in := in.(type) {
	case *api.PutEventsInput:
		needs[0].Keys = entryKeys(in)
	case *api.PutRuleInput:
		if in.RoleArn != nil && *in.RoleArn != "" {
			needs = append(needs, policy.PassRole(*in.RoleArn, principal))
		}
		if len(in.Tags) > 0 {
			needs = append(needs, policy.Need{Action: "events:TagResource", Resources: need.Resources})
		}
	case *api.CreateEventBusInput:
		if len(in.Tags) > 0 {
			needs = append(needs, policy.Need{Action: "events:TagResource", Resources: need.Resources})
		}
	case *api.PutTargetsInput:
		return s.targetNeeds(need, in)
	}
	return needs
}

// targetNeeds are those of PutTargets.
func (s *Service) targetNeeds(need policy.Need, in *api.PutTargetsInput) []policy.Need {
	need.Keys = policy.Keys{}
	needs := []policy.Need{need}
	for _, t := range in.Targets {
		need.Keys["events:targetarn"] = append(need.Keys["events:targetarn"], t.Arn)
		if t.RoleArn != nil && *t.RoleArn != "" {
			needs = append(needs, policy.PassRole(*t.RoleArn, principal))
		}
	}
	return needs
}

// entryKeys are the sources and detail types of events.
func entryKeys(in *api.PutEventsInput) policy.Keys {
	k := policy.Keys{}
	for _, e := range in.Entries {
		if e.Source != nil {
			k["events:source"] = append(k["events:source"], *e.Source)
		}
		if e.DetailType != nil {
			k["events:detail-type"] = append(k["events:detail-type"], *e.DetailType)
		}
	}
	return k
}

// Facts tells what is known of a bus or a rule, for authorization: a bus's
// policy, without which other accounts cannot use it, and tags.
func (s *Service) Facts(ctx context.Context, _ *plane.Call, name string) (policy.Resource, error) {
	a, err := arn.Parse(name)
	if err != nil {
		return policy.Resource{}, nil //nolint:nilerr // neither
	}
	kind, id := a.Split()
	k := store.Key{Account: a.Account, Region: a.Region, ID: id}
	if kind != "rule" {
		return s.knownBuses.Get(ctx, k, func(tx *store.Tx) (policy.Resource, error) { return s.busFacts(tx, k, name) })
	}
	if !strings.Contains(k.ID, "/") {
		k.ID = defaultBus + "/" + k.ID
	}
	return s.knownRules.Get(ctx, k, func(tx *store.Tx) (policy.Resource, error) {
		tags, err := s.rules.Tags(tx, k)
		return policy.Resource{Account: k.Account, Keys: policy.ResourceTags(tags)}, err
	})
}

func (s *Service) busFacts(tx *store.Tx, k store.Key, name string) (policy.Resource, error) {
	res := policy.Resource{Account: k.Account}
	rec, err := s.buses.Get(tx, k)
	if errors.Is(err, store.ErrNotFound) {
		return res, nil
	}
	if err != nil {
		return res, err
	}
	res.Policies = s.policies.Policies(name, string(rec.Doc.Policy), policy.ResourceUse)
	tags, err := s.buses.Tags(tx, k)
	res.Keys = policy.ResourceTags(tags)
	return res, err
}
