package events

import (
	"context"
	"log/slog"
	"net/http"

	api "nephele.dev/nephele/internal/api/events"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/courier"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/store"
)

// principal is who the service is when it calls others.
const principal = "events.amazonaws.com"

// Deps are what the service stands on. All are required but Logger.
type Deps struct {
	DB      *store.DB
	Engine  *engine.Engine
	Courier *courier.Courier
	Plane   Plane
	Pages   *page.Sealer // seals the tokens of listings
	Logger  *slog.Logger
}

// Service answers the EventBridge API.
type Service struct {
	db      *store.DB
	engine  *engine.Engine
	courier *courier.Courier
	pages   *page.Sealer
	log     *slog.Logger
	buses   *store.Collection[bus]
	rules   *store.Collection[rule]
	cache   cache
	plane   Plane
	meter   meter

	policies   policy.Cache
	knownBuses *store.Memo[policy.Resource] // what Facts tells of them
	knownRules *store.Memo[policy.Resource]
}

// New returns a Service. Call Flows before the engine starts.
func New(d Deps) *Service {
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Service{
		db: d.DB, engine: d.Engine, courier: d.Courier, plane: d.Plane, pages: d.Pages, log: d.Logger,
		buses: store.NewCollection[bus]("events.bus"),
		rules: store.NewCollection[rule]("events.rule"),
	}
	s.knownBuses = store.NewMemo[policy.Resource](d.DB, s.buses)
	s.knownRules = store.NewMemo[policy.Resource](d.DB, s.rules)
	s.meter.publish = s.publish
	return s
}

// Handlers returns the operations that are implemented.
func (s *Service) Handlers() map[string]shape.Handler {
	return api.Handlers{
		CreateEventBus:        s.CreateEventBus,
		DeleteEventBus:        s.DeleteEventBus,
		DeleteRule:            s.DeleteRule,
		DescribeEventBus:      s.DescribeEventBus,
		DescribeRule:          s.DescribeRule,
		DisableRule:           s.DisableRule,
		EnableRule:            s.EnableRule,
		ListEventBuses:        s.ListEventBuses,
		ListRuleNamesByTarget: s.ListRuleNamesByTarget,
		ListRules:             s.ListRules,
		ListTagsForResource:   s.ListTagsForResource,
		ListTargetsByRule:     s.ListTargetsByRule,
		PutEvents:             s.PutEvents,
		PutPermission:         s.PutPermission,
		PutRule:               s.PutRule,
		PutTargets:            s.PutTargets,
		RemovePermission:      s.RemovePermission,
		RemoveTargets:         s.RemoveTargets,
		TagResource:           s.TagResource,
		TestEventPattern:      s.TestEventPattern,
		UntagResource:         s.UntagResource,
		UpdateEventBus:        s.UpdateEventBus,
	}.Table()
}

// Flows registers the service's flows and classes of messages.
func (s *Service) Flows(e *engine.Engine) {
	e.Register(scheduleKind, Lane, engine.FlowFunc(s.tick))
	s.courier.Register(targetClass, courier.Class{Limits: retryLimits, Sent: s.delivered, GivenUp: s.givenUp})
	s.courier.Register(streamClass, courier.Class{Limits: retryLimits, Sent: s.streamMade, GivenUp: s.streamFailed})
	s.courier.Register(deadLetterClass, courier.Class{})
}

// Reset forgets what is in memory.
func (s *Service) Reset() {
	s.cache.reset()
	s.meter.drop()
}

func invalid(format string, args ...any) *awserr.Error {
	return awserr.New("ValidationException", http.StatusBadRequest, format, args...)
}

func notImplemented(what string) *awserr.Error {
	return awserr.New("NotImplemented", http.StatusNotImplemented, "Nephele does not implement %s of events yet.", what)
}

func limitExceeded() *awserr.Error {
	return api.NewLimitExceededException("The requested resource exceeds the maximum number allowed.")
}

// scope binds tokens to a listing.
func scope(ctx context.Context, filters ...any) page.Scope {
	call := plane.FromContext(ctx)
	return page.Scope{
		Account: call.Caller.Account, Region: call.Caller.Region,
		Operation: "events:" + call.Operation.Name, Filters: filters,
	}
}

// open reads where a page starts: after the position of the token.
func (s *Service) open(sc page.Scope, token *string) (after string, err error) {
	if token != nil && s.pages.Open(sc, *token, &after) != nil {
		return "", invalid("Invalid token.")
	}
	return after, nil
}

// cut makes a page of at most limit out of items that may be one more, and
// returns the token of the next.
func cut[T any](s *Service, sc page.Scope, items []T, limit int, at func(T) string) ([]T, *string, error) {
	if len(items) <= limit {
		return items, nil, nil
	}
	items = items[:limit]
	token, err := s.pages.Seal(sc, at(items[limit-1]))
	return items, &token, err
}

// pageSize is what was asked for, or the most.
func pageSize(asked *int32) int {
	if asked == nil {
		return maxPage
	}
	return int(*asked)
}

const maxPage = 100
