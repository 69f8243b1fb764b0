package iam

import (
	"context"
	"fmt"
	"maps"
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

// namedPolicy is a policy of a principal.
type namedPolicy struct {
	id   string // as results of simulations name it
	name string
	arn  string  // of a managed policy; "" of an inline one
	of   *holder // who has it: the principal, or a group of the user
	text string
}

// principalPolicies are the policies of a user, group or role.
type principalPolicies struct {
	holder   *holder
	policies []namedPolicy
	boundary *namedPolicy // nil for none
}

// principalPolicies reads the policies of a principal, those of a user's groups
// included.
func (s *Service) principalPolicies(tx *store.Tx, account, arn string) (*principalPolicies, error) {
	owner, kind, name, ok := identity.SplitARN(arn)
	if !ok || !slices.Contains(everyKind, holderKind(kind)) {
		return nil, badInput("Invalid Entity Arn: %s does not clearly define entity type and name.", arn)
	}
	if owner != account {
		return nil, noEntity(arn)
	}
	h, err := s.findHolder(tx, account, holderKind(kind), name)
	if err != nil {
		return nil, err
	}
	if h.arn() != arn {
		return nil, noEntity(arn)
	}
	p := &principalPolicies{holder: h}
	if err := p.add(tx, h); err != nil {
		return nil, err
	}
	for _, group := range h.groups {
		g, err := s.findHolder(tx, account, groupHolder, group)
		if err != nil {
			return nil, err
		}
		if err := p.add(tx, g); err != nil {
			return nil, err
		}
	}
	if h.grants.Boundary != "" {
		text, err := documentOf(tx, account, h.grants.Boundary)
		_, name := policyPath(h.grants.Boundary)
		p.boundary = &namedPolicy{id: name, name: name, arn: h.grants.Boundary, of: h, text: text}
		return p, err
	}
	return p, nil
}

// add adds the policies of a principal: inline ones are known to results as
// "user_name_policy", managed ones by their names.
func (p *principalPolicies) add(tx *store.Tx, h *holder) error {
	for _, name := range slices.Sorted(maps.Keys(h.grants.Inline)) {
		id := fmt.Sprintf("%s_%s_%s", h.kind, h.entity.Name, name)
		p.policies = append(p.policies, namedPolicy{id: id, name: name, of: h, text: h.grants.Inline[name]})
	}
	for _, arn := range h.grants.Attached {
		text, err := documentOf(tx, h.entity.Account, arn)
		if err != nil {
			return err
		}
		_, name := policyPath(arn)
		p.policies = append(p.policies, namedPolicy{id: name, name: name, arn: arn, of: h, text: text})
	}
	return nil
}

// documentOf is the version in force of a managed policy.
func documentOf(tx *store.Tx, account, arn string) (string, error) {
	p, err := findPolicy(tx, account, arn)
	if err != nil {
		return "", fmt.Errorf("read policy %s: %w", arn, err)
	}
	return p.Document(), nil
}

// setPrincipal simulates for a principal: its policies come before those that
// are given, and given boundaries stand for its own.
func (sim *simulation) setPrincipal(p *principalPolicies, arn string, callerARN *string) error {
	given := sim.identity
	sim.identity = nil
	for _, n := range p.policies {
		t, err := newTrial(n.id, sourceIdentity, n.text)
		if err != nil {
			return err
		}
		sim.identity = append(sim.identity, t)
	}
	sim.identity = append(sim.identity, given...)
	if p.boundary != nil && len(sim.boundary) == 0 {
		t, err := newTrial(p.boundary.id, sourceBoundary, p.boundary.text)
		if err != nil {
			return err
		}
		sim.boundary = []*trial{t}
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
