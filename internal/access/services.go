package access

import (
	"strings"

	"nephele.dev/nephele/internal/policy"
)

// trusted are what AWS services do of themselves for the resources of an
// account, without a role and without a policy that lets them: "service action".
// Everything else a service may do only where a resource-based policy allows it,
// or as the bearer of a role, so that nobody can make a service do what he may
// not do himself: the target of a rule can be any operation of any service.
var trusted = map[string]bool{
	"cloudwatch.amazonaws.com events:PutEvents": true,

	"events.amazonaws.com cloudwatch:PutMetricData": true,

	"logs.amazonaws.com cloudwatch:PutMetricData": true,

	"s3.amazonaws.com events:PutEvents": true,

	"synthetics.amazonaws.com cloudwatch:PutMetricData": true,
	"synthetics.amazonaws.com events:PutEvents":         true,
}

// guard requires a resource-based policy of every resource that a service does
// not reach of itself: by the action, or because the resource is another
// account's.
func guard(r *policy.Request) {
	open := trusted[r.Principal.ARN+" "+r.Action]
	resources := make([]policy.Resource, len(r.Resources))
	copy(resources, r.Resources)
	for i := range resources {
		res := &resources[i]
		res.Guarded = res.Guarded || !open || !ownedBy(res, sourceAccount(r))
	}
	if len(resources) == 0 {
		resources = []policy.Resource{{ARN: "*", Guarded: !open}}
	}
	r.Resources = resources
}

// sourceAccount is the account for whose resource a service acts.
func sourceAccount(r *policy.Request) string {
	if of := r.Keys["aws:sourceaccount"]; len(of) == 1 {
		return of[0]
	}
	return r.Principal.Account
}

// ownedBy reports whether a resource is an account's, or nobody's.
func ownedBy(res *policy.Resource, account string) bool {
	owner := res.Account
	if parts := strings.SplitN(res.ARN, ":", 6); owner == "" && len(parts) == 6 {
		owner = parts[4]
	}
	return owner == "" || owner == account
}
