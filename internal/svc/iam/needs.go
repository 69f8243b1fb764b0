package iam

import (
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
)

// Needs is what a call has to be allowed.
func (s *Service) Needs(call *plane.Call, in any) []policy.Need {
	if needs, ok := s.policyNeeds(call, in); ok {
		return needs
	}
	return []policy.Need{{Action: plane.Action(call.Operation)}}
}
