package logs

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"

	api "nephele.dev/nephele/internal/api/logs"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/courier"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/store"
)

// Deps are what the service stands on. All are required but Logger.
type Deps struct {
	DB      *store.DB
	Engine  *engine.Engine
	Courier *courier.Courier // publishes the metrics of metric filters
	Pages   *page.Sealer     // seals the tokens of listings
	Logger  *slog.Logger
}

// Service answers the CloudWatch Logs API.
type Service struct {
	db       *store.DB
	engine   *engine.Engine
	courier  *courier.Courier
	pages    *page.Sealer
	log      *slog.Logger
	groups   *store.Collection[group]
	streams  *store.Collection[stream]
	filters  *store.Collection[metricFilter]
	policies *store.Collection[resourcePolicy]

	parsed   policy.Cache
	known    *store.Memo[policy.Resource] // what Facts tells of groups
	compiled filterCache
	watchers watchers
	tailing  sessions

	queries     *store.Collection[query]
	definitions *store.Collection[definition]
}

// New returns a Service. Call Flows before the engine starts.
func New(d Deps) *Service {
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Service{
		db: d.DB, engine: d.Engine, courier: d.Courier, pages: d.Pages, log: d.Logger,
		groups:   store.NewCollection[group]("logs.group"),
		streams:  store.NewCollection[stream]("logs.stream"),
		filters:  store.NewCollection[metricFilter]("logs.metricfilter"),
		policies: store.NewCollection[resourcePolicy]("logs.resourcepolicy"),

		queries:     store.NewCollection[query]("logs.query"),
		definitions: store.NewCollection[definition]("logs.querydefinition"),
	}
	s.known = store.NewMemo[policy.Resource](d.DB, s.groups, s.policies)
	return s
}

// Handlers returns the operations that are implemented.
func (s *Service) Handlers() map[string]shape.Handler {
	return api.Handlers{
		CreateLogGroup:                s.CreateLogGroup,
		CreateLogStream:               s.CreateLogStream,
		DeleteLogGroup:                s.DeleteLogGroup,
		DeleteLogStream:               s.DeleteLogStream,
		DeleteMetricFilter:            s.DeleteMetricFilter,
		DeleteRetentionPolicy:         s.DeleteRetentionPolicy,
		DeleteQueryDefinition:         s.DeleteQueryDefinition,
		DeleteResourcePolicy:          s.DeleteResourcePolicy,
		DescribeLogGroups:             s.DescribeLogGroups,
		DescribeLogStreams:            s.DescribeLogStreams,
		DescribeMetricFilters:         s.DescribeMetricFilters,
		DescribeQueries:               s.DescribeQueries,
		DescribeQueryDefinitions:      s.DescribeQueryDefinitions,
		DescribeResourcePolicies:      s.DescribeResourcePolicies,
		FilterLogEvents:               s.FilterLogEvents,
		GetLogEvents:                  s.GetLogEvents,
		GetLogGroupFields:             s.GetLogGroupFields,
		GetLogRecord:                  s.GetLogRecord,
		GetQueryResults:               s.GetQueryResults,
		ListLogGroups:                 s.ListLogGroups,
		ListTagsForResource:           s.ListTagsForResource,
		ListTagsLogGroup:              s.ListTagsLogGroup,
		PutLogEvents:                  s.PutLogEvents,
		PutLogGroupDeletionProtection: s.PutLogGroupDeletionProtection,
		PutMetricFilter:               s.PutMetricFilter,
		PutQueryDefinition:            s.PutQueryDefinition,
		PutResourcePolicy:             s.PutResourcePolicy,
		PutRetentionPolicy:            s.PutRetentionPolicy,
		StartLiveTail:                 s.StartLiveTail,
		StartQuery:                    s.StartQuery,
		StopQuery:                     s.StopQuery,
		TagLogGroup:                   s.TagLogGroup,
		TagResource:                   s.TagResource,
		TestMetricFilter:              s.TestMetricFilter,
		UntagLogGroup:                 s.UntagLogGroup,
		UntagResource:                 s.UntagResource,
	}.Table()
}

// Flows registers the service's flows.
func (s *Service) Flows(e *engine.Engine) {
	e.Register(retentionKind, housekeepingLane, engine.FlowFunc(s.retain))
	e.Register(queryKind, queryLane, engine.FlowFunc(s.runQuery))
	e.Register(purgeKind, housekeepingLane, engine.FlowFunc(s.purge))
	e.Register(streamPurgeKind, housekeepingLane, engine.FlowFunc(s.purgeStream))
	e.Register(defaultKind, housekeepingLane, engine.FlowFunc(s.publishDefault))
	s.courier.Register(metricClass, courier.Class{})
}

// Errors that several operations answer, in AWS's words.
func noGroup() *awserr.Error {
	return api.NewResourceNotFoundException("The specified log group does not exist.")
}

func noStream() *awserr.Error {
	return api.NewResourceNotFoundException("The specified log stream does not exist.")
}

func invalid(format string, args ...any) *awserr.Error {
	return api.NewInvalidParameterException(format, args...)
}

func badToken() *awserr.Error { return invalid("The specified nextToken is invalid.") }

func notImplemented(what string) *awserr.Error {
	return awserr.New("NotImplemented", http.StatusNotImplemented, "Nephele does not implement %s of logs yet.", what)
}

// newID names a log in the journal.
func newID() string { return rand.Text() }

// key is a resource's key in the account and region of the call.
func key(call *plane.Call, id string) store.Key {
	return store.Key{Account: call.Caller.Account, Region: call.Caller.Region, ID: id}
}

// scope binds tokens to a listing.
func scope(ctx context.Context, filters ...any) page.Scope {
	call := plane.FromContext(ctx)
	return page.Scope{
		Account: call.Caller.Account, Region: call.Caller.Region,
		Operation: "logs:" + call.Operation.Name, Filters: filters,
	}
}

// open reads a token into at; no token leaves it alone.
func (s *Service) open(sc page.Scope, token *string, at any) error {
	if token != nil && s.pages.Open(sc, *token, at) != nil {
		return badToken()
	}
	return nil
}

// seal makes the token of the page that starts after at.
func (s *Service) seal(sc page.Scope, at any) (*string, error) {
	token, err := s.pages.Seal(sc, at)
	return &token, err
}

// pageSize is what was asked for, or the most.
func pageSize(asked *int32, most int) int {
	if asked == nil {
		return most
	}
	return int(*asked)
}
