package synthetics

import (
	"context"
	"errors"
	"slices"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

// Needs tells what a call has to be allowed. Execution roles are handed over, as
// at AWS to Lambda.
func (s *Service) Needs(call *plane.Call, in any) []policy.Need {
	if needs := s.groupNeeds(call, in); needs != nil {
		return needs
	}
	own := func(name string) policy.Need {
		return policy.Need{Action: plane.Action(call.Operation), Resources: []string{canaryARN(keyFor(call, name))}}
	}
	switch in := in.(type) {
	case *api.CreateCanaryInput:
		needs := tagging(in.Tags, own(in.Name), policy.PassRole(in.ExecutionRoleArn, lambda))
		return replicating(call, in.Name, in.AddReplicaLocations, nil, needs)
	case *api.UpdateCanaryInput:
		needs := handingOver(in.ExecutionRoleArn, own(in.Name))
		needs = handingOver(s.roleTried(keyFor(call, in.Name), in.DryRunId), needs...)
		return replicating(call, in.Name, in.AddReplicaLocations, in.RemoveReplicaLocations, needs)
	case *api.StartCanaryDryRunInput:
		return handingOver(in.ExecutionRoleArn, own(in.Name))
	case *api.GetCanaryInput:
		return []policy.Need{own(in.Name)}
	case *api.DeleteCanaryInput:
		return []policy.Need{own(in.Name)}
	case *api.StartCanaryInput:
		return []policy.Need{own(in.Name)}
	case *api.StopCanaryInput:
		return []policy.Need{own(in.Name)}
	case *api.GetCanaryRunsInput:
		return []policy.Need{own(in.Name)}
	}
	return []policy.Need{{Action: plane.Action(call.Operation), Resources: s.concernedTags(call, in), Keys: named(in)}}
}

// tagging adds the right to tag what a call creates, when it tags it.
func tagging(tags map[string]string, needs ...policy.Need) []policy.Need {
	if len(tags) > 0 {
		needs = append(needs, policy.Need{Action: "synthetics:TagResource", Resources: needs[0].Resources})
	}
	return needs
}

// handingOver adds the right to pass a role, when a call passes one.
func handingOver(role *string, needs ...policy.Need) []policy.Need {
	if role != nil {
		needs = append(needs, policy.PassRole(*role, lambda))
	}
	return needs
}

// roleTried is the role that a dry run would put in force, where it is not in
// force already: whoever applies it hands it over, as who tried it did. It is nil
// where there is none.
func (s *Service) roleTried(key store.Key, dryRunID *string) (role *string) {
	if dryRunID == nil {
		return nil
	}
	err := s.DB.View(context.Background(), func(tx *store.Tx) error {
		rec, err := s.load(tx, key)
		if err != nil {
			return err
		}
		dry, err := s.getDryRun(tx, rec, *dryRunID)
		if err == nil && dry.Doc.Config.Role != rec.Doc.Config.Role {
			role = &dry.Doc.Config.Role
		}
		return err
	})
	if err != nil && refusal(err) == nil { // it is not known: who may hand over every role may go on
		return new("*")
	}
	return role
}

// replicating adds the right to have replicas made and removed, in their regions,
// and the condition keys of those regions (CloudWatch User Guide, "Permissions for
// multilocation canaries"). The first need is that on the canary itself.
func replicating(call *plane.Call, name string, add []*api.AddReplicaLocationInput, remove []string, needs []policy.Need) []policy.Need {
	if len(add)+len(remove) == 0 {
		return needs
	}
	var regions, names []string
	for _, l := range add {
		regions = append(regions, l.Location)
	}
	for _, region := range slices.Concat(regions, remove) {
		key := keyFor(call, name)
		key.Region = region
		names = append(names, canaryARN(key))
	}
	needs[0].Keys = policy.Keys{"synthetics:addreplicalocations": regions, "synthetics:removereplicalocations": remove}
	return append(needs, policy.Need{Action: "synthetics:ReplicateCanary", Resources: names})
}

// groupNeeds are the needs of operations on groups; nil for all others. A new
// group is any group of the region: nobody knows its id yet.
func (s *Service) groupNeeds(call *plane.Call, in any) []policy.Need {
	on := func(resource string) policy.Need {
		return policy.Need{Action: plane.Action(call.Operation), Resources: []string{resource}}
	}
	switch in := in.(type) {
	case *api.CreateGroupInput:
		return tagging(in.Tags, on(groupARNOf(call.Caller.Region, call.Caller.Account, "*")))
	case *api.GetGroupInput:
		return []policy.Need{on(s.groupBy(call, in.GroupIdentifier))}
	case *api.DeleteGroupInput:
		return []policy.Need{on(s.groupBy(call, in.GroupIdentifier))}
	case *api.ListGroupResourcesInput:
		return []policy.Need{on(s.groupBy(call, in.GroupIdentifier))}
	case *api.AssociateResourceInput:
		return []policy.Need{on(s.groupBy(call, in.GroupIdentifier))}
	case *api.DisassociateResourceInput:
		return []policy.Need{on(s.groupBy(call, in.GroupIdentifier))}
	case *api.ListAssociatedGroupsInput:
		name := in.ResourceArn
		if key, err := memberKey(call, name); err == nil {
			name = canaryARN(key) // however it is written
		}
		return []policy.Need{on(name)}
	}
	return nil
}

// groupBy is the ARN of the group that an identifier names. What names none is
// written as the group of that id, for the handler to refuse.
func (s *Service) groupBy(call *plane.Call, identifier string) string {
	name := ""
	_ = s.DB.View(context.Background(), func(tx *store.Tx) error {
		rec, err := s.findGroup(tx, call.Caller.Account, identifier)
		if err == nil {
			name = groupARN(rec)
		}
		return err
	})
	switch {
	case name != "":
		return name
	case arn.Is(identifier):
		return identifier
	}
	return groupARNOf(call.Caller.Region, call.Caller.Account, identifier)
}

// named is the condition key of the names that a caller may be limited to
// (Synthetics, "Limiting a user to viewing specific canaries").
func named(in any) policy.Keys {
	switch in := in.(type) {
	case *api.DescribeCanariesInput:
		return policy.Keys{"synthetics:names": in.Names}
	case *api.DescribeCanariesLastRunInput:
		return policy.Keys{"synthetics:names": in.Names}
	}
	return nil
}

func (s *Service) concernedTags(call *plane.Call, in any) []string {
	var name string
	switch in := in.(type) {
	case *api.TagResourceInput:
		name = in.ResourceArn
	case *api.UntagResourceInput:
		name = in.ResourceArn
	case *api.ListTagsForResourceInput:
		name = in.ResourceArn
	default:
		return nil
	}
	if t, err := s.taggedBy(call, name); err == nil && t.Region != "" {
		name = canaryARN(t.Key) // however it is written
	}
	return []string{name}
}

// Facts tells what is known of a canary or group, for authorization: its tags.
func (s *Service) Facts(ctx context.Context, _ *plane.Call, name string) (res policy.Resource, err error) {
	a, err := arn.Parse(name)
	if err != nil {
		return res, nil //nolint:nilerr // neither
	}
	res.Account = a.Account
	kind, id := a.Split()
	t := s.taggedCanary(store.Key{Account: a.Account, Region: a.Region, ID: id})
	if kind == "group" {
		t = s.taggedGroup(groupKey(a.Account, id), name)
	}
	err = s.DB.View(ctx, func(tx *store.Tx) error {
		if err := t.find(tx); errors.Is(err, store.ErrNotFound) {
			return nil
		} else if err != nil {
			return err
		}
		tags, err := t.tags.Tags(tx, t.Key)
		res.Keys = policy.ResourceTags(tags)
		return err
	})
	return res, err
}
