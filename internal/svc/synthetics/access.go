package synthetics

import (
	"context"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

// Needs tells what a call has to be allowed. Execution roles are handed over, as
// at AWS to Lambda.
func (s *Service) Needs(call *plane.Call, in any) []policy.Need {
	own := func(name string) policy.Need {
		return policy.Need{Action: plane.Action(call.Operation), Resources: []string{canaryARN(keyFor(call, name))}}
	}
	switch in := in.(type) {
	case *api.CreateCanaryInput:
		needs := []policy.Need{own(in.Name), policy.PassRole(in.ExecutionRoleArn, lambda)}
		if len(in.Tags) > 0 {
			needs = append(needs, policy.Need{Action: "synthetics:TagResource", Resources: needs[0].Resources})
		}
		return needs
	case *api.UpdateCanaryInput:
		needs := []policy.Need{own(in.Name)}
		if in.ExecutionRoleArn != nil {
			needs = append(needs, policy.PassRole(*in.ExecutionRoleArn, lambda))
		}
		return needs
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
	return []policy.Need{{Action: plane.Action(call.Operation), Resources: concernedTags(call, in), Keys: named(in)}}
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

func concernedTags(call *plane.Call, in any) []string {
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
	if k, err := taggedKey(call, name); err == nil {
		name = canaryARN(k) // however it is written
	}
	return []string{name}
}

// Facts tells what is known of a canary, for authorization: its tags.
func (s *Service) Facts(ctx context.Context, _ *plane.Call, name string) (res policy.Resource, err error) {
	a, err := arn.Parse(name)
	if err != nil {
		return res, nil //nolint:nilerr // not a canary
	}
	res.Account = a.Account
	_, id := a.Split()
	err = s.DB.View(ctx, func(tx *store.Tx) error {
		tags, err := s.canaries.Tags(tx, store.Key{Account: a.Account, Region: a.Region, ID: id})
		res.Keys = policy.ResourceTags(tags)
		return err
	})
	return res, err
}
