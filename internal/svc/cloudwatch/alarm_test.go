package cloudwatch_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	api "nephele.dev/nephele/internal/api/cloudwatch"
)

func TestPutMetricAlarmErrors(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(t *testing.T, h *house) {
		expression := func(id, text string, returns bool) *api.MetricDataQuery {
			return &api.MetricDataQuery{Id: id, Expression: &text, ReturnData: &returns, Period: new(int32(60))}
		}
		for _, tt := range []struct {
			name          string
			change        func(in *api.PutMetricAlarmInput)
			code, message string
		}{
			{"period", func(in *api.PutMetricAlarmInput) { in.Period = new(int32(45)) }, "ValidationError", "Period must be 10, 20, 30 or a multiple of 60"},
			{
				"a day", func(in *api.PutMetricAlarmInput) { in.EvaluationPeriods = new(int32(1441)) }, "ValidationError",
				"Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400) for alarms using period < 3600",
			},
			{
				"a week", func(in *api.PutMetricAlarmInput) { in.Period, in.EvaluationPeriods = new(int32(3600)), new(int32(169)) }, "ValidationError",
				"Metrics cannot be checked across more than a week (EvaluationPeriods * Period must be <= 604800) for alarms using period >= 3600",
			},
			{
				"m of n", func(in *api.PutMetricAlarmInput) { in.DatapointsToAlarm = new(int32(2)) }, "ValidationError",
				"The parameter DatapointsToAlarm must be less than or equal to EvaluationPeriods.",
			},
			{
				"missing data", func(in *api.PutMetricAlarmInput) { in.TreatMissingData = new("foo") }, "ValidationError",
				"The value foo is not supported for TreatMissingData parameter. Supported values are [breaching, notBreaching, ignore, missing].",
			},
			{"action", func(in *api.PutMetricAlarmInput) { in.AlarmActions = []string{"pager"} }, "ValidationError", "Invalid arn syntax: pager"},
			{
				"action's region", func(in *api.PutMetricAlarmInput) { in.OKActions = []string{"arn:aws:sns:eu-central-1:000000000000:t"} },
				"ValidationError", "Invalid region eu-central-1 specified. Only us-east-1 is supported.",
			},
			{
				"two statistics", func(in *api.PutMetricAlarmInput) { in.ExtendedStatistic = new("p90") }, "InvalidParameterCombinationException",
				"The parameters Statistic and ExtendedStatistic are mutually exclusive and you have specified both.",
			},
			{"no threshold", func(in *api.PutMetricAlarmInput) { in.Threshold = nil }, "MissingRequiredParameterException", "The parameter Threshold is required."},
			{
				"no metric", func(in *api.PutMetricAlarmInput) { in.MetricName, in.Namespace = nil, nil }, "ValidationError",
				"Exactly one element of the metrics list should return data.",
			},
			{
				"two returned", func(in *api.PutMetricAlarmInput) {
					*in = api.PutMetricAlarmInput{
						AlarmName: "x", EvaluationPeriods: new(int32(1)), Threshold: new(1.0), ComparisonOperator: in.ComparisonOperator,
						Metrics: []*api.MetricDataQuery{expression("a", "1", true), expression("b", "2", true)},
					}
				}, "ValidationError", "Exactly one element of the metrics list should return data.",
			},
			{
				"anomaly", func(in *api.PutMetricAlarmInput) { in.ThresholdMetricId = new("ad1") }, "NotImplemented",
				"Nephele does not implement anomaly detection (ThresholdMetricId) of cloudwatch:PutMetricAlarm yet.",
			},
		} {
			in := simpleAlarm("x")
			tt.change(in)
			_, err := h.PutMetricAlarm(t.Context(), in)
			t.Run(tt.name, func(t *testing.T) { wantError(t, err, tt.code, tt.message) })
		}
		if out, err := h.DescribeAlarms(t.Context(), &api.DescribeAlarmsInput{}); err != nil || len(out.MetricAlarms) != 0 {
			t.Errorf("what was refused is there: %v, %v", out, err)
		}
	})
}

