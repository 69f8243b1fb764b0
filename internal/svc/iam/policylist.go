package iam

import (
	"context"
	"slices"
	"strings"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// ListPolicies lists managed policies: the account's, AWS's, or both.
func (s *Service) ListPolicies(ctx context.Context, in *api.ListPoliciesInput) (*api.ListPoliciesOutput, error) {
	l, err := s.listing(plane.FromContext(ctx), in.Marker, in.MaxItems, in.Scope, in.OnlyAttached, in.PathPrefix, in.PolicyUsageFilter)
	if err != nil {
		return nil, err
	}
	var all []*api.Policy
	err = s.view(ctx, func(tx *store.Tx, account string) error {
		used, err := usages(tx, account)
		if err != nil {
			return err
		}
		policies, err := policiesOf(tx, account, valueOf(in.Scope))
		for i := range policies {
			p := &policies[i]
			u := used[p.ARN()]
			if under(&p.Entity, in.PathPrefix) && u.passes(valueOf(in.OnlyAttached), valueOf(in.PolicyUsageFilter)) {
				out := policyOutput(p, u)
				out.Description, out.Tags = nil, nil // are told by GetPolicy alone
				all = append(all, out)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	list, truncated, marker, err := cut(l, all, func(p *api.Policy) string { return policyOrder(*p.Arn) })
	return &api.ListPoliciesOutput{Policies: list, IsTruncated: truncated, Marker: marker}, err
}

// passes reports whether a policy that is used so is listed.
func (u usage) passes(onlyAttached bool, filter api.PolicyUsageType) bool {
	switch filter {
	case api.PolicyUsageTypePermissionsPolicy:
		return u.attached > 0
	case api.PolicyUsageTypePermissionsBoundary:
		return u.bounding > 0
	}
	return !onlyAttached || u.attached > 0
}

// policiesOf returns the managed policies of a scope, in the order of listings.
func policiesOf(tx *store.Tx, account string, scope api.PolicyScopeType) ([]identity.Policy, error) {
	var all []identity.Policy
	if scope != api.PolicyScopeTypeLocal {
		all = identity.ManagedPolicies()
	}
	if scope != api.PolicyScopeTypeAws {
		own, err := identity.Policies.List(tx, account, "", store.ListOptions{})
		if err != nil {
			return nil, err
		}
		for i := range own {
			all = append(all, own[i].Doc)
		}
	}
	slices.SortFunc(all, func(a, b identity.Policy) int { return strings.Compare(policyOrder(a.ARN()), policyOrder(b.ARN())) })
	return all, nil
}

// ListEntitiesForPolicy lists who has a managed policy: groups, users and
// roles, which share the pages.
func (s *Service) ListEntitiesForPolicy(ctx context.Context, in *api.ListEntitiesForPolicyInput) (*api.ListEntitiesForPolicyOutput, error) {
	l, err := s.listing(plane.FromContext(ctx), in.Marker, in.MaxItems, in.PolicyArn, in.EntityFilter, in.PathPrefix, in.PolicyUsageFilter)
	if err != nil {
		return nil, err
	}
	var having []*holder
	err = s.view(ctx, func(tx *store.Tx, account string) error {
		if _, err := findPolicy(tx, account, in.PolicyArn); err != nil {
			return err
		}
		all, err := holders(tx, account, filteredKinds(in.EntityFilter)...)
		for _, h := range all {
			if under(h.entity, in.PathPrefix) && h.has(in.PolicyArn, valueOf(in.PolicyUsageFilter)) {
				having = append(having, h)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(having, func(a, b *holder) int { return strings.Compare(a.order(), b.order()) })
	list, truncated, marker, err := cut(l, having, (*holder).order)
	out := &api.ListEntitiesForPolicyOutput{
		IsTruncated: truncated, Marker: marker, // lists are there when they are empty
		PolicyUsers: []*api.PolicyUser{}, PolicyGroups: []*api.PolicyGroup{}, PolicyRoles: []*api.PolicyRole{},
	}
	for _, h := range list {
		switch h.kind {
		case userHolder:
			out.PolicyUsers = append(out.PolicyUsers, &api.PolicyUser{UserName: &h.entity.Name, UserId: &h.entity.ID})
		case groupHolder:
			out.PolicyGroups = append(out.PolicyGroups, &api.PolicyGroup{GroupName: &h.entity.Name, GroupId: &h.entity.ID})
		case roleHolder:
			out.PolicyRoles = append(out.PolicyRoles, &api.PolicyRole{RoleName: &h.entity.Name, RoleId: &h.entity.ID})
		}
	}
	return out, err
}

// filteredKinds are the kinds of principals that a filter leaves. The other
// values of the model's enumeration are no principals, and leave none.
func filteredKinds(filter *api.EntityType) []holderKind {
	if filter == nil {
		return everyKind
	}
	switch *filter {
	case api.EntityTypeUser:
		return []holderKind{userHolder}
	case api.EntityTypeGroup:
		return []holderKind{groupHolder}
	case api.EntityTypeRole:
		return []holderKind{roleHolder}
	}
	return nil
}

// has reports whether the principal has a policy, for a use or any.
func (h *holder) has(arn string, use api.PolicyUsageType) bool {
	attached, bounding := slices.Contains(h.grants.Attached, arn), h.grants.Boundary == arn
	switch use {
	case api.PolicyUsageTypePermissionsPolicy:
		return attached
	case api.PolicyUsageTypePermissionsBoundary:
		return bounding
	}
	return attached || bounding
}

// order is where the principal stands in listings of all kinds.
func (h *holder) order() string { return string(h.kind) + "/" + identity.ID(h.entity.Name) }
