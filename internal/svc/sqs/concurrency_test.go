package sqs_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	api "nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

const (
	senders   = 4
	consumers = 8
	perSender = 150
)

// TestManyConsumers has many send to a queue and many receive from it at the
// same time: each message arrives once within its visibility timeout, and none
// is lost.
func TestManyConsumers(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db)
		url := b.create(t, "q")
		got := b.exchange(t, url, func(sender, i int) *api.SendMessageInput {
			return &api.SendMessageInput{QueueUrl: url, MessageBody: fmt.Sprintf("%d/%d", sender, i)}
		})
		if len(got) != senders*perSender {
			t.Errorf("%d different messages", len(got))
		}
		b.wantCounts(t, url, "0", "0", "0")
	})
}

// TestManyGroups is the same with message groups: each group's messages arrive
// in the order in which they were sent, one receiver at a time.
func TestManyGroups(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db)
		url := b.create(t, "q.fifo", "FifoQueue", "true", "ContentBasedDeduplication", "true")
		got := b.exchange(t, url, func(sender, i int) *api.SendMessageInput {
			return &api.SendMessageInput{QueueUrl: url, MessageBody: fmt.Sprintf("%d/%d", sender, i), MessageGroupId: new(fmt.Sprint(sender))}
		})
		if len(got) != senders*perSender {
			t.Errorf("%d different messages", len(got))
		}
		next := make([]int, senders)
		for _, body := range got {
			var sender, i int
			if _, err := fmt.Sscanf(body, "%d/%d", &sender, &i); err != nil {
				t.Fatal(err)
			}
			if next[sender] != i {
				t.Fatalf("group %d: message %d came when %d was due", sender, i, next[sender])
			}
			next[sender]++
		}
		if n := b.rows(t, "sqs_group"); n != 0 {
			t.Errorf("%d groups left", n)
		}
	})
}

// exchange sends and receives everything, and returns what came in the order
// in which it was received. A message that comes twice fails the test.
func (b *bench) exchange(t *testing.T, url string, message func(sender, i int) *api.SendMessageInput) []string {
	t.Helper()
	var left atomic.Int64
	left.Store(senders * perSender)
	log := &arrivals{seen: map[string]bool{}}
	var all sync.WaitGroup
	for s := range senders {
		all.Go(func() {
			for i := range perSender {
				if _, err := b.SendMessage(t.Context(), message(s, i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range consumers {
		all.Go(func() {
			for left.Load() > 0 && !t.Failed() {
				out, err := b.ReceiveMessage(t.Context(), &api.ReceiveMessageInput{
					QueueUrl: url, MaxNumberOfMessages: new(int32(5)), WaitTimeSeconds: new(int32(1)), VisibilityTimeout: new(int32(600)),
				})
				if err != nil {
					t.Error(err)
					return
				}
				log.add(t, out.Messages) // before they are deleted: nobody else has the group
				b.delete(t, url, out.Messages...)
				left.Add(-int64(len(out.Messages)))
			}
		})
	}
	all.Wait()
	return log.order
}

type arrivals struct {
	mu    sync.Mutex
	seen  map[string]bool
	order []string
}

func (a *arrivals) add(t *testing.T, messages []*api.Message) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, m := range messages {
		if a.seen[*m.Body] {
			t.Errorf("%s was received twice", *m.Body)
		}
		a.seen[*m.Body] = true
		a.order = append(a.order, strings.Clone(*m.Body))
	}
}

// TestLongPollWakes checks that a waiting receiver gets a message when it is
// sent, for every way in which one becomes available.
func TestLongPollWakes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		url := b.create(t, "q")
		fifo := b.create(t, "q.fifo", "FifoQueue", "true", "ContentBasedDeduplication", "true")
		b.sendTo(t, fifo, "g", "first", "second")
		first := must[*api.ReceiveMessageOutput](t)(b.ReceiveMessage(t.Context(), &api.ReceiveMessageInput{QueueUrl: fifo})).Messages[0]
		for _, tt := range []struct {
			url, want string
			cause     func()
		}{
			{url, "sent", func() { b.send(t, url, "sent") }},
			{fifo, "second", func() { b.delete(t, fifo, first) }},
		} {
			got := make(chan *api.ReceiveMessageOutput, 1)
			go func() {
				out, err := b.ReceiveMessage(t.Context(), &api.ReceiveMessageInput{QueueUrl: tt.url, WaitTimeSeconds: new(int32(20)), VisibilityTimeout: new(int32(600))})
				if err != nil {
					t.Error(err)
				}
				got <- out
			}()
			tt.cause()
			if out := <-got; out == nil || len(out.Messages) != 1 || *out.Messages[0].Body != tt.want {
				t.Errorf("%s: %v", tt.want, out)
			}
		}
	})
}
