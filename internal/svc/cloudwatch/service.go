package cloudwatch

import (
	"log/slog"
	"sync/atomic"

	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/store"
)

// Deps are what the service stands on. All are required but Logger.
type Deps struct {
	DB     *store.DB
	Engine *engine.Engine
	Pages  *page.Sealer // seals the tokens of listings
	Logger *slog.Logger
}

// Service answers the CloudWatch API.
type Service struct {
	db     *store.DB
	engine *engine.Engine
	pages  *page.Sealer
	log    *slog.Logger

	// keeping is when housekeeping was last known to be scheduled, in
	// microseconds since 1970.
	keeping atomic.Int64
}

// New returns a Service. Call Flows before the engine starts.
func New(d Deps) *Service {
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	return &Service{db: d.DB, engine: d.Engine, pages: d.Pages, log: d.Logger}
}

// Handlers returns the operations that are implemented.
func (s *Service) Handlers() map[string]shape.Handler {
	return api.Handlers{
		GetMetricData:       s.GetMetricData,
		GetMetricStatistics: s.GetMetricStatistics,
		ListMetrics:         s.ListMetrics,
		PutMetricData:       s.PutMetricData,
	}.Table()
}

// Flows registers the service's flows.
func (s *Service) Flows(e *engine.Engine) {
	e.Register(housekeepingKind, housekeepingLane, engine.FlowFunc(s.keepHouse))
}

// Reset forgets what the service holds in memory; the database was emptied.
func (s *Service) Reset() { s.keeping.Store(0) }
