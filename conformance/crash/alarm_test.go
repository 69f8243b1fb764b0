package crash

import (
	"context"
	"encoding/json"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

// datapointErrand puts ones: their sum is at least how often it was told that
// one is there, and at most how often it asked.
type datapointErrand struct {
	c            clients
	asked, acked int
}

func (d *datapointErrand) prepare(context.Context, *testing.T) {}

func (d *datapointErrand) once(ctx context.Context, _ *testing.T) {
	d.asked++
	_, err := d.c.metrics.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{
		Namespace:  aws.String("Crash"),
		MetricData: []types.MetricDatum{{MetricName: aws.String("Ones"), Value: aws.Float64(1)}},
	})
	if err == nil {
		d.acked++
	}
}

func (d *datapointErrand) verify(ctx context.Context, t *testing.T) {
	sum := -1.0
	poll(ctx, func() bool {
		out, err := d.c.metrics.GetMetricStatistics(ctx, &cloudwatch.GetMetricStatisticsInput{
			Namespace: aws.String("Crash"), MetricName: aws.String("Ones"), Statistics: []types.Statistic{types.StatisticSum},
			StartTime: aws.Time(time.Now().Add(-6 * time.Hour)), EndTime: aws.Time(time.Now().Add(time.Hour)), Period: aws.Int32(3600),
		})
		if err != nil {
			return false
		}
		sum = 0
		for _, p := range out.Datapoints {
			sum += *p.Sum
		}
		return true
	})
	if sum < float64(d.acked) || sum > float64(d.asked) {
		t.Errorf("datapoints: %v there, %d acknowledged, %d asked for", sum, d.acked, d.asked)
	}
	t.Logf("datapoints: %v there, %d acknowledged, %d asked for", sum, d.acked, d.asked)
}

// alarmErrand turns an alarm on and off. Each change that was acknowledged is
// told to a topic, and by it to a queue.
type alarmErrand struct {
	c        clients
	url      string
	next     int
	acked    []string // reasons
	received map[string]int
}

const alarmName = "crash-alarm"

func (a *alarmErrand) prepare(ctx context.Context, t *testing.T) {
	a.received = map[string]int{}
	a.url = newQueue(ctx, t, a.c, "alarms", nil)
	topic, err := a.c.topics.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("alarms")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.c.topics.Subscribe(ctx, &sns.SubscribeInput{
		TopicArn: topic.TopicArn, Protocol: aws.String("sqs"), Endpoint: aws.String("arn:aws:sqs:us-east-1:000000000000:alarms"),
		Attributes: map[string]string{"RawMessageDelivery": "true"},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.c.metrics.PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String(alarmName), Namespace: aws.String("Crash"), MetricName: aws.String("Never"),
		Statistic: types.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1),
		ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold, TreatMissingData: aws.String("ignore"),
		AlarmActions: []string{*topic.TopicArn}, OKActions: []string{*topic.TopicArn},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (a *alarmErrand) once(ctx context.Context, _ *testing.T) {
	a.next++
	state, reason := types.StateValueAlarm, "reason-"+strconv.Itoa(a.next)
	if a.next%2 == 0 {
		state = types.StateValueOk
	}
	set := until(ctx, func() bool {
		_, err := a.c.metrics.SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{
			AlarmName: aws.String(alarmName), StateValue: state, StateReason: &reason,
		})
		return err == nil
	})
	if set {
		a.acked = append(a.acked, reason)
	}
	a.take(ctx)
}

// take receives what has been told.
func (a *alarmErrand) take(ctx context.Context) {
	for _, m := range receive(ctx, a.c, a.url) {
		var told struct{ NewStateReason string }
		if json.Unmarshal([]byte(*m.Body), &told) == nil {
			a.received[told.NewStateReason]++
		}
		remove(ctx, a.c, a.url, m)
	}
}

func (a *alarmErrand) verify(ctx context.Context, t *testing.T) {
	lost := func() (reasons []string) {
		for _, r := range a.acked {
			if a.received[r] == 0 {
				reasons = append(reasons, r)
			}
		}
		return reasons
	}
	patience, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	poll(patience, func() bool { a.take(ctx); return len(lost()) == 0 })
	if l := lost(); len(l) > 0 {
		t.Errorf("%d of %d acknowledged changes of the alarm were told to nobody: %v", len(l), len(a.acked), l)
	}
	again := 0
	for _, n := range a.received {
		again += n - 1
	}
	t.Logf("alarm: %d changes acknowledged, %d told, %d told again", len(a.acked), len(a.received), again)
}
