package events_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "nephele.dev/nephele/internal/api/events"
	"nephele.dev/nephele/internal/api/logs"
	"nephele.dev/nephele/internal/api/sns"
	"nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/api/ssm"
	"nephele.dev/nephele/internal/awserr"
)

// TestTransformations says what a queue gets of one event.
func TestTransformations(t *testing.T) {
	t.Parallel()
	const detail = `{"name":"a \"b\"","n":1.50,"o":{"y":1,"x":"z"},"l":["p",2],"deep":[{"k":1},{"k":2},{}],"a b":true}`
	transform := func(template string, paths ...string) *api.Target {
		m := map[string]string{}
		for i := 0; i < len(paths); i += 2 {
			m[paths[i]] = paths[i+1]
		}
		return &api.Target{InputTransformer: &api.InputTransformer{InputPathsMap: m, InputTemplate: template}}
	}
	tests := []struct {
		name   string
		target *api.Target
		want   string
	}{
		{"input", &api.Target{Input: new(`{"fixed": true}`)}, `{"fixed": true}`},
		{"path", &api.Target{InputPath: new("$.detail.o")}, `{"y":1,"x":"z"}`},
		{"path to the whole", &api.Target{InputPath: new("$.detail")}, detail},
		{"path to an element", &api.Target{InputPath: new("$.detail.l[1]")}, `2`},
		{"path in brackets", &api.Target{InputPath: new("$['detail']['a b']")}, `true`},
		{"path to each", &api.Target{InputPath: new("$.detail.deep[*].k")}, `[1,2]`},
		{"path to a name with a dash", &api.Target{InputPath: new("$.detail-type")}, `"Order Placed"`},
		{"path to nothing", &api.Target{InputPath: new("$.detail.none")}, `null`},
		{"values", transform(`{"a":<a>, "b":<b>, "c":<c>, "d":<d>}`, "a", "$.detail.name", "b", "$.detail.n", "c", "$.detail.o", "d", "$.detail.l"), `{"a":"a \"b\"", "b":1.50, "c":{"y":1,"x":"z"}, "d":["p",2]}`},
		{"values in strings", transform(`{"a":"<a>: <b>", "c":"<c>", "d":"<d>"}`, "a", "$.detail.name", "b", "$.detail.n", "c", "$.detail.o", "d", "$.detail.l"), `{"a":"a \"b\": 1.50", "c":"{y:1,x:z}", "d":"[p,2]"}`},
		{"a string", transform(`"<s> is \"<t>\""`, "s", "$.source", "t", "$.detail-type"), `"shop is \"Order Placed\""`},
		{"strings", transform("\"<s>\"\n\"<t>\"", "s", "$.source", "t", "$.detail-type"), "\"shop\"\n\"Order Placed\""},
		{"nothing", transform(`{"a":<a>,"b":"[<a>]"}`, "a", "$.detail.none"), `{"a":"","b":"[]"}`},
		{"rule", transform(`{"arn":<aws.events.rule-arn>,"name":"<aws.events.rule-name>"}`), `{"arn":"arn:aws:events:us-east-1:123456789012:rule/r","name":"r"}`},
		{"event without detail", transform(`{"e":<aws.events.event>}`), `{"e":{"version":"0","id":"ID","detail-type":"Order Placed","source":"shop","account":"123456789012","time":"2026-03-04T05:06:07Z","region":"us-east-1","resources":["arn:x"]}}`},
		{"event", transform(`{"e":<aws.events.event.json>}`), `{"e":{"version":"0","id":"ID","detail-type":"Order Placed","source":"shop","account":"123456789012","time":"2026-03-04T05:06:07Z","region":"us-east-1","resources":["arn:x"],"detail":` + detail + `}}`},
		{"less than", transform(`{"a":"1 < 2 > 1"}`), `{"a":"1 < 2 > 1"}`},
	}
	each(t, func(t *testing.T, b *bench) {
		for _, tt := range tests {
			tt.target.Id, tt.target.Arn = "1", queue
			b.rule(t, "r", `{"source":["shop"]}`, tt.target)
			before := len(b.bodies())
			out := b.put(t, entry("shop", detail))
			want := strings.ReplaceAll(tt.want, `"ID"`, `"`+*out.Entries[0].EventId+`"`)
			if diff := cmp.Diff([]string{want}, b.bodies()[before:]); diff != "" {
				t.Errorf("%s: %s", tt.name, diff)
			}
		}
	})
}

