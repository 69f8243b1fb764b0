package iam

import (
	"slices"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/policy"
)

// The types of policy that a simulation's matched statements name. AWS sends
// these words, not those of its model's enumeration.
const (
	sourceIdentity api.PolicySourceType = "IAM Policy"
	sourceBoundary api.PolicySourceType = "IAM Permissions Boundary Policy"
	sourceResource api.PolicySourceType = "Resource Policy"
)

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
	r := sim.request(action)
	var outcomes []outcome
	for _, found := range policy.Simulate(r, &sim.own) {
		outcomes = append(outcomes, sim.outcome(&found))
	}
	if len(sim.resources) == 0 {
		return outcomes[0].result(action)
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

// request is the question as the evaluator takes it. The context that was given
// goes before what is known of the caller.
func (sim *simulation) request(action string) *policy.Request {
	r := &policy.Request{Principal: sim.principal, Action: action}
	names := sim.resources
	if len(names) == 0 {
		names = []string{"*"}
	}
	for _, name := range names {
		res := policy.Resource{ARN: name, Keys: sim.keys}
		if a, err := arn.Parse(name); err == nil && a.Account == "" {
			res.Account = sim.owner
		}
		if sim.resource != nil {
			res.Policies = []*policy.Document{sim.resource}
		}
		r.Resources = append(r.Resources, res)
	}
	return r
}

func (sim *simulation) outcome(found *policy.Simulation) outcome {
	slices.Sort(found.Missing)
	o := outcome{
		resource: found.Resource, decision: decisionOf(found.Effect), matched: sim.matched(found), missing: found.Missing,
	}
	if o.missing == nil {
		o.missing = []string{}
	}
	if found.Bounded {
		o.boundary = &api.PermissionsBoundaryDecisionDetail{AllowedByPermissionsBoundary: new(found.ByBoundary == policy.Allow)}
	}
	if found.Resource != "*" {
		o.details = details(found)
	}
	return o
}

// matched are the statements that determine a decision: all that deny, or all
// that allow but for those of a boundary, which allows nothing. What nothing
// allows is determined by none.
func (sim *simulation) matched(found *policy.Simulation) []*api.Statement {
	list := []*api.Statement{}
	for _, m := range found.Matched {
		kind := sim.kind(m.Document)
		if found.Effect == policy.Allow && kind == sourceBoundary {
			continue
		}
		start, end := m.Document.Span(m.Statement)
		list = append(list, &api.Statement{
			SourcePolicyId: &m.Document.Name, SourcePolicyType: &kind, StartPosition: position(start), EndPosition: position(end),
		})
	}
	return list
}

func position(p policy.Position) *api.Position {
	return &api.Position{Line: new(int32(p.Line)), Column: new(int32(p.Column))}
}

// kind is where a policy of the simulation comes from.
func (sim *simulation) kind(doc *policy.Document) api.PolicySourceType {
	switch {
	case doc == sim.resource:
		return sourceResource
	case slices.Contains(sim.own.Boundary, doc):
		return sourceBoundary
	}
	return sourceIdentity
}

// details tell of a request between accounts what either side decides. Within
// one account there are none.
func details(found *policy.Simulation) map[string]api.PolicyEvaluationDecisionType {
	if !found.Across {
		return map[string]api.PolicyEvaluationDecisionType{}
	}
	return map[string]api.PolicyEvaluationDecisionType{
		string(sourceIdentity): decisionOf(found.ByIdentity), string(sourceResource): decisionOf(found.ByResource),
	}
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
