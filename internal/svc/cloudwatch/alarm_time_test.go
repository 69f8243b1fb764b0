package cloudwatch_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/store/storetest"
)

// bubble runs f with a house in whose world time passes at once. It begins on
// a whole hour.
func bubble(t *testing.T, f func(t *testing.T, h *house)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, open(t, storetest.SQLite(t))) })
}

// until sleeps to a time, and a moment longer for what happens then.
func until(t time.Time) {
	time.Sleep(time.Until(t.Add(time.Millisecond)))
	synctest.Wait()
}

// TestEvaluation follows an alarm through its states at the ends of minutes.
func TestEvaluation(t *testing.T) {
	bubble(t, func(t *testing.T, h *house) {
		begin := time.Now().UTC()
		h.alarm(t, simpleAlarm("m"))
		state := func(minute int, want api.StateValue, reason string) {
			t.Helper()
			until(begin.Add(time.Duration(minute) * time.Minute))
			a := h.describe(t, "m")
			if *a.StateValue != want || !strings.HasPrefix(*a.StateReason, reason) {
				t.Errorf("minute %d: %s, %s; want %s, %s", minute, *a.StateValue, *a.StateReason, want, reason)
			}
		}
		state(0, api.StateValueInsufficientData, "Unchecked: Initial alarm creation")
		h.value(t, "m", begin, 3)
		h.value(t, "m", begin.Add(30*time.Second), 3)
		time.Sleep(30 * time.Second)
		state(0, api.StateValueInsufficientData, "Unchecked") // the period is not over
		state(1, api.StateValueAlarm, "Threshold Crossed: 1 datapoint [6.0 (01/01/00 00:00:00)] was greater than the threshold (5.0)")
		state(2, api.StateValueAlarm, "")              // the datapoint is still in the range
		h.value(t, "m", begin.Add(100*time.Second), 1) // late: for minute 1
		state(3, api.StateValueOk, "Threshold Crossed: 1 datapoint [1.0 (01/01/00 00:01:00)] was not greater")
		state(4, api.StateValueOk, "")
		state(5, api.StateValueInsufficientData, "Insufficient Data: 1 datapoint was unknown.")
		h.value(t, "m", begin.Add(5*time.Minute), 7)
		state(6, api.StateValueAlarm, "Threshold Crossed: 1 datapoint [7.0 (01/01/00 00:05:00)] was greater than the threshold (5.0).")
		var subjects []string
		for _, p := range h.said() {
			subjects = append(subjects, *p.Subject)
		}
		want := []string{
			`ALARM: "m" in US East (N. Virginia)`, `OK: "m" in US East (N. Virginia)`,
			`INSUFFICIENT_DATA: "m" in US East (N. Virginia)`, `ALARM: "m" in US East (N. Virginia)`,
		}
		if diff := cmp.Diff(want, subjects); diff != "" {
			t.Error(diff)
		}
		a := h.describe(t, "m")
		if got := a.StateTransitionedTimestamp.Sub(begin); got < 6*time.Minute || got > 6*time.Minute+time.Second {
			t.Errorf("alarmed after %v, want 6 minutes", got)
		}
		wantData := `{"version":"1.0","queryDate":"2000-01-01T00:06:00.000+0000","startDate":"2000-01-01T00:05:00.000+0000","statistic":"Sum","period":60,` +
			`"recentDatapoints":[7.0],"threshold":5.0,"evaluatedDatapoints":[{"timestamp":"2000-01-01T00:05:00.000+0000","sampleCount":1.0,"value":7.0}]}`
		if *a.StateReasonData != wantData {
			t.Errorf("reason data\n %s\nwant\n %s", *a.StateReasonData, wantData)
		}
	})
}

