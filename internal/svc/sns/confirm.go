package sns

import (
	"context"
	"errors"

	"github.com/google/uuid"

	api "nephele.dev/nephele/internal/api/sns"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// askConfirmation sends an endpoint the token that confirms its subscription,
// a new one if the last has run out, and writes the subscription.
func (s *Service) askConfirmation(tx *store.Tx, sub *subscription) error {
	now := tx.Now()
	if !sub.Expires.IsZero() && now.After(sub.Expires) {
		sub.Token = newToken()
	}
	sub.Expires = now.Add(tokenLife)
	if err := sub.put(tx); err != nil {
		return err
	}
	if err := s.Engine.Put(tx, forgetKind, sub.arn(), sub.Expires, nil); err != nil {
		return err
	}
	m := &message{Type: typeSubscribe, ID: uuid.NewString(), Topic: sub.Topic, Time: now, Token: sub.Token, Text: map[string]string{
		"": "You have chosen to subscribe to the topic " + sub.Topic +
			".\nTo confirm the subscription, visit the SubscribeURL included in this message.",
	}}
	return s.dispatchSigned(tx, m, sub)
}

// confirmURL is the link that confirms a subscription.
func confirmURL(sub *subscription, token string) string {
	return sub.Doc.BaseURL + "/?Action=ConfirmSubscription&TopicArn=" + sub.Topic + "&Token=" + token
}

// unsubscribeURL is the link that ends a subscription.
func unsubscribeURL(sub *subscription) string {
	return sub.Doc.BaseURL + "/?Action=Unsubscribe&SubscriptionArn=" + sub.arn()
}

// ConfirmSubscription confirms the subscription that a token was sent for, or
// restores one that was deleted. It needs no signature.
func (s *Service) ConfirmSubscription(ctx context.Context, in *api.ConfirmSubscriptionInput) (*api.ConfirmSubscriptionOutput, error) {
	call := plane.FromContext(ctx)
	k, err := topicKey(call, "TopicArn", in.TopicArn)
	if err != nil {
		return nil, err
	}
	guard := false
	if in.AuthenticateOnUnsubscribe != nil {
		v, err := boolean("AuthenticateOnUnsubscribe", *in.AuthenticateOnUnsubscribe)
		if err != nil {
			return nil, err
		}
		guard = v == "true"
	}
	if guard && !signed(call) {
		return nil, api.NewAuthorizationErrorException("AuthenticateOnUnsubscribe can be set by an authenticated caller only")
	}
	var name string
	err = s.DB.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.topic(tx, k); err != nil {
			return err
		}
		sub, err := s.confirm(tx, topicARN(k), in.Token, signed(call), guard)
		if err == nil {
			name = sub.arn()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &api.ConfirmSubscriptionOutput{SubscriptionArn: &name}, nil
}

func (s *Service) confirm(tx *store.Tx, topic, token string, authenticated, guard bool) (*subscription, error) {
	sub, err := subscriptionByToken(tx, topic, token)
	if errors.Is(err, store.ErrNotFound) {
		return nil, invalid("Token")
	}
	if err != nil {
		return nil, err
	}
	if sub.State == confirmed { // to confirm again is no error
		return sub, nil
	}
	if tx.Now().After(sub.Expires) {
		return nil, invalid("Token")
	}
	if sub.State == deleted {
		other, err := subscriptionTo(tx, topic, sub.Doc.Protocol, sub.Doc.Endpoint)
		if err == nil {
			return other, nil // subscribed anew meanwhile
		}
		if !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
	}
	sub.State, sub.Doc.Authenticated, sub.Doc.Guarded = confirmed, authenticated, guard
	if err := sub.put(tx); err != nil {
		return nil, err
	}
	return sub, s.Engine.Delete(tx, forgetKind, sub.arn())
}

// Unsubscribe ends a subscription. Without a signature it ends one that was not
// confirmed with AuthenticateOnUnsubscribe. An HTTP endpoint is told, with a
// link that restores the subscription.
func (s *Service) Unsubscribe(ctx context.Context, in *api.UnsubscribeInput) (*api.UnsubscribeOutput, error) {
	call := plane.FromContext(ctx)
	topic, id, err := subscriptionName(call, in.SubscriptionArn)
	if err != nil {
		return nil, err
	}
	if err := s.keys.load(ctx, s.DB, s.Seal); err != nil {
		return nil, err
	}
	err = s.DB.Update(ctx, func(tx *store.Tx) error {
		sub, err := liveSubscription(tx, topic, id)
		if is(err, api.ErrNotFoundException) {
			return nil // ended already
		}
		if err != nil {
			return err
		}
		if err := mayUnsubscribe(call, sub); err != nil {
			return err
		}
		return s.unsubscribe(tx, sub)
	})
	if err != nil {
		return nil, err
	}
	return &api.UnsubscribeOutput{}, nil
}

// mayUnsubscribe admits the owner of the subscription and of the topic, and
// whoever has the link if the subscription allows that.
func mayUnsubscribe(call *plane.Call, sub *subscription) error {
	if !signed(call) {
		if sub.Doc.Guarded {
			return api.NewAuthorizationErrorException("This subscription requires authentication for deletion")
		}
		return nil
	}
	a, err := parseARN("SubscriptionArn", sub.Topic)
	if err != nil {
		return err
	}
	if c := call.Caller.Account; c != sub.Owner && c != a.Account {
		return api.NewAuthorizationErrorException("User: %s is not authorized to perform: SNS:Unsubscribe on resource: %s", call.Caller.ARN, sub.Topic)
	}
	return nil
}

// unsubscribe marks a subscription deleted; it is forgotten when its token, new
// now, has run out.
func (s *Service) unsubscribe(tx *store.Tx, sub *subscription) error {
	wasConfirmed := sub.State == confirmed
	sub.State, sub.Token, sub.Expires = deleted, newToken(), tx.Now().Add(tokenLife)
	if err := sub.put(tx); err != nil {
		return err
	}
	if err := s.Engine.Put(tx, forgetKind, sub.arn(), sub.Expires, nil); err != nil {
		return err
	}
	if p := sub.Doc.Protocol; !wasConfirmed || p != protoHTTP && p != protoHTTPS {
		return nil
	}
	m := &message{Type: typeUnsubscribe, ID: uuid.NewString(), Topic: sub.Topic, Time: tx.Now(), Token: sub.Token, Text: map[string]string{
		"": "You have chosen to deactivate subscription " + sub.arn() +
			".\nTo cancel this operation and restore the subscription, visit the SubscribeURL included in this message.",
	}}
	return s.dispatchSigned(tx, m, sub)
}

// forget removes a subscription that was not confirmed, or not restored, in
// time.
func (s *Service) forget(ctx context.Context, w *engine.Work) (engine.Next, error) {
	topic, id := splitName(w.Key)
	return w.Commit(ctx, engine.Done(), func(tx *store.Tx) error {
		sub, err := getSubscription(tx, topic, id)
		if errors.Is(err, store.ErrNotFound) || err == nil && sub.State == confirmed {
			return nil
		}
		if err != nil {
			return err
		}
		return sub.remove(tx)
	})
}
