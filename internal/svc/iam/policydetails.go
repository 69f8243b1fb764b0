package iam

import (
	"context"
	"fmt"
	"maps"
	"slices"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// GetAccountAuthorizationDetails tells everything about the users, groups,
// roles and managed policies of an account, of which a filter may ask for some.
// They share the pages. Of AWS's policies it tells those that somebody has.
func (s *Service) GetAccountAuthorizationDetails(ctx context.Context, in *api.GetAccountAuthorizationDetailsInput) (*api.GetAccountAuthorizationDetailsOutput, error) {
	l, err := s.listing(plane.FromContext(ctx), in.Marker, in.MaxItems, in.Filter)
	if err != nil {
		return nil, err
	}
	out := &api.GetAccountAuthorizationDetailsOutput{ // the lists of a page are there when they are empty
		UserDetailList: []*api.UserDetail{}, GroupDetailList: []*api.GroupDetail{},
		RoleDetailList: []*api.RoleDetail{}, Policies: []*api.ManagedPolicyDetail{},
	}
	err = s.view(ctx, func(tx *store.Tx, account string) error {
		all, err := s.detailed(tx, account, in.Filter)
		if err != nil {
			return err
		}
		var page []detail
		if page, out.IsTruncated, out.Marker, err = cut(l, all, func(d detail) string { return d.order }); err != nil {
			return err
		}
		for _, d := range page {
			if err := d.tell(tx, out); err != nil {
				return fmt.Errorf("tell details of %s: %w", d.order, err)
			}
		}
		return nil
	})
	return out, err
}

// detail is something that is to be told, and its place.
type detail struct {
	order string
	tell  func(*store.Tx, *api.GetAccountAuthorizationDetailsOutput) error
}

// detailed gathers what a filter asks for; no filter asks for everything.
func (s *Service) detailed(tx *store.Tx, account string, filter []api.EntityType) ([]detail, error) {
	wanted := func(kind api.EntityType) bool { return len(filter) == 0 || slices.Contains(filter, kind) }
	var all []detail
	if wanted(api.EntityTypeUser) {
		users, err := identity.Users.List(tx, account, "", store.ListOptions{})
		if err != nil {
			return nil, err
		}
		for i := range users {
			all = append(all, userDetail(&users[i].Doc))
		}
	}
	if wanted(api.EntityTypeGroup) {
		groups, err := identity.Groups.List(tx, account, "", store.ListOptions{})
		if err != nil {
			return nil, err
		}
		for i := range groups {
			all = append(all, groupDetail(&groups[i].Doc))
		}
	}
	if wanted(api.EntityTypeRole) {
		roles, err := identity.Roles.List(tx, account, "", store.ListOptions{})
		if err != nil {
			return nil, err
		}
		for i := range roles {
			all = append(all, s.roleDetail(&roles[i].Doc))
		}
	}
	policies, err := policyDetails(tx, account, wanted(api.EntityTypeLocalManagedPolicy), wanted(api.EntityTypeAWSManagedPolicy))
	return append(all, policies...), err
}

func userDetail(u *identity.User) detail {
	return detail{"1 " + identity.ID(u.Name), func(tx *store.Tx, out *api.GetAccountAuthorizationDetailsOutput) error {
		d := &api.UserDetail{
			Path: &u.Path, UserName: &u.Name, UserId: &u.ID, Arn: new(u.ARN()), CreateDate: &u.Created,
			UserPolicyList: inlineOutput(&u.Grants), AttachedManagedPolicies: attachedPolicies(&u.Grants, nil),
			PermissionsBoundary: boundaryOut(u.Boundary), Tags: tagList(u.Tags), GroupList: []string{},
		}
		for _, id := range u.Groups {
			g, err := identity.Groups.Get(tx, store.Key{Account: u.Account, ID: id})
			if err != nil {
				return err
			}
			d.GroupList = append(d.GroupList, g.Doc.Name)
		}
		out.UserDetailList = append(out.UserDetailList, d)
		return nil
	}}
}

func groupDetail(g *identity.Group) detail {
	return detail{"2 " + identity.ID(g.Name), func(_ *store.Tx, out *api.GetAccountAuthorizationDetailsOutput) error {
		out.GroupDetailList = append(out.GroupDetailList, &api.GroupDetail{
			Path: &g.Path, GroupName: &g.Name, GroupId: &g.ID, Arn: new(g.ARN()), CreateDate: &g.Created,
			GroupPolicyList: inlineOutput(&g.Grants), AttachedManagedPolicies: attachedPolicies(&g.Grants, nil),
		})
		return nil
	}}
}

func (s *Service) roleDetail(r *identity.Role) detail {
	return detail{"3 " + identity.ID(r.Name), func(tx *store.Tx, out *api.GetAccountAuthorizationDetailsOutput) error {
		role, err := s.roleOut(tx, r)
		if err != nil {
			return err
		}
		d := &api.RoleDetail{
			Path: &r.Path, RoleName: &r.Name, RoleId: &r.ID, Arn: &role.Arn, CreateDate: &r.Created,
			AssumeRolePolicyDocument: role.AssumeRolePolicyDocument, InstanceProfileList: []*api.InstanceProfile{},
			RolePolicyList: inlineOutput(&r.Grants), AttachedManagedPolicies: attachedPolicies(&r.Grants, nil),
			PermissionsBoundary: role.PermissionsBoundary, Tags: role.Tags, RoleLastUsed: role.RoleLastUsed,
		}
		names, err := profilesOf(tx, r.Key(), "", maxProfiles)
		if err != nil {
			return err
		}
		for _, name := range names {
			p, err := s.profile(tx, r.Account, name)
			if err != nil {
				return err
			}
			profile, err := profileOut(tx, &p.Doc)
			if err != nil {
				return err
			}
			d.InstanceProfileList = append(d.InstanceProfileList, profile)
		}
		out.RoleDetailList = append(out.RoleDetailList, d)
		return nil
	}}
}

// policyDetails gathers managed policies: the account's own, and those of AWS
// that are in use.
func policyDetails(tx *store.Tx, account string, own, aws bool) ([]detail, error) {
	used, err := usages(tx, account)
	if err != nil {
		return nil, err
	}
	policies, err := policiesOf(tx, account, api.PolicyScopeTypeAll)
	if err != nil {
		return nil, err
	}
	var all []detail
	for i := range policies {
		p := &policies[i]
		u := used[p.ARN()]
		if p.AWS && aws && u != (usage{}) || !p.AWS && own {
			all = append(all, policyDetail(p, u))
		}
	}
	return all, nil
}

func policyDetail(p *identity.Policy, u usage) detail {
	return detail{"4 " + policyOrder(p.ARN()), func(_ *store.Tx, out *api.GetAccountAuthorizationDetailsOutput) error {
		o := policyOutput(p, u)
		d := &api.ManagedPolicyDetail{
			PolicyName: o.PolicyName, PolicyId: o.PolicyId, Arn: o.Arn, Path: o.Path, DefaultVersionId: o.DefaultVersionId,
			AttachmentCount: o.AttachmentCount, PermissionsBoundaryUsageCount: o.PermissionsBoundaryUsageCount,
			IsAttachable: o.IsAttachable, Description: o.Description, CreateDate: o.CreateDate, UpdateDate: o.UpdateDate,
		}
		for i := range slices.Backward(p.Versions) {
			v := versionOutput(p, &p.Versions[i])
			v.Document = new(encodeDocument(p.Versions[i].Document))
			d.PolicyVersionList = append(d.PolicyVersionList, v)
		}
		out.Policies = append(out.Policies, d)
		return nil
	}}
}

// inlineOutput are inline policies with their documents, in the order of their
// names.
func inlineOutput(g *identity.Grants) []*api.PolicyDetail {
	list := make([]*api.PolicyDetail, 0, len(g.Inline))
	for _, name := range slices.Sorted(maps.Keys(g.Inline)) {
		list = append(list, &api.PolicyDetail{PolicyName: &name, PolicyDocument: new(encodeDocument(g.Inline[name]))})
	}
	return list
}