// TestStateByHand sets states and sees all that follows.
func TestStateByHand(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(t *testing.T, h *house) {
		in := simpleAlarm("m")
		in.AlarmDescription, in.Dimensions = new("d"), dimensions("a", "1")
		in.AlarmActions = []string{
			topic, gone, "arn:aws:lambda:us-east-1:000000000000:function:f", "arn:aws:automate:us-east-1:ec2:recover",
		}
		h.alarm(t, in)
		h.set(t, "m", api.StateValueAlarm)
		h.set(t, "m", api.StateValueAlarm) // no change
		a := h.describe(t, "m")
		if *a.StateValue != api.StateValueAlarm || *a.StateReason != "for the test" || !*a.ActionsEnabled {
			t.Errorf("%+v", a)
		}
		updates, data := h.history(t, "m", api.HistoryItemTypeStateUpdate)
		if diff := cmp.Diff([]string{"Alarm updated from INSUFFICIENT_DATA to ALARM"}, updates); diff != "" {
			t.Fatal(diff)
		}
		want := `{"version":"1.0","oldState":{"stateValue":"INSUFFICIENT_DATA","stateReason":"Unchecked: Initial alarm creation"},` +
			`"newState":{"stateValue":"ALARM","stateReason":"for the test"}}`
		if data[0] != want {
			t.Errorf("history data %s", data[0])
		}
		actions, _ := h.history(t, "m", api.HistoryItemTypeAction)
		all := strings.Join(actions, "\n")
		for _, want := range []string{
			"Successfully executed action " + topic,
			"Failed to execute action " + gone + `. Received error: "Topic does not exist"`,
			`Failed to execute action arn:aws:lambda:us-east-1:000000000000:function:f. Received error: "Nephele does not implement lambda:Invoke yet."`,
			`Failed to execute action arn:aws:automate:us-east-1:ec2:recover. Received error: "Nephele does not implement the action`,
		} {
			if strings.Count(all, want) != 1 {
				t.Errorf("not once in the history: %s\n%s", want, all)
			}
		}
		checkMessage(t, h)
		checkEvents(t, h)
	})
}

func checkMessage(t *testing.T, h *house) {
	t.Helper()
	said := h.said()
	if len(said) != 1 || *said[0].Subject != `ALARM: "m" in US East (N. Virginia)` {
		t.Fatalf("said %+v", said)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(said[0].Message), &got); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"StateChangeTime", "AlarmConfigurationUpdatedTimestamp"} {
		if _, err := time.Parse("2006-01-02T15:04:05.000-0700", fmt.Sprint(got[key])); err != nil {
			t.Error(err)
		}
		delete(got, key)
	}
	want := map[string]any{
		"AlarmName": "m", "AlarmDescription": "d", "AWSAccountId": account, "NewStateValue": "ALARM", "NewStateReason": "for the test",
		"Region": "US East (N. Virginia)", "AlarmArn": "arn:aws:cloudwatch:us-east-1:000000000000:alarm:m", "OldStateValue": "INSUFFICIENT_DATA",
		"OKActions": []any{topic}, "InsufficientDataActions": []any{topic},
		"AlarmActions": []any{topic, gone, "arn:aws:lambda:us-east-1:000000000000:function:f", "arn:aws:automate:us-east-1:ec2:recover"},
		"Trigger": map[string]any{
			"MetricName": "m", "Namespace": "Test", "StatisticType": "Statistic", "Statistic": "SUM", "Unit": nil,
			"Dimensions": []any{map[string]any{"name": "a", "value": "1"}}, "Period": 60.0, "EvaluationPeriods": 1.0,
			"ComparisonOperator": "GreaterThanThreshold", "Threshold": 5.0, "TreatMissingData": "", "EvaluateLowSampleCountPercentile": "",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func checkEvents(t *testing.T, h *house) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.events) != 2 || *h.events[0].DetailType != "CloudWatch Alarm Configuration Change" ||
		*h.events[1].DetailType != "CloudWatch Alarm State Change" {
		t.Fatalf("events %+v", h.events)
	}
	e := h.events[1]
	if *e.Source != "aws.cloudwatch" || e.Resources[0] != "arn:aws:cloudwatch:us-east-1:000000000000:alarm:m" {
		t.Errorf("event %+v", e)
	}
	var detail struct {
		AlarmName            string
		State, PreviousState struct{ Value, Reason, Timestamp string }
		Configuration        struct {
			Description string
			Metrics     []struct {
				MetricStat struct {
					Metric struct {
						Dimensions      map[string]string
						Name, Namespace string
					}
					Period int
					Stat   string
				}
				ReturnData bool
			}
		}
	}
	if err := json.Unmarshal([]byte(*e.Detail), &detail); err != nil {
		t.Fatal(err)
	}
	m := detail.Configuration.Metrics
	if detail.AlarmName != "m" || detail.State.Value != "ALARM" || detail.PreviousState.Reason != "Unchecked: Initial alarm creation" ||
		len(m) != 1 || m[0].MetricStat.Metric.Dimensions["a"] != "1" || m[0].MetricStat.Stat != "Sum" || !m[0].ReturnData {
		t.Errorf("detail %s", *e.Detail)
	}
}

