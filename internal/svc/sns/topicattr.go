package sns

import (
	"context"
	"encoding/json"
	"maps"
	"strconv"
	"strings"
	"unicode/utf8"

	api "nephele.dev/nephele/internal/api/sns"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// The attributes of topics that a caller may set.
const (
	attrPolicy       = "Policy"
	attrDelivery     = "DeliveryPolicy"
	attrDisplayName  = "DisplayName"
	attrKMS          = "KmsMasterKeyId"
	attrSignature    = "SignatureVersion"
	attrTracing      = "TracingConfig"
	attrFIFO         = "FifoTopic"
	attrContentDedup = "ContentBasedDeduplication"
	attrThroughput   = "FifoThroughputScope"
	attrArchive      = "ArchivePolicy"
)

// maxDisplayName is the length of a display name in characters.
const maxDisplayName = 100

// newTopicAttributes checks the attributes of a topic to be made.
func newTopicAttributes(name string, given map[string]string) (map[string]string, error) {
	want := false
	if text, ok := given[attrFIFO]; ok {
		v, err := boolean(attrFIFO, text)
		if err != nil {
			return nil, err
		}
		want = v == "true"
	}
	switch {
	case !validName(name), fifo(name) && !want:
		return nil, invalid("Topic Name")
	case want && !fifo(name):
		return nil, invalid("Fifo Topic names must end with .fifo and must be made up of only uppercase and lowercase " +
			"ASCII letters, numbers, underscores, and hyphens, and must be between 1 and 256 characters long.")
	}
	attributes := map[string]string{}
	for name, text := range given {
		v, err := topicAttribute(want, name, text)
		if err != nil {
			return nil, err
		}
		attributes[name] = v
	}
	return attributes, nil
}

// topicAttribute checks a value of an attribute and returns its stored form.
func topicAttribute(isFIFO bool, name, value string) (string, error) {
	switch name {
	case attrPolicy:
		return policyText(value)
	case attrDelivery:
		return topicDeliveryPolicy(value)
	case attrDisplayName:
		if utf8.RuneCountInString(value) > maxDisplayName || strings.ContainsAny(value, "\r\n\x00") {
			return "", invalid("DisplayName")
		}
		return value, nil
	case attrKMS:
		return value, nil
	case attrSignature:
		if value != "1" && value != "2" {
			return "", invalid("SignatureVersion")
		}
		return value, nil
	case attrTracing:
		return tracing(value)
	case attrFIFO, attrContentDedup, attrThroughput, attrArchive:
		return fifoAttribute(isFIFO, name, value)
	}
	if strings.Contains(name, "Feedback") {
		return "", notImplemented("the logging of delivery status (" + name + ")")
	}
	return "", invalid("AttributeName")
}

func tracing(value string) (string, error) {
	switch value {
	case "PassThrough":
		return value, nil
	case "Active":
		return "", notImplemented("active tracing")
	}
	return "", invalid("TracingConfig")
}

// fifoAttribute checks the attributes that only FIFO topics have.
func fifoAttribute(isFIFO bool, name, value string) (string, error) {
	switch name {
	case attrArchive:
		return "", notImplemented("the archive of topics")
	case attrThroughput:
		if !isFIFO || value != "Topic" && value != "MessageGroup" {
			return "", invalid("FifoThroughputScope")
		}
		return value, nil
	}
	v, err := boolean(name, value)
	if err == nil && name == attrContentDedup && !isFIFO {
		return "", invalid("Content-based deduplication can only be set for FIFO topics")
	}
	return v, err
}

func boolean(name, value string) (string, error) {
	v := strings.ToLower(value)
	if v != "true" && v != "false" {
		return "", invalid("%s Reason: %s must be either true or false", name, name)
	}
	return v, nil
}

// SetTopicAttributes sets one attribute. An empty value of most is its default.
func (s *Service) SetTopicAttributes(ctx context.Context, in *api.SetTopicAttributesInput) (*api.SetTopicAttributesOutput, error) {
	value := ""
	if in.AttributeValue != nil {
		value = *in.AttributeValue
	}
	err := s.changeTopic(ctx, in.TopicArn, func(k store.Key, t *topic) error {
		if in.AttributeName == attrFIFO {
			return invalid("AttributeName")
		}
		if value == "" && (in.AttributeName == attrDelivery || in.AttributeName == attrKMS || in.AttributeName == attrDisplayName) {
			delete(t.Attributes, in.AttributeName)
			return nil
		}
		v, err := topicAttribute(fifo(k.ID), in.AttributeName, value)
		if err == nil {
			t.Attributes[in.AttributeName] = v
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &api.SetTopicAttributesOutput{}, nil
}

// GetTopicAttributes returns everything about a topic.
func (s *Service) GetTopicAttributes(ctx context.Context, in *api.GetTopicAttributesInput) (*api.GetTopicAttributesOutput, error) {
	k, err := topicKey(plane.FromContext(ctx), "TopicArn", in.TopicArn)
	if err != nil {
		return nil, err
	}
	out := &api.GetTopicAttributesOutput{}
	err = s.DB.View(ctx, func(tx *store.Tx) error {
		r, err := s.topic(tx, k)
		if err != nil {
			return err
		}
		counts, err := countSubscriptions(tx, topicARN(k))
		if err != nil {
			return err
		}
		a := effectiveAttributes(k, &r.Doc)
		a["TopicArn"], a["Owner"] = topicARN(k), k.Account
		a["EffectiveDeliveryPolicy"] = effectiveTopicPolicy(a[attrDelivery])
		a["SubscriptionsConfirmed"] = strconv.Itoa(counts[confirmed])
		a["SubscriptionsPending"] = strconv.Itoa(counts[pending])
		a["SubscriptionsDeleted"] = strconv.Itoa(counts[deleted])
		out.Attributes = a
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// effectiveAttributes are the attributes as set or by default.
func effectiveAttributes(k store.Key, t *topic) map[string]string {
	a := map[string]string{attrDisplayName: "", attrPolicy: defaultPolicy(k)}
	if fifo(k.ID) {
		a[attrFIFO], a[attrContentDedup], a[attrThroughput] = "true", "false", "Topic"
	}
	maps.Copy(a, t.Attributes)
	if !fifo(k.ID) {
		delete(a, attrFIFO) // false says nothing
	}
	return a
}

// signature is the version that messages of the topic are signed with.
func (t *topic) signature() string {
	if t.Attributes[attrSignature] == "2" {
		return "2"
	}
	return "1"
}

// defaultActions are what the owner of a topic may do by its default policy.
var defaultActions = []string{
	"SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:AddPermission", "SNS:RemovePermission", "SNS:DeleteTopic",
	"SNS:Subscribe", "SNS:ListSubscriptionsByTopic", "SNS:Publish",
}

// defaultPolicy is the policy of a topic that nobody has set.
func defaultPolicy(k store.Key) string {
	return compact(policyDocument{
		Version: "2008-10-17", ID: "__default_policy_ID",
		Statement: []any{statement{
			Sid: "__default_statement_ID", Effect: "Allow", Principal: map[string]any{"AWS": "*"},
			Action: defaultActions, Resource: topicARN(k),
			Condition: map[string]any{"StringEquals": map[string]any{"AWS:SourceOwner": k.Account}},
		}},
	})
}

// compact is a value as JSON without blanks.
func compact(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // none of our types fails to encode
	}
	return strings.TrimSuffix(b.String(), "\n")
}
