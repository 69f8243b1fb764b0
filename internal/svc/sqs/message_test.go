package sqs_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/plane"
)

// TestChecksums compares with what AWS has answered to the same messages.
func TestChecksums(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		url := b.create(t, "q")
		for _, tt := range []struct {
			attrs map[string]*api.MessageAttributeValue
			want  string
		}{
			{map[string]*api.MessageAttributeValue{"timestamp": {DataType: "Number", StringValue: new("1493147359900")}}, "235c5c510d26fb653d073faed50ae77c"},
			{map[string]*api.MessageAttributeValue{"timestamp": {DataType: "Number.java.lang.Long", StringValue: new("1493147359900")}}, "2e2e4876d8e0bd6b8c2c8f556831c349"},
			{map[string]*api.MessageAttributeValue{
				"ccc": {DataType: "String", StringValue: new("testccc")},
				"aaa": {DataType: "Binary", BinaryValue: []byte{2, 3, 4}},
				"zzz": {DataType: "Number", StringValue: new("0230.01")},
			}, "11f278abefd0cc2881ac0b06b1ca596e"},
		} {
			out := must[*api.SendMessageOutput](t)(b.SendMessage(t.Context(), &api.SendMessageInput{QueueUrl: url, MessageBody: "derp", MessageAttributes: tt.attrs}))
			if *out.MD5OfMessageBody != "58fd9edd83341c29f1aebba81c31e257" || *out.MD5OfMessageAttributes != tt.want {
				t.Errorf("%s, %s; want %s", *out.MD5OfMessageBody, *out.MD5OfMessageAttributes, tt.want)
			}
		}
	})
}

// TestSelection checks which attributes a receiver gets.
func TestSelection(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		url := b.create(t, "q")
		text := func(s string) *api.MessageAttributeValue {
			return &api.MessageAttributeValue{DataType: "String", StringValue: &s}
		}
		out := must[*api.SendMessageOutput](t)(b.SendMessage(t.Context(), &api.SendMessageInput{
			QueueUrl: url, MessageBody: "x", MessageAttributes: map[string]*api.MessageAttributeValue{"foo.a": text("1"), "foo.b": text("2"), "bar": text("3")},
			MessageSystemAttributes: map[string]*api.MessageSystemAttributeValue{"AWSTraceHeader": {DataType: "String", StringValue: new("Root=1-5759e988-bd862e3fe1be46a994272793")}},
		}))
		if out.MD5OfMessageSystemAttributes == nil {
			t.Error("no checksum of the system attributes")
		}
		for _, tt := range []struct {
			names []string
			want  string
		}{
			{nil, ""},
			{[]string{"bar"}, "bar"},
			{[]string{"foo.*"}, "foo.a foo.b"},
			{[]string{"All"}, "bar foo.a foo.b"},
			{[]string{".*"}, "bar foo.a foo.b"},
			{[]string{"none"}, ""},
		} {
			got := must[*api.ReceiveMessageOutput](t)(b.ReceiveMessage(t.Context(), &api.ReceiveMessageInput{
				QueueUrl: url, VisibilityTimeout: new(int32(0)), MessageAttributeNames: tt.names,
				MessageSystemAttributeNames: []api.MessageSystemAttributeName{api.MessageSystemAttributeNameAWSTraceHeader},
			})).Messages[0]
			var names []string
			for n := range got.MessageAttributes {
				names = append(names, n)
			}
			less := strings.Fields(tt.want)
			if len(names) != len(less) {
				t.Errorf("%v: %v", tt.names, names)
			}
			for _, n := range less {
				if got.MessageAttributes[n] == nil {
					t.Errorf("%v: no %s", tt.names, n)
				}
			}
			if d := cmp.Diff(map[string]string{"AWSTraceHeader": "Root=1-5759e988-bd862e3fe1be46a994272793"}, got.Attributes); d != "" {
				t.Error(d)
			}
			if (got.MD5OfMessageAttributes == nil) != (tt.want == "") || tt.want == "bar foo.a foo.b" && *got.MD5OfMessageAttributes != *out.MD5OfMessageAttributes {
				t.Errorf("%v: checksum %v", tt.names, got.MD5OfMessageAttributes)
			}
		}
	})
}

