package iam

import (
	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/shape"
)

// policyHandlers are the operations on policies.
func (s *Service) policyHandlers() map[string]shape.Handler {
	return api.Handlers{}.Table()
}

// policyNeeds is what a call on policies has to be allowed; false for other
// calls.
func (s *Service) policyNeeds(call *plane.Call, in any) ([]policy.Need, bool) {
	return nil, false
}
