package sns

import (
	"context"
	"encoding/json"
	"maps"
	"strconv"

	api "nephele.dev/nephele/internal/api/sns"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// The attributes of subscriptions that a caller may set, besides attrDelivery.
const (
	attrRaw         = "RawMessageDelivery"
	attrFilter      = "FilterPolicy"
	attrFilterScope = "FilterPolicyScope"
	attrRedrive     = "RedrivePolicy"
	attrReplay      = "ReplayPolicy"
	attrRole        = "SubscriptionRoleArn"
)

// The scopes of filter policies.
const (
	scopeAttributes = "MessageAttributes"
	scopeBody       = "MessageBody"
)

// newSubscriptionAttributes checks the attributes of a subscription to be made
// to the topic called name.
func newSubscriptionAttributes(name string, in *api.SubscribeInput) (map[string]string, error) {
	a := map[string]string{}
	for attribute, value := range in.Attributes {
		v, err := subscriptionAttribute(fifo(name), in.Protocol, attribute, value)
		if err != nil {
			return nil, err
		}
		if v != "" {
			a[attribute] = v
		}
	}
	return a, checkFilter(a)
}

// subscriptionAttribute checks a value of an attribute and returns its stored
// form; empty is the default.
func subscriptionAttribute(isFIFO bool, protocol, name, value string) (string, error) {
	switch name {
	case attrRaw:
		v, err := boolean(name, value)
		if err != nil {
			return "", invalid("Attributes Reason: RawMessageDelivery: Invalid value [%s]. Must be true or false.", value)
		}
		if v == "true" && protocol != protoSQS && protocol != protoHTTP && protocol != protoHTTPS {
			return "", invalid("Attributes Reason: RawMessageDelivery: Delivery protocol [%s] does not support raw message delivery.", protocol)
		}
		return v, nil
	case attrFilter:
		if value == "" || value == "{}" {
			return "", nil
		}
		return value, nil // checkFilter knows the scope
	case attrFilterScope:
		if value != scopeAttributes && value != scopeBody {
			return "", invalid("FilterPolicyScope: Invalid value [%s]. Please use either MessageBody or MessageAttributes", value)
		}
		return value, nil
	case attrRedrive:
		return redrivePolicy(isFIFO, value)
	case attrDelivery:
		return subscriptionDeliveryPolicy(protocol, value)
	case attrReplay:
		return "", notImplemented("the replay of archived messages")
	case attrRole:
		return "", notImplemented("subscriptions of Firehose streams")
	}
	return "", invalid("AttributeName")
}

// checkFilter checks the filter policy in a, under the scope in a.
func checkFilter(a map[string]string) error {
	if a[attrFilter] == "" {
		return nil
	}
	_, err := parseFilter(a)
	return err
}

// redrivePolicy checks a redrive policy and writes it without blanks.
func redrivePolicy(isFIFO bool, value string) (string, error) {
	if value == "" {
		return "", nil
	}
	var p struct {
		DeadLetterTargetArn *string `json:"deadLetterTargetArn"`
	}
	if json.Unmarshal([]byte(value), &p) != nil {
		return "", invalid("RedrivePolicy: failed to parse JSON.")
	}
	if p.DeadLetterTargetArn == nil {
		return "", nil // {} takes the queue away
	}
	a, err := arn.Parse(*p.DeadLetterTargetArn)
	if err != nil || a.Service != "sqs" || a.Account == "" || a.Region == "" {
		return "", invalid("RedrivePolicy: deadLetterTargetArn is an invalid arn")
	}
	switch {
	case isFIFO && !fifo(a.Resource):
		return "", invalid("RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.")
	case !isFIFO && fifo(a.Resource):
		return "", invalid("RedrivePolicy: FIFO queues cannot be used as DLQ for a subscription to a standard topic.")
	}
	return compact(p), nil
}

// SetSubscriptionAttributes sets one attribute; an empty value is the default.
func (s *Service) SetSubscriptionAttributes(ctx context.Context, in *api.SetSubscriptionAttributesInput) (*api.SetSubscriptionAttributesOutput, error) {
	topic, id, err := subscriptionName(plane.FromContext(ctx), in.SubscriptionArn)
	if err != nil {
		return nil, err
	}
	value := ""
	if in.AttributeValue != nil {
		value = *in.AttributeValue
	}
	err = s.DB.Update(ctx, func(tx *store.Tx) error {
		sub, err := liveSubscription(tx, topic, id)
		if err != nil {
			return err
		}
		v, err := subscriptionAttribute(fifo(topic), sub.Doc.Protocol, in.AttributeName, value)
		if err != nil {
			return err
		}
		sub.Doc.Attributes = maps.Clone(sub.Doc.Attributes)
		if sub.Doc.Attributes == nil {
			sub.Doc.Attributes = map[string]string{}
		}
		if v == "" {
			delete(sub.Doc.Attributes, in.AttributeName)
		} else {
			sub.Doc.Attributes[in.AttributeName] = v
		}
		if err := checkFilter(sub.Doc.Attributes); err != nil {
			return err
		}
		if err := checkFilterCount(tx, sub); err != nil {
			return err
		}
		return sub.put(tx)
	})
	if err != nil {
		return nil, err
	}
	return &api.SetSubscriptionAttributesOutput{}, nil
}

// GetSubscriptionAttributes returns everything about a subscription.
func (s *Service) GetSubscriptionAttributes(ctx context.Context, in *api.GetSubscriptionAttributesInput) (*api.GetSubscriptionAttributesOutput, error) {
	call := plane.FromContext(ctx)
	topic, id, err := subscriptionName(call, in.SubscriptionArn)
	if err != nil {
		return nil, err
	}
	k, err := topicKey(call, "SubscriptionArn", topic)
	if err != nil {
		return nil, err
	}
	out := &api.GetSubscriptionAttributesOutput{}
	err = s.DB.View(ctx, func(tx *store.Tx) error {
		sub, err := liveSubscription(tx, topic, id)
		if err != nil {
			return err
		}
		t, err := s.topic(tx, k)
		if err != nil {
			return err
		}
		out.Attributes = describeSubscription(sub, &t.Doc)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func describeSubscription(sub *subscription, t *topic) map[string]string {
	a := map[string]string{
		"SubscriptionArn": sub.arn(), "TopicArn": sub.Topic, "Owner": sub.Owner, "Protocol": sub.Doc.Protocol, "Endpoint": *sub.shown(),
		"PendingConfirmation":          strconv.FormatBool(sub.State == pending),
		"ConfirmationWasAuthenticated": strconv.FormatBool(sub.Doc.Authenticated),
		"SubscriptionPrincipal":        sub.Doc.Principal,
		attrRaw:                        "false",
	}
	maps.Copy(a, sub.Doc.Attributes)
	if a[attrFilter] != "" && a[attrFilterScope] == "" {
		a[attrFilterScope] = scopeAttributes
	}
	if p := sub.Doc.Protocol; p == protoHTTP || p == protoHTTPS {
		a["EffectiveDeliveryPolicy"] = effectiveSubscriptionPolicy(t.Attributes[attrDelivery], sub.Doc.Attributes[attrDelivery])
	}
	return a
}
