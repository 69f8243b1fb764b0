package sts

import (
	"context"
	"fmt"
	"time"

	api "nephele.dev/nephele/internal/api/sts"
	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/session"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/webidentity"
)

// Directory knows roles and managed policies.
type Directory interface {
	// Role returns a role and its account; identity.ErrNotFound for none.
	Role(ctx context.Context, arn string) (identity.Role, string, error)
	// Managed returns a managed policy; identity.ErrNotFound for none.
	Managed(ctx context.Context, arn string) (*policy.Document, error)
}

// Verifier believes web identity tokens, or says why not: a *webidentity.Error
// is the caller's, others are faults of ours.
type Verifier interface {
	Verify(ctx context.Context, account, token string) (webidentity.Token, error)
}

var (
	_ Directory = (*identity.Directory)(nil)
	_ Verifier  = (*webidentity.Verifier)(nil)
)

// Deps are what the service works with.
type Deps struct {
	Sessions  *session.Issuer
	Directory Directory
	Verifier  Verifier     // nil: AssumeRoleWithWebIdentity is not implemented
	Plane     *plane.Plane // decides about web identities
	// Decode opens the details of a refusal; nil: DecodeAuthorizationMessage is
	// not implemented. Its error says that the message is not one of ours.
	Decode func(encoded string) (string, error)
	// Open says that calls are not authorized: everybody is the root user, who
	// may then assume roles.
	Open bool
}

// Service answers the operations of STS. It keeps no state.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{d} }

// Handlers are the operations that the service answers.
func (s *Service) Handlers() map[string]shape.Handler {
	h := api.Handlers{
		AssumeRole:         s.AssumeRole,
		GetAccessKeyInfo:   s.GetAccessKeyInfo,
		GetCallerIdentity:  s.GetCallerIdentity,
		GetFederationToken: s.GetFederationToken,
		GetSessionToken:    s.GetSessionToken,
	}
	if s.Verifier != nil {
		h.AssumeRoleWithWebIdentity = s.AssumeRoleWithWebIdentity
	}
	if s.Decode != nil {
		h.DecodeAuthorizationMessage = s.DecodeAuthorizationMessage
	}
	table := h.Table()
	for name, handler := range table {
		table[name] = permitted(handler)
	}
	return table
}

// permitted refuses sessions to which an operation is closed.
func permitted(h shape.Handler) shape.Handler {
	return func(ctx context.Context, in any) (any, error) {
		if call := plane.FromContext(ctx); forbidden(call) {
			return nil, denied("Cannot call %s with session credentials", call.Operation.Name)
		}
		return h(ctx, in)
	}
}

func forbidden(call *plane.Call) bool {
	c := &call.Caller
	return session.Forbids(&policy.Principal{Kind: c.Kind, Session: c.Session}, "sts", call.Operation.Name)
}

// open limits a session by the policies that its opener gives, writes their
// ARNs and texts into its claims, and issues credentials for it. With them comes
// how much room the policies and tags take, as packed has it.
func (s *Service) open(
	ctx context.Context, c *session.Claims, inline *string, managed []*api.PolicyDescriptorType, life time.Duration,
) (*api.Credentials, *int32, error) {
	if err := s.limit(ctx, c, inline, managed); err != nil {
		return nil, nil, err
	}
	size, err := packed(c)
	if err != nil {
		return nil, nil, err
	}
	if c.Kind == policy.FederatedUser {
		c.Limited = true // to nothing, where no policy is given
	}
	cred, err := s.issue(*c, life)
	return cred, size, err
}

// issue makes a session last.
func (s *Service) issue(c session.Claims, life time.Duration) (*api.Credentials, error) {
	cred, err := s.Sessions.Issue(c, life)
	if err != nil {
		return nil, fmt.Errorf("issue session of %s: %w", c.ARN, tooLarge(err))
	}
	return &api.Credentials{
		AccessKeyId: cred.AccessKeyID, SecretAccessKey: string(cred.SecretAccessKey),
		SessionToken: string(cred.SessionToken), Expiration: cred.Expiration,
	}, nil
}
