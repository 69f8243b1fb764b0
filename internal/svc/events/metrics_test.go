package events_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/api/cloudwatch"
	api "nephele.dev/nephele/internal/api/events"
	"nephele.dev/nephele/internal/awserr"
)

func TestMetrics(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		b.fail = func(c call) error {
			if c.op == "Publish" {
				return awserr.New("NotFound", 404, "Topic does not exist")
			}
			return nil
		}
		if _, err := b.CreateEventBus(t.Context(), &api.CreateEventBusInput{Name: "own"}); err != nil {
			t.Fatal(err)
		}
		b.rule(t, "r", `{"source":["shop"]}`, &api.Target{Id: "q", Arn: queue},
			&api.Target{Id: "bus", Arn: "arn:aws:events:us-east-1:123456789012:event-bus/own"},
			&api.Target{Id: "t", Arn: "arn:aws:sns:us-east-1:123456789012:t", DeadLetterConfig: &api.DeadLetterConfig{Arn: new(queue)}})
		b.ruleOn(t, new("own"), "r", `{"source":["shop"]}`, &api.Target{Id: "q", Arn: queue})
		b.put(t, entry("shop", "{}"), entry("shop", "{}"), entry("other", "{}"))
		if err := b.service.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := map[string]float64{}
		for _, in := range of[*cloudwatch.PutMetricDataInput](b.world) {
			if in.Namespace != "AWS/Events" {
				t.Errorf("namespace %s", in.Namespace)
			}
			for _, d := range in.MetricData {
				name := d.MetricName
				for _, dim := range d.Dimensions {
					name += " " + dim.Name + "=" + dim.Value
				}
				got[name] += *d.Value
				if since := time.Since(*d.Timestamp); since < 0 || since > 3*time.Minute {
					t.Errorf("%s at %v", name, d.Timestamp)
				}
			}
		}
		want := map[string]float64{
			"TriggeredRules RuleName=r": 2, "Invocations RuleName=r": 6, "FailedInvocations RuleName=r": 2, "InvocationsSentToDlq RuleName=r": 2,
			"TriggeredRules RuleName=r EventBusName=own": 2, "Invocations RuleName=r EventBusName=own": 2,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}
