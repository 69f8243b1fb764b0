package cloudwatch_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"nephele.dev/nephele/internal/store/storetest"
	"nephele.dev/nephele/nepheletest"
)

// TestAlarmReachesQueue is what alarms are for: a datapoint, an alarm, a topic,
// a queue, and somebody who reads it.
func TestAlarmReachesQueue(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		alarmReachesQueue(t, nepheletest.Start(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		alarmReachesQueue(t, nepheletest.Start(t, nepheletest.WithPostgres(storetest.PostgresURL(t))))
	})
}

func alarmReachesQueue(t *testing.T, server *nepheletest.Server) {
	c := sdk.NewFromConfig(server.Config)
	queues := sqs.NewFromConfig(server.Config)
	queue, topicARN := subscribedQueue(t, queues, sns.NewFromConfig(server.Config))
	_, err := c.PutMetricAlarm(t.Context(), &sdk.PutMetricAlarmInput{
		AlarmName: new("hot"), Namespace: new("Test"), MetricName: new("heat"), Statistic: types.StatisticMaximum, Period: new(int32(10)),
		EvaluationPeriods: new(int32(3)), DatapointsToAlarm: new(int32(1)), Threshold: new(30.0), TreatMissingData: new("notBreaching"),
		ComparisonOperator: types.ComparisonOperatorGreaterThanOrEqualToThreshold, AlarmActions: []string{topicARN},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.PutMetricData(t.Context(), &sdk.PutMetricDataInput{Namespace: new("Test"), MetricData: []types.MetricDatum{
		{MetricName: new("heat"), Value: new(31.5), StorageResolution: new(int32(1))},
	}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := queues.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &queue, WaitTimeSeconds: 20})
	if err != nil || len(got.Messages) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	var envelope struct{ Type, Subject, Message string }
	var message struct {
		NewStateValue, NewStateReason, StateChangeTime string
		Trigger                                        struct{ Period int }
	}
	if err := errors.Join(json.Unmarshal([]byte(*got.Messages[0].Body), &envelope), json.Unmarshal([]byte(envelope.Message), &message)); err != nil {
		t.Fatal(err)
	}
	changed, err := time.Parse("2006-01-02T15:04:05.000-0700", message.StateChangeTime)
	if err != nil {
		t.Error(err)
	}
	if envelope.Subject != `ALARM: "hot" in US East (N. Virginia)` || message.NewStateValue != "ALARM" || message.Trigger.Period != 10 ||
		!strings.HasPrefix(message.NewStateReason, "Threshold Crossed: 1 out of the last 3 datapoints [31.5 (") ||
		!strings.HasSuffix(message.NewStateReason, " was greater than or equal to the threshold (30.0) and 2 missing datapoints were treated as [NonBreaching] "+
			"(minimum 1 datapoint for OK -> ALARM transition).") {
		t.Errorf("message %+v", envelope)
	}
	if late := changed.Sub(changed.Truncate(10 * time.Second)); late > 5*time.Second {
		t.Errorf("changed %v after the period's end", late)
	}
	checkThroughSDK(t, c)
}

func subscribedQueue(t *testing.T, queues *sqs.Client, topics *sns.Client) (queueURL, topicARN string) {
	t.Helper()
	queue, err := queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: new("pager")})
	if err != nil {
		t.Fatal(err)
	}
	topic, err := topics.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: new("alarms")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = topics.Subscribe(t.Context(), &sns.SubscribeInput{
		TopicArn: topic.TopicArn, Protocol: new("sqs"), Endpoint: new("arn:aws:sqs:us-east-1:000000000000:pager"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return *queue.QueueUrl, *topic.TopicArn
}

// checkThroughSDK reads back what happened and provokes typed errors.
func checkThroughSDK(t *testing.T, c *sdk.Client) {
	t.Helper()
	out, err := c.DescribeAlarms(t.Context(), &sdk.DescribeAlarmsInput{StateValue: types.StateValueAlarm})
	if err != nil || len(out.MetricAlarms) != 1 || *out.MetricAlarms[0].Threshold != 30 || aws.ToInt32(out.MetricAlarms[0].Period) != 10 {
		t.Fatalf("%+v, %v", out, err)
	}
	history, err := c.DescribeAlarmHistory(t.Context(), &sdk.DescribeAlarmHistoryInput{AlarmName: new("hot"), HistoryItemType: types.HistoryItemTypeStateUpdate})
	if err != nil || len(history.AlarmHistoryItems) == 0 || !strings.Contains(*history.AlarmHistoryItems[0].HistorySummary, "to ALARM") {
		t.Errorf("%+v, %v", history, err)
	}
	_, err = c.SetAlarmState(t.Context(), &sdk.SetAlarmStateInput{AlarmName: new("cold"), StateValue: types.StateValueOk, StateReason: new("x")})
	if _, ok := errors.AsType[*types.ResourceNotFound](err); !ok {
		t.Errorf("state of nothing: %v", err)
	}
	_, err = c.PutCompositeAlarm(t.Context(), &sdk.PutCompositeAlarmInput{AlarmName: new("x"), AlarmRule: new("ALARM(hot) AND ALARM(cold)")})
	if e, ok := errors.AsType[smithy.APIError](err); !ok || e.ErrorCode() != "ValidationError" {
		t.Errorf("composite of nothing: %v", err)
	}
	if _, err := c.PutCompositeAlarm(t.Context(), &sdk.PutCompositeAlarmInput{AlarmName: new("x"), AlarmRule: new("ALARM(hot)")}); err != nil {
		t.Fatal(err)
	}
	out, err = c.DescribeAlarms(t.Context(), &sdk.DescribeAlarmsInput{AlarmTypes: []types.AlarmType{types.AlarmTypeCompositeAlarm}})
	if err != nil || len(out.CompositeAlarms) != 1 || out.CompositeAlarms[0].StateValue != types.StateValueAlarm {
		t.Errorf("%+v, %v", out, err)
	}
}

// TestAlarmProtocols speaks the query protocol and JSON.
func TestAlarmProtocols(t *testing.T) {
	t.Parallel()
	server := nepheletest.Start(t)
	query := func(form url.Values) (int, string) {
		form.Set("Version", "2010-08-01")
		return post(t, server.URL, "application/x-www-form-urlencoded", "", form.Encode())
	}
	status, body := query(url.Values{
		"Action": {"PutMetricAlarm"}, "AlarmName": {"m"}, "Namespace": {"Test"}, "MetricName": {"m"}, "Statistic": {"Sum"}, "Period": {"60"},
		"EvaluationPeriods": {"1"}, "Threshold": {"1"}, "ComparisonOperator": {"GreaterThanThreshold"},
		"AlarmActions.member.1": {"arn:aws:sns:us-east-1:000000000000:t"}, "Dimensions.member.1.Name": {"a"}, "Dimensions.member.1.Value": {"1"},
	})
	if status != http.StatusOK {
		t.Fatalf("put: %d %s", status, body)
	}
	status, body = query(url.Values{"Action": {"DescribeAlarms"}, "AlarmNames.member.1": {"m"}})
	if status != http.StatusOK || !strings.Contains(body, "<StateValue>INSUFFICIENT_DATA</StateValue>") || !strings.Contains(body, "<Name>a</Name>") {
		t.Errorf("describe: %d %s", status, body)
	}
	status, body = query(url.Values{"Action": {"SetAlarmState"}, "AlarmName": {"x"}, "StateValue": {"OK"}, "StateReason": {"r"}})
	if status != http.StatusNotFound || !strings.Contains(body, "<Code>ResourceNotFound</Code>") {
		t.Errorf("refused: %d %s", status, body)
	}
	status, body = post(t, server.URL, "application/x-amz-json-1.0", "GraniteServiceVersion20100801.DescribeAlarms", `{"AlarmNames":["m"]}`)
	if status != http.StatusOK || !strings.Contains(body, `"StateReason":"Unchecked: Initial alarm creation"`) {
		t.Errorf("JSON: %d %s", status, body)
	}
}

func post(t *testing.T, to, contentType, target, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, to, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	if target != "" {
		req.Header.Set("X-Amz-Target", target)
	}
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/monitoring/aws4_request, SignedHeaders=host, Signature=0")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var text strings.Builder
	if _, err := io.Copy(&text, resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, text.String()
}