// TestComposite has composites follow their children, through two levels.
func TestComposite(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(t *testing.T, h *house) {
		for _, name := range []string{"a", "b c"} {
			in := simpleAlarm(name)
			in.TreatMissingData, in.AlarmActions, in.OKActions = new("ignore"), nil, nil
			h.alarm(t, in)
		}
		h.composite(t, &api.PutCompositeAlarmInput{AlarmName: "inner", AlarmRule: `ALARM(a) AND NOT ALARM("b c")`})
		h.composite(t, &api.PutCompositeAlarmInput{
			AlarmName: "outer", AlarmRule: "ALARM(arn:aws:cloudwatch:us-east-1:000000000000:alarm:inner) OR FALSE",
			AlarmActions: []string{topic}, Tags: []*api.Tag{{Key: "k", Value: "v"}},
		})
		if c := h.describeComposite(t, "outer"); *c.StateValue != api.StateValueOk ||
			*c.StateReason != "arn:aws:cloudwatch:us-east-1:000000000000:alarm:outer was created and its alarm rule evaluates to OK" {
			t.Errorf("at first %s, %s", *c.StateValue, *c.StateReason)
		}
		h.set(t, "a", api.StateValueAlarm)
		c := h.describeComposite(t, "outer")
		if *c.StateValue != api.StateValueAlarm ||
			!strings.HasPrefix(*c.StateReason, "arn:aws:cloudwatch:us-east-1:000000000000:alarm:inner transitioned to ALARM at ") ||
			!strings.HasPrefix(*c.StateReasonData, `{"triggeringAlarms":[{"arn":"arn:aws:cloudwatch:us-east-1:000000000000:alarm:inner","state":{"value":"ALARM","timestamp":"`) {
			t.Errorf("then %s, %s, %s", *c.StateValue, *c.StateReason, *c.StateReasonData)
		}
		if said := h.said(); len(said) != 1 || !strings.Contains(said[0].Message, `"TriggeringChildren":[{"Arn":"arn:`) {
			t.Errorf("said %+v", said)
		}
		h.set(t, "b c", api.StateValueAlarm)
		if c := h.describeComposite(t, "outer"); *c.StateValue != api.StateValueOk {
			t.Errorf("in the end %s", *c.StateValue)
		}
		children, err := h.DescribeAlarms(t.Context(), &api.DescribeAlarmsInput{ChildrenOfAlarmName: new("inner")})
		if err != nil || len(children.MetricAlarms) != 2 || children.MetricAlarms[0].Threshold != nil {
			t.Errorf("children %+v, %v", children, err)
		}
		parents, err := h.DescribeAlarms(t.Context(), &api.DescribeAlarmsInput{ParentsOfAlarmName: new("inner")})
		if err != nil || len(parents.CompositeAlarms) != 1 || *parents.CompositeAlarms[0].AlarmName != "outer" {
			t.Errorf("parents %+v, %v", parents, err)
		}
		del := func(names ...string) error {
			_, err := h.DeleteAlarms(t.Context(), &api.DeleteAlarmsInput{AlarmNames: names})
			return err
		}
		wantError(t, del("a"), "ValidationError", "Cannot delete a as there are composite alarm(s) depending on it.")
		wantError(t, del("a", "b c"), "ValidationError", "Cannot delete a,b c as there are composite alarm(s) depending on them.")
		wantError(t, del("inner", "outer"), "ValidationError", "A request can delete at most one composite alarm.")
		if err := del("outer"); err != nil {
			t.Error(err)
		}
		if err := del("inner", "a", "b c", "nobody"); err != nil {
			t.Error(err)
		}
	})
}

