package iam

import (
	"context"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

// The condition keys of IAM that concern policies (Service Authorization
// Reference, "Condition keys for AWS Identity and Access Management").
const (
	keyPolicyARN = "iam:policyarn"
	keyBoundary  = "iam:permissionsboundary"
)

// policyNeeds is what a call on policies has to be allowed; false for other
// calls.
func (s *Service) policyNeeds(call *plane.Call, in any) ([]policy.Need, bool) {
	need := policy.Need{Action: plane.Action(call.Operation)}
	if t, ok := grantTarget(in); ok {
		h := s.target(call, t)
		need.Resources, need.Keys = []string{h.arn()}, policy.Keys{}
		if t.policy != "" {
			need.Keys[keyPolicyARN] = []string{t.policy}
		}
		switch {
		case t.boundary != "":
			need.Keys[keyBoundary] = []string{t.boundary}
		case h.grants.Boundary != "":
			need.Keys[keyBoundary] = []string{h.grants.Boundary}
		}
		return []policy.Need{need}, true
	}
	arn, ok := policyResource(call, in)
	if ok && arn != "" {
		need.Resources = []string{arn}
	}
	return []policy.Need{need}, ok
}

// target is a principal whose policies a call concerns.
type target struct {
	kind     holderKind
	name     string
	policy   string // ARN of the policy that is attached or detached
	boundary string // ARN of the boundary that is set
}

// target finds the principal, whose ARN has its path. One that is not there is
// named as if it had none.
func (s *Service) target(call *plane.Call, t target) *holder {
	h := &holder{
		kind:   t.kind,
		entity: &identity.Entity{Account: call.Caller.Account, Name: t.name, Path: "/"},
		grants: &identity.Grants{},
	}
	_ = s.DB.View(context.Background(), func(tx *store.Tx) error { // without it the call fails by itself
		found, err := s.findHolder(tx, call.Caller.Account, t.kind, t.name)
		if err == nil {
			h = found
		}
		return err
	})
	return h
}

// grantTarget is the principal that a call on inline and attached policies and
// boundaries concerns.
func grantTarget(in any) (target, bool) {
	switch in := in.(type) {
	case *api.AttachUserPolicyInput:
		return target{kind: userHolder, name: in.UserName, policy: in.PolicyArn}, true
	case *api.AttachGroupPolicyInput:
		return target{kind: groupHolder, name: in.GroupName, policy: in.PolicyArn}, true
	case *api.AttachRolePolicyInput:
		return target{kind: roleHolder, name: in.RoleName, policy: in.PolicyArn}, true
	case *api.DetachUserPolicyInput:
		return target{kind: userHolder, name: in.UserName, policy: in.PolicyArn}, true
	case *api.DetachGroupPolicyInput:
		return target{kind: groupHolder, name: in.GroupName, policy: in.PolicyArn}, true
	case *api.DetachRolePolicyInput:
		return target{kind: roleHolder, name: in.RoleName, policy: in.PolicyArn}, true
	case *api.PutUserPermissionsBoundaryInput:
		return target{kind: userHolder, name: in.UserName, boundary: in.PermissionsBoundary}, true
	case *api.PutRolePermissionsBoundaryInput:
		return target{kind: roleHolder, name: in.RoleName, boundary: in.PermissionsBoundary}, true
	case *api.DeleteUserPermissionsBoundaryInput:
		return target{kind: userHolder, name: in.UserName}, true
	case *api.DeleteRolePermissionsBoundaryInput:
		return target{kind: roleHolder, name: in.RoleName}, true
	case *api.ListAttachedUserPoliciesInput:
		return target{kind: userHolder, name: in.UserName}, true
	case *api.ListAttachedGroupPoliciesInput:
		return target{kind: groupHolder, name: in.GroupName}, true
	case *api.ListAttachedRolePoliciesInput:
		return target{kind: roleHolder, name: in.RoleName}, true
	}
	return inlineTarget(in)
}

// inlineTarget is the principal that a call on inline policies concerns.
func inlineTarget(in any) (target, bool) {
	switch in := in.(type) {
	case *api.PutUserPolicyInput:
		return target{kind: userHolder, name: in.UserName}, true
	case *api.PutGroupPolicyInput:
		return target{kind: groupHolder, name: in.GroupName}, true
	case *api.PutRolePolicyInput:
		return target{kind: roleHolder, name: in.RoleName}, true
	case *api.GetUserPolicyInput:
		return target{kind: userHolder, name: in.UserName}, true
	case *api.GetGroupPolicyInput:
		return target{kind: groupHolder, name: in.GroupName}, true
	case *api.GetRolePolicyInput:
		return target{kind: roleHolder, name: in.RoleName}, true
	case *api.DeleteUserPolicyInput:
		return target{kind: userHolder, name: in.UserName}, true
	case *api.DeleteGroupPolicyInput:
		return target{kind: groupHolder, name: in.GroupName}, true
	case *api.DeleteRolePolicyInput:
		return target{kind: roleHolder, name: in.RoleName}, true
	case *api.ListUserPoliciesInput:
		return target{kind: userHolder, name: in.UserName}, true
	case *api.ListGroupPoliciesInput:
		return target{kind: groupHolder, name: in.GroupName}, true
	case *api.ListRolePoliciesInput:
		return target{kind: roleHolder, name: in.RoleName}, true
	}
	return target{}, false
}

// policyResource is the ARN that a call on managed policies, or a simulation,
// concerns; "" when it concerns none in particular.
func policyResource(call *plane.Call, in any) (string, bool) {
	switch in := in.(type) {
	case *api.CreatePolicyInput:
		path := valueOf(in.Path)
		if path == "" {
			path = "/"
		}
		return identity.ARN(call.Caller.Account, "policy", path, in.PolicyName), true
	case *api.GetPolicyInput:
		return in.PolicyArn, true
	case *api.DeletePolicyInput:
		return in.PolicyArn, true
	case *api.CreatePolicyVersionInput:
		return in.PolicyArn, true
	case *api.GetPolicyVersionInput:
		return in.PolicyArn, true
	case *api.DeletePolicyVersionInput:
		return in.PolicyArn, true
	case *api.SetDefaultPolicyVersionInput:
		return in.PolicyArn, true
	case *api.ListPolicyVersionsInput:
		return in.PolicyArn, true
	case *api.ListEntitiesForPolicyInput:
		return in.PolicyArn, true
	case *api.TagPolicyInput:
		return in.PolicyArn, true
	case *api.UntagPolicyInput:
		return in.PolicyArn, true
	case *api.ListPolicyTagsInput:
		return in.PolicyArn, true
	case *api.SimulatePrincipalPolicyInput:
		return in.PolicySourceArn, true
	case *api.GetContextKeysForPrincipalPolicyInput:
		return in.PolicySourceArn, true
	case *api.ListPoliciesGrantingServiceAccessInput:
		return in.Arn, true
	case *api.ListPoliciesInput, *api.GetAccountAuthorizationDetailsInput, *api.SimulateCustomPolicyInput,
		*api.GetContextKeysForCustomPolicyInput:
		return "", true
	}
	return "", false
}
