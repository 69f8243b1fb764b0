package sqs_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
	"nephele.dev/nephele/nepheletest"
)

// TestSDK drives the service from outside with the AWS SDK, which verifies
// checksums by itself.
func TestSDK(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, cfg store.Config) {
		var opts []nepheletest.Option
		if cfg.URL != "" {
			opts = append(opts, nepheletest.WithPostgres(cfg.URL))
		}
		c := sdk.NewFromConfig(nepheletest.Start(t, opts...).Config)
		ctx := t.Context()
		dlq, err := c.CreateQueue(ctx, &sdk.CreateQueueInput{QueueName: aws.String("dead")})
		if err != nil {
			t.Fatal(err)
		}
		q, err := c.CreateQueue(ctx, &sdk.CreateQueueInput{QueueName: aws.String("q"), Attributes: map[string]string{
			"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":"1"}`,
		}, Tags: map[string]string{"a": "b"}})
		if err != nil {
			t.Fatal(err)
		}
		var entries []types.SendMessageBatchRequestEntry
		for i := range 10 {
			entries = append(entries, types.SendMessageBatchRequestEntry{
				Id: aws.String(fmt.Sprint(i)), MessageBody: aws.String(fmt.Sprintf("línea %d\r\n\t<&>", i)),
				MessageAttributes: map[string]types.MessageAttributeValue{"n": {DataType: aws.String("Number"), StringValue: aws.String(fmt.Sprint(i))}},
			})
		}
		if _, err := c.SendMessageBatch(ctx, &sdk.SendMessageBatchInput{QueueUrl: q.QueueUrl, Entries: entries}); err != nil {
			t.Fatal(err)
		}
		for _, url := range []*string{q.QueueUrl, dlq.QueueUrl} {
			got, err := c.ReceiveMessage(ctx, &sdk.ReceiveMessageInput{
				QueueUrl: url, MaxNumberOfMessages: 10, VisibilityTimeout: 1, WaitTimeSeconds: 5, MessageAttributeNames: []string{"All"},
			})
			if err != nil || len(got.Messages) == 0 {
				t.Fatalf("%+v, %v", got, err)
			}
			for _, m := range got.Messages {
				if n := *m.MessageAttributes["n"].StringValue; *m.Body != "línea "+n+"\r\n\t<&>" {
					t.Errorf("%q has number %s", *m.Body, n)
				}
			}
			if url == dlq.QueueUrl {
				break
			}
			// When its timeout is over, the next receive finds that it was received too often.
			if again, err := c.ReceiveMessage(ctx, &sdk.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: 2}); err != nil || len(again.Messages) != 0 {
				t.Fatalf("%+v, %v", again, err)
			}
		}
		wantSDKErrors(t, c, q.QueueUrl)
	})
}

func wantSDKErrors(t *testing.T, c *sdk.Client, url *string) {
	t.Helper()
	ctx := t.Context()
	_, err := c.GetQueueUrl(ctx, &sdk.GetQueueUrlInput{QueueName: aws.String("none")})
	if e, ok := errors.AsType[*types.QueueDoesNotExist](err); !ok || e.ErrorCode() != "AWS.SimpleQueueService.NonExistentQueue" {
		t.Errorf("no queue: %v", err)
	}
	_, err = c.CreateQueue(ctx, &sdk.CreateQueueInput{QueueName: aws.String("q"), Attributes: map[string]string{"DelaySeconds": "7"}})
	if _, ok := errors.AsType[*types.QueueNameExists](err); !ok {
		t.Errorf("queue exists: %v", err)
	}
	_, err = c.DeleteMessage(ctx, &sdk.DeleteMessageInput{QueueUrl: url, ReceiptHandle: aws.String("x")})
	if _, ok := errors.AsType[*types.ReceiptHandleIsInvalid](err); !ok {
		t.Errorf("bad handle: %v", err)
	}
	_, err = c.ReceiveMessage(ctx, &sdk.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: 11})
	if e, ok := errors.AsType[smithy.APIError](err); !ok || e.ErrorCode() != "InvalidParameterValue" {
		t.Errorf("bad number: %v", err)
	}
}
