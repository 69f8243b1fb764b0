package events_test

import (
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"nephele.dev/nephele/nepheletest"
)

// TestRulesAreNoDeputies has the target of a rule that is any operation of any
// service do nothing without a role: else who may put rules may do everything.
func TestRulesAreNoDeputies(t *testing.T) {
	t.Parallel()
	server := nepheletest.Start(t, nepheletest.WithAuth())
	u := user{sdk.NewFromConfig(server.Config), sqs.NewFromConfig(server.Config)}
	policy := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"}}`
	url, dead := u.queue(t, "dead", map[string]string{"Policy": policy})
	for operation, input := range map[string]string{
		"iam:createUser":  `{"UserName":"mallory"}`,
		"sqs:createQueue": `{"QueueName":"mallory"}`,
		"kms:createKey":   `{}`,

		// which the service does of itself
		"cloudwatch:putMetricData": `{"Namespace":"n","MetricData":[{"MetricName":"m","Value":1}]}`,
	} {
		u.rule(t, "r", `{"source":["`+operation+`"]}`, types.Target{
			Id: new("any"), Arn: new("arn:aws:scheduler:::aws-sdk:" + operation), Input: &input, DeadLetterConfig: &types.DeadLetterConfig{Arn: &dead},
		})
		_, err := u.PutEvents(t.Context(), &sdk.PutEventsInput{Entries: []types.PutEventsRequestEntry{
			{Source: &operation, DetailType: new("d"), Detail: new("{}")},
		}})
		if err != nil {
			t.Fatal(err)
		}
		if m := u.receive(t, url); *m.MessageAttributes["ERROR_CODE"].StringValue != "NO_PERMISSIONS" {
			t.Errorf("%s: %v", operation, *m.MessageAttributes["ERROR_CODE"].StringValue)
		}
	}
	if _, err := u.queues.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: new("mallory")}); err == nil {
		t.Error("the queue was made")
	}
}
