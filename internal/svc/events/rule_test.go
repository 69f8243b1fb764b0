package events_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "nephele.dev/nephele/internal/api/events"
)

func TestPutRuleErrors(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		if _, err := b.CreateEventBus(t.Context(), &api.CreateEventBusInput{Name: "own"}); err != nil {
			t.Fatal(err)
		}
		pattern := new(`{"source":["x"]}`)
		tests := []struct {
			in            *api.PutRuleInput
			code, message string
		}{
			{&api.PutRuleInput{}, "ValidationException", "Parameter(s) EventPattern or ScheduleExpression must be specified."},
			{&api.PutRuleInput{EventPattern: new(`{"source":"x"}`)}, "InvalidEventPatternException", "Event pattern is not valid. Reason: \"source\" must be an object or an array\n at [Source: (String)\"{\"source\":\"x\"}\"; line: 1, column: 12]"},
			{&api.PutRuleInput{EventPattern: new(`{"source":["` + strings.Repeat("x", 2048) + `"]}`)}, "LimitExceededException", "2048"},
			{&api.PutRuleInput{ScheduleExpression: new("rate(1 minutes)")}, "ValidationException", "Parameter ScheduleExpression is not valid."},
			{&api.PutRuleInput{ScheduleExpression: new("cron(* * * * * *)")}, "ValidationException", "Parameter ScheduleExpression is not valid."},
			{&api.PutRuleInput{ScheduleExpression: new("rate(1 hour)"), EventBusName: new("own")}, "ValidationException", "ScheduleExpression is supported only on the default event bus."},
			{&api.PutRuleInput{EventPattern: pattern, EventBusName: new("none")}, "ResourceNotFoundException", "Event bus none does not exist."},
			{&api.PutRuleInput{EventPattern: pattern, EventBusName: new("arn:aws:events:eu-west-1:123456789012:event-bus/own")}, "ResourceNotFoundException", "Event bus own does not exist."},
			{&api.PutRuleInput{EventPattern: pattern, EventBusName: new("arn:aws:sqs:us-east-1:123456789012:own")}, "ValidationException", "at 'eventBusName' failed to satisfy constraint"},
		}
		for _, tt := range tests {
			tt.in.Name = "r"
			_, err := b.PutRule(t.Context(), tt.in)
			wantError(t, err, tt.code, tt.message)
		}
		for _, bus := range []string{"default", "own"} {
			rules, err := b.ListRules(t.Context(), &api.ListRulesInput{EventBusName: &bus})
			if err != nil || len(rules.Rules) != 0 {
				t.Errorf("refused calls left %+v, %v", rules, err)
			}
		}
	})
}

