package crash

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// newQueue asks for a queue until it has one.
func newQueue(ctx context.Context, t *testing.T, c clients, name string, attributes map[string]string) string {
	t.Helper()
	out, err := c.queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	return *out.QueueUrl
}

// receive takes up to ten messages; none when the server is down.
func receive(ctx context.Context, c clients, url string) []types.Message {
	out, err := c.queues.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &url, MaxNumberOfMessages: 10, VisibilityTimeout: 3,
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	})
	if err != nil {
		return nil
	}
	return out.Messages
}

// remove reports whether a deletion was acknowledged.
func remove(ctx context.Context, c clients, url string, m types.Message) bool {
	_, err := c.queues.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle})
	return err == nil
}

// empty reports whether a queue holds nothing, in flight or waiting.
func empty(ctx context.Context, c clients, url string) bool {
	out, err := c.queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
	})
	if err != nil {
		return false
	}
	for _, name := range []string{"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"} {
		if out.Attributes[name] != "0" {
			return false
		}
	}
	return true
}

// queueErrand sends messages to a standard queue: every one whose sending was
// acknowledged must be received, and none whose deletion was acknowledged again.
type queueErrand struct {
	c   clients
	url string

	mu       sync.Mutex
	next     int
	acked    []string
	received map[string]bool
	deleted  map[string]bool // by message id
}

// queueConsumer is its other end.
type queueConsumer queueErrand

func (q *queueErrand) prepare(ctx context.Context, t *testing.T) {
	q.url = newQueue(ctx, t, q.c, "standard", nil)
	q.received, q.deleted = map[string]bool{}, map[string]bool{}
}

func (q *queueErrand) once(ctx context.Context, _ *testing.T) {
	q.next++
	body := "m-" + strconv.Itoa(q.next)
	sent := until(ctx, func() bool {
		_, err := q.c.queues.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &q.url, MessageBody: &body})
		return err == nil
	})
	if sent {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.acked = append(q.acked, body)
	}
}

func (q *queueConsumer) prepare(context.Context, *testing.T) {}
func (q *queueConsumer) verify(context.Context, *testing.T)  {}

func (q *queueConsumer) once(ctx context.Context, t *testing.T) {
	for _, m := range receive(ctx, q.c, q.url) {
		q.mu.Lock()
		if q.deleted[*m.MessageId] {
			t.Errorf("message %s was deleted and is received again", *m.Body)
		}
		q.received[*m.Body] = true
		q.mu.Unlock()
		if remove(ctx, q.c, q.url, m) {
			q.mu.Lock()
			q.deleted[*m.MessageId] = true
			q.mu.Unlock()
		}
	}
}

func (q *queueErrand) verify(ctx context.Context, t *testing.T) {
	drained := poll(ctx, func() bool {
		(*queueConsumer)(q).once(ctx, t)
		return empty(ctx, q.c, q.url)
	})
	if !drained {
		t.Error("the standard queue cannot be drained")
	}
	lost := 0
	for _, body := range q.acked {
		if !q.received[body] {
			lost++
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d acknowledged messages are lost", lost, len(q.acked))
	}
	t.Logf("standard queue: %d messages acknowledged, %d bodies received", len(q.acked), len(q.received))
}

// fifoErrand sends numbered messages in groups, each under its own
// deduplication id: each arrives once, in order.
type fifoErrand struct {
	c    clients
	url  string
	next map[string]int // to be sent

	last    map[string]int  // received
	deleted map[string]bool // group's last was acknowledged to be deleted
}

type fifoConsumer fifoErrand

var fifoGroups = []string{"a", "b", "c"}

func (f *fifoErrand) prepare(ctx context.Context, t *testing.T) {
	f.url = newQueue(ctx, t, f.c, "ordered.fifo", map[string]string{"FifoQueue": "true"})
	f.next, f.last, f.deleted = map[string]int{}, map[string]int{}, map[string]bool{}
	for _, g := range fifoGroups {
		f.last[g], f.deleted[g] = -1, true
	}
}

func (f *fifoErrand) once(ctx context.Context, _ *testing.T) {
	for _, g := range fifoGroups {
		body := g + "-" + strconv.Itoa(f.next[g])
		sent := until(ctx, func() bool {
			_, err := f.c.queues.SendMessage(ctx, &sqs.SendMessageInput{
				QueueUrl: &f.url, MessageBody: &body, MessageGroupId: aws.String(g), MessageDeduplicationId: &body,
			})
			return err == nil
		})
		if sent {
			f.next[g]++
		}
	}
}

func (f *fifoConsumer) prepare(context.Context, *testing.T) {}
func (f *fifoConsumer) verify(context.Context, *testing.T)  {}

func (f *fifoConsumer) once(ctx context.Context, t *testing.T) {
	for _, m := range receive(ctx, f.c, f.url) {
		group, number, _ := strings.Cut(*m.Body, "-")
		n, err := strconv.Atoi(number)
		again := n == f.last[group] && !f.deleted[group]
		if err != nil || n != f.last[group]+1 && !again {
			t.Errorf("group %s: message %q after %d (deleted: %v)", group, *m.Body, f.last[group], f.deleted[group])
			return
		}
		f.last[group] = n
		f.deleted[group] = remove(ctx, f.c, f.url, m)
		if !f.deleted[group] {
			return // the rest of the batch may come again, too
		}
	}
}

func (f *fifoErrand) verify(ctx context.Context, t *testing.T) {
	drained := poll(ctx, func() bool {
		(*fifoConsumer)(f).once(ctx, t)
		return t.Failed() || empty(ctx, f.c, f.url)
	})
	if !drained {
		t.Error("the ordered queue cannot be drained")
	}
	for _, g := range fifoGroups {
		if f.last[g] != f.next[g]-1 {
			t.Errorf("group %s: %d sent, the last received is %d", g, f.next[g], f.last[g])
		}
	}
	t.Logf("ordered queue: %v messages", f.next)
}
