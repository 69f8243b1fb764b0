package events

import (
	"testing"

	api "nephele.dev/nephele/internal/api/events"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/store"
)

// judge is a plane that authorizes, or not.
type judge bool

func (judge) AsService(string, string, string) shape.Invoker { return nil }

func (j judge) Authorizes() bool { return bool(j) }

// TestAdmits has a bus take the events of another account's rules only where
// its policy says so.
func TestAdmits(t *testing.T) {
	t.Parallel()
	const (
		role = "arn:aws:iam::444455556666:role/carrier"
		name = "arn:aws:events:eu-west-1:111122223333:event-bus/own"
	)
	statement := func(principal, condition string) string {
		return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` + principal +
			`"},"Action":"events:PutEvents","Resource":"` + name + `"` + condition + `}}`
	}
	for _, tt := range []struct {
		name, policy, role, account string
		open, want                  bool
	}{
		{name: "no policy", account: "444455556666"},
		{name: "own account", account: "111122223333", want: true},
		{name: "without authorization", account: "444455556666", open: true, want: true},
		{name: "account", policy: statement("arn:aws:iam::444455556666:root", ""), account: "444455556666", want: true},
		{name: "another account", policy: statement("arn:aws:iam::777788889999:root", ""), account: "444455556666"},
		{name: "role", policy: statement(role, ""), role: role, account: "444455556666", want: true},
		{name: "role, of a target without it", policy: statement(role, ""), account: "444455556666"},
		{name: "role that is another account's", policy: statement(role, ""), role: role, account: "777788889999"},
		{
			name: "another source", account: "444455556666",
			policy: statement("arn:aws:iam::444455556666:root", `,"Condition":{"StringEquals":{"events:source":"other"}}`),
		},
	} {
		s := &Service{plane: judge(!tt.open)}
		b := &store.Record[bus]{Key: store.Key{Account: "111122223333", Region: "eu-west-1", ID: "own"}}
		if tt.policy != "" {
			b.Doc.Policy = []byte(tt.policy)
		}
		target := &compiledTarget{Target: &api.Target{Arn: name}}
		if tt.role != "" {
			target.RoleArn = &tt.role
		}
		rule := store.Key{Account: tt.account, Region: "eu-west-1", ID: "default/r"}
		if got := s.admits(b, &event{Source: "app", DetailType: "d"}, rule, target); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}
