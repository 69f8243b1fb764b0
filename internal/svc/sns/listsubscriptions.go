package sns

import (
	"context"

	api "nephele.dev/nephele/internal/api/sns"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// place is where a page of subscriptions ends.
type place struct{ Topic, ID string }

// ListSubscriptions lists the caller's subscriptions in the region, 100 at a
// time.
func (s *Service) ListSubscriptions(ctx context.Context, in *api.ListSubscriptionsInput) (*api.ListSubscriptionsOutput, error) {
	call := plane.FromContext(ctx)
	out := &api.ListSubscriptionsOutput{}
	sc := scope(call)
	var at place
	if err := s.open(sc, in.NextToken, &at); err != nil {
		return nil, err
	}
	err := s.DB.View(ctx, func(tx *store.Tx) error {
		found, err := store.All(store.Query(tx, scanSubscription, "select "+subscriptionColumns+` from sns_subscription
			where owner = ? and region = ? and (topic, id) > (?, ?) and state <> ? order by topic, id limit ?`,
			call.Caller.Account, call.Caller.Region, at.Topic, at.ID, deleted, pageSize+1))
		if err != nil {
			return err
		}
		out.Subscriptions, out.NextToken, err = s.subscriptionPage(found, func(at place) (*string, error) { return s.seal(sc, at) })
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ListSubscriptionsByTopic lists the subscriptions of a topic, 100 at a time.
func (s *Service) ListSubscriptionsByTopic(ctx context.Context, in *api.ListSubscriptionsByTopicInput) (*api.ListSubscriptionsByTopicOutput, error) {
	call := plane.FromContext(ctx)
	k, err := topicKey(call, "TopicArn", in.TopicArn)
	if err != nil {
		return nil, err
	}
	sc := scope(call, in.TopicArn)
	var at place
	if err := s.open(sc, in.NextToken, &at); err != nil {
		return nil, err
	}
	out := &api.ListSubscriptionsByTopicOutput{}
	err = s.DB.View(ctx, func(tx *store.Tx) error {
		if _, err := s.topic(tx, k); err != nil {
			return err
		}
		found, err := store.All(store.Query(tx, scanSubscription, "select "+subscriptionColumns+` from sns_subscription
			where topic = ? and id > ? and state <> ? order by id limit ?`, topicARN(k), at.ID, deleted, pageSize+1))
		if err != nil {
			return err
		}
		out.Subscriptions, out.NextToken, err = s.subscriptionPage(found, func(at place) (*string, error) { return s.seal(sc, at) })
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// subscriptionPage describes what was found, one more than fits if there is
// another page.
func (s *Service) subscriptionPage(found []*subscription, seal func(place) (*string, error)) (page []*api.Subscription, token *string, err error) {
	if len(found) > pageSize {
		found = found[:pageSize]
		last := found[pageSize-1]
		if token, err = seal(place{last.Topic, last.ID}); err != nil {
			return nil, nil, err
		}
	}
	page = make([]*api.Subscription, len(found))
	for i, sub := range found {
		name := sub.arn()
		if sub.State == pending {
			name = "PendingConfirmation"
		}
		page[i] = &api.Subscription{
			SubscriptionArn: &name, Owner: &sub.Owner, Protocol: &sub.Doc.Protocol, Endpoint: sub.shown(), TopicArn: &sub.Topic,
		}
	}
	return page, token, nil
}
