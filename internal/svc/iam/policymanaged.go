package iam

import (
	"context"
	"errors"
	"fmt"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/identity/keyid"
	"nephele.dev/nephele/internal/identity/managed"
	"nephele.dev/nephele/internal/store"
)

// Quotas of managed policies (IAM User Guide, "IAM and AWS STS quotas").
const (
	maxPolicySize = 6144 // characters, without white space
	maxPolicies   = 1500 // customer managed policies of an account
	maxVersions   = 5    // of a policy
)

// CreatePolicy makes a managed policy, whose document is its version v1.
func (s *Service) CreatePolicy(ctx context.Context, in *api.CreatePolicyInput) (*api.CreatePolicyOutput, error) {
	if err := checkManaged(in.PolicyDocument); err != nil {
		return nil, err
	}
	tags, err := addTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	out := &api.CreatePolicyOutput{}
	err = s.change(ctx, func(tx *store.Tx, account string) error {
		p := identity.Policy{
			Entity:      newEntity(tx, account, in.PolicyName, in.Path, keyid.Policy, tags),
			Description: valueOf(in.Description), Default: "v1", Next: 2,
		}
		p.Updated = p.Created
		p.Versions = []identity.Version{{ID: p.Default, Document: in.PolicyDocument, Created: p.Created}}
		out.Policy = policyOutput(&p, usage{})
		_, err := identity.Policies.Create(tx, p.Key(), p)
		if errors.Is(err, store.ErrExists) {
			return api.NewEntityAlreadyExistsException("A policy called %s already exists. Duplicate names are not allowed.", in.PolicyName)
		}
		if err != nil {
			return err
		}
		return within(tx, account, identity.Policies, "PoliciesPerAccount", maxPolicies)
	})
	return out, err
}

// GetPolicy describes a managed policy.
func (s *Service) GetPolicy(ctx context.Context, in *api.GetPolicyInput) (*api.GetPolicyOutput, error) {
	var out *api.Policy
	err := s.view(ctx, func(tx *store.Tx, account string) error {
		p, err := findPolicy(tx, account, in.PolicyArn)
		if noSuchEntity(err) {
			return api.NewNoSuchEntityException("Policy %s was not found.", in.PolicyArn)
		}
		if err != nil {
			return err
		}
		used, err := usages(tx, account)
		out = policyOutput(p, used[in.PolicyArn])
		return err
	})
	return &api.GetPolicyOutput{Policy: out}, err
}

// DeletePolicy deletes a policy that nobody has and that has no versions but
// the default one.
func (s *Service) DeletePolicy(ctx context.Context, in *api.DeletePolicyInput) (*api.DeletePolicyOutput, error) {
	err := s.change(ctx, func(tx *store.Tx, account string) error {
		r, err := ownPolicy(tx, account, in.PolicyArn)
		if err != nil {
			return err
		}
		used, err := usages(tx, account)
		if err != nil {
			return err
		}
		if u := used[in.PolicyArn]; u.attached+u.bounding > 0 {
			return api.NewDeleteConflictException("Cannot delete a policy attached to entities.")
		}
		if len(r.Doc.Versions) > 1 {
			return api.NewDeleteConflictException("This policy has more than one version. Before you delete a policy, " +
				"you must delete the policy's versions. The default version is deleted with the policy.")
		}
		return identity.Policies.Delete(tx, r.Key)
	})
	return &api.DeletePolicyOutput{}, err
}

// checkManaged refuses what is no document of a managed policy.
func checkManaged(document string) error {
	if err := checkDocument(document); err != nil {
		return err
	}
	if policySize(document) > maxPolicySize {
		return quota("PolicySize", maxPolicySize)
	}
	return nil
}

// findPolicy returns a managed policy that an account may attach: its own, or
// AWS's.
func findPolicy(tx *store.Tx, account, arn string) (*identity.Policy, error) {
	if err := checkPolicyARN(arn); err != nil {
		return nil, err
	}
	if managed.Is(arn) {
		if p, ok := identity.ManagedPolicy(arn); ok {
			return &p, nil
		}
		return nil, noPolicy(arn)
	}
	r, err := ownPolicy(tx, account, arn)
	return &r.Doc, err
}

// ownPolicy returns a managed policy of an account.
func ownPolicy(tx *store.Tx, account, arn string) (store.Record[identity.Policy], error) {
	var none store.Record[identity.Policy]
	if err := checkPolicyARN(arn); err != nil {
		return none, err
	}
	owner, _, name, _ := identity.SplitARN(arn)
	if owner != account {
		return none, outside()
	}
	r, err := identity.Policies.Get(tx, identity.At(account, name))
	if errors.Is(err, store.ErrNotFound) || err == nil && r.Doc.ARN() != arn {
		return none, noPolicy(arn)
	}
	return r, err
}

// attachable refuses a policy that cannot be given to a principal of an account.
func attachable(tx *store.Tx, account, arn string) error {
	p, err := findPolicy(tx, account, arn)
	if err == nil && !p.Attachable() {
		return api.NewPolicyNotAttachableException("Cannot attach a Service Role Policy to a Customer Role.")
	}
	return err
}

// checkPolicyARN refuses what does not look like the ARN of a managed policy.
func checkPolicyARN(arn string) error {
	if _, kind, _, ok := identity.SplitARN(arn); !ok || kind != "policy" {
		return api.NewInvalidInputException("ARN %s is not valid.", arn)
	}
	return nil
}

// usage is how many principals have a policy.
type usage struct {
	attached int // as a permissions policy
	bounding int // as a boundary
}

// usages counts who has which policy, by ARN. It reads the principals, which
// an account has a few thousand of at most.
func usages(tx *store.Tx, account string) (map[string]usage, error) {
	all, err := holders(tx, account, everyKind...)
	if err != nil {
		return nil, fmt.Errorf("count uses of policies: %w", err)
	}
	used := make(map[string]usage)
	for _, h := range all {
		for _, arn := range h.grants.Attached {
			u := used[arn]
			u.attached++
			used[arn] = u
		}
		if arn := h.grants.Boundary; arn != "" {
			u := used[arn]
			u.bounding++
			used[arn] = u
		}
	}
	return used, nil
}

// policyOutput is a policy as GetPolicy describes it.
func policyOutput(p *identity.Policy, u usage) *api.Policy {
	out := &api.Policy{
		PolicyName: &p.Name, PolicyId: &p.ID, Arn: new(p.ARN()), Path: &p.Path, DefaultVersionId: &p.Default,
		AttachmentCount: new(int32(u.attached)), PermissionsBoundaryUsageCount: new(int32(u.bounding)),
		IsAttachable: new(p.Attachable()), CreateDate: &p.Created, UpdateDate: &p.Updated, Tags: tagList(p.Tags),
	}
	if p.Description != "" {
		out.Description = &p.Description
	}
	return out
}

// valueOf is what p points to, or nothing.
func valueOf[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// noSuchEntity reports whether err is that answer.
func noSuchEntity(err error) bool {
	e := awserr.As(err)
	return e != nil && e.Code == api.ErrNoSuchEntityException
}
