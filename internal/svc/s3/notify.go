package s3

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"nephele.dev/nephele/internal/api/events"
	"nephele.dev/nephele/internal/api/sns"
	"nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/courier"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// principal is S3 as the other services see it.
const principal = "s3.amazonaws.com"

// notifyClass is the class of the messages that tell of events.
const notifyClass = "s3.notify"

// notifySubject is the subject of messages to topics.
const notifySubject = "Amazon S3 Notification"

// changed tells of a change in the transaction that makes it: to the topics
// and queues whose rules want it, and to EventBridge where that is on.
func (s *Service) changed(tx *store.Tx, e objectEvent) error {
	if !e.Bucket.hot.Notification {
		return nil
	}
	c, ok, err := loadConfig[notifications](tx, e.Bucket.Name, notificationConfig)
	if err != nil || !ok {
		return err
	}
	for _, n := range c.Targets {
		if !n.wants(e.Name, e.Key) {
			continue
		}
		body, err := json.Marshal(e.record(n.ID))
		if err != nil {
			return fmt.Errorf("event of %s: %w", e.Bucket.Name, err)
		}
		m, err := n.message(e.Bucket, string(body))
		if err != nil {
			return err
		}
		if err := s.courier.Send(tx, m); err != nil {
			return err
		}
	}
	if !c.EventBridge {
		return nil
	}
	return s.tellEventBridge(tx, e)
}

// message is a call that brings body to the destination.
func (n notification) message(b bucket, body string) (courier.Message, error) {
	a, err := arn.Parse(n.ARN)
	if err != nil {
		return courier.Message{}, err
	}
	m := courier.Message{
		Class: notifyClass, Principal: principal, Source: bucketARN(b.Name), SourceAccount: b.Account, Account: a.Account, Region: a.Region,
	}
	if n.topic() {
		m.Service, m.Operation = "sns", "Publish"
		m.Input = &sns.PublishInput{TopicArn: &n.ARN, Message: body, Subject: new(notifySubject)}
		return m, nil
	}
	m.Service, m.Operation = "sqs", "SendMessage"
	m.Input = &sqs.SendMessageInput{QueueUrl: "http://sqs.internal/" + a.Account + "/" + a.Resource, MessageBody: body}
	return m, nil
}

func (s *Service) tellEventBridge(tx *store.Tx, e objectEvent) error {
	kind, detail := e.detail()
	if kind == "" {
		return nil
	}
	body, err := json.Marshal(detail)
	if err != nil {
		return fmt.Errorf("event of %s: %w", e.Bucket.Name, err)
	}
	return s.courier.Send(tx, courier.Message{
		Class: notifyClass, Principal: principal, Account: e.Bucket.Account, Region: e.Bucket.Region,
		Service: "events", Operation: "PutEvents",
		Input: &events.PutEventsInput{Entries: []*events.PutEventsRequestEntry{{
			Time: &e.Time, Source: new("aws.s3"), Resources: []string{bucketARN(e.Bucket.Name)},
			DetailType: &kind, Detail: new(string(body)),
		}}},
	})
}

// testEvent is what a destination gets when it is put into a configuration.
type testEvent struct {
	Service   string
	Event     string
	Time      string
	Bucket    string
	RequestID string `json:"RequestId"`
	HostID    string `json:"HostId"`
}

// tryDestinations sends each destination a test event, and refuses one that
// does not take it.
func (s *Service) tryDestinations(ctx context.Context, b bucket, targets []notification) error {
	tried := map[string]bool{}
	for _, n := range targets {
		if tried[n.ARN] {
			continue
		}
		tried[n.ARN] = true
		id := plane.FromContext(ctx).RequestID
		body, err := json.Marshal(testEvent{"Amazon S3", "s3:TestEvent", time.Now().UTC().Format(eventTime), b.Name, id, hostID(id)})
		if err != nil {
			return err
		}
		m, err := n.message(b, string(body))
		if err != nil {
			return err
		}
		if err := s.call(ctx, m); err != nil {
			e := awserr.As(err)
			if e == nil || e.Status >= 500 && e.Code != "NotImplemented" {
				return fmt.Errorf("send test event: %w", err)
			}
			return errDestination(n.ARN, destinationTrouble(n, e)).Because(err)
		}
	}
	return nil
}

// destinationTrouble says what is wrong with a destination as S3 does.
func destinationTrouble(n notification, e *awserr.Error) string {
	kind := "queue"
	if n.topic() {
		kind = "topic"
	}
	switch e.Code {
	case "NotFound", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist":
		return "The destination " + kind + " does not exist"
	case "AccessDenied", "AuthorizationError", "AccessDeniedException":
		return "Permissions on the destination " + kind + " do not allow S3 to publish notifications from this bucket"
	}
	return e.Message
}

// call makes the call of a message at once.
func (s *Service) call(ctx context.Context, m courier.Message) error {
	caller := plane.ServiceCaller(m.Principal, m.Account, m.Region)
	caller.SourceARN, caller.SourceAccount = m.Source, m.SourceAccount
	inside := s.plane.As(caller)
	var err error
	switch in := m.Input.(type) {
	case *sns.PublishInput:
		_, err = sns.Client{Invoker: inside}.Publish(ctx, in)
	case *sqs.SendMessageInput:
		_, err = sqs.Client{Invoker: inside}.SendMessage(ctx, in)
	}
	return err
}
