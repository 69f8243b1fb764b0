package cloudwatch_test

import (
	"testing"
	"time"

	api "nephele.dev/nephele/internal/api/cloudwatch"
)

func metricQuery(id, name, stat string) *api.MetricDataQuery {
	return &api.MetricDataQuery{Id: id, ReturnData: new(false), MetricStat: &api.MetricStat{
		Metric: &api.Metric{Namespace: new("Test"), MetricName: &name}, Period: 60, Stat: stat,
	}}
}

// TestMathAlarm watches a ratio of two metrics, and shows when it cannot.
func TestMathAlarm(t *testing.T) {
	bubble(t, func(t *testing.T, h *house) {
		begin := time.Now().UTC()
		h.alarm(t, &api.PutMetricAlarmInput{
			AlarmName: "ratio", EvaluationPeriods: new(int32(2)), DatapointsToAlarm: new(int32(2)), Threshold: new(50.0),
			ComparisonOperator: new(api.ComparisonOperatorGreaterThanThreshold), AlarmActions: []string{topic},
			Metrics: []*api.MetricDataQuery{
				metricQuery("errors", "errors", "Sum"), metricQuery("all", "all", "Sum"),
				{Id: "ratio", Expression: new("100 * errors / all"), Label: new("Ratio")},
			},
		})
		for i, errors := range []float64{1, 6, 7, 2} {
			at := begin.Add(time.Duration(i) * time.Minute)
			h.value(t, "errors", at, errors)
			h.value(t, "all", at, 10)
		}
		for i, want := range []api.StateValue{"", api.StateValueOk, api.StateValueOk, api.StateValueAlarm, api.StateValueOk} {
			if until(begin.Add(time.Duration(i) * time.Minute)); want == "" {
				continue
			}
			if a := h.describe(t, "ratio"); *a.StateValue != want && i > 1 {
				t.Errorf("minute %d: %s, %s; want %s", i, *a.StateValue, *a.StateReason, want)
			}
		}
		said := h.said()
		if len(said) != 1 {
			t.Fatalf("said %v", said)
		}
		h.alarm(t, &api.PutMetricAlarmInput{
			AlarmName: "ratio", EvaluationPeriods: new(int32(1)), Threshold: new(50.0),
			ComparisonOperator: new(api.ComparisonOperatorGreaterThanThreshold),
			Metrics:            []*api.MetricDataQuery{{Id: "e", Expression: new("METRICS()"), Period: new(int32(60))}},
		})
		until(begin.Add(6 * time.Minute))
		a := h.describe(t, "ratio")
		if a.EvaluationState == nil || *a.EvaluationState != api.EvaluationStateEvaluationError || *a.StateValue != api.StateValueOk {
			t.Errorf("broken: %+v", a)
		}
	})
}

// TestPercentileAlarm lets few samples change nothing, where it is told so.
func TestPercentileAlarm(t *testing.T) {
	bubble(t, func(t *testing.T, h *house) {
		begin := time.Now().UTC()
		for name, low := range map[string]string{"strict": "ignore", "loose": "evaluate"} {
			in := simpleAlarm(name)
			in.MetricName, in.Statistic, in.ExtendedStatistic = new("latency"), nil, new("p90")
			in.EvaluateLowSampleCountPercentile = &low
			h.alarm(t, in)
		}
		h.value(t, "latency", begin, 10)
		until(begin.Add(time.Minute))
		if a := h.describe(t, "strict"); *a.StateValue != api.StateValueInsufficientData {
			t.Errorf("with one sample: %s", *a.StateValue)
		}
		if a := h.describe(t, "loose"); *a.StateValue != api.StateValueAlarm {
			t.Errorf("with one sample that counts: %s", *a.StateValue)
		}
		d := datum("latency", begin.Add(time.Minute), 0)
		d.Value, d.Values, d.Counts = nil, []float64{10}, []float64{100}
		put(t, h.Client, "Test", d)
		until(begin.Add(2 * time.Minute))
		if a := h.describe(t, "strict"); *a.StateValue != api.StateValueAlarm {
			t.Errorf("with a hundred: %s", *a.StateValue)
		}
	})
}

// TestLongPeriods evaluates hours, whose beginning is folded away by then.
func TestLongPeriods(t *testing.T) {
	bubble(t, func(t *testing.T, h *house) {
		begin := time.Now().UTC()
		in := simpleAlarm("hours")
		in.Period, in.EvaluationPeriods, in.Threshold = new(int32(3600)), new(int32(2)), new(11.5)
		h.alarm(t, in)
		for i := range 14 {
			h.value(t, "hours", begin.Add(time.Duration(i)*10*time.Minute), 2)
			time.Sleep(10 * time.Minute)
		}
		until(begin.Add(140 * time.Minute))
		if a := h.describe(t, "hours"); *a.StateValue != api.StateValueAlarm {
			t.Errorf("%s, %s", *a.StateValue, *a.StateReason)
		}
	})
}