// TestSendRules checks what is refused, and that nothing of it is kept.
func TestSendRules(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		std := b.create(t, "q", "MaximumMessageSize", "1024")
		fifo := b.create(t, "q.fifo", "FifoQueue", "true")
		attrs := func(name string, v *api.MessageAttributeValue) map[string]*api.MessageAttributeValue {
			return map[string]*api.MessageAttributeValue{name: v}
		}
		str := &api.MessageAttributeValue{DataType: "String", StringValue: new("v")}
		many := map[string]*api.MessageAttributeValue{}
		for _, c := range "abcdefghijk" {
			many[string(c)] = str
		}
		for _, tt := range []struct {
			in            api.SendMessageInput
			code, message string
		}{
			{api.SendMessageInput{QueueUrl: std}, "MissingParameter", "The request must contain the parameter MessageBody."},
			{api.SendMessageInput{QueueUrl: std, MessageBody: "a\x00"}, "InvalidMessageContents", ""},
			{api.SendMessageInput{QueueUrl: std, MessageBody: "\uffff"}, "InvalidMessageContents", ""},
			{api.SendMessageInput{QueueUrl: std, MessageBody: strings.Repeat("x", 1025)}, "InvalidParameterValue", "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes."},
			{api.SendMessageInput{QueueUrl: std, MessageBody: strings.Repeat("x", 1020), MessageAttributes: attrs("a", str)}, "InvalidParameterValue", ""},
			{api.SendMessageInput{QueueUrl: std, MessageBody: "x", DelaySeconds: new(int32(901))}, "InvalidParameterValue", "Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900."},
			{api.SendMessageInput{QueueUrl: std, MessageBody: "x", MessageDeduplicationId: new("d")}, "InvalidParameterValue", ""},
			{api.SendMessageInput{QueueUrl: std, MessageBody: "x", MessageAttributes: many}, "InvalidParameterValue", "Number of message attributes [11] exceeds the allowed maximum [10]."},
			{api.SendMessageInput{QueueUrl: std, MessageBody: "x", MessageAttributes: attrs("a b", str)}, "InvalidParameterValue", ""},
			{api.SendMessageInput{QueueUrl: std, MessageBody: "x", MessageAttributes: attrs("AWS.x", str)}, "InvalidParameterValue", ""},
			{api.SendMessageInput{QueueUrl: std, MessageBody: "x", MessageAttributes: attrs("n", &api.MessageAttributeValue{DataType: "Number", StringValue: new("one")})}, "InvalidParameterValue", "Can't cast the value of message (user) attribute 'n' to a number."},
			{api.SendMessageInput{QueueUrl: std, MessageBody: "x", MessageAttributes: attrs("n", &api.MessageAttributeValue{DataType: "Float", StringValue: new("1")})}, "InvalidParameterValue", ""},
			{api.SendMessageInput{QueueUrl: std, MessageBody: "x", MessageAttributes: attrs("n", &api.MessageAttributeValue{DataType: "String", StringValue: new("")})}, "InvalidParameterValue", "The message attribute 'n' must contain a non-empty message attribute value for message attribute type 'String'."},
			{api.SendMessageInput{QueueUrl: fifo, MessageBody: "x"}, "MissingParameter", "The request must contain the parameter MessageGroupId."},
			{api.SendMessageInput{QueueUrl: fifo, MessageBody: "x", MessageGroupId: new("g")}, "InvalidParameterValue", "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"},
			{api.SendMessageInput{QueueUrl: fifo, MessageBody: "x", MessageGroupId: new("g"), DelaySeconds: new(int32(1))}, "InvalidParameterValue", "Value 1 for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type."},
			{api.SendMessageInput{QueueUrl: "http://h/" + account + "/none", MessageBody: "x"}, "QueueDoesNotExist", "The specified queue does not exist."},
			{api.SendMessageInput{QueueUrl: "q", MessageBody: "x"}, "InvalidAddress", "The address q is not valid for this endpoint."},
		} {
			_, err := b.SendMessage(t.Context(), &tt.in)
			wantError(t, err, tt.code, tt.message)
		}
		if n := b.rows(t, "sqs_message") + b.rows(t, "sqs_dedup") + b.rows(t, "sqs_group"); n != 0 {
			t.Errorf("%d rows left by what was refused", n)
		}
	})
}

