package access_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"nephele.dev/nephele/nepheletest"
)

const root = "000000000000"

// letIn is a queue policy that lets a service send on behalf of a resource.
func letIn(service, source string) string {
	return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"sqs:SendMessage",` +
		`"Resource":"*","Condition":{"ArnEquals":{"aws:SourceArn":"` + source + `"}}}}`
}

// services drives what calls a queue on somebody's behalf.
type services struct {
	*nepheletest.Server
	queues *sqs.Client
	buses  *eventbridge.Client
}

func newServices(t *testing.T) services {
	t.Helper()
	s := nepheletest.Start(t, nepheletest.WithAuth())
	return services{s, sqs.NewFromConfig(s.Config), eventbridge.NewFromConfig(s.Config)}
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// queue makes a queue with a policy, "" for none.
func (s services) queue(t *testing.T, name, policy string) (url, arn string) {
	t.Helper()
	in := &sqs.CreateQueueInput{QueueName: &name}
	if policy != "" {
		in.Attributes = map[string]string{"Policy": policy}
	}
	return *must(s.queues.CreateQueue(t.Context(), in))(t).QueueUrl, "arn:aws:sqs:us-east-1:" + root + ":" + name
}

// received is the next message of a queue; "" where none comes within the
// seconds that are waited.
func (s services) received(t *testing.T, url string, seconds int32) string {
	t.Helper()
	out := must(s.queues.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, WaitTimeSeconds: seconds}))(t)
	if len(out.Messages) == 0 {
		return ""
	}
	return *out.Messages[0].Body
}

// TestTargets are reached by rules that a queue's policy names, by a role that
// trusts EventBridge, and by no others; those go to the dead-letter queue.
func TestTargets(t *testing.T) {
	t.Parallel()
	s := newServices(t)
	rule := "arn:aws:events:us-east-1:" + root + ":rule/r"
	roles := iam.NewFromConfig(s.Config)
	must(roles.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: new("carrier"), AssumeRolePolicyDocument: new(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sts:AssumeRole"}}`,
	)}))(t)
	must(roles.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: new("carrier"), PolicyName: new("p"), PolicyDocument: new(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"arn:aws:sqs:us-east-1:` + root + `:by-role"}}`,
	)}))(t)
	carrier := "arn:aws:iam::" + root + ":role/carrier"
	deadURL, dead := s.queue(t, "dead", letIn("events.amazonaws.com", rule))
	byPolicyURL, byPolicy := s.queue(t, "by-policy", letIn("events.amazonaws.com", rule))
	byRoleURL, byRole := s.queue(t, "by-role", "")
	_, closed := s.queue(t, "closed", letIn("events.amazonaws.com", rule+"other"))
	_, beyond := s.queue(t, "beyond", "")

	must(s.buses.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: new("r"), EventPattern: new(`{"source":["here"]}`)}))(t)
	letters := &ebtypes.DeadLetterConfig{Arn: &dead}
	must(s.buses.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: new("r"), Targets: []ebtypes.Target{
		{Id: new("1"), Arn: &byPolicy, DeadLetterConfig: letters},
		{Id: new("2"), Arn: &byRole, RoleArn: &carrier, DeadLetterConfig: letters},
		{Id: new("3"), Arn: &closed, DeadLetterConfig: letters},
		{Id: new("4"), Arn: &beyond, RoleArn: &carrier, DeadLetterConfig: letters},
	}}))(t)
	must(s.buses.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{
		{Source: new("here"), DetailType: new("d"), Detail: new("{}")},
	}}))(t)
	for _, url := range []string{byPolicyURL, byRoleURL, deadURL, deadURL} {
		if body := s.received(t, url, 10); !strings.Contains(body, `"here"`) {
			t.Errorf("%s got %q", url, body)
		}
	}
}

// TestAlarmReachesItsTopic by the policy that a topic has when nobody has set
// one, and the queue behind it by the queue's.
func TestAlarmReachesItsTopic(t *testing.T) {
	t.Parallel()
	s := newServices(t)
	topics, alarms := sns.NewFromConfig(s.Config), cloudwatch.NewFromConfig(s.Config)
	topic := must(topics.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: new("t")}))(t).TopicArn
	url, queue := s.queue(t, "q", letIn("sns.amazonaws.com", *topic))
	must(topics.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: topic, Protocol: new("sqs"), Endpoint: &queue}))(t)
	must(alarms.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: new("a"), Namespace: new("n"), MetricName: new("m"), Statistic: cwtypes.StatisticSum, Period: new(int32(60)),
		EvaluationPeriods: new(int32(1)), Threshold: new(1.0), ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold,
		AlarmActions: []string{*topic},
	}))(t)
	must(alarms.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{
		AlarmName: new("a"), StateValue: cwtypes.StateValueAlarm, StateReason: new("test"),
	}))(t)
	if body := s.received(t, url, 10); !strings.Contains(body, `ALARM`) {
		t.Errorf("the queue got %q", body)
	}
}