func TestTargetKinds(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		b.rule(t, "a", `{"source":["shop"]}`,
			&api.Target{Id: "topic", Arn: "arn:aws:sns:eu-west-1:111122223333:t", Input: new(`"hello"`)},
			&api.Target{Id: "fifo", Arn: queue + ".fifo", SqsParameters: &api.SqsParameters{MessageGroupId: new("g")}, InputPath: new("$.source")},
			&api.Target{Id: "logs", Arn: "arn:aws:logs:us-east-1:123456789012:log-group:/aws/events/x:*"},
			&api.Target{
				Id: "command", Arn: "arn:aws:ssm:us-east-1:123456789012:document/AWS-RunShellScript", Input: new(`{"commands":["ls"],"workingDirectory":"/"}`),
				RunCommandParameters: &api.RunCommandParameters{RunCommandTargets: []*api.RunCommandTarget{{Key: "InstanceIds", Values: []string{"i-0123456789abcdef0"}}}},
			},
			&api.Target{Id: "any", Arn: "arn:aws:scheduler:::aws-sdk:ssm:putParameter", Input: new(`{"Name":"/x","Value":"1","Type":"String"}`)})
		b.rule(t, "b", `{"source":["shop"]}`, &api.Target{
			Id: "message", Arn: "arn:aws:logs:us-east-1:123456789012:log-group:g",
			InputTransformer: &api.InputTransformer{InputTemplate: `{"timestamp":5,"message":"<s>"}`, InputPathsMap: map[string]string{"s": "$.source"}},
		})
		e := entry("shop", "{}")
		e.TraceHeader = new("Root=1-5759e988-bd862e3fe1be46a994272793")
		out := b.put(t, e)

		published := of[*sns.PublishInput](b.world)
		if len(published) != 1 || *published[0].TopicArn != "arn:aws:sns:eu-west-1:111122223333:t" || published[0].Message != `"hello"` {
			t.Errorf("published %+v", published)
		}
		for _, c := range b.calls {
			if c.op == "Publish" && (c.caller.Account != "111122223333" || c.caller.Region != "eu-west-1") {
				t.Errorf("published in %s %s", c.caller.Account, c.caller.Region)
			}
		}
		sent := of[*sqs.SendMessageInput](b.world)
		if len(sent) != 1 || *sent[0].MessageGroupId != "g" || sent[0].MessageBody != `"shop"` || *sent[0].MessageSystemAttributes["AWSTraceHeader"].StringValue != *e.TraceHeader {
			t.Errorf("sent %+v", sent)
		}
		groups := map[string]string{}
		for _, in := range of[*logs.PutLogEventsInput](b.world) {
			if in.LogStreamName != *out.Entries[0].EventId {
				t.Errorf("stream %s", in.LogStreamName)
			}
			groups[in.LogGroupName] = in.LogEvents[0].Message
		}
		if len(of[*logs.CreateLogStreamInput](b.world)) != 2 || groups["g"] != "shop" || !strings.HasPrefix(groups["/aws/events/x"], `{"version":"0"`) {
			t.Errorf("logged %v", groups)
		}
		commands := of[*ssm.SendCommandInput](b.world)
		want := &ssm.SendCommandInput{
			DocumentName: "AWS-RunShellScript", Parameters: map[string][]string{"commands": {"ls"}, "workingDirectory": {"/"}},
			Targets: []*ssm.Target{{Key: new("InstanceIds"), Values: []string{"i-0123456789abcdef0"}}},
		}
		if len(commands) != 1 || cmp.Diff(want, commands[0]) != "" {
			t.Errorf("commands %+v", commands)
		}
		if put := of[*ssm.PutParameterInput](b.world); len(put) != 1 || put[0].Name != "/x" || put[0].Value != "1" {
			t.Errorf("parameters %+v", put)
		}
	})
}

