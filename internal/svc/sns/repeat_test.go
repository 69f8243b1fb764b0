package sns

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	api "nephele.dev/nephele/internal/api/sns"
	sqsapi "nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/engine/enginetest"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

// TestToken publishes with a token twice, as a flow does that was cut off
// between two of its own commits: the answer is the same, and one message goes
// out.
func TestToken(t *testing.T) {
	t.Parallel()
	for name, isFIFO := range map[string]bool{"t": false, "t.fifo": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, storetest.SQLite(t))
				var attributes map[string]string
				var group *string
				queue := "q"
				if isFIFO {
					attributes = map[string]string{"FifoTopic": "true", "ContentBasedDeduplication": "true"}
					group, queue = new("g"), "q.fifo"
				}
				topic := b.topic(t, name, attributes)
				b.subscribe(t, topic, "sqs", queueARN(queue), nil)
				ctx := plane.WithToken(t.Context(), "cloudwatch.action/1")
				var ids []string
				for range 2 {
					out, err := b.client.Publish(ctx, &api.PublishInput{TopicArn: &topic, Message: "m", MessageGroupId: group})
					if err != nil {
						t.Fatal(err)
					}
					ids = append(ids, *out.MessageId)
				}
				time.Sleep(time.Minute)
				if n := len(b.in(queue)); n != 1 || ids[0] != ids[1] {
					t.Errorf("%d messages, answered %v", n, ids)
				}
			})
		})
	}
}

// TestQueueRetries: a queue that fails for a while receives each message once
// and, of a group, in order; one that refuses has it in the dead-letter queue.
func TestQueueRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, storetest.SQLite(t))
		var mu sync.Mutex
		failures := 0
		b.send = func(_ context.Context, in *sqsapi.SendMessageInput) error {
			mu.Lock()
			defer mu.Unlock()
			if in.MessageBody == "a" && failures < 7 {
				failures++
				return awserr.New("InternalFailure", http.StatusInternalServerError, "not now")
			}
			return nil
		}
		topic := b.topic(t, "t.fifo", map[string]string{"FifoTopic": "true", "ContentBasedDeduplication": "true"})
		b.subscribe(t, topic, "sqs", queueARN("q.fifo"), map[string]string{"RawMessageDelivery": "true"})
		for _, text := range []string{"a", "b", "c"} {
			if _, err := b.client.Publish(t.Context(), &api.PublishInput{TopicArn: &topic, Message: text, MessageGroupId: new("g")}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(5 * time.Minute)
		got := ""
		for _, in := range b.in("q.fifo") {
			got += in.MessageBody
		}
		if got != "abc" || failures != 7 {
			t.Errorf("%q after %d failures", got, failures)
		}
	})
}

// TestUnsubscribedMeanwhile: what waits for its next attempt is dropped with
// the subscription or the topic.
func TestUnsubscribedMeanwhile(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, b *bench, topic, sub string) error{
		"unsubscribe": func(t *testing.T, b *bench, _, sub string) error {
			_, err := b.client.Unsubscribe(t.Context(), &api.UnsubscribeInput{SubscriptionArn: sub})
			return err
		},
		"delete": func(t *testing.T, b *bench, topic, _ string) error {
			_, err := b.client.DeleteTopic(t.Context(), &api.DeleteTopicInput{TopicArn: topic})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, storetest.SQLite(t))
				b.post = func(http.ResponseWriter, *http.Request) {}
				topic := b.topic(t, "t", nil)
				sub := b.subscribe(t, topic, "http", "http://endpoint.test/", nil)
				b.confirm(t, sub)
				time.Sleep(time.Second)
				attempts := 0
				b.post = func(w http.ResponseWriter, r *http.Request) {
					if r.Header.Get("X-Amz-Sns-Message-Type") == typeNotification {
						attempts++
						w.WriteHeader(http.StatusInternalServerError)
					}
				}
				b.publish(t, topic, "m")
				time.Sleep(time.Second)
				if err := end(t, b, topic, sub); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Hour)
				if attempts != 1 {
					t.Errorf("%d attempts", attempts)
				}
				left := 0
				err := b.db.View(t.Context(), func(tx *store.Tx) error {
					return tx.Row("select (select count(*) from sns_delivery) + (select count(*) from work where kind = ?)", deliveryKind).Scan(&left)
				})
				if err != nil || left != 0 {
					t.Errorf("%d rows are left, %v", left, err)
				}
			})
		})
	}
}

