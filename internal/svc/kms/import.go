package kms

import (
	"context"

	"nephele.dev/nephele/internal/engine"
)

func (s *Service) expire(ctx context.Context, w *engine.Work) (engine.Next, error) {
	return engine.Done(), nil
}
