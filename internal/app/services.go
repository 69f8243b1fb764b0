package app

import (
	"context"

	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/svc/sts"

	stsapi "nephele.dev/nephele/internal/api/sts"
)

// service is one AWS service as the app needs it. Only api and handlers must
// be there.
type service struct {
	api       *shape.Service
	handlers  map[string]shape.Handler
	resources func(*plane.Call, any) []string // ARNs that a call concerns, for authorization
	flows     func(*engine.Engine)            // registers the service's flows
	reset     func()                          // drops what the service holds in memory
	close     func(context.Context) error     // ends what the service runs in the background
}

// buildServices is where every service is made: one entry each, in the order
// in which they are registered. They call each other through the plane, so
// the order does not matter.
func (a *App) buildServices() ([]service, error) {
	return []service{
		{api: stsapi.Service(), handlers: sts.New().Handlers()},
	}, nil
}
