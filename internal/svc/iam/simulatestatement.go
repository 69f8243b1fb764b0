package iam

import (
	"slices"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/policy"
)

// one answers for an action on one resource.
func (sim *simulation) one(action, arn string) outcome {
	r := sim.request(action, arn)
	d := policy.Decide(r, &policy.Policies{
		Identity: wholes(sim.identity), Bounded: len(sim.boundary) > 0, Boundary: wholes(sim.boundary),
	})
	o := outcome{resource: arn, decision: decisionOf(d.Effect), missing: sim.spelled(d.Missing), matched: sim.matched(r, d.Effect)}
	if len(sim.boundary) > 0 {
		bound := sim.ask(r, &policy.Policies{Identity: wholes(sim.boundary)}, nil)
		o.boundary = &api.PermissionsBoundaryDecisionDetail{AllowedByPermissionsBoundary: new(bound == policy.Allow)}
	}
	if arn != "*" {
		o.details = sim.details(r)
	}
	return o
}

// request is the question as the evaluator takes it. The context that was given
// goes before what is known of the caller.
func (sim *simulation) request(action, arn string) *policy.Request {
	res := policy.Resource{ARN: arn, Keys: sim.keys}
	switch {
	case arn == "*":
		res.Account = sim.principal.Account
	case resourceAccount(arn) == "":
		res.Account = sim.owner
	}
	if sim.resource != nil {
		res.Policies = []*policy.Document{sim.resource.whole}
	}
	return &policy.Request{Principal: sim.principal, Action: action, Resources: []policy.Resource{res}}
}

// ask decides by other policies what the caller asks, within one account.
func (sim *simulation) ask(r *policy.Request, own *policy.Policies, resource []*policy.Document) policy.Effect {
	alone := *r
	res := r.Resources[0]
	res.Policies, res.Required = resource, resource != nil
	res.Account = sim.principal.Account
	alone.Resources = []policy.Resource{res}
	return policy.Decide(&alone, own).Effect
}

// matched are the statements that determine a decision: all that allow, or all
// that deny. What nothing allows is determined by none.
func (sim *simulation) matched(r *policy.Request, effect policy.Effect) []*api.Statement {
	list := []*api.Statement{}
	if effect == policy.ImplicitDeny {
		return list
	}
	denied := effect == policy.ExplicitDeny
	for _, t := range sim.trials(denied) {
		for i := range t.parts {
			p := &t.parts[i]
			if p.denies == denied && sim.applies(r, t, p) == effect {
				list = append(list, t.statement(p))
			}
		}
	}
	return list
}

// trials are the policies that can allow, or those that can deny: a boundary
// allows nothing.
func (sim *simulation) trials(deny bool) []*trial {
	all := slices.Clone(sim.identity)
	if sim.resource != nil {
		all = append(all, sim.resource)
	}
	if deny {
		all = append(all, sim.boundary...)
	}
	return all
}

// applies is what one statement alone decides.
func (sim *simulation) applies(r *policy.Request, t *trial, p *part) policy.Effect {
	if t.kind == sourceResource {
		return sim.ask(r, &policy.Policies{Identity: []*policy.Document{everything()}}, []*policy.Document{p.doc})
	}
	return sim.ask(r, &policy.Policies{Identity: []*policy.Document{p.doc}}, nil)
}

// details tell of a request between accounts what either side decides. Within
// one account there are none.
func (sim *simulation) details(r *policy.Request) map[string]api.PolicyEvaluationDecisionType {
	details := map[string]api.PolicyEvaluationDecisionType{}
	owner := r.Resources[0].Account
	if owner == "" {
		owner = resourceAccount(r.Resources[0].ARN)
	}
	if owner == sim.principal.Account {
		return details
	}
	details[string(sourceIdentity)] = decisionOf(sim.ask(r, &policy.Policies{Identity: wholes(sim.identity)}, nil))
	resource := policy.ImplicitDeny
	if sim.resource != nil {
		resource = sim.ask(r, &policy.Policies{Identity: []*policy.Document{everything()}}, []*policy.Document{sim.resource.whole})
	}
	details[string(sourceResource)] = decisionOf(resource)
	return details
}
