package sqs_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	api "nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/store/storetest"
)

// inBubble runs f where time passes only when everybody waits.
func inBubble(t *testing.T, f func(t *testing.T, b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, newBenchWith(t, storetest.SQLite(t), time.Minute)) })
}

// wait lets time pass in a bubble.
func wait(d time.Duration) { time.Sleep(d) }

// TestVisibility checks how long a message stays hidden and what its handles
// are good for meanwhile.
func TestVisibility(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		url := b.create(t, "q", "VisibilityTimeout", "10")
		b.send(t, url, "a")
		first := must[*api.ReceiveMessageOutput](t)(b.ReceiveMessage(t.Context(), &api.ReceiveMessageInput{QueueUrl: url})).Messages
		wait(10*time.Second - time.Millisecond)
		if got := b.receive(t, url, 10); len(got) != 0 {
			t.Fatal("received before the timeout")
		}
		wait(time.Millisecond)
		change := func(m *api.Message, s int32) error {
			_, err := b.ChangeMessageVisibility(t.Context(), &api.ChangeMessageVisibilityInput{QueueUrl: url, ReceiptHandle: *m.ReceiptHandle, VisibilityTimeout: s})
			return err
		}
		wantError(t, change(first[0], 5), "MessageNotInflight", "")
		second := b.receive(t, url, 10)
		if second[0].Attributes["ApproximateReceiveCount"] != "2" {
			t.Errorf("%v", second[0].Attributes)
		}
		wantError(t, change(first[0], 5), "InvalidParameterValue", "")
		b.delete(t, url, first[0]) // an old handle: success, and the message stays
		b.wantCounts(t, url, "0", "1", "0")
		if err := change(second[0], 60); err != nil {
			t.Fatal(err)
		}
		wait(59 * time.Second)
		b.wantCounts(t, url, "0", "1", "0")
		wantError(t, change(second[0], 43200), "InvalidParameterValue", "Value 43200 for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds].")
		if err := change(second[0], 0); err != nil {
			t.Fatal(err)
		}
		b.wantCounts(t, url, "1", "0", "0")
		b.delete(t, url, second[0]) // it is visible, but nobody else has received it
		b.wantCounts(t, url, "0", "0", "0")
		b.delete(t, url, second[0])
		wantError(t, change(second[0], 5), "InvalidParameterValue", "")
	})
}

// TestDelay checks delays of queues and of messages.
func TestDelay(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		url := b.create(t, "q", "DelaySeconds", "30")
		b.send(t, url, "queue's")
		must[*api.SendMessageOutput](t)(b.SendMessage(t.Context(), &api.SendMessageInput{QueueUrl: url, MessageBody: "own", DelaySeconds: new(int32(60))}))
		must[*api.SendMessageOutput](t)(b.SendMessage(t.Context(), &api.SendMessageInput{QueueUrl: url, MessageBody: "none", DelaySeconds: new(int32(0))}))
		b.wantCounts(t, url, "1", "0", "2")
		if d := cmp.Diff([]string{"none"}, bodies(b.receive(t, url, 600))); d != "" {
			t.Error(d)
		}
		wait(30 * time.Second)
		if d := cmp.Diff([]string{"queue's"}, bodies(b.receive(t, url, 600))); d != "" {
			t.Error(d)
		}
		began := time.Now()
		got := must[*api.ReceiveMessageOutput](t)(b.ReceiveMessage(t.Context(), &api.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: new(int32(20))}))
		if len(got.Messages) != 0 || time.Since(began) != 20*time.Second {
			t.Errorf("%d messages after %v", len(got.Messages), time.Since(began))
		}
		got = must[*api.ReceiveMessageOutput](t)(b.ReceiveMessage(t.Context(), &api.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: new(int32(20))}))
		if len(got.Messages) != 1 || time.Since(began) != 30*time.Second+time.Microsecond {
			t.Errorf("%d messages after %v", len(got.Messages), time.Since(began))
		}
	})
}

