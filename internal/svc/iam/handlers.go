package iam

import (
	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/shape"
)

// principalHandlers are the operations on principals and their credentials.
func (s *Service) principalHandlers() map[string]shape.Handler {
	return api.Handlers{}.Table()
}
