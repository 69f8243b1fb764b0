package sqs

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	api "nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/store"
)

// Deps are what the service stands on. DB, Engine and Pages are required.
type Deps struct {
	DB     *store.DB
	Engine *engine.Engine
	Pages  *page.Sealer // seals the tokens of listings and receipt handles
	Logger *slog.Logger

	// Cooldown is how long the name of a deleted queue, and another purge of a
	// purged one, are refused. AWS takes 60 seconds for both; here the work is
	// done when it is answered, and 0 refuses nothing.
	Cooldown time.Duration
}

// Service answers the Amazon SQS API.
type Service struct {
	db       *store.DB
	engine   *engine.Engine
	pages    *page.Sealer
	log      *slog.Logger
	cooldown time.Duration

	policies policy.Cache
	queues   *store.Collection[queue]
	deleted  *store.Collection[tombstone]
	moves    *store.Collection[move]
	cache    cache
	known    *store.Memo[policy.Resource] // what Facts tells of queues
	bells    bells
	clock    clock
	flights  flights

	stop   context.CancelFunc // ends long polls and listening
	ending context.Context    // done when the server stops
}

// New returns a Service. Call Flows before the engine starts, and Drain at the
// end.
func New(d Deps) *Service {
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Service{
		db: d.DB, engine: d.Engine, pages: d.Pages, log: d.Logger, cooldown: d.Cooldown,
		queues:  store.NewCollection[queue]("sqs.queue"),
		deleted: store.NewCollection[tombstone]("sqs.deleted"),
		moves:   store.NewCollection[move]("sqs.move"),
	}
	s.known = store.NewMemo[policy.Resource](d.DB, s.queues)
	s.ending, s.stop = context.WithCancel(context.Background())
	s.listen()
	return s
}

// Handlers returns the operations, all that the API has.
func (s *Service) Handlers() map[string]shape.Handler {
	return api.Handlers{
		AddPermission:                s.AddPermission,
		CancelMessageMoveTask:        s.CancelMessageMoveTask,
		ChangeMessageVisibility:      s.ChangeMessageVisibility,
		ChangeMessageVisibilityBatch: s.ChangeMessageVisibilityBatch,
		CreateQueue:                  s.CreateQueue,
		DeleteMessage:                s.DeleteMessage,
		DeleteMessageBatch:           s.DeleteMessageBatch,
		DeleteQueue:                  s.DeleteQueue,
		GetQueueAttributes:           s.GetQueueAttributes,
		GetQueueUrl:                  s.GetQueueUrl,
		ListDeadLetterSourceQueues:   s.ListDeadLetterSourceQueues,
		ListMessageMoveTasks:         s.ListMessageMoveTasks,
		ListQueueTags:                s.ListQueueTags,
		ListQueues:                   s.ListQueues,
		PurgeQueue:                   s.PurgeQueue,
		ReceiveMessage:               s.ReceiveMessage,
		RemovePermission:             s.RemovePermission,
		SendMessage:                  s.SendMessage,
		SendMessageBatch:             s.SendMessageBatch,
		SetQueueAttributes:           s.SetQueueAttributes,
		StartMessageMoveTask:         s.StartMessageMoveTask,
		TagQueue:                     s.TagQueue,
		UntagQueue:                   s.UntagQueue,
	}.Table()
}

// Flows registers the service's flows.
func (s *Service) Flows(e *engine.Engine) {
	e.Register(sweepKind, housekeepingLane, engine.FlowFunc(s.sweep))
	e.Register(drainKind, housekeepingLane, engine.FlowFunc(s.drain))
	e.Register(moveKind, moveLane, engine.FlowFunc(s.moveStep))
}

// Reset drops what is in memory of queues that are no more.
func (s *Service) Reset() {
	s.cache.drop()
	s.flights.drop()
}

// Drain ends long polls, those that wait and those to come, which answer with
// what there is. It is called when the server stops.
func (s *Service) Drain() { s.stop() }

// invalidValue is InvalidParameterValue, which the model does not have.
func invalidValue(format string, args ...any) *awserr.Error {
	return awserr.New("InvalidParameterValue", http.StatusBadRequest, format, args...)
}

// invalidParameter says what is wrong with the value of a parameter.
func invalidParameter(value, name, reason string) *awserr.Error {
	return invalidValue("Value %s for parameter %s is invalid. Reason: %s", value, name, reason)
}

// missing is the answer to an absent parameter.
func missing(name string) *awserr.Error {
	return awserr.New("MissingParameter", http.StatusBadRequest, "The request must contain the parameter %s.", name)
}

func noQueue() *awserr.Error {
	return api.NewQueueDoesNotExist("The specified queue does not exist.")
}

// found turns a missing record into QueueDoesNotExist.
func found(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return noQueue()
	}
	return err
}
