package policy

import (
	"fmt"
	"testing"
)

// TestCache compiles a policy once, forgets the least used, and takes what
// cannot be read for a denial.
func TestCache(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:sqs:us-east-1:111122223333:q"
	const all = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}`
	var c Cache
	if got := c.Policies(arn, "", ResourceUse); got != nil {
		t.Errorf("no policy: %v", got)
	}
	first := c.Policies(arn, all, ResourceUse)[0]
	if again := c.Policies(arn, all, ResourceUse)[0]; again != first || first.Name != arn {
		t.Errorf("compiled again, or named %q", first.Name)
	}
	for i := range 3 * maxCached {
		c.Policies(fmt.Sprint(i), all, ResourceUse)
	}
	if n := len(c.young) + len(c.old); n > 2*maxCached {
		t.Errorf("%d policies are kept", n)
	}
	for text, want := range map[string]Effect{all: Allow, "{": ExplicitDeny, `{"Statement":[]}`: ExplicitDeny} {
		d := Decide(&Request{
			Principal: Principal{Kind: Service, Account: "111122223333", ARN: "sns.amazonaws.com"}, Action: "sqs:SendMessage",
			Resources: []Resource{{ARN: arn, Policies: c.Policies(arn, text, ResourceUse), Guarded: true}},
		}, nil)
		if d.Effect != want {
			t.Errorf("%s: %v", text, d.Effect)
		}
	}
}