func TestRules(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		bus, err := b.CreateEventBus(ctx, &api.CreateEventBusInput{Name: "own"})
		if err != nil {
			t.Fatal(err)
		}
		out, err := b.PutRule(ctx, &api.PutRuleInput{
			Name: "r", EventPattern: new(`{"source":["x"]}`), EventBusName: bus.EventBusArn, Description: new("d"),
			State: new(api.RuleStateEnabledWithAllCloudtrailManagementEvents), RoleArn: new("arn:aws:iam::1:role/r"), Tags: []*api.Tag{{Key: "k", Value: "v"}},
		})
		if err != nil || *out.RuleArn != "arn:aws:events:us-east-1:123456789012:rule/own/r" {
			t.Fatalf("%+v, %v", out, err)
		}
		got, err := b.DescribeRule(ctx, &api.DescribeRuleInput{Name: "r", EventBusName: new("own")})
		want := &api.DescribeRuleOutput{
			Name: new("r"), Arn: out.RuleArn, EventPattern: new(`{"source":["x"]}`), State: new(api.RuleStateEnabledWithAllCloudtrailManagementEvents),
			Description: new("d"), RoleArn: new("arn:aws:iam::1:role/r"), EventBusName: new("own"), CreatedBy: new(account),
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v %s", err, diff)
		}
		tags, err := b.ListTagsForResource(ctx, &api.ListTagsForResourceInput{ResourceARN: *out.RuleArn})
		if err != nil || len(tags.Tags) != 1 || tags.Tags[0].Value != "v" {
			t.Errorf("%+v, %v", tags, err)
		}
		_, err = b.DescribeRule(ctx, &api.DescribeRuleInput{Name: "r"})
		wantError(t, err, "ResourceNotFoundException", "Rule r does not exist on EventBus default.")
		_, err = b.EnableRule(ctx, &api.EnableRuleInput{Name: "none"})
		wantError(t, err, "ResourceNotFoundException", "Rule none does not exist on EventBus default.")
		if _, err := b.PutTargets(ctx, &api.PutTargetsInput{Rule: "r", EventBusName: new("own"), Targets: []*api.Target{{Id: "1", Arn: queue}}}); err != nil {
			t.Fatal(err)
		}
		_, err = b.DeleteRule(ctx, &api.DeleteRuleInput{Name: "r", EventBusName: new("own")})
		wantError(t, err, "ValidationException", "Rule can't be deleted since it has targets.")
		_, err = b.DeleteEventBus(ctx, &api.DeleteEventBusInput{Name: "own"})
		wantError(t, err, "ValidationException", "has rules")
		removed, err := b.RemoveTargets(ctx, &api.RemoveTargetsInput{Rule: "r", EventBusName: new("own"), Ids: []string{"1", "2"}})
		if err != nil || *removed.FailedEntryCount != 1 || *removed.FailedEntries[0].TargetId != "2" {
			t.Errorf("%+v, %v", removed, err)
		}
		for range 2 { // the second finds nothing, and that is well
			if _, err := b.DeleteRule(ctx, &api.DeleteRuleInput{Name: "r", EventBusName: new("own")}); err != nil {
				t.Error(err)
			}
			if _, err := b.DeleteEventBus(ctx, &api.DeleteEventBusInput{Name: "own"}); err != nil {
				t.Error(err)
			}
			if _, err := b.CreateEventBus(ctx, &api.CreateEventBusInput{Name: "own"}); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestListings(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		for i := range 7 {
			b.rule(t, fmt.Sprint("r", i), `{"source":["x"]}`, &api.Target{Id: "1", Arn: fmt.Sprint(queue, i%2)})
		}
		b.rule(t, "other", `{"source":["x"]}`)
		var names, byTarget []string
		for in := (&api.ListRulesInput{NamePrefix: new("r"), Limit: new(int32(3))}); ; {
			out, err := b.ListRules(ctx, in)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range out.Rules {
				names = append(names, *r.Name)
			}
			if in.NextToken = out.NextToken; in.NextToken == nil {
				break
			}
		}
		for in := (&api.ListRuleNamesByTargetInput{TargetArn: queue + "0", Limit: new(int32(3))}); ; {
			out, err := b.ListRuleNamesByTarget(ctx, in)
			if err != nil {
				t.Fatal(err)
			}
			byTarget = append(byTarget, out.RuleNames...)
			if in.NextToken = out.NextToken; in.NextToken == nil {
				break
			}
		}
		if got := strings.Join(names, " "); got != "r0 r1 r2 r3 r4 r5 r6" {
			t.Error(got)
		}
		if got := strings.Join(byTarget, " "); got != "r0 r2 r4 r6" {
			t.Error(got)
		}
		_, err := b.ListRules(ctx, &api.ListRulesInput{NextToken: new("x")})
		wantError(t, err, "ValidationException", "token")
	})
}

