package iam

import (
	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/shape"
)

// policyHandlers are the operations on policies.
func (s *Service) policyHandlers() map[string]shape.Handler {
	return api.Handlers{
		AttachGroupPolicy:                 s.AttachGroupPolicy,
		AttachRolePolicy:                  s.AttachRolePolicy,
		AttachUserPolicy:                  s.AttachUserPolicy,
		CreatePolicy:                      s.CreatePolicy,
		CreatePolicyVersion:               s.CreatePolicyVersion,
		DeleteGroupPolicy:                 s.DeleteGroupPolicy,
		DeletePolicy:                      s.DeletePolicy,
		DeletePolicyVersion:               s.DeletePolicyVersion,
		DeleteRolePermissionsBoundary:     s.DeleteRolePermissionsBoundary,
		DeleteRolePolicy:                  s.DeleteRolePolicy,
		DeleteUserPermissionsBoundary:     s.DeleteUserPermissionsBoundary,
		DeleteUserPolicy:                  s.DeleteUserPolicy,
		DetachGroupPolicy:                 s.DetachGroupPolicy,
		DetachRolePolicy:                  s.DetachRolePolicy,
		DetachUserPolicy:                  s.DetachUserPolicy,
		GetAccountAuthorizationDetails:    s.GetAccountAuthorizationDetails,
		GetContextKeysForCustomPolicy:     s.GetContextKeysForCustomPolicy,
		GetContextKeysForPrincipalPolicy:  s.GetContextKeysForPrincipalPolicy,
		GetGroupPolicy:                    s.GetGroupPolicy,
		GetPolicy:                         s.GetPolicy,
		GetPolicyVersion:                  s.GetPolicyVersion,
		GetRolePolicy:                     s.GetRolePolicy,
		GetUserPolicy:                     s.GetUserPolicy,
		ListAttachedGroupPolicies:         s.ListAttachedGroupPolicies,
		ListAttachedRolePolicies:          s.ListAttachedRolePolicies,
		ListAttachedUserPolicies:          s.ListAttachedUserPolicies,
		ListEntitiesForPolicy:             s.ListEntitiesForPolicy,
		ListGroupPolicies:                 s.ListGroupPolicies,
		ListPolicies:                      s.ListPolicies,
		ListPoliciesGrantingServiceAccess: s.ListPoliciesGrantingServiceAccess,
		ListPolicyTags:                    s.ListPolicyTags,
		ListPolicyVersions:                s.ListPolicyVersions,
		ListRolePolicies:                  s.ListRolePolicies,
		ListUserPolicies:                  s.ListUserPolicies,
		PutGroupPolicy:                    s.PutGroupPolicy,
		PutRolePermissionsBoundary:        s.PutRolePermissionsBoundary,
		PutRolePolicy:                     s.PutRolePolicy,
		PutUserPermissionsBoundary:        s.PutUserPermissionsBoundary,
		PutUserPolicy:                     s.PutUserPolicy,
		SetDefaultPolicyVersion:           s.SetDefaultPolicyVersion,
		SimulateCustomPolicy:              s.SimulateCustomPolicy,
		SimulatePrincipalPolicy:           s.SimulatePrincipalPolicy,
		TagPolicy:                         s.TagPolicy,
		UntagPolicy:                       s.UntagPolicy,
	}.Table()
}
