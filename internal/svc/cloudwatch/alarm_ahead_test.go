package cloudwatch_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/store/storetest"
)

// TestReadAhead puts datapoints, and alarms, after most was read for the
// evaluation that they belong to: what it finds is what there is.
func TestReadAhead(t *testing.T) {
	bubble(t, func(t *testing.T, h *house) {
		begin := time.Now().UTC()
		h.alarm(t, simpleAlarm("m"))
		percentile := simpleAlarm("m")
		percentile.AlarmName, percentile.Statistic, percentile.ExtendedStatistic = "median", nil, new("p50")
		h.alarm(t, percentile)
		inSeconds := simpleAlarm("m")
		inSeconds.AlarmName, inSeconds.Unit = "unit", new(api.StandardUnitSeconds)
		h.alarm(t, inSeconds)
		// minute has something happen in the middle and half a second before the
		// end of a minute, and then looks at alarms.
		minute := func(n int, early, late func(), want map[string]api.StateValue) {
			t.Helper()
			end := begin.Add(time.Duration(n) * time.Minute)
			until(end.Add(-30 * time.Second))
			early()
			until(end.Add(-500 * time.Millisecond))
			late()
			until(end)
			for name, state := range want {
				if a := h.describe(t, name); *a.StateValue != state {
					t.Errorf("minute %d: %s is %s (%s), want %s", n, name, *a.StateValue, *a.StateReason, state)
				}
			}
		}
		values := func(v ...float64) func() {
			return func() {
				for i := range v {
					h.value(t, "m", time.Now(), v[i])
				}
			}
		}
		const ok, alarming, unknown = api.StateValueOk, api.StateValueAlarm, api.StateValueInsufficientData
		minute(1, values(), values(6), map[string]api.StateValue{"m": alarming, "median": alarming, "unit": unknown})
		minute(2, values(3), values(), map[string]api.StateValue{"m": ok, "median": ok})
		minute(3, values(3, 4), values(9, 10), map[string]api.StateValue{"m": alarming, "median": ok})
		minute(4, values(1), values(7, 8), map[string]api.StateValue{"m": alarming, "median": alarming, "unit": unknown})
		minute(5, values(1), values(), map[string]api.StateValue{"m": ok})
		// Nothing comes for the newest period, but for the one before.
		minute(6, values(), func() { h.value(t, "m", begin.Add(4*time.Minute+time.Second), 9) }, map[string]api.StateValue{"m": alarming})
		minute(7, values(1), func() { // what belongs to the next period
			h.value(t, "m", begin.Add(7*time.Minute), 50)
		}, map[string]api.StateValue{"m": ok})
		minute(8, values(), func() { // alarms that change, and are new
			in := simpleAlarm("m")
			in.Threshold = new(100.0)
			h.alarm(t, in)
			in.AlarmName, in.Threshold = "new", new(1.0)
			h.alarm(t, in)
		}, map[string]api.StateValue{"m": ok, "median": alarming, "new": alarming})
		minute(9, values(60), func() { values(60)(); putMany(t, h, 2500) }, map[string]api.StateValue{"m": alarming, "new": alarming})
	})
}

// putMany puts a datapoint under each of so many metrics.
func putMany(t *testing.T, h *house, n int) {
	t.Helper()
	var data []*api.MetricDatum
	for i := range n {
		data = append(data, datum(fmt.Sprint("other", i), time.Now(), 1))
		if len(data) == 500 {
			put(t, h.Client, "Test", data...)
			data = nil
		}
	}
}

// TestReadAheadLost: a server that starts between the two reads all of it.
func TestReadAheadLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := storetest.SQLite(t)
		begin := time.Now().UTC()
		h := open(t, db)
		h.alarm(t, simpleAlarm("m"))
		h.value(t, "m", begin, 3)
		until(begin.Add(time.Minute - 500*time.Millisecond))
		h.forget()
		h.value(t, "m", begin, 3)
		until(begin.Add(time.Minute))
		if a := h.describe(t, "m"); *a.StateValue != api.StateValueAlarm {
			t.Errorf("%s: %s", *a.StateValue, *a.StateReason)
		}
	})
}