// TestForeignQueue: a queue of another account confirms before it receives.
func TestForeignQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, storetest.SQLite(t))
		topic := b.topic(t, "t", nil)
		sub := b.subscribe(t, topic, "sqs", "arn:aws:sqs:us-west-2:999999999999:theirs", nil)
		b.publish(t, topic, "too early")
		time.Sleep(time.Minute)
		asked := b.in("theirs")
		if len(asked) != 1 || !strings.Contains(asked[0].MessageBody, `"Type" : "SubscriptionConfirmation"`) || asked[0].QueueUrl != "http://sqs.internal/999999999999/theirs" {
			t.Fatalf("%s", compact(asked))
		}
		b.confirm(t, sub)
		b.publish(t, topic, "now")
		time.Sleep(time.Minute)
		if got := b.in("theirs"); len(got) != 2 || !strings.Contains(got[1].MessageBody, `"Message" : "now"`) {
			t.Errorf("%s", compact(got))
		}
	})
}

// TestManyAttributes: a queue takes ten; a raw message with more is dead.
func TestManyAttributes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, storetest.SQLite(t))
		topic := b.topic(t, "t", nil)
		redrive := `{"deadLetterTargetArn":"` + queueARN("dead") + `"}`
		b.subscribe(t, topic, "sqs", queueARN("raw"), map[string]string{"RawMessageDelivery": "true", "RedrivePolicy": redrive})
		b.subscribe(t, topic, "sqs", queueARN("whole"), nil)
		in := &api.PublishInput{TopicArn: &topic, Message: "m", MessageAttributes: map[string]*api.MessageAttributeValue{}}
		for i := range 11 {
			in.MessageAttributes["a"+strconv.Itoa(i)] = &api.MessageAttributeValue{DataType: "Number", StringValue: new("1")}
		}
		if _, err := b.client.Publish(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if r, w := len(b.in("raw")), len(b.in("whole")); r != 0 || w != 1 {
			t.Errorf("%d raw, %d with an envelope", r, w)
		}
		checkDead(t, b, "InvalidParameterValue", "m")
	})
}

// TestCutOff stops a server in the middle of a delivery, as a crash would: the
// next one delivers the same message, once.
func TestCutOff(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		seen := make(chan string, 10)
		note := func(r *http.Request) {
			if r.Header.Get("X-Amz-Sns-Message-Type") == typeNotification {
				seen <- r.Header.Get("X-Amz-Sns-Message-Id")
			}
		}
		first := newBench(t, db)
		first.post = func(http.ResponseWriter, *http.Request) {}
		topic := first.topic(t, "t", nil)
		first.confirm(t, first.subscribe(t, topic, "http", "http://endpoint.test/", nil))
		first.post = func(_ http.ResponseWriter, r *http.Request) {
			note(r)
			<-r.Context().Done()
		}
		out, err := first.client.Publish(t.Context(), &api.PublishInput{TopicArn: &topic, Message: "m"})
		if err != nil {
			t.Fatal(err)
		}
		if id := enginetest.Receive(t, seen); id != *out.MessageId {
			t.Errorf("%s, published as %s", id, *out.MessageId)
		}
		now, cancel := context.WithCancel(t.Context())
		cancel()
		_ = first.engine.Stop(now)
		second := newBench(t, db)
		second.post = func(_ http.ResponseWriter, r *http.Request) { note(r) }
		if id := enginetest.Receive(t, seen); id != *out.MessageId {
			t.Errorf("%s, published as %s", id, *out.MessageId)
		}
		enginetest.Rest(t, second.engine, func(context.Context) {})
		if n := len(seen); n != 0 {
			t.Errorf("%d more", n)
		}
	})
}
