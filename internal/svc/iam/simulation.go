package iam

import (
	"fmt"
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
	own       policy.Policies
	resource  *policy.Document // nil for none
	actions   []string
	resources []string // nil for everything
	owner     string   // account that owns resources whose ARNs name none
	keys      policy.Keys
}

func newSimulation(call *plane.Call, q *question) (*simulation, error) {
	sim := &simulation{
		principal: policy.Principal{Kind: policy.User, Account: call.Caller.Account},
		actions:   q.actions, resources: q.resources, owner: call.Caller.Account,
	}
	if err := sim.checkNames(q); err != nil {
		return nil, err
	}
	var err error
	if sim.keys, err = contextKeys(q.context); err != nil {
		return nil, err
	}
	if sim.own.Identity, err = given("PolicyInputList", q.policies); err != nil {
		return nil, err
	}
	if sim.own.Boundary, err = given("PermissionsBoundaryPolicyInputList", q.boundaries); err != nil {
		return nil, err
	}
	sim.own.Bounded = len(q.boundaries) > 0
	if q.resourcePolicy != nil {
		if sim.resource, err = policy.Parse(*q.resourcePolicy, policy.ResourceUse); err != nil {
			return nil, badInput("ResourcePolicy: %s", err)
		}
		sim.resource.Name = "ResourcePolicy"
	}
	return sim, nil
}

// given parses policies of the input. Results name them "PolicyInputList.1".
func given(list string, texts []string) ([]*policy.Document, error) {
	docs := make([]*policy.Document, len(texts))
	for i, text := range texts {
		name := fmt.Sprintf("%s.%d", list, i+1)
		doc, err := policy.Parse(text, policy.Identity)
		if err != nil {
			return nil, badInput("%s: %s", name, err)
		}
		doc.Name, docs[i] = name, doc
	}
	return docs, nil
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
