package policy

import "context"

// PrincipalKind is what sort of principal makes a request.
type PrincipalKind string

// The kinds of principal.
const (
	Anonymous   PrincipalKind = "Anonymous"
	Root        PrincipalKind = "Root"
	User        PrincipalKind = "User"
	AssumedRole PrincipalKind = "AssumedRole"
	Service     PrincipalKind = "Service"
)

// Principal is who makes a request.
type Principal struct {
	Kind    PrincipalKind
	Account string // 12 digits; "" for an anonymous caller
	ARN     string // ARN of a user, role session or root; the service's name for a service
	ID      string // unique id, for example "AIDA..." or the account of a root user
}

// Request is one question: may Principal perform Action on Resources?
type Request struct {
	Principal Principal
	Action    string              // IAM action, for example "synthetics:CreateCanary"
	Resources []string            // ARNs; empty when the operation names none
	Context   map[string][]string // condition keys in lower case, for example "aws:sourceip"
}

// Effect is the outcome of an evaluation.
type Effect uint8

// The outcomes. The zero value refuses.
const (
	ImplicitDeny Effect = iota // no policy allows it
	ExplicitDeny               // a statement denies it
	Allow
)

// Kind names the sort of policy a refusal comes from, in the words of the
// access-denied message.
type Kind string

// The kinds of policy that can refuse.
const (
	IdentityBased Kind = "identity-based policy"
	ResourceBased Kind = "resource-based policy"
	SessionPolicy Kind = "session policy"
	Boundary      Kind = "permissions boundary"
)

// Decision is an Effect with what led to it.
type Decision struct {
	Effect   Effect
	By       Kind   // the kind of policy that refused; "" reads as IdentityBased
	Resource string // the resource refused, of several; "" for the first
}

// Evaluator answers requests. An error means that no decision could be
// reached; the plane then refuses and reports an internal failure.
type Evaluator interface {
	Evaluate(ctx context.Context, r Request) (Decision, error)
}

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
	case User, AssumedRole:
		if free[r.Action] {
			return Decision{Effect: Allow}, nil
		}
	case Anonymous:
	}
	return Decision{Effect: ImplicitDeny, By: IdentityBased}, nil
}

// Open is the Evaluator of a server without authorization: everybody may do
// everything.
type Open struct{}

var _ Evaluator = Open{}

// Evaluate implements Evaluator. It never returns an error.
func (Open) Evaluate(context.Context, Request) (Decision, error) {
	return Decision{Effect: Allow}, nil
}
