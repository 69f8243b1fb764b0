package access

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/session"
)

// Directory is what is known of principals.
type Directory interface {
	// Policies returns the policies of a user or a session; identity.ErrGone when
	// there is no such principal any more.
	Policies(ctx context.Context, p *policy.Principal) (policy.Policies, error)
	// Facts tells what is known of a role.
	Facts(ctx context.Context, arn string) (policy.Resource, error)
	// Role returns a role and its account; identity.ErrNotFound for none.
	Role(ctx context.Context, arn string) (identity.Role, string, error)
}

var _ Directory = (*identity.Directory)(nil)

// Evaluator decides by the policies in a Directory. It implements
// policy.Evaluator.
type Evaluator struct{ directory Directory }

// New returns an Evaluator.
func New(d Directory) *Evaluator { return &Evaluator{d} }

var _ policy.Evaluator = (*Evaluator)(nil)

// Evaluate implements policy.Evaluator. A principal that is gone may do nothing.
func (e *Evaluator) Evaluate(ctx context.Context, r policy.Request) (policy.Decision, error) {
	if service, operation, _ := strings.Cut(r.Action, ":"); session.Forbids(&r.Principal, service, operation) {
		return policy.Decision{By: policy.SessionPolicy}, nil
	}
	if r.Principal.Kind == policy.Service {
		guard(&r)
	}
	var own policy.Policies
	if hasPolicies(&r.Principal) {
		var err error
		own, err = e.directory.Policies(ctx, &r.Principal)
		if errors.Is(err, identity.ErrGone) {
			return policy.Decision{By: policy.IdentityBased}, nil
		}
		if err != nil {
			return policy.Decision{}, fmt.Errorf("policies of %s: %w", r.Principal.ARN, err)
		}
	}
	return policy.Decide(&r, &own), nil
}

// hasPolicies reports whether a principal can have policies of its own.
func hasPolicies(p *policy.Principal) bool {
	switch p.Kind {
	case policy.User, policy.AssumedRole, policy.FederatedUser:
		return true
	case policy.Root, policy.Service, policy.Anonymous, policy.WebIdentity:
	}
	return false
}
