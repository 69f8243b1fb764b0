package sns

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net/mail"
	"net/url"
	"strings"

	"github.com/google/uuid"

	api "nephele.dev/nephele/internal/api/sns"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// Limits of subscriptions.
const (
	maxEndpoint = 2048 // characters
	maxFilters  = 200  // filter policies of a topic
)

// pendingARN is what a subscription is called that waits for its confirmation.
const pendingARN = "pending confirmation"

// Subscribe makes a subscription. A queue of the caller's account is confirmed
// at once; every other endpoint is sent a token, and what it does with it
// confirms the subscription. To subscribe an endpoint again with the same
// attributes is no error, and sends another token if there is one to send.
func (s *Service) Subscribe(ctx context.Context, in *api.SubscribeInput) (*api.SubscribeOutput, error) {
	call := plane.FromContext(ctx)
	k, err := topicKey(call, "TopicArn", in.TopicArn)
	if err != nil {
		return nil, err
	}
	endpoint, err := endpointOf(k.ID, in)
	if err != nil {
		return nil, err
	}
	attributes, err := newSubscriptionAttributes(k.ID, in)
	if err != nil {
		return nil, err
	}
	fresh := &subscription{
		Topic: topicARN(k), ID: uuid.NewString(), Owner: call.Caller.Account, Region: k.Region, State: pending, Token: newToken(),
		Doc: subscriptionDoc{
			Protocol: in.Protocol, Endpoint: endpoint, Principal: call.Caller.ARN, BaseURL: call.BaseURL, Attributes: attributes,
		},
	}
	if err := s.keys.load(ctx, s.DB, s.Seal); err != nil {
		return nil, err
	}
	var made *subscription
	err = s.DB.Update(ctx, func(tx *store.Tx) error {
		made, err = s.subscribe(tx, k, fresh)
		return err
	})
	if err != nil {
		return nil, err
	}
	name := made.arn()
	if made.State == pending && (in.ReturnSubscriptionArn == nil || !*in.ReturnSubscriptionArn) {
		name = pendingARN
	}
	return &api.SubscribeOutput{SubscriptionArn: &name}, nil
}

// subscribe writes a new subscription, or finds the one there is, and asks for
// its confirmation.
func (s *Service) subscribe(tx *store.Tx, k store.Key, fresh *subscription) (*subscription, error) {
	if _, err := s.topic(tx, k); err != nil {
		return nil, err
	}
	old, err := subscriptionTo(tx, fresh.Topic, fresh.Doc.Protocol, fresh.Doc.Endpoint)
	if err == nil {
		return old, s.subscribeAgain(tx, old, fresh)
	}
	if !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	if err := checkFilterCount(tx, fresh); err != nil {
		return nil, err
	}
	sub := *fresh
	if ownQueue(&sub) {
		sub.State, sub.Token, sub.Doc.Authenticated = confirmed, "", true
		return &sub, sub.put(tx)
	}
	return &sub, s.askConfirmation(tx, &sub)
}

// subscribeAgain repeats what was asked before.
func (s *Service) subscribeAgain(tx *store.Tx, old, again *subscription) error {
	for name, value := range again.Doc.Attributes {
		if old.Doc.Attributes[name] != value {
			return invalid("Attributes Reason: Subscription already exists with different attributes")
		}
	}
	if old.State != pending {
		return nil
	}
	return s.askConfirmation(tx, old)
}

// checkFilterCount demands that the topic may have another filter policy.
func checkFilterCount(tx *store.Tx, fresh *subscription) error {
	if fresh.Doc.Attributes[attrFilter] == "" {
		return nil
	}
	all, err := receivers(tx, fresh.Topic)
	if err != nil {
		return err
	}
	n := 0
	for _, one := range all {
		if one.Doc.Attributes[attrFilter] != "" && one.ID != fresh.ID {
			n++
		}
	}
	if n >= maxFilters {
		return api.NewFilterPolicyLimitExceededException("Filter policy limit exceeded: a topic can have at most %d filter policies", maxFilters)
	}
	return nil
}

// ownQueue reports whether a subscription needs no confirmation: the queue
// belongs to who subscribes it.
func ownQueue(s *subscription) bool {
	a, err := arn.Parse(s.Doc.Endpoint)
	return err == nil && s.Doc.Protocol == protoSQS && a.Account == s.Owner
}

// newToken returns a confirmation token, as long as AWS's.
func newToken() string {
	var b [96]byte
	rand.Read(b[:]) //nolint:errcheck // never fails since Go 1.24
	return hex.EncodeToString(b[:])
}

// endpointOf checks the endpoint of a subscription to the topic called name.
func endpointOf(name string, in *api.SubscribeInput) (string, error) {
	endpoint := ""
	if in.Endpoint != nil {
		endpoint = *in.Endpoint
	}
	if len(endpoint) > maxEndpoint {
		return "", invalid("Endpoint")
	}
	switch in.Protocol {
	case protoHTTP, protoHTTPS, protoEmail, protoEmailJSON, protoSQS:
	case protoLambda, protoFirehose, protoSMS, protoApp:
		return "", notImplemented("subscriptions with the protocol " + in.Protocol)
	default:
		return "", invalid("Amazon SNS does not support this protocol string: %s", in.Protocol)
	}
	if fifo(name) && in.Protocol != protoSQS {
		return "", invalid("Invalid parameter: Endpoint Reason: Please use FIFO SQS queue")
	}
	switch in.Protocol {
	case protoSQS:
		return endpoint, checkQueue(name, endpoint)
	case protoEmail, protoEmailJSON:
		return endpoint, checkMail(endpoint)
	}
	return endpoint, checkURL(in.Protocol, endpoint)
}

func checkQueue(topicName, endpoint string) error {
	a, err := arn.Parse(endpoint)
	if err != nil || a.Service != "sqs" || a.Account == "" || a.Region == "" || strings.ContainsAny(a.Resource, ":/") {
		return invalid("SQS endpoint ARN")
	}
	if fifo(a.Resource) && !fifo(topicName) {
		return invalid("Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics")
	}
	return nil
}

func checkMail(endpoint string) error {
	a, err := mail.ParseAddress(endpoint)
	if err != nil || a.Address != endpoint || a.Name != "" {
		return invalid("Email address")
	}
	return nil
}

func checkURL(protocol, endpoint string) error {
	u, err := url.Parse(endpoint)
	if err != nil || !strings.EqualFold(u.Scheme, protocol) {
		return invalid("Endpoint must match the specified protocol")
	}
	if u.Hostname() == "" || u.Fragment != "" || strings.ContainsAny(endpoint, " \t\r\n") {
		return invalid("Endpoint")
	}
	return nil
}
