package policy

import "context"

// free are the actions that every authenticated principal may perform without
// a policy (API reference of STS, GetCallerIdentity).
var free = map[string]bool{"sts:GetCallerIdentity": true}

// Account is the Evaluator of an account without policies: its root user and
// the services that act inside it may do everything, nobody else anything.
type Account struct{}

var _ Evaluator = Account{}

// Evaluate implements Evaluator. It never returns an error.
func (Account) Evaluate(_ context.Context, r Request) (Decision, error) {
	switch r.Principal.Kind {
	case Root, Service:
		return Decision{Effect: Allow}, nil
	case User, AssumedRole, FederatedUser:
		if free[r.Action] {
			return Decision{Effect: Allow}, nil
		}
	case Anonymous, WebIdentity:
	}
	return Decision{Effect: ImplicitDeny, By: IdentityBased}, nil
}
