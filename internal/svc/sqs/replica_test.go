package sqs_test

import (
	"testing"
	"time"

	api "nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

// TestReplicas has two servers on one database: what one sends wakes who waits
// at the other, and a handle of one is good at the other.
func TestReplicas(t *testing.T) {
	t.Parallel()
	cfg := store.Config{URL: storetest.PostgresURL(t)}
	one, other := newBench(t, storetest.Open(t, cfg)), newBench(t, storetest.Open(t, cfg))
	url := one.create(t, "q")
	got := make(chan *api.ReceiveMessageOutput, 1)
	began := time.Now()
	go func() {
		out, err := one.ReceiveMessage(t.Context(), &api.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: new(int32(20))})
		if err != nil {
			t.Error(err)
		}
		got <- out
	}()
	other.send(t, url, "x")
	out := <-got
	if out == nil || len(out.Messages) != 1 || time.Since(began) > 15*time.Second {
		t.Fatalf("%v after %v", out, time.Since(began))
	}
	other.delete(t, url, out.Messages...)
	other.wantCounts(t, url, "0", "0", "0")
}

// TestDrain checks that a server that stops does not wait for long polls.
func TestDrain(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		url := b.create(t, "q")
		began := time.Now()
		time.AfterFunc(3*time.Second, b.service.Drain)
		out := must[*api.ReceiveMessageOutput](t)(b.ReceiveMessage(t.Context(), &api.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: new(int32(20))}))
		if len(out.Messages) != 0 || time.Since(began) != 3*time.Second {
			t.Errorf("%d messages after %v", len(out.Messages), time.Since(began))
		}
		b.send(t, url, "x")
		out = must[*api.ReceiveMessageOutput](t)(b.ReceiveMessage(t.Context(), &api.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: new(int32(20))}))
		if len(out.Messages) != 1 {
			t.Error("a message is not received any more")
		}
	})
}
