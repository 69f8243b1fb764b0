package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Alarms have the shortest period there is.
const alarmPeriod = 10 * time.Second

// watch makes alarms on a metric each, and puts a datapoint under all of them in
// each period, which is breaching for some in one period and calm in the next.
// It measures from the end of a period to when the alarm's message is received
// from the queue behind its topic.
func (b *bench) watch(ctx context.Context) error {
	url, topic, err := b.listen(ctx)
	if err != nil {
		return err
	}
	c := cloudwatch.NewFromConfig(b.cfg)
	if err := b.makeAlarms(ctx, c, topic); err != nil {
		return err
	}
	// First all learn that they are OK, and what that sets in motion comes to rest.
	if err := b.putAll(ctx, c, 0); err != nil {
		return err
	}
	time.Sleep(4 * alarmPeriod)
	b.drain(ctx, url)
	periods := max(3, int(b.duration/alarmPeriod))
	told := make(chan []time.Duration, 1)
	receiving, stop := context.WithCancel(ctx)
	go func() { told <- b.receive(receiving, url) }()
	value := 0.0
	for range periods {
		value = 10 - value
		// In the middle of a period, so that all datapoints are of one.
		into := time.Since(time.Now().Truncate(alarmPeriod))
		time.Sleep((3*alarmPeriod/2 - into) % alarmPeriod)
		if err := b.putAll(ctx, c, value); err != nil {
			stop()
			return err
		}
		time.Sleep(alarmPeriod / 2)
	}
	time.Sleep(alarmPeriod / 2)
	stop()
	took := <-told
	fmt.Printf("%-28s %10d alarms   %d of %d changes told, %s\n", "alarm to queue", b.alarms, len(took), periods*b.changing, spread(took))
	return nil
}

// listen makes a queue and a topic that feeds it.
func (b *bench) listen(ctx context.Context) (url, topic *string, err error) {
	queues, topics := sqs.NewFromConfig(b.cfg), sns.NewFromConfig(b.cfg)
	name := aws.String("alarms-" + b.run)
	q, err := queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: name})
	if err != nil {
		return nil, nil, err
	}
	attributes, err := queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: q.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{"QueueArn"}})
	if err != nil {
		return nil, nil, err
	}
	t, err := topics.CreateTopic(ctx, &sns.CreateTopicInput{Name: name})
	if err != nil {
		return nil, nil, err
	}
	_, err = topics.Subscribe(ctx, &sns.SubscribeInput{
		TopicArn: t.TopicArn, Protocol: aws.String("sqs"), Endpoint: aws.String(attributes.Attributes["QueueArn"]),
		Attributes: map[string]string{"RawMessageDelivery": "true"},
	})
	return q.QueueUrl, t.TopicArn, err
}

func (b *bench) makeAlarms(ctx context.Context, c *cloudwatch.Client, topic *string) error {
	return b.spreadOver(func(n int) error {
		var actions []string
		if n < b.changing {
			actions = []string{*topic}
		}
		_, err := c.PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{
			AlarmName: aws.String(fmt.Sprintf("bench-%s-%d", b.run, n)), Namespace: aws.String("Bench/" + b.run),
			MetricName: aws.String("load"), Dimensions: b.dimensions(n), Statistic: types.StatisticAverage,
			Period: aws.Int32(int32(alarmPeriod.Seconds())), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(5),
			ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold, TreatMissingData: aws.String("ignore"),
			AlarmActions: actions, OKActions: actions,
		})
		return err
	})
}

func (b *bench) dimensions(n int) []types.Dimension {
	return []types.Dimension{{Name: aws.String("host"), Value: aws.String(fmt.Sprint(n))}}
}

// spreadOver calls f for every alarm, from all clients.
func (b *bench) spreadOver(f func(n int) error) error {
	var wg sync.WaitGroup
	errs := make(chan error, b.clients)
	for client := range b.clients {
		wg.Go(func() {
			for n := client; n < b.alarms; n += b.clients {
				if err := f(n); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	return <-errs
}

// putAll puts a datapoint under every alarm, many in one call.
func (b *bench) putAll(ctx context.Context, c *cloudwatch.Client, value float64) error {
	now := time.Now()
	var batch []types.MetricDatum
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		_, err := c.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String("Bench/" + b.run), MetricData: batch})
		batch = batch[:0]
		return err
	}
	calm := 0.0
	for n := range b.alarms {
		v := &calm
		if n < b.changing {
			v = &value
		}
		batch = append(batch, types.MetricDatum{
			MetricName: aws.String("load"), Dimensions: b.dimensions(n), Value: v, Timestamp: &now, StorageResolution: aws.Int32(1),
		})
		if len(batch) == 500 {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// drain empties the queue.
func (b *bench) drain(ctx context.Context, url *string) {
	c := sqs.NewFromConfig(b.cfg)
	for {
		out, err := c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: 10, VisibilityTimeout: 3600})
		if err != nil || len(out.Messages) == 0 {
			return
		}
	}
}

// receive takes messages until ctx ends, and returns how long after the end of
// its period each came.
func (b *bench) receive(ctx context.Context, url *string) (took []time.Duration) {
	c := sqs.NewFromConfig(b.cfg)
	for ctx.Err() == nil {
		out, err := c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: 10, WaitTimeSeconds: 5})
		if err != nil {
			continue
		}
		now := time.Now()
		var gone []sqstypes.DeleteMessageBatchRequestEntry
		for i, m := range out.Messages {
			var told struct{ NewStateValue string }
			if json.Unmarshal([]byte(*m.Body), &told) == nil && told.NewStateValue != "INSUFFICIENT_DATA" {
				took = append(took, now.Sub(now.Truncate(alarmPeriod)))
			}
			gone = append(gone, sqstypes.DeleteMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), ReceiptHandle: m.ReceiptHandle})
		}
		if len(gone) > 0 {
			_, _ = c.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: url, Entries: gone})
		}
	}
	return took
}