// TestRetention checks that old messages are not received any more, and that
// they leave the disk.
func TestRetention(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		std := b.create(t, "q", "MessageRetentionPeriod", "60")
		fifo := b.create(t, "q.fifo", "FifoQueue", "true", "ContentBasedDeduplication", "true", "MessageRetentionPeriod", "60")
		b.send(t, std, "a", "b")
		b.sendTo(t, fifo, "g", "a", "b")
		b.receive(t, std, 0)
		wait(50 * time.Second)
		b.send(t, std, "c")
		b.sendTo(t, fifo, "g", "c")
		wait(11 * time.Second)
		for _, url := range []string{std, fifo} {
			b.wantCounts(t, url, "1", "0", "0")
			if d := cmp.Diff([]string{"c"}, bodies(b.receive(t, url, 600))); d != "" {
				t.Error(d)
			}
		}
		wait(time.Hour)
		for _, table := range []string{"sqs_message", "sqs_group", "sqs_dedup"} {
			if n := b.rows(t, table); n != 0 {
				t.Errorf("%d rows left in %s", n, table)
			}
		}
	})
}

// TestCooldown checks AWS's pauses after DeleteQueue and PurgeQueue.
func TestCooldown(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		url := b.create(t, "q")
		purge := func() error {
			_, err := b.PurgeQueue(t.Context(), &api.PurgeQueueInput{QueueUrl: url})
			return err
		}
		if err := purge(); err != nil {
			t.Fatal(err)
		}
		wantError(t, purge(), "PurgeQueueInProgress", "Only one PurgeQueue operation on q is allowed every 60 seconds.")
		wait(time.Minute)
		if err := purge(); err != nil {
			t.Fatal(err)
		}
		must[*api.DeleteQueueOutput](t)(b.DeleteQueue(t.Context(), &api.DeleteQueueInput{QueueUrl: url}))
		_, err := b.CreateQueue(t.Context(), &api.CreateQueueInput{QueueName: "q"})
		wantError(t, err, "QueueDeletedRecently", "You must wait 60 seconds after deleting a queue before you can create another with the same name.")
		wait(time.Minute)
		b.create(t, "q")
	})
}

// TestDeadLetters checks that messages received too often are moved, and that
// a task brings them back at the rate that is asked for.
func TestDeadLetters(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		dead := b.create(t, "dead")
		deadARN, arn := "arn:aws:sqs:"+region+":"+account+":dead", "arn:aws:sqs:"+region+":"+account+":q"
		url := b.create(t, "q", "RedrivePolicy", fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":2}`, deadARN))
		for i := range 10 {
			b.send(t, url, fmt.Sprint(i))
		}
		ids := map[string]string{}
		for range 2 {
			for _, m := range b.receive(t, url, 1) {
				ids[*m.Body] = *m.MessageId
			}
			wait(time.Second)
		}
		if got := b.receive(t, url, 1); len(got) != 0 {
			t.Fatalf("%d messages received a third time", len(got))
		}
		b.wantCounts(t, url, "0", "0", "0")
		for _, m := range b.receive(t, dead, 0) {
			if m.Attributes["DeadLetterQueueSourceArn"] != arn || *m.MessageId != ids[*m.Body] {
				t.Errorf("%v", m)
			}
		}
		start := &api.StartMessageMoveTaskInput{SourceArn: deadARN, MaxNumberOfMessagesPerSecond: new(int32(2))}
		task := must[*api.StartMessageMoveTaskOutput](t)(b.StartMessageMoveTask(t.Context(), start))
		_, err := b.StartMessageMoveTask(t.Context(), start)
		wantError(t, err, "InvalidParameterValue", "There is already a task running. Only one active task is allowed for a source queue arn at a given time.")
		wait(2250 * time.Millisecond)
		status := func() *api.ListMessageMoveTasksResultEntry {
			return must[*api.ListMessageMoveTasksOutput](t)(b.ListMessageMoveTasks(t.Context(), &api.ListMessageMoveTasksInput{SourceArn: deadARN})).Results[0]
		}
		if st := status(); *st.Status != "RUNNING" || *st.ApproximateNumberOfMessagesMoved != 5 || *st.ApproximateNumberOfMessagesToMove != 10 || *st.TaskHandle != *task.TaskHandle {
			t.Errorf("%s %d", *st.Status, *st.ApproximateNumberOfMessagesMoved)
		}
		cancelled := must[*api.CancelMessageMoveTaskOutput](t)(b.CancelMessageMoveTask(t.Context(), &api.CancelMessageMoveTaskInput{TaskHandle: *task.TaskHandle}))
		if *cancelled.ApproximateNumberOfMessagesMoved != 5 {
			t.Errorf("%d moved", *cancelled.ApproximateNumberOfMessagesMoved)
		}
		wait(time.Second)
		if st := status(); *st.Status != "CANCELLED" || st.TaskHandle != nil {
			t.Errorf("%s", *st.Status)
		}
		must[*api.StartMessageMoveTaskOutput](t)(b.StartMessageMoveTask(t.Context(), &api.StartMessageMoveTaskInput{SourceArn: deadARN}))
		wait(time.Second)
		if st := status(); *st.Status != "COMPLETED" || *st.ApproximateNumberOfMessagesMoved != 5 {
			t.Errorf("%s %d", *st.Status, *st.ApproximateNumberOfMessagesMoved)
		}
		back := b.receive(t, url, 600)
		if len(back) != 10 || back[0].Attributes["ApproximateReceiveCount"] != "1" || *back[0].MessageId == ids[*back[0].Body] {
			t.Errorf("%d messages back, the first %v", len(back), back[0].Attributes)
		}
		b.send(t, dead, "sent here")
		must[*api.StartMessageMoveTaskOutput](t)(b.StartMessageMoveTask(t.Context(), &api.StartMessageMoveTaskInput{SourceArn: deadARN}))
		wait(time.Second)
		if st := status(); *st.Status != "FAILED" || *st.FailureReason != "CouldNotDetermineMessageSource" {
			t.Errorf("%s %v", *st.Status, st.FailureReason)
		}
		_, err = b.StartMessageMoveTask(t.Context(), &api.StartMessageMoveTaskInput{SourceArn: arn})
		wantError(t, err, "InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.")
	})
}

