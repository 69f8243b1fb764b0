package events

import (
	"strings"
	"sync"

	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

// everything is the policy of an account towards itself: what its rules may do
// elsewhere is the other account's to decide.
var everything = sync.OnceValue(func() policy.Policies {
	doc, err := policy.Parse(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`, policy.Identity)
	if err != nil {
		panic(err) // a constant
	}
	return policy.Policies{Identity: []*policy.Document{doc}}
})

// admits reports whether a bus takes events from a rule: of its own account
// always, of others where its policy allows their account, or the role of the
// target, to put events (EventBridge User Guide, "Sending and receiving events
// between AWS accounts").
func (s *Service) admits(b *store.Record[bus], ev *event, rule store.Key, t *compiledTarget) bool {
	if b.Account == rule.Account || !s.plane.Authorizes() {
		return true
	}
	name := busARN(b.Key)
	r := policy.Request{
		Principal: policy.Principal{
			Kind: policy.Root, Account: rule.Account, ARN: "arn:aws:iam::" + rule.Account + ":root", ID: rule.Account,
		},
		Action: "events:PutEvents",
		Resources: []policy.Resource{{
			ARN: name, Account: b.Account, Policies: s.policies.Policies(name, string(b.Doc.Policy), policy.ResourceUse),
		}},
		Keys: policy.Keys{"events:source": {ev.Source}, "events:detail-type": {ev.DetailType}},
	}
	own := everything()
	if policy.Decide(&r, &own).Effect == policy.Allow {
		return true
	}
	role := t.role()
	if !strings.HasPrefix(role, "arn:aws:iam::"+rule.Account+":role/") {
		return false
	}
	r.Principal = policy.Principal{Kind: policy.AssumedRole, Account: rule.Account, Session: &policy.Session{Role: role, Name: "events"}}
	return policy.Decide(&r, &own).Effect == policy.Allow
}