// TestCycle makes two alarms that contradict each other: allowed, and at rest.
func TestCycle(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(t *testing.T, h *house) {
		h.composite(t, &api.PutCompositeAlarmInput{AlarmName: "a", AlarmRule: "FALSE"})
		h.composite(t, &api.PutCompositeAlarmInput{AlarmName: "b", AlarmRule: "ALARM(a)"})
		h.composite(t, &api.PutCompositeAlarmInput{AlarmName: "a", AlarmRule: "NOT ALARM(b)"})
		_, err := h.DeleteAlarms(t.Context(), &api.DeleteAlarmsInput{AlarmNames: []string{"a"}})
		wantError(t, err, "ValidationError", "Cannot delete a as there are composite alarm(s) depending on it.")
		h.composite(t, &api.PutCompositeAlarmInput{AlarmName: "b", AlarmRule: "FALSE"})
		if _, err := h.DeleteAlarms(t.Context(), &api.DeleteAlarmsInput{AlarmNames: []string{"a"}}); err != nil {
			t.Error(err)
		}
	})
}

func TestCompositeErrors(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(t *testing.T, h *house) {
		h.alarm(t, simpleAlarm("a"))
		for _, tt := range []struct {
			in      api.PutCompositeAlarmInput
			message string
		}{
			{api.PutCompositeAlarmInput{AlarmRule: "ALARM(a) OR ALARM(nope)"}, "Could not save the composite alarm as alarms [nope] in the alarm rule do not exist"},
			{api.PutCompositeAlarmInput{AlarmRule: " TRUE"}, "AlarmRule must not contain leading or trailing whitespace or be null"},
			{api.PutCompositeAlarmInput{AlarmRule: "ALARM(a"}, "AlarmRule is not valid at position 8: expected )"},
			{
				api.PutCompositeAlarmInput{AlarmRule: "ALARM(arn:aws:cloudwatch:eu-west-1:000000000000:alarm:a)"},
				"The alarm arn:aws:cloudwatch:eu-west-1:000000000000:alarm:a is not an alarm of this account and region.",
			},
			{
				api.PutCompositeAlarmInput{AlarmRule: "TRUE", ActionsSuppressor: new("a")},
				"ActionsSuppressorWaitPeriod and ActionsSuppressorExtensionPeriod are required with ActionsSuppressor.",
			},
			{
				api.PutCompositeAlarmInput{AlarmRule: "TRUE", AlarmActions: []string{"arn:aws:automate:us-east-1:ec2:stop"}},
				"The action arn:aws:automate:us-east-1:ec2:stop is not supported by this type of alarm.",
			},
		} {
			tt.in.AlarmName = "x"
			_, err := h.PutCompositeAlarm(t.Context(), &tt.in)
			wantError(t, err, "ValidationError", tt.message)
		}
		_, err := h.PutCompositeAlarm(t.Context(), &api.PutCompositeAlarmInput{AlarmName: "a", AlarmRule: "TRUE"})
		wantError(t, err, "ValidationError", "The name a is that of an alarm of type MetricAlarm already.")
		_, err = h.SetAlarmState(t.Context(), &api.SetAlarmStateInput{AlarmName: "x", StateValue: api.StateValueOk})
		wantError(t, err, "ResourceNotFound", "Alarm not found: x")
		_, err = h.SetAlarmState(t.Context(), &api.SetAlarmStateInput{AlarmName: "a", StateValue: api.StateValueOk, StateReasonData: new("{")})
		wantError(t, err, "InvalidFormatFault", "The value for StateReasonData is not valid JSON.")
	})
}