// TestMoveStopsWhole checks that a task which cannot bring some messages back
// brings none of a batch back: what it leaves is not in two queues.
func TestMoveStopsWhole(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		dead := b.create(t, "dead")
		deadARN := "arn:aws:sqs:" + region + ":" + account + ":dead"
		policy := fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":1}`, deadARN)
		stays, goes := b.create(t, "a", "RedrivePolicy", policy), b.create(t, "b", "RedrivePolicy", policy)
		for _, url := range []string{stays, goes} {
			b.send(t, url, "lost")
			b.receive(t, url, 1)
			wait(time.Second)
			b.receive(t, url, 1)
		}
		b.wantCounts(t, dead, "2", "0", "0")
		must[*api.DeleteQueueOutput](t)(b.DeleteQueue(t.Context(), &api.DeleteQueueInput{QueueUrl: goes}))
		must[*api.StartMessageMoveTaskOutput](t)(b.StartMessageMoveTask(t.Context(), &api.StartMessageMoveTaskInput{SourceArn: deadARN}))
		wait(time.Second)
		b.wantCounts(t, dead, "2", "0", "0")
		b.wantCounts(t, stays, "0", "0", "0")
	})
}

// TestGroups checks the order and the locks of message groups.
func TestGroups(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		dead := b.create(t, "dead.fifo", "FifoQueue", "true")
		url := b.create(t, "q.fifo", "FifoQueue", "true", "ContentBasedDeduplication", "true",
			"RedrivePolicy", `{"deadLetterTargetArn":"arn:aws:sqs:`+region+":"+account+`:dead.fifo","maxReceiveCount":3}`)
		b.sendTo(t, url, "g", "g1", "g2")
		b.sendTo(t, url, "h", "h1", "h2")
		one := func(s int32) *api.Message {
			got := must[*api.ReceiveMessageOutput](t)(b.ReceiveMessage(t.Context(), &api.ReceiveMessageInput{QueueUrl: url, VisibilityTimeout: &s})).Messages
			if len(got) != 1 {
				t.Fatalf("%d messages", len(got))
			}
			return got[0]
		}
		g1, h1 := one(10), one(20)
		if d := cmp.Diff([]string{"g1", "h1"}, bodies([]*api.Message{g1, h1})); d != "" {
			t.Error(d)
		}
		if got := b.receive(t, url, 10); len(got) != 0 {
			t.Errorf("locked groups gave %v", bodies(got))
		}
		b.delete(t, url, g1)
		if g2 := one(10); *g2.Body != "g2" {
			t.Errorf("got %s", *g2.Body)
		}
		wait(20 * time.Second)
		_, err := b.DeleteMessage(t.Context(), &api.DeleteMessageInput{QueueUrl: url, ReceiptHandle: *h1.ReceiptHandle})
		wantError(t, err, "InvalidParameterValue", "Value "+*h1.ReceiptHandle+" for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.")
		b.sendTo(t, url, "h", "h3")
		if d := cmp.Diff([]string{"g2", "h1", "h2", "h3"}, bodies(b.receive(t, url, 5))); d != "" {
			t.Error(d)
		}
		wait(5 * time.Second)
		b.receive(t, url, 5)
		wait(5 * time.Second)
		if d := cmp.Diff([]string{"h2", "h3"}, bodies(b.receive(t, url, 5))); d != "" {
			t.Error(d) // g2 and h1 have been received three times
		}
		if d := cmp.Diff([]string{"g2", "h1"}, bodies(b.receive(t, dead, 5))); d != "" {
			t.Error(d)
		}
	})
}