// TestHighResolution evaluates each ten seconds what was put with seconds.
func TestHighResolution(t *testing.T) {
	bubble(t, func(t *testing.T, h *house) {
		begin := time.Now().UTC()
		in := simpleAlarm("fast")
		in.Period = new(int32(10))
		h.alarm(t, in)
		d := datum("fast", begin.Add(13*time.Second), 9)
		d.StorageResolution = new(int32(1))
		time.Sleep(13 * time.Second)
		put(t, h.Client, "Test", d)
		until(begin.Add(19 * time.Second))
		if a := h.describe(t, "fast"); *a.StateValue != api.StateValueInsufficientData {
			t.Errorf("before the period is over: %s", *a.StateValue)
		}
		until(begin.Add(20 * time.Second))
		if a := h.describe(t, "fast"); *a.StateValue != api.StateValueAlarm {
			t.Errorf("after ten seconds: %s, %s", *a.StateValue, *a.StateReason)
		}
	})
}

// TestDay has a metric that is published every five minutes watched for a day:
// nothing happens but what must.
func TestDay(t *testing.T) {
	bubble(t, func(t *testing.T, h *house) {
		begin := time.Now().UTC()
		in := simpleAlarm("slow")
		in.Period, in.EvaluationPeriods, in.DatapointsToAlarm = new(int32(300)), new(int32(3)), new(int32(2))
		h.alarm(t, in)
		for i := range 24 * 12 {
			v := 1.0
			if i == 100 || i == 102 {
				v = 10
			}
			h.value(t, "slow", begin.Add(time.Duration(i)*5*time.Minute), v)
			until(begin.Add(time.Duration(i+1) * 5 * time.Minute))
		}
		got, _ := h.history(t, "slow", api.HistoryItemTypeStateUpdate)
		want := []string{
			"Alarm updated from INSUFFICIENT_DATA to OK", "Alarm updated from OK to ALARM", "Alarm updated from ALARM to OK",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		a := h.describe(t, "slow")
		if since := a.StateTransitionedTimestamp.Sub(begin.Add(102 * 5 * time.Minute)); since > 15*time.Minute {
			t.Errorf("calmed down %v after the last breach", since)
		}
	})
}

func TestHistoryIsForgotten(t *testing.T) {
	bubble(t, func(t *testing.T, h *house) {
		in := simpleAlarm("m")
		in.TreatMissingData = new("ignore")
		h.alarm(t, in)
		h.set(t, "m", api.StateValueAlarm)
		if _, err := h.DeleteAlarms(t.Context(), &api.DeleteAlarmsInput{AlarmNames: []string{"m"}}); err != nil {
			t.Fatal(err)
		}
		if got, _ := h.history(t, "m", api.HistoryItemTypeConfigurationUpdate); len(got) != 2 || got[1] != `Alarm "m" deleted` {
			t.Errorf("of a deleted alarm: %v", got)
		}
		age(t, h, 29*24*time.Hour)
		if got, _ := h.history(t, "m", api.HistoryItemTypeStateUpdate); len(got) != 1 {
			t.Errorf("after 29 days: %v", got)
		}
		age(t, h, 25*time.Hour)
		if got, _ := h.history(t, "m", api.HistoryItemTypeStateUpdate); len(got) != 0 {
			t.Errorf("after 30 days: %v", got)
		}
		time.Sleep(61 * time.Minute)
		if n := count(t, h, "alarm_history"); n != 0 {
			t.Errorf("%d items are left", n)
		}
		if n := count(t, h, "alarm") + count(t, h, "alarm_shard where id <> 'cloudwatch.alarmhistory'"); n != 0 {
			t.Errorf("%d rows of alarms and shards are left", n)
		}
	})
}

// TestSilence shows that alarms with nothing to say write nothing.
func TestSilence(t *testing.T) {
	bubble(t, func(t *testing.T, h *house) {
		for i := range 50 {
			in := simpleAlarm(fmt.Sprint("m", i))
			in.TreatMissingData = new("notBreaching")
			h.alarm(t, in)
		}
		time.Sleep(2 * time.Minute)
		before := versions(t, h)
		time.Sleep(time.Hour)
		if after := versions(t, h); after != before {
			t.Errorf("versions add up to %d, before to %d", after, before)
		}
	})
}

// TestDowntime stops evaluations for a day: afterwards the present counts.
func TestDowntime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := storetest.SQLite(t)
		begin := time.Now().UTC()
		before := open(t, db)
		before.alarm(t, simpleAlarm("m"))
		before.value(t, "m", begin, 1)
		until(begin.Add(time.Minute))
		if err := before.engine.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(24 * time.Hour)
		h := open(t, db)
		for i := range 30 {
			h.value(t, "m", time.Now().Add(-time.Duration(i)*time.Minute), 10)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		got, _ := h.history(t, "m", api.HistoryItemTypeStateUpdate)
		if len(got) > 3 || got[len(got)-1] != "Alarm updated from INSUFFICIENT_DATA to ALARM" && got[len(got)-1] != "Alarm updated from OK to ALARM" {
			t.Errorf("history: %v", got)
		}
	})
}

