package cognitoidentity

import (
	"context"
	"maps"
	"slices"

	api "nephele.dev/nephele/internal/api/cognitoidentity"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

// Needs tells what a call has to be allowed (Service Authorization Reference,
// Amazon Cognito Identity). Operations on identities and those without a pool
// know no resources.
func (s *Service) Needs(call *plane.Call, in any) []policy.Need {
	need := policy.Need{Action: plane.Action(call.Operation)}
	if name := concerned(call, in); name != "" {
		need.Resources = []string{name}
	}
	switch in := in.(type) {
	case *api.CreateIdentityPoolInput:
		need.Keys = requestTags(in.IdentityPoolTags)
	case *api.UpdateIdentityPoolInput:
		need.Keys = requestTags(in.IdentityPoolTags)
	case *api.SetIdentityPoolRolesInput:
		return append([]policy.Need{need}, passing(in)...)
	}
	return []policy.Need{need}
}

// passing is the permission to hand over the roles of an input.
func passing(in *api.SetIdentityPoolRolesInput) []policy.Need {
	roles := slices.Collect(maps.Values(in.Roles))
	for _, m := range in.RoleMappings {
		if m == nil || m.RulesConfiguration == nil {
			continue
		}
		for _, r := range m.RulesConfiguration.Rules {
			roles = append(roles, r.RoleARN)
		}
	}
	if len(roles) == 0 {
		return nil
	}
	slices.Sort(roles)
	return []policy.Need{{
		Action: "iam:PassRole", Resources: slices.Compact(roles), Keys: policy.Keys{"iam:passedtoservice": {principal}},
	}}
}

// requestTags are condition keys of tags that a call brings, from a member that
// is not called Tags.
func requestTags(tags map[string]string) policy.Keys {
	keys := policy.Keys{}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		keys.AddTag("aws:requesttag/", key, tags[key])
		keys["aws:tagkeys"] = append(keys["aws:tagkeys"], key)
	}
	return keys
}

// concerned is the ARN of the pool in an input, "" for none.
func concerned(call *plane.Call, in any) string {
	id := ""
	switch in := in.(type) {
	case *api.DeleteIdentityPoolInput:
		id = in.IdentityPoolId
	case *api.DescribeIdentityPoolInput:
		id = in.IdentityPoolId
	case *api.GetIdentityPoolRolesInput:
		id = in.IdentityPoolId
	case *api.GetOpenIdTokenForDeveloperIdentityInput:
		id = in.IdentityPoolId
	case *api.GetPrincipalTagAttributeMapInput:
		id = in.IdentityPoolId
	case *api.ListIdentitiesInput:
		id = in.IdentityPoolId
	case *api.LookupDeveloperIdentityInput:
		id = in.IdentityPoolId
	case *api.MergeDeveloperIdentitiesInput:
		id = in.IdentityPoolId
	case *api.SetIdentityPoolRolesInput:
		id = in.IdentityPoolId
	case *api.SetPrincipalTagAttributeMapInput:
		id = in.IdentityPoolId
	case *api.UnlinkDeveloperIdentityInput:
		id = in.IdentityPoolId
	case *api.UpdateIdentityPoolInput:
		id = in.IdentityPoolId
	case *api.ListTagsForResourceInput:
		return canonical(call, in.ResourceArn)
	case *api.TagResourceInput:
		return canonical(call, in.ResourceArn)
	case *api.UntagResourceInput:
		return canonical(call, in.ResourceArn)
	}
	if id == "" {
		return ""
	}
	return poolARN(call.Caller.Region, call.Caller.Account, id)
}

// canonical is the ARN of a pool as policies know it, whatever account and
// region the caller writes: the handlers go by the pool's id. What is no pool's
// stays as it is.
func canonical(call *plane.Call, name string) string {
	id, err := poolID(name)
	if err != nil {
		return name
	}
	return poolARN(call.Caller.Region, call.Caller.Account, id)
}

// Facts tells the owner and the tags of a pool.
func (s *Service) Facts(ctx context.Context, _ *plane.Call, name string) (policy.Resource, error) {
	id, err := poolID(name)
	if err != nil {
		return policy.Resource{}, nil //nolint:nilerr // nothing is known of it
	}
	var p *pool
	err = s.DB.View(ctx, func(tx *store.Tx) (err error) {
		p, err = getPool(tx, id)
		return err
	})
	if is(err, api.ErrResourceNotFoundException) {
		return policy.Resource{}, nil
	}
	if err != nil {
		return policy.Resource{}, err
	}
	r := policy.Resource{ARN: name, Account: p.Account, Keys: policy.Keys{}}
	for key, value := range p.Tags {
		r.Keys.AddTag("aws:resourcetag/", key, value)
	}
	return r, nil
}
