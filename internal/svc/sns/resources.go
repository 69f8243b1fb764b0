package sns

import (
	"strings"

	api "nephele.dev/nephele/internal/api/sns"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// Resources tells which topic a call concerns, for authorization.
func (s *Service) Resources(call *plane.Call, in any) []string {
	name := concerned(in)
	if in, ok := in.(*api.CreateTopicInput); ok {
		name = topicARN(store.Key{Account: call.Caller.Account, Region: call.Caller.Region, ID: in.Name})
	}
	if name == "" {
		return nil
	}
	return []string{topicOf(name)}
}

// topicOf is the ARN of a topic as policies know it, whatever partition the
// caller writes; what is no ARN of a topic stays as it is.
func topicOf(name string) string {
	a, err := arn.Parse(name)
	if err != nil || a.Service != "sns" || strings.ContainsAny(a.Resource, ":/") {
		return name
	}
	return topicARN(store.Key{Account: a.Account, Region: a.Region, ID: a.Resource})
}

// concerned returns the ARN of the topic in an input, "" for none.
func concerned(in any) string {
	switch in := in.(type) {
	case *api.AddPermissionInput:
		return in.TopicArn
	case *api.ConfirmSubscriptionInput: // with a signature; without one the token is all
		return in.TopicArn
	case *api.DeleteTopicInput:
		return in.TopicArn
	case *api.GetDataProtectionPolicyInput:
		return in.ResourceArn
	case *api.GetSubscriptionAttributesInput:
		topic, _ := splitName(in.SubscriptionArn)
		return topic
	case *api.GetTopicAttributesInput:
		return in.TopicArn
	case *api.ListSubscriptionsByTopicInput:
		return in.TopicArn
	case *api.ListTagsForResourceInput:
		return in.ResourceArn
	case *api.PublishBatchInput:
		return in.TopicArn
	case *api.PublishInput:
		if in.TopicArn != nil {
			return *in.TopicArn
		}
		if in.TargetArn != nil {
			return *in.TargetArn
		}
	case *api.RemovePermissionInput:
		return in.TopicArn
	case *api.SetSubscriptionAttributesInput:
		topic, _ := splitName(in.SubscriptionArn)
		return topic
	case *api.SetTopicAttributesInput:
		return in.TopicArn
	case *api.SubscribeInput:
		return in.TopicArn
	case *api.TagResourceInput:
		return in.ResourceArn
	case *api.UntagResourceInput:
		return in.ResourceArn
	}
	return ""
}
