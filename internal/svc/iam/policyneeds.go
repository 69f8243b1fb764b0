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
	keyPolicyARN = "iam:policyarn"           // the policy that is attached or detached
	keyBoundary  = "iam:permissionsboundary" // the boundary that is set, else the one that the principal has
)

// granting tells of the operations on what a principal is granted whose they
// are.
var granting = map[string]holderKind{
	"AttachUserPolicy": userHolder, "AttachGroupPolicy": groupHolder, "AttachRolePolicy": roleHolder,
	"DetachUserPolicy": userHolder, "DetachGroupPolicy": groupHolder, "DetachRolePolicy": roleHolder,
	"ListAttachedUserPolicies": userHolder, "ListAttachedGroupPolicies": groupHolder, "ListAttachedRolePolicies": roleHolder,
	"PutUserPermissionsBoundary": userHolder, "PutRolePermissionsBoundary": roleHolder,
	"DeleteUserPermissionsBoundary": userHolder, "DeleteRolePermissionsBoundary": roleHolder,
	"PutUserPolicy": userHolder, "PutGroupPolicy": groupHolder, "PutRolePolicy": roleHolder,
	"GetUserPolicy": userHolder, "GetGroupPolicy": groupHolder, "GetRolePolicy": roleHolder,
	"DeleteUserPolicy": userHolder, "DeleteGroupPolicy": groupHolder, "DeleteRolePolicy": roleHolder,
	"ListUserPolicies": userHolder, "ListGroupPolicies": groupHolder, "ListRolePolicies": roleHolder,
}

// nameMembers are the members of inputs that name principals.
var nameMembers = map[holderKind]string{userHolder: "UserName", groupHolder: "GroupName", roleHolder: "RoleName"}

// onPolicies tells of the operations on managed policies, and of simulations,
// which member of the input is the ARN that they are on; "" where they are on
// none in particular.
var onPolicies = map[string]string{
	"GetPolicy": "PolicyArn", "DeletePolicy": "PolicyArn", "ListEntitiesForPolicy": "PolicyArn",
	"CreatePolicyVersion": "PolicyArn", "GetPolicyVersion": "PolicyArn", "DeletePolicyVersion": "PolicyArn",
	"SetDefaultPolicyVersion": "PolicyArn", "ListPolicyVersions": "PolicyArn",
	"TagPolicy": "PolicyArn", "UntagPolicy": "PolicyArn", "ListPolicyTags": "PolicyArn",
	"SimulatePrincipalPolicy": "PolicySourceArn", "GetContextKeysForPrincipalPolicy": "PolicySourceArn",
	"ListPoliciesGrantingServiceAccess": "Arn",
	"ListPolicies":                      "", "GetAccountAuthorizationDetails": "", "SimulateCustomPolicy": "",
	"GetContextKeysForCustomPolicy": "",
}

// policyNeeds is what a call on policies has to be allowed; false for other
// calls.
func (s *Service) policyNeeds(call *plane.Call, in any) ([]policy.Need, bool) {
	need := policy.Need{Action: plane.Action(call.Operation)}
	if kind, ok := granting[call.Operation.Name]; ok {
		need.Resources, need.Keys = s.grantingNeed(call, kind, in)
		return []policy.Need{need}, true
	}
	if create, ok := in.(*api.CreatePolicyInput); ok {
		need.Resources = []string{identity.ARN(call.Caller.Account, "policy", pathOf(in, "Path"), create.PolicyName)}
		return append([]policy.Need{need}, tagging("TagPolicy", create.Tags, &need)...), true
	}
	name, ok := onPolicies[call.Operation.Name]
	if ok && name != "" {
		arn, _ := member(in, name)
		need.Resources = []string{arn}
	}
	return []policy.Need{need}, ok
}

// grantingNeed is the principal that a call is on, and its condition keys.
func (s *Service) grantingNeed(call *plane.Call, kind holderKind, in any) (resources []string, keys policy.Keys) {
	name, _ := member(in, nameMembers[kind])
	keys = policy.Keys{}
	if arn, ok := member(in, "PolicyArn"); ok {
		keys[keyPolicyARN] = []string{arn}
	}
	arn, has := s.bearer(call, kind, name)
	if asked, ok := member(in, "PermissionsBoundary"); ok {
		has = asked
	}
	if has != "" {
		keys[keyBoundary] = []string{has}
	}
	return []string{arn}, keys
}

// bearer is the ARN of a principal by its name, and its boundary. One that is not
// there is named as if it had no path.
func (s *Service) bearer(call *plane.Call, kind holderKind, name string) (arn, boundary string) {
	arn = identity.ARN(call.Caller.Account, string(kind), "/", name)
	err := s.DB.View(context.Background(), func(tx *store.Tx) error {
		h, err := s.findHolder(tx, call.Caller.Account, kind, name)
		if err == nil {
			arn, boundary = h.arn(), h.grants.Boundary
		}
		return ignoreMissing(err)
	})
	if err != nil {
		s.Logger.Error("cannot look up whose policies a call is on", "operation", call.Operation.Name, "error", err)
		arn = "*" // which a policy for certain resources does not allow
	}
	return arn, boundary
}

// ignoreMissing drops the answer that something is not there.
func ignoreMissing(err error) error {
	if noSuchEntity(err) {
		return nil
	}
	return err
}
