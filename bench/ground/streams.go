package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// logs puts batches of 1,000 lines of 100 bytes, each client to its own stream.
func (b *bench) logs(ctx context.Context) error {
	c := cloudwatchlogs.NewFromConfig(b.cfg)
	group := aws.String("/bench/" + b.run)
	if _, err := c.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group}); err != nil {
		return err
	}
	stream := func(client int) *string { return aws.String(fmt.Sprintf("s%d", client)) }
	for client := range b.clients {
		_, err := c.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: stream(client)})
		if err != nil {
			return err
		}
	}
	const lines = 1_000
	return b.measure(ctx, "put log events", "lines", lines, func(ctx context.Context, client, n int) error {
		now := time.Now().UnixMilli()
		events := make([]logtypes.InputLogEvent, lines)
		for i := range events {
			line := fmt.Sprintf("%08d %08d level=info path=/a/b/c ", n, i)
			events[i] = logtypes.InputLogEvent{Timestamp: &now, Message: aws.String(line + strings.Repeat("x", 100-len(line)))}
		}
		_, err := c.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: group, LogStreamName: stream(client), LogEvents: events})
		return err
	})
}

// queues sends a message, receives one and deletes it, each client in turn.
func (b *bench) queues(ctx context.Context) error {
	c := sqs.NewFromConfig(b.cfg)
	for _, q := range []struct {
		name string
		fifo bool
	}{{"standard", false}, {"ordered", true}} {
		in := &sqs.CreateQueueInput{QueueName: aws.String(q.name + "-" + b.run)}
		if q.fifo {
			in.QueueName = aws.String(*in.QueueName + ".fifo")
			in.Attributes = map[string]string{"FifoQueue": "true"}
		}
		out, err := c.CreateQueue(ctx, in)
		if err != nil {
			return err
		}
		err = b.measure(ctx, "send, receive, delete "+q.name, "messages", 1, func(ctx context.Context, client, n int) error {
			send := &sqs.SendMessageInput{QueueUrl: out.QueueUrl, MessageBody: aws.String("hello")}
			if q.fifo {
				send.MessageGroupId = aws.String(fmt.Sprint(client))
				send.MessageDeduplicationId = aws.String(fmt.Sprintf("%d-%d", client, n))
			}
			if _, err := c.SendMessage(ctx, send); err != nil {
				return err
			}
			got, err := c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: out.QueueUrl, WaitTimeSeconds: 1})
			if err != nil {
				return err
			}
			for _, m := range got.Messages {
				_, err = c.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: out.QueueUrl, ReceiptHandle: m.ReceiptHandle})
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
