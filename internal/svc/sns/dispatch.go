package sns

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	sqsapi "nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/courier"
	"nephele.dev/nephele/internal/store"
)

// The classes of messages to queues.
const (
	queueClass = "sns.queue"       // a message to a subscription
	deadClass  = "sns.dead-letter" // one that could not be delivered
)

// The policy for queues cannot be changed (SNS developer guide, "Amazon SNS
// message delivery retries").
const (
	queueAttempts = 100_015
	queueAge      = 23 * 24 * time.Hour
)

// queueBackoff is the pause after a number of failed attempts: three without
// delay, two after a second, ten with growing delays, the rest after 20 s.
func queueBackoff(failed int) time.Duration {
	const last = 20 * time.Second
	switch {
	case failed <= 3:
		return 0
	case failed <= 5:
		return time.Second
	case failed <= 15:
		return min(last, time.Second<<min(failed-6, 5))
	}
	return last
}

// dispatchSigned is dispatch for confirmations, signed as the topic says.
func (s *Service) dispatchSigned(tx *store.Tx, m *message, sub *subscription) error {
	a, err := arn.Parse(sub.Topic)
	if err != nil {
		return err
	}
	t, err := s.topic(tx, store.Key{Account: a.Account, Region: a.Region, ID: a.Resource})
	if err != nil {
		return err
	}
	m.Version = t.Doc.signature()
	return s.dispatch(tx, m, sub)
}

// dispatch puts a message on its way to a subscription.
func (s *Service) dispatch(tx *store.Tx, m *message, sub *subscription) error {
	switch sub.Doc.Protocol {
	case protoSQS:
		return s.toQueue(tx, m, sub)
	case protoHTTP, protoHTTPS:
		return s.toEndpoint(tx, m, sub)
	case protoEmail, protoEmailJSON:
		return s.toMailbox(tx, m, sub)
	}
	return fmt.Errorf("sns: subscription %s has the protocol %q", sub.arn(), sub.Doc.Protocol)
}

// deliveryID names the delivery of a message to a subscription.
func deliveryID(m *message, sub *subscription) string { return m.ID + "/" + sub.ID }

// body is what a subscription receives, and whether that is the bare message.
func (s *Service) body(m *message, sub *subscription) (text string, raw bool, err error) {
	if sub.raw() && m.Type == typeNotification {
		return m.text(sub.Doc.Protocol), true, nil
	}
	text, err = s.envelope(m, sub)
	return text, false, err
}

// recipient is what a message to a queue remembers of its subscription.
type recipient struct{ Topic, ID string }

// maxQueueAttributes is how many attributes a message in a queue may have.
const maxQueueAttributes = 10

// toQueue sends a message to a queue, in order within its group where the topic
// keeps order.
func (s *Service) toQueue(tx *store.Tx, m *message, sub *subscription) error {
	queue, err := arn.Parse(sub.Doc.Endpoint)
	if err != nil {
		return fmt.Errorf("subscription %s: %w", sub.arn(), err)
	}
	in, err := s.queueInput(m, sub, queue)
	if err != nil {
		return err
	}
	if len(in.MessageAttributes) > maxQueueAttributes { // an error of the client: never retried
		in.MessageAttributes = nil
		return s.deadLetter(tx, sub, in, "InvalidParameterValue", "The message has more than 10 attributes.")
	}
	order := ""
	if m.Sequence != "" {
		order = sub.arn() + " " + m.Group
	}
	return s.Courier.Send(tx, courier.Message{
		ID: deliveryID(m, sub), Class: queueClass, Order: order, Principal: principal, Source: sub.Topic, Account: queue.Account, Region: queue.Region,
		Service: "sqs", Operation: "SendMessage", Input: in, Note: recipient{sub.Topic, sub.ID},
	})
}

// queueInput is the call that delivers a message to a queue.
func (s *Service) queueInput(m *message, sub *subscription, queue arn.ARN) (*sqsapi.SendMessageInput, error) {
	text, raw, err := s.body(m, sub)
	if err != nil {
		return nil, err
	}
	in := &sqsapi.SendMessageInput{QueueUrl: queueURL(queue), MessageBody: text}
	if raw {
		in.MessageAttributes = queueAttributes(m)
	}
	if m.Group != "" && (m.Sequence != "") == fifo(queue.Resource) {
		in.MessageGroupId = &m.Group
	}
	if m.Dedup != "" && fifo(queue.Resource) {
		in.MessageDeduplicationId = &m.Dedup
	}
	return in, nil
}

// queueURL is a queue's URL for calls from inside: its host says nothing.
func queueURL(queue arn.ARN) string {
	return "http://sqs.internal/" + queue.Account + "/" + queue.Resource
}

// queueAttributes are a message's attributes as a queue has them.
func queueAttributes(m *message) map[string]*sqsapi.MessageAttributeValue {
	out := make(map[string]*sqsapi.MessageAttributeValue, len(m.Attributes))
	for name, a := range m.Attributes {
		out[name] = &sqsapi.MessageAttributeValue{DataType: a.DataType, StringValue: a.StringValue, BinaryValue: a.BinaryValue}
	}
	return out
}

// queueGivenUp takes what a queue did not accept to the dead-letter queue.
func (s *Service) queueGivenUp(tx *store.Tx, f *courier.Failed) error {
	var to recipient
	var in sqsapi.SendMessageInput
	if err := f.Message.NoteInto(&to); err != nil {
		return err
	}
	if err := f.Message.InputInto(&in); err != nil {
		return err
	}
	sub, err := getSubscription(tx, to.Topic, to.ID)
	if gone(sub, err) {
		return nil
	}
	if err != nil {
		return err
	}
	s.Logger.Warn("message not delivered", "subscription", sub.arn(), "attempts", f.Attempts, "error", f.Err)
	return s.deadLetter(tx, sub, &in, f.Err.Code, f.Err.Message)
}

// deadLetter sends a message that could not be delivered to the subscription's
// dead-letter queue, if it has one, with attributes that tell why.
func (s *Service) deadLetter(tx *store.Tx, sub *subscription, in *sqsapi.SendMessageInput, code, why string) error {
	queue, ok := sub.deadLetterQueue()
	if !ok {
		return nil
	}
	in.QueueUrl = queueURL(queue)
	if !fifo(queue.Resource) {
		in.MessageDeduplicationId, in.MessageGroupId = nil, nil
	}
	reasons := map[string]string{"RequestID": uuid.NewString(), "ErrorCode": code, "ErrorMessage": why}
	if len(in.MessageAttributes)+len(reasons) <= maxQueueAttributes {
		if in.MessageAttributes == nil {
			in.MessageAttributes = map[string]*sqsapi.MessageAttributeValue{}
		}
		for name, value := range reasons {
			if value != "" {
				in.MessageAttributes[name] = &sqsapi.MessageAttributeValue{DataType: "String", StringValue: &value}
			}
		}
	}
	return s.Courier.Send(tx, courier.Message{
		Class: deadClass, Principal: principal, Source: sub.Topic, Account: queue.Account, Region: queue.Region,
		Service: "sqs", Operation: "SendMessage", Input: in,
	})
}