func TestBuses(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		for _, name := range []string{"alpha", "zeta"} {
			if _, err := b.CreateEventBus(ctx, &api.CreateEventBusInput{Name: name, Description: new(name), Tags: []*api.Tag{{Key: "a", Value: "b"}}}); err != nil {
				t.Fatal(err)
			}
		}
		for name, want := range map[string]string{"alpha": "ResourceAlreadyExistsException", "default": "ResourceAlreadyExistsException", "a/b": "ValidationException"} {
			_, err := b.CreateEventBus(ctx, &api.CreateEventBusInput{Name: name})
			wantError(t, err, want, "")
		}
		var names []string
		list := func() {
			names = nil
			for in := (&api.ListEventBusesInput{Limit: new(int32(1))}); ; {
				out, err := b.ListEventBuses(ctx, in)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range out.EventBuses {
					names = append(names, *e.Name)
				}
				if in.NextToken = out.NextToken; in.NextToken == nil {
					return
				}
			}
		}
		if list(); strings.Join(names, " ") != "alpha default zeta" {
			t.Error(names)
		}
		for _, name := range []string{"default", "alpha"} {
			up, err := b.UpdateEventBus(ctx, &api.UpdateEventBusInput{Name: &name, Description: new("new")})
			if err != nil || *up.Description != "new" {
				t.Errorf("%+v, %v", up, err)
			}
			got, err := b.DescribeEventBus(ctx, &api.DescribeEventBusInput{Name: new("arn:aws:events:us-east-1:123456789012:event-bus/" + name)})
			if err != nil || *got.Name != name || *got.Description != "new" || got.CreationTime == nil {
				t.Errorf("%+v, %v", got, err)
			}
		}
		if list(); strings.Join(names, " ") != "alpha default zeta" {
			t.Error(names)
		}
		_, err := b.DeleteEventBus(ctx, &api.DeleteEventBusInput{Name: "default"})
		wantError(t, err, "ValidationException", "Cannot delete event bus default.")
		_, err = b.DescribeEventBus(ctx, &api.DescribeEventBusInput{Name: new("none")})
		wantError(t, err, "ResourceNotFoundException", "Event bus none does not exist.")
	})
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		policy := func() string {
			t.Helper()
			out, err := b.DescribeEventBus(ctx, &api.DescribeEventBusInput{})
			if err != nil {
				t.Fatal(err)
			}
			if out.Policy == nil {
				return ""
			}
			return *out.Policy
		}
		put := func(sid, principal string) {
			t.Helper()
			in := &api.PutPermissionInput{Action: new("events:PutEvents"), Principal: &principal, StatementId: &sid}
			if principal == "*" {
				in.Condition = &api.Condition{Type: "StringEquals", Key: "aws:PrincipalOrgID", Value: "o-1"}
			}
			if _, err := b.PutPermission(ctx, in); err != nil {
				t.Fatal(err)
			}
		}
		put("a", "111122223333")
		put("b", "*")
		put("a", "444455556666")
		const want = `{"Version":"2012-10-17","Statement":[` +
			`{"Sid":"b","Effect":"Allow","Principal":"*","Action":"events:PutEvents","Resource":"arn:aws:events:us-east-1:123456789012:event-bus/default","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}},` +
			`{"Sid":"a","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":"events:PutEvents","Resource":"arn:aws:events:us-east-1:123456789012:event-bus/default"}]}`
		if diff := cmp.Diff(unmarshal[any](t, want), unmarshal[any](t, policy())); diff != "" {
			t.Error(diff)
		}
		_, err := b.RemovePermission(ctx, &api.RemovePermissionInput{StatementId: new("none")})
		wantError(t, err, "ResourceNotFoundException", "Statement with the provided id does not exist.")
		for _, sid := range []string{"a", "b"} {
			if _, err := b.RemovePermission(ctx, &api.RemovePermissionInput{StatementId: &sid}); err != nil {
				t.Error(err)
			}
		}
		if got := policy(); got != "" {
			t.Error(got)
		}
		_, err = b.RemovePermission(ctx, &api.RemovePermissionInput{StatementId: new("a")})
		wantError(t, err, "ResourceNotFoundException", "EventBus does not have a policy.")
		_, err = b.PutPermission(ctx, &api.PutPermissionInput{Policy: new("[]")})
		wantError(t, err, "ValidationException", "Policy")
		_, err = b.PutPermission(ctx, &api.PutPermissionInput{Action: new("events:PutRule"), Principal: new("*"), StatementId: new("x")})
		wantError(t, err, "ValidationException", "Provided value in parameter 'action' is not supported.")
		long, _ := json.Marshal(map[string]any{"Statement": []string{strings.Repeat("x", 10<<10)}})
		_, err = b.PutPermission(ctx, &api.PutPermissionInput{Policy: new(string(long))})
		wantError(t, err, "PolicyLengthExceededException", "")
		if _, err := b.PutPermission(ctx, &api.PutPermissionInput{Policy: new(`{"Version":"2012-10-17","Statement":{"Sid":"lone","Effect":"Allow","Principal":"*","Action":"events:PutEvents","Resource":"*"}}`)}); err != nil {
			t.Error(err)
		}
		put("c", "*")
		if got := policy(); !strings.Contains(got, "lone") || !strings.Contains(got, `"c"`) {
			t.Error(got)
		}
	})
}

func TestTestEventPattern(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		const event = `{"id":"1","account":"2","source":"s","time":"2026-01-01T00:00:00Z","region":"r","resources":[],"detail-type":"d","detail":{"a":1}}`
		for pattern, want := range map[string]bool{`{"detail":{"a":[1]}}`: true, `{"detail":{"a":[2]}}`: false} {
			out, err := b.TestEventPattern(t.Context(), &api.TestEventPatternInput{EventPattern: pattern, Event: event})
			if err != nil || *out.Result != want {
				t.Errorf("%s: %+v, %v", pattern, out, err)
			}
		}
		_, err := b.TestEventPattern(t.Context(), &api.TestEventPatternInput{EventPattern: "[]", Event: event})
		wantError(t, err, "InvalidEventPatternException", "Event pattern is not valid. Reason: Filter is not an object")
		for _, bad := range []string{"", "[]", "{", `{"id":"1"}`, strings.Replace(event, "2026-01-01T", "", 1)} {
			_, err := b.TestEventPattern(t.Context(), &api.TestEventPatternInput{EventPattern: `{"a":[1]}`, Event: bad})
			wantError(t, err, "ValidationException", "Parameter Event is not valid.")
		}
	})
}