// TestDeduplication checks the five minutes and the scopes.
func TestDeduplication(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		url := b.create(t, "q.fifo", "FifoQueue", "true")
		send := func(url, body, dedup, group string) *api.SendMessageOutput {
			t.Helper()
			return must[*api.SendMessageOutput](t)(b.SendMessage(t.Context(), &api.SendMessageInput{
				QueueUrl: url, MessageBody: body, MessageDeduplicationId: &dedup, MessageGroupId: &group,
			}))
		}
		first := send(url, "a", "1", "g")
		b.delete(t, url, b.receive(t, url, 30)...)
		again := send(url, "b", "1", "h")
		if *again.MessageId != *first.MessageId || *again.SequenceNumber != *first.SequenceNumber || *again.MD5OfMessageBody == *first.MD5OfMessageBody {
			t.Errorf("%v", again)
		}
		b.wantCounts(t, url, "0", "0", "0")
		wait(5 * time.Minute)
		third := send(url, "c", "1", "g")
		if *third.SequenceNumber <= *first.SequenceNumber || len(*third.SequenceNumber) != 20 {
			t.Errorf("sequence numbers %s, %s", *first.SequenceNumber, *third.SequenceNumber)
		}
		b.wantCounts(t, url, "1", "0", "0")
		scoped := b.create(t, "s.fifo", "FifoQueue", "true", "DeduplicationScope", "messageGroup", "FifoThroughputLimit", "perMessageGroupId")
		send(scoped, "a", "1", "g")
		send(scoped, "a", "1", "h")
		send(scoped, "a", "1", "h")
		b.wantCounts(t, scoped, "2", "0", "0")
	})
}

// TestAttempts checks that a receive that names itself can be repeated.
func TestAttempts(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		url := b.create(t, "q.fifo", "FifoQueue", "true", "ContentBasedDeduplication", "true")
		b.sendTo(t, url, "g", "a", "b", "c")
		receive := func() []*api.Message {
			return must[*api.ReceiveMessageOutput](t)(b.ReceiveMessage(t.Context(), &api.ReceiveMessageInput{
				QueueUrl: url, MaxNumberOfMessages: new(int32(2)), VisibilityTimeout: new(int32(30)), ReceiveRequestAttemptId: new("attempt"),
			})).Messages
		}
		first := receive()
		wait(20 * time.Second)
		second := receive()
		if d := cmp.Diff([]string{"a", "b"}, bodies(first)); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(first, second); d != "" {
			t.Error(d)
		}
		wait(20 * time.Second) // the repetition has begun the timeout anew
		b.wantCounts(t, url, "1", "2", "0")
		b.delete(t, url, first[0])
		if got := receive(); len(got) != 0 {
			t.Errorf("got %v though one was deleted and its group is locked", bodies(got))
		}
	})
}
