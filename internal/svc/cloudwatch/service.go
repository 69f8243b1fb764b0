package cloudwatch

import (
	"log/slog"
	"sync"
	"sync/atomic"

	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/courier"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/store"
)

// Deps are what the service stands on. All are required but Logger.
type Deps struct {
	DB      *store.DB
	Engine  *engine.Engine
	Courier *courier.Courier // takes the actions of alarms
	Pages   *page.Sealer     // seals the tokens of listings
	Logger  *slog.Logger
}

// Service answers the CloudWatch API.
type Service struct {
	db      *store.DB
	engine  *engine.Engine
	courier *courier.Courier
	pages   *page.Sealer
	log     *slog.Logger

	// keeping is when housekeeping was last known to be scheduled, in
	// microseconds since 1970.
	keeping atomic.Int64

	// watching is the *watchShard of each shard of alarms that was evaluated
	// here.
	watching sync.Map

	// reading has room for the shards that may read ahead at a time.
	reading chan struct{}
}

// maxReading leaves half of SQLite's readers to others.
const maxReading = 2

// New returns a Service. Call Flows before the engine starts.
func New(d Deps) *Service {
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	return &Service{db: d.DB, engine: d.Engine, courier: d.Courier, pages: d.Pages, log: d.Logger, reading: make(chan struct{}, maxReading)}
}

// Handlers returns the operations that are implemented.
func (s *Service) Handlers() map[string]shape.Handler {
	return api.Handlers{
		DeleteDashboards:        s.DeleteDashboards,
		GetDashboard:            s.GetDashboard,
		GetMetricData:           s.GetMetricData,
		GetMetricStatistics:     s.GetMetricStatistics,
		GetMetricWidgetImage:    s.GetMetricWidgetImage,
		ListDashboards:          s.ListDashboards,
		ListMetrics:             s.ListMetrics,
		ListTagsForResource:     s.ListTagsForResource,
		PutDashboard:            s.PutDashboard,
		PutMetricData:           s.PutMetricData,
		TagResource:             s.TagResource,
		UntagResource:           s.UntagResource,
		DeleteAlarms:            s.DeleteAlarms,
		DescribeAlarmHistory:    s.DescribeAlarmHistory,
		DescribeAlarms:          s.DescribeAlarms,
		DescribeAlarmsForMetric: s.DescribeAlarmsForMetric,
		DisableAlarmActions:     s.DisableAlarmActions,
		EnableAlarmActions:      s.EnableAlarmActions,
		PutCompositeAlarm:       s.PutCompositeAlarm,
		PutMetricAlarm:          s.PutMetricAlarm,
		SetAlarmState:           s.SetAlarmState,
	}.Table()
}

// Flows registers the service's flows.
func (s *Service) Flows(e *engine.Engine) {
	e.Register(housekeepingKind, housekeepingLane, engine.FlowFunc(s.keepHouse))
	s.alarmFlows(e)
}

// Reset forgets what the service holds in memory; the database was emptied.
func (s *Service) Reset() {
	s.keeping.Store(0)
	s.watching.Clear()
}
