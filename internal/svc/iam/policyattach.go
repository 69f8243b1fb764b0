package iam

import (
	"cmp"
	"context"
	"slices"
	"strings"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/identity/managed"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// AttachUserPolicy attaches a managed policy to a user.
func (s *Service) AttachUserPolicy(ctx context.Context, in *api.AttachUserPolicyInput) (*api.AttachUserPolicyOutput, error) {
	return &api.AttachUserPolicyOutput{}, s.attach(ctx, userHolder, in.UserName, in.PolicyArn)
}

// AttachGroupPolicy attaches a managed policy to a group.
func (s *Service) AttachGroupPolicy(ctx context.Context, in *api.AttachGroupPolicyInput) (*api.AttachGroupPolicyOutput, error) {
	return &api.AttachGroupPolicyOutput{}, s.attach(ctx, groupHolder, in.GroupName, in.PolicyArn)
}

// AttachRolePolicy attaches a managed policy to a role.
func (s *Service) AttachRolePolicy(ctx context.Context, in *api.AttachRolePolicyInput) (*api.AttachRolePolicyOutput, error) {
	return &api.AttachRolePolicyOutput{}, s.attach(ctx, roleHolder, in.RoleName, in.PolicyArn)
}

// DetachUserPolicy takes a managed policy from a user.
func (s *Service) DetachUserPolicy(ctx context.Context, in *api.DetachUserPolicyInput) (*api.DetachUserPolicyOutput, error) {
	return &api.DetachUserPolicyOutput{}, s.detach(ctx, userHolder, in.UserName, in.PolicyArn)
}

// DetachGroupPolicy takes a managed policy from a group.
func (s *Service) DetachGroupPolicy(ctx context.Context, in *api.DetachGroupPolicyInput) (*api.DetachGroupPolicyOutput, error) {
	return &api.DetachGroupPolicyOutput{}, s.detach(ctx, groupHolder, in.GroupName, in.PolicyArn)
}

// DetachRolePolicy takes a managed policy from a role.
func (s *Service) DetachRolePolicy(ctx context.Context, in *api.DetachRolePolicyInput) (*api.DetachRolePolicyOutput, error) {
	return &api.DetachRolePolicyOutput{}, s.detach(ctx, roleHolder, in.RoleName, in.PolicyArn)
}

// ListAttachedUserPolicies lists the managed policies of a user, without those
// of its groups.
func (s *Service) ListAttachedUserPolicies(ctx context.Context, in *api.ListAttachedUserPoliciesInput) (*api.ListAttachedUserPoliciesOutput, error) {
	list, truncated, marker, err := s.listAttached(ctx, userHolder, in.UserName, in.PathPrefix, in.MaxItems, in.Marker)
	return &api.ListAttachedUserPoliciesOutput{AttachedPolicies: list, IsTruncated: truncated, Marker: marker}, err
}

// ListAttachedGroupPolicies lists the managed policies of a group.
func (s *Service) ListAttachedGroupPolicies(ctx context.Context, in *api.ListAttachedGroupPoliciesInput) (*api.ListAttachedGroupPoliciesOutput, error) {
	list, truncated, marker, err := s.listAttached(ctx, groupHolder, in.GroupName, in.PathPrefix, in.MaxItems, in.Marker)
	return &api.ListAttachedGroupPoliciesOutput{AttachedPolicies: list, IsTruncated: truncated, Marker: marker}, err
}

// ListAttachedRolePolicies lists the managed policies of a role.
func (s *Service) ListAttachedRolePolicies(ctx context.Context, in *api.ListAttachedRolePoliciesInput) (*api.ListAttachedRolePoliciesOutput, error) {
	list, truncated, marker, err := s.listAttached(ctx, roleHolder, in.RoleName, in.PathPrefix, in.MaxItems, in.Marker)
	return &api.ListAttachedRolePoliciesOutput{AttachedPolicies: list, IsTruncated: truncated, Marker: marker}, err
}

func (s *Service) attach(ctx context.Context, kind holderKind, name, arn string) error {
	return s.changeHolder(ctx, kind, name, func(tx *store.Tx, h *holder) error {
		if err := attachable(tx, h.entity.Account, arn); err != nil {
			return err
		}
		if slices.Contains(h.grants.Attached, arn) {
			return nil
		}
		if a := allowances[kind]; len(h.grants.Attached) >= a.attached {
			return quota(a.name, a.attached)
		}
		h.grants.Attached = append(h.grants.Attached, arn)
		return nil
	})
}

func (s *Service) detach(ctx context.Context, kind holderKind, name, arn string) error {
	return s.changeHolder(ctx, kind, name, func(_ *store.Tx, h *holder) error {
		if err := checkPolicyARN(arn); err != nil {
			return err
		}
		i := slices.Index(h.grants.Attached, arn)
		if i < 0 {
			return api.NewNoSuchEntityException("Policy %s was not found.", arn)
		}
		h.grants.Attached = slices.Delete(h.grants.Attached, i, i+1)
		return nil
	})
}

func (s *Service) listAttached(ctx context.Context, kind holderKind, name string, prefix *string, maxItems *int32, marker *string) (
	list []*api.AttachedPolicy, truncated *bool, next *string, err error,
) {
	l, err := s.listing(plane.FromContext(ctx), marker, maxItems, identity.ID(name), prefix)
	if err != nil {
		return nil, nil, nil, err
	}
	err = s.view(ctx, func(tx *store.Tx, account string) error {
		h, err := s.findHolder(tx, account, kind, name)
		if err == nil {
			list = attachedPolicies(h.grants, prefix)
		}
		return err
	})
	if err != nil {
		return nil, nil, nil, err
	}
	return cut(l, list, func(p *api.AttachedPolicy) string { return policyOrder(*p.PolicyArn) })
}

// attachedPolicies are a principal's managed policies whose paths start with a
// prefix, in the order of their names.
func attachedPolicies(g *identity.Grants, prefix *string) []*api.AttachedPolicy {
	list := make([]*api.AttachedPolicy, 0, len(g.Attached))
	for _, arn := range g.Attached {
		path, name := policyPath(arn)
		if prefix == nil || strings.HasPrefix(path, *prefix) {
			list = append(list, &api.AttachedPolicy{PolicyName: &name, PolicyArn: &arn})
		}
	}
	slices.SortFunc(list, func(a, b *api.AttachedPolicy) int {
		return cmp.Compare(policyOrder(*a.PolicyArn), policyOrder(*b.PolicyArn))
	})
	return list
}

// policyPath is the path and the name in a policy's ARN.
func policyPath(arn string) (path, name string) {
	_, rest, _ := strings.Cut(arn, ":policy")
	i := strings.LastIndexByte(rest, '/')
	return rest[:i+1], rest[i+1:]
}

// policyOrder is where a policy stands in listings: by its name, and those of
// AWS behind the account's own. It fits into a marker, which an ARN may not.
func policyOrder(arn string) string {
	_, name := policyPath(arn)
	if managed.Is(arn) {
		return name + " aws"
	}
	return name
}
