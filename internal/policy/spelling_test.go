package policy

import "testing"

// TestSpellingsOfTags has conditions on a tag that stands in two spellings hold
// for both values where they allow, and for one where they deny: who makes the
// request must not choose the value that counts.
func TestSpellingsOfTags(t *testing.T) {
	t.Parallel()
	allow := func(operator, key string) string {
		return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"` + operator + `":{"` + key + `":"red"}}}}`
	}
	deny := func(operator, key string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},` +
			`{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"` + operator + `":{"` + key + `":"red"}}}]}`
	}
	both := map[string]string{"team": "red", "Team": "blue"}
	for _, tt := range []struct {
		name, policy string
		tags         map[string]string
		want         Effect
	}{
		{"allow, equals", allow("StringEquals", "aws:RequestTag/team"), both, ImplicitDeny},
		{"allow, differs", allow("StringNotEquals", "aws:RequestTag/team"), both, ImplicitDeny},
		{"allow, resource", allow("StringEquals", "aws:ResourceTag/Team"), both, ImplicitDeny},
		{"allow, same value", allow("StringEquals", "aws:RequestTag/team"), map[string]string{"team": "red", "Team": "red"}, Allow},
		{"deny, equals", deny("StringEquals", "aws:RequestTag/TEAM"), both, ExplicitDeny},
		{"deny, differs", deny("StringNotEquals", "aws:RequestTag/team"), both, ExplicitDeny},
		{"deny, resource", deny("StringNotLike", "aws:ResourceTag/team"), both, ExplicitDeny},
		{"deny, one value", deny("StringNotEquals", "aws:RequestTag/team"), map[string]string{"team": "red"}, Allow},
	} {
		doc, err := Parse(tt.policy, Identity)
		if err != nil {
			t.Fatal(err)
		}
		r := &Request{
			Principal: Principal{Kind: User, Account: "111122223333", ARN: "arn:aws:iam::111122223333:user/u"}, Action: "sqs:TagQueue",
			Resources: []Resource{{ARN: "arn:aws:sqs:eu-west-1:111122223333:q", Keys: ResourceTags(tt.tags)}}, Keys: Keys{},
		}
		for key, value := range tt.tags {
			r.Keys.AddTag("aws:requesttag/", key, value)
		}
		if d := Decide(r, &Policies{Identity: []*Document{doc}}); d.Effect != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, d.Effect, tt.want)
		}
	}
}
