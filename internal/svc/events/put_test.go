package events_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "nephele.dev/nephele/internal/api/events"
	"nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/plane"
)

func TestPutEventsDeliversWhatMatches(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		b.rule(t, "yes", `{"source":["shop"],"detail":{"total":[{"numeric":[">",10]}]}}`, &api.Target{Id: "1", Arn: queue})
		b.rule(t, "no", `{"source":["other"]}`, &api.Target{Id: "1", Arn: queue})
		b.rule(t, "idle", `{"source":["shop"]}`)
		out := b.put(t, entry("shop", `{ "total": 11.50, "é<": [1, 2] }`), entry("shop", `{"total":9}`))
		if *out.FailedEntryCount != 0 || len(out.Entries) != 2 || out.Entries[0].EventId == nil {
			t.Fatalf("%+v", out)
		}
		want := []string{`{"version":"0","id":"` + *out.Entries[0].EventId + `","detail-type":"Order Placed","source":"shop",` +
			`"account":"123456789012","time":"2026-03-04T05:06:07Z","region":"us-east-1","resources":["arn:x"],"detail":{"total":11.50,"é<":[1,2]}}`}
		if diff := cmp.Diff(want, b.bodies()); diff != "" {
			t.Error(diff)
		}
		c := b.calls[0]
		if c.caller.Kind != plane.Service || c.caller.ARN != "events.amazonaws.com" || c.caller.Account != account {
			t.Errorf("caller %+v", c.caller)
		}
		if url := c.in.(*sqs.SendMessageInput).QueueUrl; url != "http://sqs.internal/123456789012/q" {
			t.Errorf("queue %s", url)
		}
	})
}

// TestRulesCountAtOnce changes a rule between events: what is in memory must
// not outlive it.
func TestRulesCountAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		put := func(want int) {
			t.Helper()
			before := len(b.bodies())
			b.put(t, entry("shop", `{}`))
			if got := len(b.bodies()) - before; got != want {
				t.Errorf("%d deliveries, want %d", got, want)
			}
		}
		must := func(_ any, err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		put(0)
		b.rule(t, "r", `{"source":["shop"]}`, &api.Target{Id: "1", Arn: queue})
		put(1)
		must(b.PutTargets(ctx, &api.PutTargetsInput{Rule: "r", Targets: []*api.Target{{Id: "2", Arn: queue}}}))
		put(2)
		must(b.DisableRule(ctx, &api.DisableRuleInput{Name: "r"}))
		put(0)
		must(b.EnableRule(ctx, &api.EnableRuleInput{Name: "r"}))
		put(2)
		must(b.RemoveTargets(ctx, &api.RemoveTargetsInput{Rule: "r", Ids: []string{"1"}}))
		put(1)
		b.rule(t, "r", `{"source":["other"]}`)
		put(0)
	})
}

func TestPutEventsEntryErrors(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		b.rule(t, "r", `{"source":[{"exists":true}]}`, &api.Target{Id: "1", Arn: queue})
		tests := []struct {
			entry         *api.PutEventsRequestEntry
			code, message string
		}{
			{&api.PutEventsRequestEntry{DetailType: new("d"), Detail: new("{}")}, "InvalidArgument", "Parameter Source is not valid. Reason: Source is a required argument."},
			{&api.PutEventsRequestEntry{Source: new("s"), Detail: new("{}")}, "InvalidArgument", "Parameter DetailType is not valid. Reason: DetailType is a required argument."},
			{&api.PutEventsRequestEntry{Source: new("s"), DetailType: new("d")}, "InvalidArgument", "Parameter Detail is not valid. Reason: Detail is a required argument."},
			{entry("s", `[1]`), "MalformedDetail", "Detail is malformed."},
			{entry("s", `{"a":}`), "MalformedDetail", "Detail is malformed."},
			{entry("s", `{} {}`), "MalformedDetail", "Detail is malformed."},
			{entry("s", `{"a":`+strings.Repeat("[", 1001)+strings.Repeat("]", 1001)+`}`), "MalformedDetail", "Detail is malformed."},
			{entry("aws.s3", `{}`), "NotAuthorizedForSourceException", "Not authorized for the source."},
			{entry("s", `{}`), "", ""},
		}
		in := make([]*api.PutEventsRequestEntry, len(tests))
		for i, tt := range tests {
			in[i] = tt.entry
		}
		out := b.put(t, in...)
		if *out.FailedEntryCount != int32(len(tests)-1) || len(b.bodies()) != 1 {
			t.Errorf("%d failed, %d delivered", *out.FailedEntryCount, len(b.bodies()))
		}
		for i, tt := range tests {
			e := out.Entries[i]
			if tt.code == "" {
				if e.EventId == nil || e.ErrorCode != nil {
					t.Errorf("entry %d: %+v", i, e)
				}
			} else if e.EventId != nil || *e.ErrorCode != tt.code || *e.ErrorMessage != tt.message {
				t.Errorf("entry %d: %s %s", i, *e.ErrorCode, *e.ErrorMessage)
			}
		}
		_, err := b.PutEvents(t.Context(), &api.PutEventsInput{Entries: []*api.PutEventsRequestEntry{entry("s", `{"a":"`+strings.Repeat("x", 1<<20)+`"}`)}})
		wantError(t, err, "ValidationException", "Total size of the entries in the request is over the limit.")
		if got := b.put(t, &api.PutEventsRequestEntry{Source: new("s"), DetailType: new("d"), Detail: new("{}"), EventBusName: new("none")}); *got.FailedEntryCount != 0 {
			t.Errorf("a bus that is not there: %+v", got.Entries[0])
		}
	})
}

