package events_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"nephele.dev/nephele/internal/store/storetest"
	"nephele.dev/nephele/nepheletest"
)

// user drives a server from outside with the AWS SDK.
type user struct {
	*sdk.Client
	queues *sqs.Client
}

func eachServer(t *testing.T, f func(t *testing.T, u user)) {
	t.Helper()
	start := func(t *testing.T, o ...nepheletest.Option) {
		server := nepheletest.Start(t, o...)
		f(t, user{sdk.NewFromConfig(server.Config), sqs.NewFromConfig(server.Config)})
	}
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); start(t) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); start(t, nepheletest.WithPostgres(storetest.PostgresURL(t))) })
}

// queue makes a queue and returns its URL and ARN.
func (u user) queue(t *testing.T, name string, attributes map[string]string) (url, arn string) {
	t.Helper()
	out, err := u.queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	got, err := u.queues.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl: out.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameQueueArn},
	})
	if err != nil {
		t.Fatal(err)
	}
	return *out.QueueUrl, got.Attributes["QueueArn"]
}

// receive waits for one message.
func (u user) receive(t *testing.T, url string) sqstypes.Message {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		out, err := u.queues.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: &url, WaitTimeSeconds: 10, MaxNumberOfMessages: 1, MessageAttributeNames: []string{"All"},
			MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{sqstypes.MessageSystemAttributeNameAll},
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Messages) == 0 {
			continue
		}
		if _, err := u.queues.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: out.Messages[0].ReceiptHandle}); err != nil {
			t.Fatal(err)
		}
		return out.Messages[0]
	}
}

func (u user) rule(t *testing.T, name, pattern string, targets ...types.Target) {
	t.Helper()
	if _, err := u.PutRule(t.Context(), &sdk.PutRuleInput{Name: &name, EventPattern: &pattern}); err != nil {
		t.Fatal(err)
	}
	out, err := u.PutTargets(t.Context(), &sdk.PutTargetsInput{Rule: &name, Targets: targets})
	if err != nil || out.FailedEntryCount != 0 {
		t.Fatalf("%+v, %v", out, err)
	}
}

// TestEventsReachQueues goes all the way with the AWS SDK.
func TestEventsReachQueues(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, u user) {
		url, arn := u.queue(t, "q", nil)
		fifoURL, fifo := u.queue(t, "q.fifo", map[string]string{"FifoQueue": "true", "ContentBasedDeduplication": "true"})
		deadURL, dead := u.queue(t, "dead", nil)
		u.rule(t, "orders", `{"source":["shop"],"detail":{"total":[{"numeric":[">=",100]}]}}`,
			types.Target{Id: new("plain"), Arn: &arn},
			types.Target{Id: new("fifo"), Arn: &fifo, SqsParameters: &types.SqsParameters{MessageGroupId: new("g")}, InputTransformer: &types.InputTransformer{
				InputPathsMap: map[string]string{"total": "$.detail.total"}, InputTemplate: new(`"worth <total>"`),
			}},
			types.Target{Id: new("gone"), Arn: new(strings.Replace(arn, ":q", ":none", 1)), DeadLetterConfig: &types.DeadLetterConfig{Arn: &dead}})
		out, err := u.PutEvents(t.Context(), &sdk.PutEventsInput{Entries: []types.PutEventsRequestEntry{
			{Source: new("shop"), DetailType: new("Order"), Detail: new(`{"total": 99.99}`)},
			{Source: new("shop"), DetailType: new("Order"), Detail: new(`{"total": 1e2}`)},
			{Source: new("aws.shop"), DetailType: new("Order"), Detail: new(`{}`)},
		}})
		if err != nil || out.FailedEntryCount != 1 || *out.Entries[2].ErrorCode != "NotAuthorizedForSourceException" {
			t.Fatalf("%+v, %v", out, err)
		}
		var event struct {
			ID     string `json:"id"`
			Detail json.RawMessage
		}
		for _, m := range []sqstypes.Message{u.receive(t, url), u.receive(t, deadURL)} {
			if err := json.Unmarshal([]byte(*m.Body), &event); err != nil || event.ID != *out.Entries[1].EventId || string(event.Detail) != `{"total":1e2}` {
				t.Errorf("message %s: %v", *m.Body, err)
			}
			if m.MessageAttributes != nil && *m.MessageAttributes["ERROR_CODE"].StringValue != "NO_RESOURCE" {
				t.Errorf("attributes %+v", m.MessageAttributes)
			}
		}
		if m := u.receive(t, fifoURL); *m.Body != `"worth 1e2"` || m.Attributes["MessageGroupId"] != "g" {
			t.Errorf("message %s, %v", *m.Body, m.Attributes)
		}
	})
}

func TestSDKErrors(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, u user) {
		_, err := u.PutRule(t.Context(), &sdk.PutRuleInput{Name: new("r"), EventPattern: new(`{"a":"b"}`)})
		if e, ok := errors.AsType[*types.InvalidEventPatternException](err); !ok || !strings.HasPrefix(e.ErrorMessage(), `Event pattern is not valid. Reason: "a" must be an object or an array`) {
			t.Errorf("pattern: %v", err)
		}
		_, err = u.DescribeRule(t.Context(), &sdk.DescribeRuleInput{Name: new("r")})
		if e, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok || e.ErrorMessage() != "Rule r does not exist on EventBus default." {
			t.Errorf("rule: %v", err)
		}
		_, err = u.ListArchives(t.Context(), &sdk.ListArchivesInput{})
		if e, ok := errors.AsType[smithy.APIError](err); !ok || e.ErrorCode() != "NotImplemented" {
			t.Errorf("archives: %v", err)
		}
	})
}
