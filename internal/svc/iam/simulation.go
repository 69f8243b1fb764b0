package iam

import (
	"fmt"
	"slices"
	"strings"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
)

// question is what both operations ask.
type question struct {
	policies, boundaries []string
	actions, resources   []string
	resourcePolicy       *string
	owner, caller        *string
	context              []*api.ContextEntry
	handling             *string
}

// simulation answers a question: for each action, on each resource, what the
// policies decide, and which statements had a part in it. It asks the same
// evaluator as calls do.
type simulation struct {
	principal policy.Principal
	identity  []*trial
	boundary  []*trial
	resource  *trial // nil for none
	actions   []string
	resources []string // nil for everything
	owner     string   // account that owns resources whose ARNs name none
	keys      policy.Keys
	spelling  map[string]string // condition keys as policies spell them, by their lower case
}

func newSimulation(call *plane.Call, q *question) (*simulation, error) {
	sim := &simulation{
		principal: policy.Principal{Kind: policy.User, Account: call.Caller.Account},
		actions:   q.actions, resources: q.resources, owner: call.Caller.Account, spelling: make(map[string]string),
	}
	if err := sim.checkNames(q); err != nil {
		return nil, err
	}
	var err error
	if sim.keys, err = contextKeys(q.context); err != nil {
		return nil, err
	}
	if sim.identity, err = given("PolicyInputList", sourceIdentity, q.policies); err != nil {
		return nil, err
	}
	if sim.boundary, err = given("PermissionsBoundaryPolicyInputList", sourceBoundary, q.boundaries); err != nil {
		return nil, err
	}
	if q.resourcePolicy != nil {
		if sim.resource, err = newTrial("ResourcePolicy", sourceResource, *q.resourcePolicy); err != nil {
			return nil, badInput("ResourcePolicy: %s", err)
		}
	}
	return sim, nil
}

// given parses policies of the input.
func given(list string, kind api.PolicySourceType, texts []string) ([]*trial, error) {
	var trials []*trial
	for i, text := range texts {
		id := fmt.Sprintf("%s.%d", list, i+1)
		t, err := newTrial(id, kind, text)
		if err != nil {
			return nil, badInput("%s: %s", id, err)
		}
		trials = append(trials, t)
	}
	return trials, nil
}

// checkNames refuses actions, resources and owners that name nothing.
func (sim *simulation) checkNames(q *question) error {
	for _, action := range q.actions {
		service, name, ok := strings.Cut(action, ":")
		if !ok || service == "" || name == "" || strings.ContainsAny(action, "*?") {
			return badInput("Invalid Action Name: %s. Actions need a service prefix and no wildcards.", action)
		}
	}
	for _, arn := range q.resources {
		if arn != "*" && strings.Count(arn, ":") < 5 {
			return badInput("Invalid Resource ARN: %s", arn)
		}
	}
	if q.owner != nil {
		account, kind, _, ok := identity.SplitARN(*q.owner)
		if !ok || kind != "root" {
			return badInput("Invalid ResourceOwner: %s. It must be the ARN of an account, arn:aws:iam::account:root.", *q.owner)
		}
		sim.owner = account
	}
	return checkHandling(q.handling, q.resources)
}

// page evaluates the actions of one page.
func (sim *simulation) page(l *listing) ([]*api.EvaluationResult, *bool, *string, error) {
	sim.learnSpelling()
	numbers := make([]int, len(sim.actions))
	for i := range numbers {
		numbers[i] = i
	}
	numbers, truncated, marker, err := cut(l, numbers, func(i int) string { return fmt.Sprintf("%06d", i) })
	if err != nil {
		return nil, nil, nil, err
	}
	results := make([]*api.EvaluationResult, 0, len(numbers))
	for _, i := range numbers {
		results = append(results, sim.evaluate(sim.actions[i]))
	}
	return results, truncated, marker, nil
}

// outcome is what was found for an action on one resource.
type outcome struct {
	resource string
	decision api.PolicyEvaluationDecisionType
	matched  []*api.Statement
	missing  []string
	details  map[string]api.PolicyEvaluationDecisionType
	boundary *api.PermissionsBoundaryDecisionDetail
}

// evaluate answers for one action. With several resources the result is that of
// all together: allowed if each is, denied explicitly if one is.
func (sim *simulation) evaluate(action string) *api.EvaluationResult {
	if len(sim.resources) == 0 {
		return sim.one(action, "*").result(action)
	}
	outcomes := make([]outcome, len(sim.resources))
	for i, arn := range sim.resources {
		outcomes[i] = sim.one(action, arn)
	}
	result := together(outcomes).result(action)
	for _, o := range outcomes {
		result.ResourceSpecificResults = append(result.ResourceSpecificResults, &api.ResourceSpecificResult{
			EvalResourceName: o.resource, EvalResourceDecision: o.decision, MatchedStatements: o.matched,
			MissingContextValues: o.missing, EvalDecisionDetails: o.details, PermissionsBoundaryDecisionDetail: o.boundary,
		})
	}
	return result
}

func (o outcome) result(action string) *api.EvaluationResult {
	return &api.EvaluationResult{
		EvalActionName: action, EvalResourceName: &o.resource, EvalDecision: o.decision, MatchedStatements: o.matched,
		MissingContextValues: o.missing, EvalDecisionDetails: o.details, PermissionsBoundaryDecisionDetail: o.boundary,
	}
}

// together sums up the outcomes of the resources that were asked for. What was
// missing, and with several of them which statements matched, is told with
// each resource alone.
func together(outcomes []outcome) outcome {
	sum := outcomes[0]
	sum.missing = []string{}
	if len(outcomes) == 1 {
		return sum
	}
	sum.resource, sum.matched, sum.details = "*", []*api.Statement{}, nil
	for _, o := range outcomes[1:] {
		if severity(o.decision) > severity(sum.decision) {
			sum.decision = o.decision
		}
		if o.boundary != nil && !*o.boundary.AllowedByPermissionsBoundary {
			sum.boundary = o.boundary
		}
	}
	return sum
}

func severity(d api.PolicyEvaluationDecisionType) int {
	return slices.Index([]api.PolicyEvaluationDecisionType{
		api.PolicyEvaluationDecisionTypeAllowed, api.PolicyEvaluationDecisionTypeImplicitDeny, api.PolicyEvaluationDecisionTypeExplicitDeny,
	}, d)
}

// decisionOf is an effect in the words of the simulator.
func decisionOf(e policy.Effect) api.PolicyEvaluationDecisionType {
	switch e {
	case policy.Allow:
		return api.PolicyEvaluationDecisionTypeAllowed
	case policy.ExplicitDeny:
		return api.PolicyEvaluationDecisionTypeExplicitDeny
	}
	return api.PolicyEvaluationDecisionTypeImplicitDeny
}
