package iam

import (
	"context"
	"maps"
	"slices"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

// PutUserPolicy adds an inline policy to a user, or replaces it.
func (s *Service) PutUserPolicy(ctx context.Context, in *api.PutUserPolicyInput) (*api.PutUserPolicyOutput, error) {
	return &api.PutUserPolicyOutput{}, s.putInline(ctx, userHolder, in.UserName, in.PolicyName, in.PolicyDocument)
}

// PutGroupPolicy adds an inline policy to a group, or replaces it.
func (s *Service) PutGroupPolicy(ctx context.Context, in *api.PutGroupPolicyInput) (*api.PutGroupPolicyOutput, error) {
	return &api.PutGroupPolicyOutput{}, s.putInline(ctx, groupHolder, in.GroupName, in.PolicyName, in.PolicyDocument)
}

// PutRolePolicy adds an inline policy to a role, or replaces it.
func (s *Service) PutRolePolicy(ctx context.Context, in *api.PutRolePolicyInput) (*api.PutRolePolicyOutput, error) {
	return &api.PutRolePolicyOutput{}, s.putInline(ctx, roleHolder, in.RoleName, in.PolicyName, in.PolicyDocument)
}

// GetUserPolicy returns an inline policy of a user.
func (s *Service) GetUserPolicy(ctx context.Context, in *api.GetUserPolicyInput) (*api.GetUserPolicyOutput, error) {
	h, text, err := s.getInline(ctx, userHolder, in.UserName, in.PolicyName)
	if err != nil {
		return nil, err
	}
	return &api.GetUserPolicyOutput{UserName: h.entity.Name, PolicyName: in.PolicyName, PolicyDocument: text}, nil
}

// GetGroupPolicy returns an inline policy of a group.
func (s *Service) GetGroupPolicy(ctx context.Context, in *api.GetGroupPolicyInput) (*api.GetGroupPolicyOutput, error) {
	h, text, err := s.getInline(ctx, groupHolder, in.GroupName, in.PolicyName)
	if err != nil {
		return nil, err
	}
	return &api.GetGroupPolicyOutput{GroupName: h.entity.Name, PolicyName: in.PolicyName, PolicyDocument: text}, nil
}

// GetRolePolicy returns an inline policy of a role.
func (s *Service) GetRolePolicy(ctx context.Context, in *api.GetRolePolicyInput) (*api.GetRolePolicyOutput, error) {
	h, text, err := s.getInline(ctx, roleHolder, in.RoleName, in.PolicyName)
	if err != nil {
		return nil, err
	}
	return &api.GetRolePolicyOutput{RoleName: h.entity.Name, PolicyName: in.PolicyName, PolicyDocument: text}, nil
}

// DeleteUserPolicy removes an inline policy from a user.
func (s *Service) DeleteUserPolicy(ctx context.Context, in *api.DeleteUserPolicyInput) (*api.DeleteUserPolicyOutput, error) {
	return &api.DeleteUserPolicyOutput{}, s.deleteInline(ctx, userHolder, in.UserName, in.PolicyName)
}

// DeleteGroupPolicy removes an inline policy from a group.
func (s *Service) DeleteGroupPolicy(ctx context.Context, in *api.DeleteGroupPolicyInput) (*api.DeleteGroupPolicyOutput, error) {
	return &api.DeleteGroupPolicyOutput{}, s.deleteInline(ctx, groupHolder, in.GroupName, in.PolicyName)
}

// DeleteRolePolicy removes an inline policy from a role.
func (s *Service) DeleteRolePolicy(ctx context.Context, in *api.DeleteRolePolicyInput) (*api.DeleteRolePolicyOutput, error) {
	return &api.DeleteRolePolicyOutput{}, s.deleteInline(ctx, roleHolder, in.RoleName, in.PolicyName)
}

// ListUserPolicies lists the names of a user's inline policies.
func (s *Service) ListUserPolicies(ctx context.Context, in *api.ListUserPoliciesInput) (*api.ListUserPoliciesOutput, error) {
	names, truncated, marker, err := s.listInline(ctx, userHolder, in.UserName, in.MaxItems, in.Marker)
	return &api.ListUserPoliciesOutput{PolicyNames: names, IsTruncated: truncated, Marker: marker}, err
}

// ListGroupPolicies lists the names of a group's inline policies.
func (s *Service) ListGroupPolicies(ctx context.Context, in *api.ListGroupPoliciesInput) (*api.ListGroupPoliciesOutput, error) {
	names, truncated, marker, err := s.listInline(ctx, groupHolder, in.GroupName, in.MaxItems, in.Marker)
	return &api.ListGroupPoliciesOutput{PolicyNames: names, IsTruncated: truncated, Marker: marker}, err
}

// ListRolePolicies lists the names of a role's inline policies.
func (s *Service) ListRolePolicies(ctx context.Context, in *api.ListRolePoliciesInput) (*api.ListRolePoliciesOutput, error) {
	names, truncated, marker, err := s.listInline(ctx, roleHolder, in.RoleName, in.MaxItems, in.Marker)
	return &api.ListRolePoliciesOutput{PolicyNames: names, IsTruncated: truncated, Marker: marker}, err
}

func (s *Service) putInline(ctx context.Context, kind holderKind, holderName, name, document string) error {
	if err := checkDocument(document); err != nil {
		return err
	}
	return s.changeHolder(ctx, kind, holderName, func(_ *store.Tx, h *holder) error {
		if h.grants.Inline == nil {
			h.grants.Inline = make(map[string]string, 1)
		}
		h.grants.Inline[name] = document
		if limit := allowances[kind].inline; h.inlineSize() > limit {
			return api.NewLimitExceededException("Maximum policy size of %d bytes exceeded for %s %s", limit, kind, h.entity.Name)
		}
		return nil
	})
}

func (s *Service) getInline(ctx context.Context, kind holderKind, holderName, name string) (h *holder, text string, err error) {
	err = s.view(ctx, func(tx *store.Tx, account string) (err error) {
		h, err = s.findHolder(tx, account, kind, holderName)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	text, ok := h.grants.Inline[name]
	if !ok {
		return nil, "", noInline(kind, name)
	}
	return h, encodeDocument(text), nil
}

func (s *Service) deleteInline(ctx context.Context, kind holderKind, holderName, name string) error {
	return s.changeHolder(ctx, kind, holderName, func(_ *store.Tx, h *holder) error {
		if _, ok := h.grants.Inline[name]; !ok {
			return noInline(kind, name)
		}
		delete(h.grants.Inline, name)
		return nil
	})
}

func (s *Service) listInline(ctx context.Context, kind holderKind, name string, maxItems *int32, marker *string) (
	names []string, truncated *bool, next *string, err error,
) {
	l, err := s.listing(plane.FromContext(ctx), marker, maxItems, identity.ID(name))
	if err != nil {
		return nil, nil, nil, err
	}
	err = s.view(ctx, func(tx *store.Tx, account string) error {
		h, err := s.findHolder(tx, account, kind, name)
		if err == nil {
			names = slices.Sorted(maps.Keys(h.grants.Inline))
		}
		return err
	})
	if err != nil {
		return nil, nil, nil, err
	}
	return cut(l, names, func(name string) string { return name })
}

// noInline is NoSuchEntity: "The user policy with name x cannot be found".
func noInline(kind holderKind, name string) *awserr.Error {
	return notFound(string(kind)+" policy", name)
}

// checkDocument refuses what is no identity-based policy.
func checkDocument(text string) error {
	if _, err := policy.Parse(text, policy.Identity); err != nil {
		return malformed(err)
	}
	return nil
}
