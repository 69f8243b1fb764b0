package sns

import (
	"context"
	"crypto/x509"
	"log/slog"
	"net"
	"net/http"

	api "nephele.dev/nephele/internal/api/sns"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/courier"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/outbox"
	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/seal"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/store"
)

// principal is the service principal under which queues are called.
const principal = "sns.amazonaws.com"

// DialFunc connects to an endpoint that a subscription names, if that may be
// reached from here.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// Deps are what the service stands on. All are required but Roots and Logger.
type Deps struct {
	DB      *store.DB
	Engine  *engine.Engine
	Courier *courier.Courier
	Outbox  *outbox.Box
	Seal    *seal.Sealer   // seals the key that messages are signed with
	Pages   *page.Sealer   // seals the tokens of listings
	Dial    DialFunc       // the way to HTTP endpoints
	Roots   *x509.CertPool // whom HTTPS endpoints are believed; nil is whom the machine believes
	Logger  *slog.Logger
}

// Service answers the SNS API and delivers what is published.
type Service struct {
	Deps
	policies policy.Cache
	topics   *store.Collection[topic]
	known    *store.Memo[policy.Resource] // what Facts tells of topics
	keys     keyring
	filters  filters
	client   *http.Client
}

// New returns a Service. Call Flows before the engine starts.
func New(d Deps) *Service {
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	topics := store.NewCollection[topic]("sns.topic")
	return &Service{Deps: d, topics: topics, known: store.NewMemo[policy.Resource](d.DB, topics), client: newClient(d)}
}

// Handlers returns the operations that are implemented.
func (s *Service) Handlers() map[string]shape.Handler {
	return api.Handlers{
		AddPermission:             s.AddPermission,
		ConfirmSubscription:       s.ConfirmSubscription,
		CreateTopic:               s.CreateTopic,
		DeleteTopic:               s.DeleteTopic,
		GetDataProtectionPolicy:   s.GetDataProtectionPolicy,
		GetSubscriptionAttributes: s.GetSubscriptionAttributes,
		GetTopicAttributes:        s.GetTopicAttributes,
		ListSubscriptions:         s.ListSubscriptions,
		ListSubscriptionsByTopic:  s.ListSubscriptionsByTopic,
		ListTagsForResource:       s.ListTagsForResource,
		ListTopics:                s.ListTopics,
		Publish:                   s.Publish,
		PublishBatch:              s.PublishBatch,
		RemovePermission:          s.RemovePermission,
		SetSubscriptionAttributes: s.SetSubscriptionAttributes,
		SetTopicAttributes:        s.SetTopicAttributes,
		Subscribe:                 s.Subscribe,
		TagResource:               s.TagResource,
		Unsubscribe:               s.Unsubscribe,
		UntagResource:             s.UntagResource,
	}.Table()
}

// Lane is the engine's lane of deliveries to HTTP endpoints, which mostly wait.
const Lane = "sns"

// The flows.
const (
	deliveryKind = "sns.delivery" // key: the delivery's id
	forgetKind   = "sns.forget"   // key: a pending or deleted subscription's ARN
)

// Flows registers the service's flows and classes of messages.
func (s *Service) Flows(e *engine.Engine) {
	e.Register(deliveryKind, Lane, engine.FlowFunc(s.deliver))
	e.Register(forgetKind, "housekeeping", engine.FlowFunc(s.forget))
	s.Courier.Register(queueClass, courier.Class{
		MaxAttempts: queueAttempts, MaxAge: queueAge, Backoff: queueBackoff, GivenUp: s.queueGivenUp,
	})
	s.Courier.Register(deadClass, courier.Class{})
}

// Reset drops what the service holds in memory.
func (s *Service) Reset() { s.keys.forget() }

// Close drops idle connections.
func (s *Service) Close(context.Context) error {
	s.client.CloseIdleConnections()
	return nil
}

// Errors that several operations answer, in AWS's words.
func noTopic() *awserr.Error { return api.NewNotFoundException("Topic does not exist") }

func noSubscription() *awserr.Error { return api.NewNotFoundException("Subscription does not exist") }

// invalid is InvalidParameter: "Invalid parameter: ...".
func invalid(format string, args ...any) *awserr.Error {
	return api.NewInvalidParameterException("Invalid parameter: "+format, args...)
}

func notImplemented(what string) *awserr.Error {
	return awserr.New("NotImplemented", http.StatusNotImplemented, "Nephele does not implement %s of SNS yet.", what)
}

// is reports whether err is the answer with this code.
func is(err error, code string) bool {
	e := awserr.As(err)
	return e != nil && e.Code == code
}

// scope binds tokens to a listing.
func scope(call *plane.Call, filters ...any) page.Scope {
	return page.Scope{
		Account: call.Caller.Account, Region: call.Caller.Region,
		Operation: "sns:" + call.Operation.Name, Filters: filters,
	}
}

// open reads a token into at; no token leaves it alone.
func (s *Service) open(sc page.Scope, token *string, at any) error {
	if token != nil && *token != "" && s.Pages.Open(sc, *token, at) != nil {
		return invalid("NextToken")
	}
	return nil
}

// seal makes the token of the page that starts after at.
func (s *Service) seal(sc page.Scope, at any) (*string, error) {
	token, err := s.Pages.Seal(sc, at)
	return &token, err
}