// TestDeadLetters gives up for each of the reasons.
func TestDeadLetters(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		dead := &api.DeadLetterConfig{Arn: new("arn:aws:sqs:us-east-1:123456789012:dead")}
		retry := &api.RetryPolicy{MaximumRetryAttempts: new(int32(0))}
		b.fail = func(c call) error {
			switch in := c.in.(type) {
			case *sqs.SendMessageInput:
				if strings.HasSuffix(in.QueueUrl, "/q") {
					return awserr.New("AWS.SimpleQueueService.NonExistentQueue", 400, "The specified queue does not exist.")
				}
			case *sns.PublishInput:
				return awserr.New("InternalError", 500, "broken")
			case *logs.CreateLogStreamInput:
				return awserr.New("ResourceNotFoundException", 400, "The specified log group does not exist.")
			}
			return nil
		}
		b.rule(t, "r", `{"source":["shop"]}`,
			&api.Target{Id: "queue", Arn: queue, DeadLetterConfig: dead, Input: new(`"transformed"`)},
			&api.Target{Id: "topic", Arn: "arn:aws:sns:us-east-1:123456789012:t", DeadLetterConfig: dead, RetryPolicy: retry},
			&api.Target{Id: "logs", Arn: "arn:aws:logs:us-east-1:123456789012:log-group:g", DeadLetterConfig: dead},
			&api.Target{Id: "lambda", Arn: "arn:aws:lambda:us-east-1:123456789012:function:f", DeadLetterConfig: dead},
			&api.Target{Id: "document", Arn: "arn:aws:ssm:us-east-1:123456789012:automation-definition/D:1", DeadLetterConfig: dead, Input: new(`[1]`)})
		b.put(t, entry("shop", "{}"))
		type letter struct{ Code, Condition, Retries string }
		got := map[string]letter{}
		for _, in := range of[*sqs.SendMessageInput](b.world) {
			if !strings.HasSuffix(in.QueueUrl, "/dead") {
				continue
			}
			value := func(name string) string {
				if a := in.MessageAttributes[name]; a != nil {
					return *a.StringValue
				}
				return ""
			}
			if value("RULE_ARN") != "arn:aws:events:us-east-1:123456789012:rule/r" || value("ERROR_MESSAGE") == "" || unmarshal[struct{ Source string }](t, in.MessageBody).Source != "shop" {
				t.Errorf("%+v: %s", in.MessageAttributes, in.MessageBody)
			}
			got[value("TARGET_ARN")[len("arn:aws:"):len("arn:aws:sqs")]] = letter{value("ERROR_CODE"), value("EXHAUSTED_RETRY_CONDITION"), value("RETRY_ATTEMPTS")}
		}
		want := map[string]letter{
			"sqs": {"NO_RESOURCE", "", "0"}, "sns": {"INTERNAL_ERROR", "MaximumRetryAttempts", "0"}, "log": {"NO_RESOURCE", "", "0"},
			"lam": {"NOT_IMPLEMENTED", "", "0"}, "ssm": {"INVALID_PARAMETER", "", "0"},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// TestTransformationTooLarge: a template that names a large event hundreds of
// times is not written out.
func TestTransformationTooLarge(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		template := "[" + strings.Repeat("<aws.events.event.json>,", 300) + "0]"
		b.rule(t, "r", `{"source":["shop"]}`, &api.Target{
			Id: "queue", Arn: queue, DeadLetterConfig: &api.DeadLetterConfig{Arn: new("arn:aws:sqs:us-east-1:123456789012:dead")},
			InputTransformer: &api.InputTransformer{InputTemplate: template},
		})
		b.put(t, entry("shop", `{"a":"`+strings.Repeat("a", 100_000)+`"}`))
		for _, in := range of[*sqs.SendMessageInput](b.world) {
			if !strings.HasSuffix(in.QueueUrl, "/dead") || *in.MessageAttributes["ERROR_CODE"].StringValue != "INVALID_PARAMETER" {
				t.Errorf("%d bytes to %s: %+v", len(in.MessageBody), in.QueueUrl, in.MessageAttributes)
			}
		}
		if n := len(of[*sqs.SendMessageInput](b.world)); n != 1 {
			t.Errorf("%d messages", n)
		}
	})
}

// TestStreamThatIsThere is what a repeated delivery to a log group meets.
func TestStreamThatIsThere(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		b.fail = func(c call) error {
			if c.op == "CreateLogStream" {
				return logs.NewResourceAlreadyExistsException("The specified log stream already exists")
			}
			return nil
		}
		b.rule(t, "r", `{"source":["shop"]}`, &api.Target{Id: "l", Arn: "arn:aws:logs:us-east-1:123456789012:log-group:g"})
		b.put(t, entry("shop", "{}"))
		if n := len(of[*logs.PutLogEventsInput](b.world)); n != 1 {
			t.Errorf("%d events", n)
		}
	})
}

