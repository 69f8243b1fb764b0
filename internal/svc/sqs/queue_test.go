package sqs_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

// TestCreateQueue checks names, values, and what happens when a queue is
// created twice.
func TestCreateQueue(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		dlq := b.create(t, "dead")
		if dlq != "http://host:1/"+account+"/dead" {
			t.Errorf("url %s", dlq)
		}
		arn := func(name string) string { return "arn:aws:sqs:" + region + ":" + account + ":" + name }
		redrive := func(name string, n any) string {
			return fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%v}`, arn(name), n)
		}
		standardName := "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
		for _, tt := range []struct {
			name          string
			attributes    map[string]string
			code, message string
		}{
			{"a b", nil, "InvalidParameterValue", standardName},
			{strings.Repeat("x", 81), nil, "InvalidParameterValue", standardName},
			{"x.fifo", nil, "InvalidParameterValue", standardName},
			{"x", map[string]string{"FifoQueue": "true"}, "InvalidParameterValue", "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length."},
			{"x", map[string]string{"FifoQueue": "false"}, "InvalidAttributeName", "Unknown Attribute FifoQueue."},
			{"x", map[string]string{"ContentBasedDeduplication": "true"}, "InvalidAttributeName", "Unknown Attribute ContentBasedDeduplication."},
			{"x", map[string]string{"Foo": "1"}, "InvalidAttributeName", "Unknown Attribute Foo."},
			{"x", map[string]string{"QueueArn": "1"}, "InvalidAttributeName", "Unknown Attribute QueueArn."},
			{"x", map[string]string{"VisibilityTimeout": "43201"}, "InvalidAttributeValue", "Invalid value for the parameter VisibilityTimeout."},
			{"x", map[string]string{"DelaySeconds": "x"}, "InvalidAttributeValue", "Invalid value for the parameter DelaySeconds."},
			{"x", map[string]string{"MessageRetentionPeriod": "59"}, "InvalidAttributeValue", "Invalid value for the parameter MessageRetentionPeriod."},
			{"x", map[string]string{"MaximumMessageSize": "1048577"}, "InvalidAttributeValue", "Invalid value for the parameter MaximumMessageSize."},
			{"x", map[string]string{"Policy": "nonsense"}, "InvalidAttributeValue", "Invalid value for the parameter Policy."},
			{"x", map[string]string{"RedrivePolicy": "x"}, "InvalidParameterValue", "Value x for parameter RedrivePolicy is invalid. Reason: Redrive policy is not a valid JSON map."},
			{"x", map[string]string{"RedrivePolicy": `{"maxReceiveCount":1}`}, "InvalidParameterValue", ""},
			{"x", map[string]string{"RedrivePolicy": redrive("dead", 0)}, "InvalidParameterValue", ""},
			{"x", map[string]string{"RedrivePolicy": redrive("none", 1)}, "InvalidParameterValue", "Value " + redrive("none", 1) + " for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist."},
			{"x.fifo", map[string]string{"FifoQueue": "true", "RedrivePolicy": redrive("dead", 1)}, "InvalidParameterValue", ""},
			{"x.fifo", map[string]string{"FifoQueue": "true", "FifoThroughputLimit": "perMessageGroupId"}, "InvalidAttributeValue", ""},
			{"dead", map[string]string{"VisibilityTimeout": "31"}, "QueueNameExists", "A queue already exists with the same name and a different value for attribute VisibilityTimeout"},
		} {
			_, err := b.CreateQueue(t.Context(), &api.CreateQueueInput{QueueName: tt.name, Attributes: tt.attributes})
			wantError(t, err, tt.code, tt.message)
		}
		if again := b.create(t, "dead", "VisibilityTimeout", "30"); again != dlq {
			t.Errorf("again: %s", again)
		}
		b.create(t, "q", "RedrivePolicy", redrive("dead", `"3"`))
		if list := must[*api.ListQueuesOutput](t)(b.ListQueues(t.Context(), &api.ListQueuesInput{})); len(list.QueueUrls) != 2 {
			t.Errorf("%v", list.QueueUrls)
		}
		sources := must[*api.ListDeadLetterSourceQueuesOutput](t)(b.ListDeadLetterSourceQueues(t.Context(), &api.ListDeadLetterSourceQueuesInput{QueueUrl: dlq}))
		if d := cmp.Diff([]string{"http://host:1/" + account + "/q"}, sources.QueueUrls); d != "" {
			t.Error(d)
		}
	})
}

// TestListQueues checks pages and prefixes.
func TestListQueues(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		for _, n := range []string{"a1", "a2", "a3", "b1"} {
			b.create(t, n)
		}
		var got []string
		in := &api.ListQueuesInput{QueueNamePrefix: new("a"), MaxResults: new(int32(2))}
		for {
			out := must[*api.ListQueuesOutput](t)(b.ListQueues(t.Context(), in))
			for _, u := range out.QueueUrls {
				got = append(got, u[strings.LastIndexByte(u, '/')+1:])
			}
			if in.NextToken = out.NextToken; in.NextToken == nil {
				break
			}
		}
		if d := cmp.Diff([]string{"a1", "a2", "a3"}, got); d != "" {
			t.Error(d)
		}
		_, err := b.ListQueues(t.Context(), &api.ListQueuesInput{NextToken: new("x"), MaxResults: new(int32(2))})
		wantError(t, err, "InvalidParameterValue", "")
		_, err = b.GetQueueUrl(t.Context(), &api.GetQueueUrlInput{QueueName: "c"})
		wantError(t, err, "QueueDoesNotExist", "The specified queue does not exist.")
	})
}

// TestAttributes checks that attributes are kept, merged and taken away.
func TestAttributes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		url := b.create(t, "q.fifo", "FifoQueue", "true")
		set := func(attrs map[string]string) error {
			_, err := b.SetQueueAttributes(t.Context(), &api.SetQueueAttributesInput{QueueUrl: url, Attributes: attrs})
			return err
		}
		for _, attrs := range []map[string]string{
			{"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"},
			{"KmsMasterKeyId": "alias/aws/sqs", "ReceiveMessageWaitTimeSeconds": "5"},
			{"RedriveAllowPolicy": `{"redrivePermission":"denyAll"}`, "Policy": `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":"*"}}`},
			{"Policy": ""},
		} {
			if err := set(attrs); err != nil {
				t.Fatal(err)
			}
		}
		wantError(t, set(map[string]string{"DeduplicationScope": "queue"}), "InvalidAttributeValue", "")
		wantError(t, set(map[string]string{"FifoQueue": "false"}), "InvalidAttributeName", "Unknown Attribute FifoQueue.")
		got := must[*api.GetQueueAttributesOutput](t)(b.GetQueueAttributes(t.Context(), &api.GetQueueAttributesInput{
			QueueUrl: url, AttributeNames: []api.QueueAttributeName{api.QueueAttributeNameAll},
		})).Attributes
		for _, stamp := range []string{"CreatedTimestamp", "LastModifiedTimestamp"} {
			if len(got[stamp]) != 10 {
				t.Errorf("%s %q", stamp, got[stamp])
			}
			delete(got, stamp)
		}
		want := map[string]string{
			"ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesDelayed": "0", "ApproximateNumberOfMessagesNotVisible": "0",
			"ContentBasedDeduplication": "false", "DeduplicationScope": "messageGroup", "DelaySeconds": "0", "FifoQueue": "true",
			"FifoThroughputLimit": "perMessageGroupId", "KmsDataKeyReusePeriodSeconds": "300", "KmsMasterKeyId": "alias/aws/sqs",
			"MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600", "QueueArn": "arn:aws:sqs:" + region + ":" + account + ":q.fifo",
			"ReceiveMessageWaitTimeSeconds": "5", "RedriveAllowPolicy": `{"redrivePermission":"denyAll"}`, "SqsManagedSseEnabled": "false", "VisibilityTimeout": "30",
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		_, err := b.GetQueueAttributes(t.Context(), &api.GetQueueAttributesInput{QueueUrl: url, AttributeNames: []api.QueueAttributeName{"Foo"}})
		wantError(t, err, "InvalidAttributeName", "Unknown Attribute Foo.")
		_, err = b.CreateQueue(t.Context(), &api.CreateQueueInput{QueueName: "p.fifo", Attributes: map[string]string{
			"FifoQueue": "true", "RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:` + region + ":" + account + `:q.fifo","maxReceiveCount":2}`,
		}})
		wantError(t, err, "InvalidParameterValue", "") // q.fifo denies it
	})
}

// TestTagsAndPermissions checks tags and the policy that permissions make.
func TestTagsAndPermissions(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		url := must[string](t)("http://host:1/"+account+"/q", nil)
		must[*api.CreateQueueOutput](t)(b.CreateQueue(t.Context(), &api.CreateQueueInput{QueueName: "q", Tags: map[string]string{"a": "1"}}))
		must[*api.TagQueueOutput](t)(b.TagQueue(t.Context(), &api.TagQueueInput{QueueUrl: url, Tags: map[string]string{"b": "2", "c": "3"}}))
		must[*api.UntagQueueOutput](t)(b.UntagQueue(t.Context(), &api.UntagQueueInput{QueueUrl: url, TagKeys: []string{"a"}}))
		tags := must[*api.ListQueueTagsOutput](t)(b.ListQueueTags(t.Context(), &api.ListQueueTagsInput{QueueUrl: url})).Tags
		if d := cmp.Diff(map[string]string{"b": "2", "c": "3"}, tags); d != "" {
			t.Error(d)
		}
		must[*api.UntagQueueOutput](t)(b.UntagQueue(t.Context(), &api.UntagQueueInput{QueueUrl: url, TagKeys: []string{"b", "c"}}))
		if tags := must[*api.ListQueueTagsOutput](t)(b.ListQueueTags(t.Context(), &api.ListQueueTagsInput{QueueUrl: url})).Tags; tags != nil {
			t.Errorf("a queue without tags has %v", tags)
		}
		_, err := b.TagQueue(t.Context(), &api.TagQueueInput{QueueUrl: url, Tags: map[string]string{"aws:x": "2"}})
		wantError(t, err, "InvalidParameterValue", "")
		add := &api.AddPermissionInput{QueueUrl: url, Label: "l", AWSAccountIds: []string{"111111111111"}, Actions: []string{"SendMessage"}}
		must[*api.AddPermissionOutput](t)(b.AddPermission(t.Context(), add))
		arn := "arn:aws:sqs:" + region + ":" + account + ":q"
		want := `{"Version":"2008-10-17","Id":"` + arn + `/SQSDefaultPolicy","Statement":[{"Sid":"l","Effect":"Allow",` +
			`"Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"SQS:SendMessage","Resource":"` + arn + `"}]}`
		if got := b.attribute(t, url, api.QueueAttributeNamePolicy); got != want {
			t.Errorf("%s\n%s", got, want)
		}
		_, err = b.AddPermission(t.Context(), add)
		wantError(t, err, "InvalidParameterValue", "Value l for parameter Label is invalid. Reason: Already exists.")
		must[*api.RemovePermissionOutput](t)(b.RemovePermission(t.Context(), &api.RemovePermissionInput{QueueUrl: url, Label: "l"}))
		if got := b.attribute(t, url, api.QueueAttributeNamePolicy); got != "" {
			t.Errorf("policy left: %s", got)
		}
		_, err = b.RemovePermission(t.Context(), &api.RemovePermissionInput{QueueUrl: url, Label: "l"})
		wantError(t, err, "InvalidParameterValue", "Value l for parameter Label is invalid. Reason: can't find label on existing policy.")
	})
}

// TestDeleteAndPurge checks that nothing stays of what is deleted.
func TestDeleteAndPurge(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db)
		url := b.create(t, "q")
		b.send(t, url, "a", "b", "c")
		old := b.receive(t, url, 30)[0]
		b.settle(t, func() {
			must[*api.PurgeQueueOutput](t)(b.PurgeQueue(b.tracked, &api.PurgeQueueInput{QueueUrl: url}))
		})
		b.wantCounts(t, url, "0", "0", "0")
		if n := b.rows(t, "sqs_message"); n != 0 {
			t.Errorf("%d messages left by a purge", n)
		}
		b.delete(t, url, old)
		b.send(t, url, "d")
		b.settle(t, func() {
			must[*api.DeleteQueueOutput](t)(b.DeleteQueue(b.tracked, &api.DeleteQueueInput{QueueUrl: url}))
		})
		if n := b.rows(t, "sqs_message"); n != 0 {
			t.Errorf("%d messages left by a deleted queue", n)
		}
		_, err := b.SendMessage(t.Context(), &api.SendMessageInput{QueueUrl: url, MessageBody: "x"})
		wantError(t, err, "QueueDoesNotExist", "The specified queue does not exist.")
		b.create(t, "q")
		b.wantCounts(t, url, "0", "0", "0")
	})
}
