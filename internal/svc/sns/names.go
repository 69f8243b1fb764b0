package sns

import (
	"regexp"
	"strings"

	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// fifoSuffix ends the names of FIFO topics and queues.
const fifoSuffix = ".fifo"

var topicName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

// validName reports whether a topic may have this name: 256 characters in all.
func validName(name string) bool {
	return len(name) <= 256 && topicName.MatchString(strings.TrimSuffix(name, fifoSuffix))
}

// parseARN reads an ARN of SNS; what names the parameter in the error.
func parseARN(what, text string) (arn.ARN, error) {
	if n := len(strings.Split(text, ":")); n < 6 {
		return arn.ARN{}, invalid("%s Reason: An ARN must have at least 6 elements, not %d", what, n)
	}
	a, err := arn.Parse(text)
	if err != nil || a.Service != "sns" {
		return a, invalid("%s", what)
	}
	return a, nil
}

// topicKey reads a topic's ARN. The call must be made in the topic's region, as
// on AWS, where another region's endpoint does not know the topic.
func topicKey(call *plane.Call, what, text string) (store.Key, error) {
	a, err := parseARN(what, text)
	if err != nil {
		return store.Key{}, err
	}
	if strings.ContainsAny(a.Resource, ":/") || signed(call) && a.Region != call.Caller.Region {
		return store.Key{}, invalid("%s", what)
	}
	return store.Key{Account: a.Account, Region: a.Region, ID: a.Resource}, nil
}

// subscriptionName reads a subscription's ARN into the topic's ARN and the id.
func subscriptionName(call *plane.Call, text string) (topicARN, id string, err error) {
	a, err := parseARN("SubscriptionArn", text)
	if err != nil {
		return "", "", err
	}
	if !strings.Contains(a.Resource, ":") {
		return "", "", invalid("SubscriptionArn Reason: An ARN must have at least 7 elements, not 6")
	}
	if signed(call) && a.Region != call.Caller.Region {
		return "", "", invalid("SubscriptionArn")
	}
	topicARN, id = splitName(text)
	return topicARN, id, nil
}

// splitName takes a subscription's ARN apart.
func splitName(text string) (topicARN, id string) {
	i := strings.LastIndexByte(text, ':')
	return text[:max(i, 0)], text[i+1:]
}

func topicARN(k store.Key) string {
	return arn.New("sns", "", k.Region, k.Account, k.ID).String()
}

// signed reports whether the call is anybody's: links in messages carry no
// signature. Without authentication such calls are the root user's, but bear no
// access key.
func signed(call *plane.Call) bool {
	return call.Caller.Kind == plane.Service || call.Caller.Kind != plane.Anonymous && call.Caller.AccessKeyID != ""
}
