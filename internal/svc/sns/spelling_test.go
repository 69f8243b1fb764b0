package sns

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	api "nephele.dev/nephele/internal/api/sns"
	"nephele.dev/nephele/internal/plane"
)

// TestConfirmationIsAskedOnTheTopic: who confirms with a signature needs the
// permission on the topic, as other operations of subscriptions do.
func TestConfirmationIsAskedOnTheTopic(t *testing.T) {
	t.Parallel()
	const topic = "arn:aws:sns:eu-west-1:111122223333:t"
	call := &plane.Call{Operation: api.Service().Operation("ConfirmSubscription"), Caller: plane.RootCaller("111122223333", "eu-west-1")}
	for _, name := range []string{topic, "arn:aws-us-gov:sns:eu-west-1:111122223333:t"} {
		needs := new(Service).Needs(call, &api.ConfirmSubscriptionInput{TopicArn: name, Token: "t"})
		if len(needs) != 1 || needs[0].Action != "sns:ConfirmSubscription" {
			t.Fatalf("%s: %+v", name, needs)
		}
		if d := cmp.Diff([]string{topic}, needs[0].Resources); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// TestSpellings has resources that callers name be those that policies know,
// however they are written: a denial must not depend on the spelling.
func TestSpellings(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, want string }{
		{"arn:aws:sns:eu-west-1:111122223333:t", "arn:aws:sns:eu-west-1:111122223333:t"},
		{"arn:aws-us-gov:sns:eu-west-1:111122223333:t", "arn:aws:sns:eu-west-1:111122223333:t"},
		{"arn:aws:sns:eu-west-1:111122223333:endpoint/GCM/a/b", "arn:aws:sns:eu-west-1:111122223333:endpoint/GCM/a/b"},
		{"nonsense", "nonsense"},
	} {
		if got := topicOf(tt.in); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.in, got, tt.want)
		}
	}
}
