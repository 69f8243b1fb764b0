package s3

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/store"
)

// notifications is a bucket's notification configuration as it is kept.
type notifications struct {
	EventBridge bool           `json:"eventBridge,omitempty"`
	Targets     []notification `json:"targets,omitempty"`
}

// notification sends events of some kinds, about keys of some form, to a topic
// or a queue.
type notification struct {
	ID     string      `json:"id"`
	ARN    string      `json:"arn"`
	Events []api.Event `json:"events"`
	Prefix string      `json:"prefix,omitempty"`
	Suffix string      `json:"suffix,omitempty"`
	Filter [][2]string `json:"filter,omitempty"` // the rules as they were put: name and value
}

func (n notification) topic() bool { return strings.Contains(n.ARN, ":sns:") }

// PutBucketNotificationConfiguration replaces what is told to whom. Each
// destination must take a test event first.
func (s *Service) PutBucketNotificationConfiguration(ctx context.Context, in *api.PutBucketNotificationConfigurationInput) (*api.PutBucketNotificationConfigurationOutput, error) {
	c, bad := readNotifications(in.NotificationConfiguration)
	if bad != nil {
		return nil, bad
	}
	var b bucket
	err := s.viewBucket(ctx, in.Bucket, in.ExpectedBucketOwner, func(_ *store.Tx, own bucket) error {
		b = own
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := checkDestinations(b, c.Targets); err != nil {
		return nil, err
	}
	if !value(in.SkipDestinationValidation, false) {
		if err := s.tryDestinations(ctx, b, c.Targets); err != nil {
			return nil, err
		}
	}
	if len(c.Targets) == 0 && !c.EventBridge {
		return &api.PutBucketNotificationConfigurationOutput{}, s.deleteConfig(ctx, in.Bucket, in.ExpectedBucketOwner, notificationConfig)
	}
	return &api.PutBucketNotificationConfigurationOutput{}, s.putConfig(ctx, in.Bucket, in.ExpectedBucketOwner, notificationConfig, c)
}

// GetBucketNotificationConfiguration answers the configuration; it is empty
// where there is none.
func (s *Service) GetBucketNotificationConfiguration(ctx context.Context, in *api.GetBucketNotificationConfigurationInput) (*api.GetBucketNotificationConfigurationOutput, error) {
	out := &api.GetBucketNotificationConfigurationOutput{}
	err := s.viewBucket(ctx, in.Bucket, in.ExpectedBucketOwner, func(tx *store.Tx, b bucket) error {
		c, _, err := loadConfig[notifications](tx, b.Name, notificationConfig)
		if c.EventBridge {
			out.EventBridgeConfiguration = &api.EventBridgeConfiguration{}
		}
		for _, n := range c.Targets {
			if n.topic() {
				out.TopicConfigurations = append(out.TopicConfigurations,
					&api.TopicConfiguration{Id: &n.ID, TopicArn: n.ARN, Events: n.Events, Filter: n.filter()})
				continue
			}
			out.QueueConfigurations = append(out.QueueConfigurations,
				&api.QueueConfiguration{Id: &n.ID, QueueArn: n.ARN, Events: n.Events, Filter: n.filter()})
		}
		return err
	})
	return out, err
}

// filter is the filter as it was put.
func (n notification) filter() *api.NotificationConfigurationFilter {
	if len(n.Filter) == 0 {
		return nil
	}
	key := &api.S3KeyFilter{}
	for _, r := range n.Filter {
		key.FilterRules = append(key.FilterRules, &api.FilterRule{Name: new(api.FilterRuleName(r[0])), Value: new(r[1])})
	}
	return &api.NotificationConfigurationFilter{Key: key}
}

// readNotifications checks a configuration as far as it can be without its
// destinations.
func readNotifications(c *api.NotificationConfiguration) (notifications, *awserr.Error) {
	if c == nil {
		return notifications{}, errMalformedXML()
	}
	if len(c.LambdaFunctionConfigurations) > 0 {
		return notifications{}, awserr.New("NotImplemented", http.StatusNotImplemented, "Nephele does not notify Lambda functions yet.")
	}
	all := notifications{EventBridge: c.EventBridgeConfiguration != nil}
	add := func(id *string, arn string, events []api.Event, f *api.NotificationConfigurationFilter) *awserr.Error {
		n := notification{ID: value(id, ""), ARN: arn, Events: events}
		if n.ID == "" {
			n.ID = randomName()
		}
		err := n.readFilter(f)
		if err == nil {
			err = n.check()
		}
		all.Targets = append(all.Targets, n)
		return err
	}
	for _, t := range c.TopicConfigurations {
		if t == nil {
			return notifications{}, errMalformedXML()
		}
		if err := add(t.Id, t.TopicArn, t.Events, t.Filter); err != nil {
			return notifications{}, err
		}
	}
	for _, q := range c.QueueConfigurations {
		if q == nil {
			return notifications{}, errMalformedXML()
		}
		if err := add(q.Id, q.QueueArn, q.Events, q.Filter); err != nil {
			return notifications{}, err
		}
	}
	return all, checkOverlap(all.Targets)
}

const maxNotifications = 100

// eventKinds are the events that may be asked for.
var eventKinds = []api.Event{
	"s3:ReducedRedundancyLostObject", "s3:TestEvent",
	"s3:ObjectCreated:*", "s3:ObjectCreated:Put", "s3:ObjectCreated:Post", "s3:ObjectCreated:Copy", "s3:ObjectCreated:CompleteMultipartUpload",
	"s3:ObjectRemoved:*", "s3:ObjectRemoved:Delete", "s3:ObjectRemoved:DeleteMarkerCreated",
	"s3:ObjectRestore:*", "s3:ObjectRestore:Post", "s3:ObjectRestore:Completed", "s3:ObjectRestore:Delete",
	"s3:Replication:*", "s3:Replication:OperationFailedReplication", "s3:Replication:OperationNotTracked",
	"s3:Replication:OperationMissedThreshold", "s3:Replication:OperationReplicatedAfterThreshold",
	"s3:LifecycleExpiration:*", "s3:LifecycleExpiration:Delete", "s3:LifecycleExpiration:DeleteMarkerCreated",
	"s3:LifecycleTransition", "s3:IntelligentTiering", "s3:ObjectAcl:Put",
	"s3:ObjectTagging:*", "s3:ObjectTagging:Put", "s3:ObjectTagging:Delete",
}

func (n notification) check() *awserr.Error {
	if len(n.Events) == 0 || n.ARN == "" {
		return errMalformedXML()
	}
	if len(n.ID) > maxRuleID {
		return errInvalidArgument("id", n.ID, "ID length should not exceed allowed limit of %d", maxRuleID)
	}
	for _, e := range n.Events {
		if !slices.Contains(eventKinds, e) || e == "s3:TestEvent" {
			return errInvalidArgument("Event", string(e), "The event '%s' is not supported for notifications", e)
		}
	}
	return nil
}

func (n *notification) readFilter(f *api.NotificationConfigurationFilter) *awserr.Error {
	if f == nil || f.Key == nil {
		return nil
	}
	seen := map[string]bool{}
	for _, r := range f.Key.FilterRules {
		if r == nil {
			return errMalformedXML()
		}
		name, text := strings.ToLower(string(value(r.Name, ""))), value(r.Value, "")
		switch {
		case name != "prefix" && name != "suffix":
			return errInvalidArgument("FilterRule.Name", name, "filter rule name must be either prefix or suffix")
		case seen[name]:
			return errInvalidArgument("FilterRule.Name", name, "Cannot specify more than one %s rule in a filter.", name)
		case len(text) > maxKey:
			return errInvalidArgument("FilterRule.Value", text, "Size of filter rule value cannot exceed 1024 bytes in UTF-8 representation")
		}
		seen[name] = true
		n.Filter = append(n.Filter, [2]string{string(value(r.Name, "")), text})
		if name == "prefix" {
			n.Prefix = text
		} else {
			n.Suffix = text
		}
	}
	return nil
}

// checkOverlap refuses two configurations that could both want one event.
func checkOverlap(all []notification) *awserr.Error {
	if len(all) > maxNotifications {
		return errInvalidArgument("NotificationConfiguration", "", "The number of notification configurations should not exceed the allowed limit of %d", maxNotifications)
	}
	for i, a := range all {
		for _, b := range all[:i] {
			if a.ID == b.ID {
				return errInvalidArgument("id", a.ID, "Same ID used for multiple configurations. IDs must be unique.")
			}
			if a.overlaps(b) {
				return errInvalidArgument("id", a.ID, "Configurations overlap. Configurations on the same bucket cannot share a common event type.")
			}
		}
	}
	return nil
}

func (n notification) overlaps(o notification) bool {
	if !strings.HasPrefix(n.Prefix, o.Prefix) && !strings.HasPrefix(o.Prefix, n.Prefix) {
		return false
	}
	if !strings.HasSuffix(n.Suffix, o.Suffix) && !strings.HasSuffix(o.Suffix, n.Suffix) {
		return false
	}
	return slices.ContainsFunc(n.Events, func(a api.Event) bool {
		return slices.ContainsFunc(o.Events, func(b api.Event) bool {
			return star(string(a), string(b)) || star(string(b), string(a))
		})
	})
}

// wants reports whether an event, named without "s3:", about key is to be told.
func (n notification) wants(name, key string) bool {
	return strings.HasPrefix(key, n.Prefix) && strings.HasSuffix(key, n.Suffix) &&
		slices.ContainsFunc(n.Events, func(e api.Event) bool { return star(string(e), "s3:"+name) })
}

// checkDestinations refuses ARNs that can be no destination of the bucket.
func checkDestinations(b bucket, targets []notification) *awserr.Error {
	for _, n := range targets {
		a, err := arn.Parse(n.ARN)
		switch {
		case err != nil || a.Service != "sns" && a.Service != "sqs":
			return errInvalidArgument("ARN", n.ARN, "The ARN could not be parsed")
		case a.Region != b.Region:
			return errInvalidArgument("ARN", n.ARN, "The notification destination service region is not valid for the bucket location constraint")
		case strings.HasSuffix(a.Resource, ".fifo"):
			return errDestination(n.ARN, fmt.Sprintf("FIFO %s are not supported", map[bool]string{true: "topics", false: "queues"}[n.topic()]))
		}
	}
	return nil
}

// errDestination is the answer for a destination that does not take the test
// event.
func errDestination(arn, why string) *awserr.Error {
	return badRequest("InvalidArgument", "Unable to validate the following destination configurations").
		With("ArgumentName1", arn).With("ArgumentValue1", why)
}