// TestBatches checks that entries succeed and fail by themselves.
func TestBatches(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		url := b.create(t, "q")
		entry := func(id, body string) *api.SendMessageBatchRequestEntry {
			return &api.SendMessageBatchRequestEntry{Id: id, MessageBody: body}
		}
		big := strings.Repeat("x", 600_000)
		for _, tt := range []struct {
			entries       []*api.SendMessageBatchRequestEntry
			code, message string
		}{
			{[]*api.SendMessageBatchRequestEntry{}, "EmptyBatchRequest", "There should be at least one SendMessageBatchRequestEntry in the request."},
			{[]*api.SendMessageBatchRequestEntry{entry("a", "x"), entry("a", "y")}, "BatchEntryIdsNotDistinct", "Id a repeated."},
			{[]*api.SendMessageBatchRequestEntry{entry("a b", "x")}, "InvalidBatchEntryId", ""},
			{[]*api.SendMessageBatchRequestEntry{entry("a", big), entry("b", big)}, "BatchRequestTooLong", "Batch requests cannot be longer than 1048576 bytes. You have sent 1200000 bytes."},
		} {
			_, err := b.SendMessageBatch(t.Context(), &api.SendMessageBatchInput{QueueUrl: url, Entries: tt.entries})
			wantError(t, err, tt.code, tt.message)
		}
		out := must[*api.SendMessageBatchOutput](t)(b.SendMessageBatch(t.Context(), &api.SendMessageBatchInput{
			QueueUrl: url, Entries: []*api.SendMessageBatchRequestEntry{entry("a", "1"), entry("bad", "\x01"), entry("c", "2")},
		}))
		if len(out.Successful) != 2 || len(out.Failed) != 1 || out.Failed[0].Id != "bad" || out.Failed[0].Code != "InvalidMessageContents" || !out.Failed[0].SenderFault {
			t.Fatalf("%+v", out)
		}
		got := b.receive(t, url, 30)
		if d := cmp.Diff([]string{"1", "2"}, bodies(got)); d != "" {
			t.Error(d)
		}
		del := must[*api.DeleteMessageBatchOutput](t)(b.DeleteMessageBatch(t.Context(), &api.DeleteMessageBatchInput{
			QueueUrl: url, Entries: []*api.DeleteMessageBatchRequestEntry{
				{Id: "x", ReceiptHandle: *got[0].ReceiptHandle}, {Id: "y", ReceiptHandle: "forged"}, {Id: "z", ReceiptHandle: *got[1].ReceiptHandle},
			},
		}))
		if len(del.Successful) != 2 || len(del.Failed) != 1 || del.Failed[0].Code != "ReceiptHandleIsInvalid" {
			t.Errorf("%+v", del)
		}
		b.wantCounts(t, url, "0", "0", "0")
	})
}

// TestToken checks that a call repeated under a token has its effect once, and
// answers alike.
func TestToken(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		std, fifo := b.create(t, "q"), b.create(t, "q.fifo", "FifoQueue", "true", "ContentBasedDeduplication", "true")
		c := api.Client{Invoker: b.plane.AsService("sns.amazonaws.com", account, region)}
		for _, in := range []api.SendMessageInput{
			{QueueUrl: "http://sqs.internal/" + account + "/q", MessageBody: "x"},
			{QueueUrl: "http://sqs.internal/" + account + "/q.fifo", MessageBody: "x", MessageGroupId: new("g")},
		} {
			ctx := plane.WithToken(t.Context(), "message-1")
			first := must[*api.SendMessageOutput](t)(c.SendMessage(ctx, &in))
			second := must[*api.SendMessageOutput](t)(c.SendMessage(ctx, &in))
			if d := cmp.Diff(first, second); d != "" {
				t.Error(d)
			}
		}
		for _, url := range []string{std, fifo} {
			if got := b.receive(t, url, 30); len(got) != 1 || got[0].Attributes["SenderId"] != "sns.amazonaws.com" {
				t.Errorf("%s: %d messages", url, len(got))
			}
		}
	})
}
