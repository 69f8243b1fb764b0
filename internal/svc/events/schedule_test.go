package events_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	api "nephele.dev/nephele/internal/api/events"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

// times are when the scheduled events say that they were due.
func (b *bench) times(t *testing.T) []string {
	t.Helper()
	var times []string
	for _, body := range b.bodies() {
		e := unmarshal[map[string]any](t, body)
		if e["source"] != "aws.events" || e["detail-type"] != "Scheduled Event" || e["account"] != account ||
			cmp.Diff(e["resources"], []any{"arn:aws:events:us-east-1:123456789012:rule/tick"}) != "" || len(e["detail"].(map[string]any)) != 0 {
			t.Errorf("event %s", body)
		}
		times = append(times, e["time"].(string))
	}
	return times
}

func (b *bench) schedule(t *testing.T, expression string) {
	t.Helper()
	if _, err := b.PutRule(t.Context(), &api.PutRuleInput{Name: "tick", ScheduleExpression: &expression}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.PutTargets(t.Context(), &api.PutTargetsInput{Rule: "tick", Targets: []*api.Target{{Id: "1", Arn: queue}}}); err != nil {
		t.Fatal(err)
	}
}

// In a bubble time begins at midnight of 1 January 2000.

func TestRateDoesNotDrift(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, storetest.SQLite(t))
		time.Sleep(10 * time.Second)
		b.schedule(t, "rate(5 minutes)")
		time.Sleep(16 * time.Minute)
		want := []string{"2000-01-01T00:05:10Z", "2000-01-01T00:10:10Z", "2000-01-01T00:15:10Z"}
		if diff := cmp.Diff(want, b.times(t)); diff != "" {
			t.Error(diff)
		}
		// The same rule again keeps its pace; a disabled one rests.
		b.schedule(t, "rate(5 minutes)")
		time.Sleep(5 * time.Minute)
		if n := len(b.times(t)); n != 4 {
			t.Errorf("%d events, want 4", n)
		}
		if _, err := b.DisableRule(t.Context(), &api.DisableRuleInput{Name: "tick"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if n := len(b.times(t)); n != 4 {
			t.Errorf("%d events of a disabled rule, want 4", n)
		}
	})
}

func TestCron(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, storetest.SQLite(t))
		b.schedule(t, "cron(15 10 ? * MON-TUE *)") // 1 January 2000 is a Saturday
		time.Sleep(10 * 24 * time.Hour)
		want := []string{"2000-01-03T10:15:00Z", "2000-01-04T10:15:00Z", "2000-01-10T10:15:00Z"}
		if diff := cmp.Diff(want, b.times(t)); diff != "" {
			t.Error(diff)
		}
	})
}

// TestMissedTicksCollapse stops the server for an hour.
func TestMissedTicksCollapse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := storetest.SQLite(t)
		b := newBench(t, db)
		b.schedule(t, "rate(10 minutes)")
		time.Sleep(15 * time.Minute)
		if err := b.engine.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if n := len(b.times(t)); n != 1 {
			t.Fatalf("%d events", n)
		}
		again := newBench(t, db)
		time.Sleep(10 * time.Minute)
		want := []string{"2000-01-01T00:20:00Z", "2000-01-01T01:20:00Z"}
		if diff := cmp.Diff(want, again.times(t)); diff != "" {
			t.Error(diff)
		}
	})
}

// TestAcknowledgedEventsSurvive puts an event while nothing is delivered, and
// has another process deliver it.
func TestAcknowledgedEventsSurvive(t *testing.T) {
	t.Parallel()
	storetest.Each(t, acknowledged)
}

func acknowledged(t *testing.T, db *store.DB) {
	b := newBench(t, db)
	b.rule(t, "r", `{"source":["shop"]}`, &api.Target{Id: "1", Arn: queue}, &api.Target{Id: "2", Arn: queue})
	if err := b.engine.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, wait := b.engine.Track(t.Context())
	out, err := b.PutEvents(ctx, &api.PutEventsInput{Entries: []*api.PutEventsRequestEntry{entry("shop", "{}")}})
	if err != nil || len(b.bodies()) != 0 {
		t.Fatalf("%+v, %v, %v", out, err, b.bodies())
	}
	again := newBench(t, db)
	if err := wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	tokens := map[string]bool{}
	for _, c := range again.calls {
		tokens[c.token] = true
	}
	if n := len(again.bodies()); n != 2 || len(tokens) != 2 || tokens[""] {
		t.Errorf("%d deliveries under tokens %v", n, tokens)
	}
}