// TestScalingRepeats executes a policy each minute that the state lasts.
func TestScalingRepeats(t *testing.T) {
	bubble(t, func(t *testing.T, h *house) {
		const policy = "arn:aws:autoscaling:us-east-1:000000000000:scalingPolicy:8adb436b:autoScalingGroupName/G:policyName/P"
		begin := time.Now().UTC()
		in := simpleAlarm("m")
		in.AlarmActions, in.OKActions = []string{policy, topic}, nil
		h.alarm(t, in)
		for i := range 5 {
			h.value(t, "m", begin.Add(time.Duration(i)*time.Minute), 10)
		}
		h.value(t, "m", begin.Add(5*time.Minute), 1)
		until(begin.Add(7 * time.Minute))
		if len(h.policies) != 5 || len(h.said()) != 1 {
			t.Fatalf("%d executions and %d notifications", len(h.policies), len(h.said()))
		}
		p := h.policies[0]
		if p.PolicyName != policy || *p.AutoScalingGroupName != "G" || *p.MetricValue != 10 || *p.BreachThreshold != 5 || !*p.HonorCooldown {
			t.Errorf("%+v", p)
		}
	})
}

// TestSuppressor follows the example of a wait and an extension.
func TestSuppressor(t *testing.T) {
	bubble(t, func(t *testing.T, h *house) {
		for _, name := range []string{"child", "maintenance"} {
			in := simpleAlarm(name)
			in.TreatMissingData, in.AlarmActions, in.OKActions = new("ignore"), nil, nil
			h.alarm(t, in)
			h.set(t, name, api.StateValueOk)
		}
		h.composite(t, &api.PutCompositeAlarmInput{
			AlarmName: "both", AlarmRule: "ALARM(child)", AlarmActions: []string{topic}, OKActions: []string{topic},
			ActionsSuppressor: new("maintenance"), ActionsSuppressorWaitPeriod: new(int32(120)), ActionsSuppressorExtensionPeriod: new(int32(180)),
		})
		by := func() string {
			synctest.Wait()
			if s := h.describeComposite(t, "both").ActionsSuppressedBy; s != nil {
				return string(*s)
			}
			return ""
		}
		check := func(when, want string, said int) {
			t.Helper()
			if got := by(); got != want || len(h.said()) != said {
				t.Errorf("%s: suppressed by %q, %d notifications; want %q, %d", when, got, len(h.said()), want, said)
			}
		}
		time.Sleep(3 * time.Minute) // its first state waited for the suppressor, too
		check("at first", "", 1)
		h.set(t, "child", api.StateValueAlarm)
		check("alarm", "WaitPeriod", 1)
		time.Sleep(time.Minute)
		h.set(t, "maintenance", api.StateValueAlarm)
		check("maintenance", "Alarm", 1)
		time.Sleep(time.Hour)
		check("an hour later", "Alarm", 1)
		h.set(t, "maintenance", api.StateValueOk)
		check("after maintenance", "ExtensionPeriod", 1)
		time.Sleep(179 * time.Second)
		check("before the extension ends", "ExtensionPeriod", 1)
		time.Sleep(2 * time.Second)
		check("after the extension", "", 2)
		if s := h.said(); len(s) == 2 && !strings.HasPrefix(*s[1].Subject, "ALARM") {
			t.Errorf("said %s", *s[1].Subject)
		}
	})
}
