package sqs_test

import (
	"encoding/base64"
	"slices"
	"testing"

	api "nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
)

// asks reports whether needs ask for an action on a queue.
func asks(needs []policy.Need, action, arn string) bool {
	return slices.ContainsFunc(needs, func(n policy.Need) bool { return n.Action == action && slices.Contains(n.Resources, arn) })
}

// TestMoveNeeds has whoever moves messages be allowed to take them and to put
// them, whatever spelling of the ARN is used.
func TestMoveNeeds(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		dead := "arn:aws:sqs:eu-west-1:123456789012:dead"
		if _, err := b.CreateQueue(t.Context(), &api.CreateQueueInput{QueueName: "dead"}); err != nil {
			t.Fatal(err)
		}
		_, err := b.CreateQueue(t.Context(), &api.CreateQueueInput{
			QueueName: "work", Attributes: map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + dead + `","maxReceiveCount":3}`},
		})
		if err != nil {
			t.Fatal(err)
		}
		needs := func(operation string, in any) []policy.Need {
			call := &plane.Call{Caller: plane.RootCaller(account, region), Operation: api.Service().Operation(operation)}
			return b.service.Needs(call, in)
		}
		other := "arn:aws:sqs:eu-west-1:444455556666:theirs"
		for name, tt := range map[string]struct {
			in   *api.StartMessageMoveTaskInput
			want string
		}{
			"to another account": {&api.StartMessageMoveTaskInput{SourceArn: dead, DestinationArn: &other}, other},
			"back":               {&api.StartMessageMoveTaskInput{SourceArn: dead}, "arn:aws:sqs:eu-west-1:123456789012:work"},
			"another partition": {
				&api.StartMessageMoveTaskInput{SourceArn: "arn:aws-cn:sqs:eu-west-1:123456789012:dead", DestinationArn: new("arn:aws-cn:sqs:eu-west-1:444455556666:theirs")}, other,
			},
		} {
			got := needs("StartMessageMoveTask", tt.in)
			if !asks(got, "sqs:SendMessage", tt.want) || !asks(got, "sqs:StartMessageMoveTask", dead) || !asks(got, "sqs:ReceiveMessage", dead) ||
				!asks(got, "sqs:DeleteMessage", dead) {
				t.Errorf("%s: %v", name, got)
			}
		}
		handle := base64.StdEncoding.EncodeToString([]byte(`{"taskId":"t","sourceArn":"` + dead + `"}`))
		if got := needs("CancelMessageMoveTask", &api.CancelMessageMoveTaskInput{TaskHandle: handle}); !asks(got, "sqs:CancelMessageMoveTask", dead) {
			t.Errorf("cancel: %v", got)
		}
	})
}
