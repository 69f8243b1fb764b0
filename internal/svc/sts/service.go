package sts

import (
	"context"

	api "nephele.dev/nephele/internal/api/sts"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/shape"
)

// Service answers the operations of STS.
type Service struct{}

// New returns the service. It keeps no state.
func New() *Service { return &Service{} }

// Handlers are the operations that the service answers.
func (s *Service) Handlers() map[string]shape.Handler {
	return api.Handlers{GetCallerIdentity: s.GetCallerIdentity}.Table()
}

// GetCallerIdentity tells the account, ARN and unique id behind the
// credentials of the call. For the root user the unique id is the account.
func (s *Service) GetCallerIdentity(ctx context.Context, _ *api.GetCallerIdentityInput) (*api.GetCallerIdentityOutput, error) {
	c := plane.FromContext(ctx).Caller
	return &api.GetCallerIdentityOutput{Account: &c.Account, Arn: &c.ARN, UserId: &c.ID}, nil
}