func TestServicesSendTheirOwnSources(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		b.rule(t, "r", `{"source":["aws.s3"]}`, &api.Target{Id: "1", Arn: queue})
		service := api.Client{Invoker: b.plane.AsService("s3.amazonaws.com", account, region)}
		var ids [2]string
		ctx, wait := b.engine.Track(t.Context())
		for i := range ids {
			out, err := service.PutEvents(plane.WithToken(ctx, "once"), &api.PutEventsInput{Entries: []*api.PutEventsRequestEntry{entry("aws.s3", "{}")}})
			if err != nil || *out.FailedEntryCount != 0 {
				t.Fatalf("%+v, %v", out, err)
			}
			ids[i] = *out.Entries[0].EventId
		}
		if err := wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.settle(t, func(ctx context.Context) {
			in := &api.PutEventsInput{Entries: []*api.PutEventsRequestEntry{entry("aws.s3", "{}")}}
			if _, err := service.PutEvents(plane.WithToken(ctx, "other"), in); err != nil {
				t.Error(err)
			}
		})
		if ids[0] != ids[1] {
			t.Errorf("a repeated call answered %v", ids)
		}
		seen := map[string]int{}
		for _, body := range b.bodies() {
			seen[unmarshal[struct{ ID string }](t, body).ID]++
		}
		if seen[ids[0]] != 1 || len(seen) != 2 {
			t.Errorf("delivered %v", seen)
		}
	})
}

// TestTargetsAreNotAWS: who can make rules can have PutEvents called by this
// service, but not in the name of another.
func TestTargetsAreNotAWS(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		out, err := api.Client{Invoker: b.plane.AsService("events.amazonaws.com", account, region)}.PutEvents(t.Context(),
			&api.PutEventsInput{Entries: []*api.PutEventsRequestEntry{entry("aws.health", "{}"), entry("shop", "{}")}})
		if err != nil || *out.FailedEntryCount != 1 || *out.Entries[0].ErrorCode != "NotAuthorizedForSourceException" {
			t.Errorf("%+v, %v", out, err)
		}
	})
}

func TestForwardingToBuses(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		for _, name := range []string{"one", "two"} {
			if _, err := b.CreateEventBus(ctx, &api.CreateEventBusInput{Name: name}); err != nil {
				t.Fatal(err)
			}
		}
		bus := func(name string) *api.Target {
			return &api.Target{Id: "bus", Arn: "arn:aws:events:us-east-1:123456789012:event-bus/" + name}
		}
		all := `{"source":[{"exists":true}]}`
		dead := bus("gone")
		dead.DeadLetterConfig = &api.DeadLetterConfig{Arn: new("arn:aws:sqs:us-east-1:123456789012:dead")}
		b.rule(t, "out", all, bus("one"), &api.Target{Id: "q", Arn: queue})
		b.rule(t, "lost", all, dead)
		b.ruleOn(t, new("one"), "on", all, bus("two"), bus("default"), &api.Target{Id: "q", Arn: queue})
		b.ruleOn(t, new("two"), "never", all, &api.Target{Id: "q", Arn: queue})
		out := b.put(t, entry("shop", "{}"))
		if _, err := b.PutEvents(ctx, &api.PutEventsInput{}); err == nil {
			t.Error("no entries taken")
		}
		got := map[string]int{}
		for _, in := range of[*sqs.SendMessageInput](b.world) {
			if unmarshal[struct{ ID string }](t, in.MessageBody).ID != *out.Entries[0].EventId {
				t.Errorf("another event: %s", in.MessageBody)
			}
			got[in.QueueUrl]++
			if a := in.MessageAttributes["ERROR_CODE"]; a != nil && *a.StringValue != "NO_RESOURCE" {
				t.Errorf("error code %s", *a.StringValue)
			}
		}
		want := map[string]int{"http://sqs.internal/123456789012/q": 2, "http://sqs.internal/123456789012/dead": 1}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func BenchmarkPutEvents300Rules(b *testing.B) {
	benchEach(b, func(b *testing.B, s *bench) {
		for i := range 300 {
			s.rule(b, fmt.Sprint("r", i), fmt.Sprintf(`{"source":["shop"],"detail":{"n":[%d]}}`, i), &api.Target{Id: "1", Arn: queue})
		}
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for n := 0; pb.Next(); n++ {
				if _, err := s.PutEvents(b.Context(), &api.PutEventsInput{Entries: []*api.PutEventsRequestEntry{entry("shop", fmt.Sprintf(`{"n":%d}`, n%300))}}); err != nil {
					b.Error(err)
				}
			}
		})
	})
}
