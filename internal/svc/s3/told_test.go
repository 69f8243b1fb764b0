package s3_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"nephele.dev/nephele/internal/api/events"
	"nephele.dev/nephele/internal/api/sns"
	"nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/shape"
)

// told stands for the services that S3 tells of events: one topic, one queue
// and the default bus of EventBridge.
type told struct {
	mu       sync.Mutex
	messages []message
	came     chan struct{}
}

type message struct {
	to   string // "topic", "queue" or "bus"
	kind string // of an event on the bus
	body map[string]any
}

func newTold(p *plane.Plane) *told {
	w := &told{came: make(chan struct{}, 10_000)}
	p.Register(sns.Service(), sns.Handlers{Publish: w.publish}.Table())
	p.Register(sqs.Service(), sqs.Handlers{SendMessage: w.send}.Table())
	p.Register(events.Service(), events.Handlers{PutEvents: w.events}.Table())
	return w
}

func (w *told) services() []*shape.Service {
	return []*shape.Service{sns.Service(), sqs.Service(), events.Service()}
}

func (w *told) add(to, kind, text string) error {
	m := message{to: to, kind: kind}
	if err := json.Unmarshal([]byte(text), &m.body); err != nil {
		return err
	}
	w.mu.Lock()
	w.messages = append(w.messages, m)
	w.mu.Unlock()
	w.came <- struct{}{}
	return nil
}

func (w *told) publish(_ context.Context, in *sns.PublishInput) (*sns.PublishOutput, error) {
	if *in.TopicArn != "arn:aws:sns:us-east-1:000000000000:topic" || *in.Subject != "Amazon S3 Notification" {
		return nil, sns.NewNotFoundException("Topic does not exist")
	}
	return &sns.PublishOutput{}, w.add("topic", "", in.Message)
}

func (w *told) send(ctx context.Context, in *sqs.SendMessageInput) (*sqs.SendMessageOutput, error) {
	if !strings.HasSuffix(in.QueueUrl, "/000000000000/queue") || plane.FromContext(ctx).Caller.ARN != "s3.amazonaws.com" {
		return nil, sqs.NewQueueDoesNotExist("The specified queue does not exist.")
	}
	return &sqs.SendMessageOutput{}, w.add("queue", "", in.MessageBody)
}

func (w *told) events(_ context.Context, in *events.PutEventsInput) (*events.PutEventsOutput, error) {
	for _, e := range in.Entries {
		if err := w.add("bus", *e.DetailType, *e.Detail); err != nil {
			return nil, err
		}
	}
	return &events.PutEventsOutput{}, nil
}

// take waits for n messages and returns them by where they went.
func (w *told) take(t *testing.T, n int) map[string][]message {
	t.Helper()
	for range n {
		select {
		case <-w.came:
		case <-time.After(20 * time.Second):
			t.Fatalf("fewer than %d messages: %v", n, w.messages)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.messages) != n {
		t.Fatalf("%d messages, want %d: %v", len(w.messages), n, w.messages)
	}
	all := map[string][]message{}
	for _, m := range w.messages {
		all[m.to] = append(all[m.to], m)
	}
	w.messages = nil
	return all
}
