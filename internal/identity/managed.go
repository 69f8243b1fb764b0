package identity

import "nephele.dev/nephele/internal/identity/managed"

// ManagedPolicy returns one of AWS's own managed policies.
func ManagedPolicy(arn string) (Policy, bool) {
	p, ok := managed.Lookup(arn)
	if !ok {
		return Policy{}, false
	}
	return ofAWS(&p), true
}

// ManagedPolicies returns AWS's own managed policies, ordered by ARN.
func ManagedPolicies() []Policy {
	all := managed.All()
	policies := make([]Policy, len(all))
	for i := range all {
		policies[i] = ofAWS(&all[i])
	}
	return policies
}

func ofAWS(p *managed.Policy) Policy {
	return Policy{
		Entity:      Entity{Name: p.Name, Path: p.Path, ID: p.ID, Created: p.Created},
		Description: p.Description,
		Updated:     p.Updated,
		Default:     p.Version,
		Versions:    []Version{{ID: p.Version, Document: p.Document, Created: p.Updated}},
		AWS:         true,
	}
}

// Attachable reports whether customers may attach the policy to principals:
// those that AWS keeps for service-linked roles they may not.
func (p *Policy) Attachable() bool { return !p.AWS || p.Path != "/aws-service-role/" }