func TestPutTargetsErrors(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		b.rule(t, "r", `{"source":["shop"]}`)
		tests := []struct {
			target        *api.Target
			code, message string
		}{
			{&api.Target{Id: "1", Arn: "queue"}, "ValidationException", "Parameter queue is not valid. Reason: Provided Arn is not in correct format."},
			{&api.Target{Id: "1", Arn: "arn:aws:scheduler:::aws-sdk:sqs:none"}, "ValidationException", "not in correct format"},
			{&api.Target{Id: "1", Arn: "arn:aws:kinesis:us-east-1:123456789012:stream/s"}, "NotImplemented", "targets of kinesis"},
			{&api.Target{Id: "1", Arn: queue + ".fifo"}, "ValidationException", "Parameter(s) SqsParameters must be specified for target: 1."},
			{&api.Target{Id: "1", Arn: queue, Input: new("{")}, "ValidationException", "JSON syntax error in input for target 1."},
			{&api.Target{Id: "1", Arn: queue, Input: new("{}"), InputPath: new("$.x")}, "ValidationException", "Only one of Input, InputPath, or InputTransformer must be provided for target 1."},
			{&api.Target{Id: "1", Arn: queue, InputPath: new("detail")}, "ValidationException", "JSON path"},
			{&api.Target{Id: "1", Arn: queue, InputPath: new("$.a[")}, "ValidationException", "JSON path"},
			{&api.Target{Id: "1", Arn: queue, InputTransformer: &api.InputTransformer{InputTemplate: "<a> is <b>"}}, "ValidationException", `Invalid InputTemplate for target 1 : [Source: (String)"<a> is <b>"; line: 1, column: `},
			{&api.Target{Id: "1", Arn: queue, InputTransformer: &api.InputTransformer{InputTemplate: `{"a":<a>`}}, "ValidationException", "Invalid InputTemplate for target 1"},
			{&api.Target{Id: "1", Arn: queue, InputTransformer: &api.InputTransformer{InputTemplate: `1`, InputPathsMap: map[string]string{"AWSx": "$.a"}}}, "ValidationException", "reserved"},
			{&api.Target{Id: "1", Arn: queue, DeadLetterConfig: &api.DeadLetterConfig{Arn: new("arn:aws:sns:us-east-1:123456789012:t")}}, "ValidationException", "DeadLetterConfig"},
			{&api.Target{Id: "1", Arn: queue, KinesisParameters: &api.KinesisParameters{PartitionKeyPath: "$.x"}}, "ValidationException", "KinesisParameters"},
			{&api.Target{Id: "1", Arn: "arn:aws:events:us-east-1:123456789012:event-bus/b", Input: new("{}")}, "ValidationException", "whole events"},
			{&api.Target{Id: "1", Arn: "arn:aws:ssm:us-east-1:123456789012:document/D"}, "ValidationException", "RunCommandParameters"},
		}
		for _, tt := range tests {
			_, err := b.PutTargets(t.Context(), &api.PutTargetsInput{Rule: "r", Targets: []*api.Target{{Id: "good", Arn: queue}, tt.target}})
			wantError(t, err, tt.code, tt.message)
		}
		_, err := b.PutTargets(t.Context(), &api.PutTargetsInput{Rule: "none", Targets: []*api.Target{{Id: "1", Arn: queue}}})
		wantError(t, err, "ResourceNotFoundException", "Rule none does not exist on EventBus default.")
		var many []*api.Target
		for id := range strings.SplitSeq("abcdef", "") {
			many = append(many, &api.Target{Id: id, Arn: queue})
		}
		_, err = b.PutTargets(t.Context(), &api.PutTargetsInput{Rule: "r", Targets: many})
		wantError(t, err, "LimitExceededException", "The requested resource exceeds the maximum number allowed.")
		list, err := b.ListTargetsByRule(t.Context(), &api.ListTargetsByRuleInput{Rule: "r"})
		if err != nil || len(list.Targets) != 0 {
			t.Errorf("refused calls left %+v, %v", list, err)
		}
	})
}