// TestListing pages through alarms by name, type, state and action.
func TestListing(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(t *testing.T, h *house) {
		for i := range 25 {
			in := simpleAlarm(fmt.Sprintf("m%02d", i))
			if i%2 == 1 {
				in.AlarmActions, in.OKActions, in.InsufficientDataActions, in.Statistic, in.ExtendedStatistic = nil, nil, nil, nil, new("p90")
			}
			h.alarm(t, in)
		}
		h.composite(t, &api.PutCompositeAlarmInput{AlarmName: "m05x", AlarmRule: "FALSE"})
		list := func(in api.DescribeAlarmsInput) (names []string) {
			in.MaxRecords = new(int32(4))
			for {
				out, err := h.DescribeAlarms(t.Context(), &in)
				if err != nil {
					t.Fatal(err)
				}
				for _, a := range out.MetricAlarms {
					names = append(names, *a.AlarmName)
				}
				for _, a := range out.CompositeAlarms {
					names = append(names, *a.AlarmName)
				}
				if in.NextToken = out.NextToken; in.NextToken == nil {
					return names
				}
			}
		}
		h.set(t, "m03", api.StateValueAlarm)
		both := []api.AlarmType{api.AlarmTypeMetricAlarm, api.AlarmTypeCompositeAlarm}
		for name, want := range map[string]struct {
			in api.DescribeAlarmsInput
			n  int
		}{
			"all metric alarms": {api.DescribeAlarmsInput{}, 25},
			"all":               {api.DescribeAlarmsInput{AlarmTypes: both}, 26},
			"prefix":            {api.DescribeAlarmsInput{AlarmNamePrefix: new("m1")}, 10},
			"composites":        {api.DescribeAlarmsInput{AlarmTypes: both[1:], AlarmNamePrefix: new("m")}, 1},
			"state":             {api.DescribeAlarmsInput{StateValue: new(api.StateValueAlarm)}, 1},
			"action":            {api.DescribeAlarmsInput{ActionPrefix: new("arn:aws:sns")}, 13},
			"names":             {api.DescribeAlarmsInput{AlarmNames: []string{"m07", "m03", "m07", "x"}}, 2},
		} {
			if got := list(want.in); len(got) != want.n {
				t.Errorf("%s: %d, want %d: %v", name, len(got), want.n, got)
			}
		}
		_, err := h.DescribeAlarms(t.Context(), &api.DescribeAlarmsInput{NextToken: new("x")})
		wantError(t, err, "InvalidNextToken", "Request parameter NextToken is invalid")
		out, err := h.DescribeAlarmsForMetric(t.Context(), &api.DescribeAlarmsForMetricInput{Namespace: "Test", MetricName: "m03", ExtendedStatistic: new("p90")})
		if err != nil || len(out.MetricAlarms) != 1 {
			t.Errorf("for metric: %v, %v", out, err)
		}
		out, err = h.DescribeAlarmsForMetric(t.Context(), &api.DescribeAlarmsForMetricInput{Namespace: "Test", MetricName: "m03", Dimensions: dimensions("a", "1")})
		if err != nil || len(out.MetricAlarms) != 0 {
			t.Errorf("for another metric: %v, %v", out, err)
		}
	})
}

// TestSwitch takes no actions while they are disabled, and keeps the state when
// the configuration changes.
func TestSwitch(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(t *testing.T, h *house) {
		h.alarm(t, simpleAlarm("m"))
		disable := &api.DisableAlarmActionsInput{AlarmNames: []string{"m", "nobody"}}
		h.do(t, func(ctx context.Context) {
			if _, err := h.DisableAlarmActions(ctx, disable); err != nil {
				t.Fatal(err)
			}
		})
		h.set(t, "m", api.StateValueAlarm)
		if len(h.said()) != 0 || *h.describe(t, "m").ActionsEnabled {
			t.Errorf("said %v", h.said())
		}
		in := simpleAlarm("m")
		in.Threshold = new(7.0)
		h.alarm(t, in)
		if a := h.describe(t, "m"); *a.StateValue != api.StateValueAlarm || *a.Threshold != 7 || !*a.ActionsEnabled {
			t.Errorf("%+v", a)
		}
		h.set(t, "m", api.StateValueOk)
		if len(h.said()) != 1 {
			t.Errorf("said %v", h.said())
		}
		got, _ := h.history(t, "m", api.HistoryItemTypeConfigurationUpdate)
		if diff := cmp.Diff([]string{`Alarm "m" created`, `Alarm "m" updated`, `Alarm "m" updated`}, got); diff != "" {
			t.Error(diff)
		}
	})
}

// TestTagsOfAlarms are given once, with the alarm, and leave with it.
func TestTagsOfAlarms(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(t *testing.T, h *house) {
		in := simpleAlarm("m")
		in.Tags = []*api.Tag{{Key: "k", Value: "v"}}
		h.alarm(t, in)
		in.Tags = []*api.Tag{{Key: "k", Value: "other"}}
		h.alarm(t, in)
		list := func() (*api.ListTagsForResourceOutput, error) {
			return h.ListTagsForResource(t.Context(), &api.ListTagsForResourceInput{ResourceARN: *h.describe(t, "m").AlarmArn})
		}
		if out, err := list(); err != nil || len(out.Tags) != 1 || out.Tags[0].Value != "v" {
			t.Errorf("tags %v, %v", out, err)
		}
		if _, err := h.DeleteAlarms(t.Context(), &api.DeleteAlarmsInput{AlarmNames: []string{"m"}}); err != nil {
			t.Fatal(err)
		}
		in.Tags = nil
		h.alarm(t, in)
		if out, err := list(); err != nil || len(out.Tags) != 0 {
			t.Errorf("tags of a new alarm %v, %v", out, err)
		}
	})
}
