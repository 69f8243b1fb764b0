package iam

import (
	"context"
	"slices"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

// SimulateCustomPolicy tells what policies that are given would decide.
func (s *Service) SimulateCustomPolicy(ctx context.Context, in *api.SimulateCustomPolicyInput) (*api.SimulateCustomPolicyOutput, error) {
	call := plane.FromContext(ctx)
	sim, err := newSimulation(call, &question{
		policies: in.PolicyInputList, boundaries: in.PermissionsBoundaryPolicyInputList, actions: in.ActionNames,
		resources: in.ResourceArns, resourcePolicy: in.ResourcePolicy, owner: in.ResourceOwner, caller: in.CallerArn,
		context: in.ContextEntries, handling: in.ResourceHandlingOption,
	})
	if err != nil {
		return nil, err
	}
	if err := sim.setCaller(valueOf(in.CallerArn)); err != nil {
		return nil, err
	}
	l, err := s.listing(call, in.Marker, in.MaxItems, in.PolicyInputList, in.ActionNames, in.ResourceArns)
	if err != nil {
		return nil, err
	}
	results, truncated, marker, err := sim.page(l)
	return &api.SimulateCustomPolicyOutput{EvaluationResults: results, IsTruncated: truncated, Marker: marker}, err
}

// SimulatePrincipalPolicy tells what the policies of a user, group or role
// would decide, together with more that are given.
func (s *Service) SimulatePrincipalPolicy(ctx context.Context, in *api.SimulatePrincipalPolicyInput) (*api.SimulatePrincipalPolicyOutput, error) {
	call := plane.FromContext(ctx)
	sim, err := newSimulation(call, &question{
		policies: in.PolicyInputList, boundaries: in.PermissionsBoundaryPolicyInputList, actions: in.ActionNames,
		resources: in.ResourceArns, resourcePolicy: in.ResourcePolicy, owner: in.ResourceOwner, caller: in.CallerArn,
		context: in.ContextEntries, handling: in.ResourceHandlingOption,
	})
	if err != nil {
		return nil, err
	}
	var source *principalPolicies
	err = s.view(ctx, func(tx *store.Tx, account string) (err error) {
		source, err = s.principalPolicies(tx, account, in.PolicySourceArn)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := sim.setPrincipal(source, in.PolicySourceArn, in.CallerArn); err != nil {
		return nil, err
	}
	l, err := s.listing(call, in.Marker, in.MaxItems, in.PolicySourceArn, in.PolicyInputList, in.ActionNames, in.ResourceArns)
	if err != nil {
		return nil, err
	}
	results, truncated, marker, err := sim.page(l)
	return &api.SimulatePrincipalPolicyOutput{EvaluationResults: results, IsTruncated: truncated, Marker: marker}, err
}

// setPrincipal simulates for a principal: its policies come before those that
// are given, and given boundaries stand for its own.
func (sim *simulation) setPrincipal(p *principalPolicies, arn string, callerARN *string) error {
	sim.own.Identity = slices.Concat(p.documents(), sim.own.Identity)
	if p.boundary != nil && !sim.own.Bounded {
		sim.own.Bounded, sim.own.Boundary = true, []*policy.Document{p.boundary}
	}
	e := p.holder.entity
	if callerARN != nil && *callerARN != arn {
		return sim.setCaller(*callerARN)
	}
	switch p.holder.kind {
	case userHolder:
		sim.principal = policy.Principal{Kind: policy.User, Account: e.Account, ARN: arn, ID: e.ID, Tags: e.Tags}
	case roleHolder:
		sim.principal = policy.Principal{
			Kind: policy.AssumedRole, Account: e.Account, ID: e.ID, Tags: e.Tags,
			Session: &policy.Session{Role: arn, RoleID: e.ID},
		}
	case groupHolder:
		sim.principal.Account = e.Account
	}
	return sim.callerKnown(p.holder.kind == userHolder)
}

// setCaller simulates for a user that is named by its ARN, or for nobody in
// particular.
func (sim *simulation) setCaller(arn string) error {
	if arn == "" {
		return sim.callerKnown(false)
	}
	account, kind, _, ok := identity.SplitARN(arn)
	if !ok || kind != string(userHolder) {
		return badInput("Invalid caller ARN: %s. Only the ARN of an IAM user can be given.", arn)
	}
	sim.principal = policy.Principal{Kind: policy.User, Account: account, ARN: arn}
	return nil
}

// callerKnown demands a caller where a resource's policy needs one.
func (sim *simulation) callerKnown(known bool) error {
	if sim.resource != nil && !known {
		return badInput("CallerArn is required when a ResourcePolicy is given and the source of the policies is not a user.")
	}
	return nil
}

func noEntity(arn string) *awserr.Error {
	return api.NewNoSuchEntityException("The entity with ARN %s cannot be found.", arn)
}

func badInput(format string, args ...any) *awserr.Error {
	return api.NewInvalidInputException(format, args...)
}
