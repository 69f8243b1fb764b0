package cloudwatch

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// DescribeAlarms lists alarms by name: metric alarms, unless the caller asks for
// composite alarms too.
func (s *Service) DescribeAlarms(ctx context.Context, in *api.DescribeAlarmsInput) (*api.DescribeAlarmsOutput, error) {
	if err := checkDescribe(in); err != nil {
		return nil, err
	}
	call := plane.FromContext(ctx)
	scope := page.Scope{Account: call.Caller.Account, Region: call.Caller.Region, Operation: "cloudwatch:DescribeAlarms", Filters: []any{
		in.AlarmNames, in.AlarmNamePrefix, in.AlarmTypes, in.ChildrenOfAlarmName, in.ParentsOfAlarmName, in.StateValue, in.ActionPrefix,
	}}
	var after string
	if in.NextToken != nil && s.pages.Open(scope, *in.NextToken, &after) != nil {
		return nil, api.NewInvalidNextToken("Request parameter NextToken is invalid")
	}
	out := &api.DescribeAlarmsOutput{CompositeAlarms: []*api.CompositeAlarm{}, MetricAlarms: []*api.MetricAlarm{}}
	limit := pageSize(in.MaxRecords)
	err := s.db.View(ctx, func(tx *store.Tx) error {
		q := alarmQuery{tx: tx, key: alarmKeyOf(ctx, ""), in: in, after: after, limit: limit}
		found, err := q.find()
		if err != nil {
			return err
		}
		for _, a := range found[:min(len(found), limit)] {
			addAlarm(out, a, in)
		}
		if len(found) > limit {
			token, err := s.pages.Seal(scope, found[limit-1].Name)
			out.NextToken = &token
			return err
		}
		return nil
	})
	return out, err
}

func checkDescribe(in *api.DescribeAlarmsInput) error {
	others := in.AlarmNames != nil || in.AlarmNamePrefix != nil || in.StateValue != nil || in.ActionPrefix != nil || len(in.AlarmTypes) > 0
	switch {
	case len(in.AlarmNames) > 0 && in.AlarmNamePrefix != nil:
		return api.NewInvalidParameterCombinationException(
			"The parameters AlarmNames and AlarmNamePrefix are mutually exclusive and you have specified both.")
	case in.ChildrenOfAlarmName != nil && (others || in.ParentsOfAlarmName != nil):
		return validation("ChildrenOfAlarmName must not be specified together with parameters other than MaxRecords and NextToken.")
	case in.ParentsOfAlarmName != nil && others:
		return validation("ParentsOfAlarmName must not be specified together with parameters other than MaxRecords and NextToken.")
	}
	return nil
}

// addAlarm adds a to the answer; of relatives only what AWS shows of them.
func addAlarm(out *api.DescribeAlarmsOutput, a *alarmRecord, in *api.DescribeAlarmsInput) {
	brief := in.ChildrenOfAlarmName != nil || in.ParentsOfAlarmName != nil
	if a.Kind == api.AlarmTypeMetricAlarm {
		m := metricAlarm(a)
		if brief {
			m = &api.MetricAlarm{AlarmName: m.AlarmName, AlarmArn: m.AlarmArn, StateValue: m.StateValue, StateUpdatedTimestamp: m.StateUpdatedTimestamp}
		}
		out.MetricAlarms = append(out.MetricAlarms, m)
		return
	}
	c := compositeAlarm(a)
	if brief {
		c = &api.CompositeAlarm{AlarmName: c.AlarmName, AlarmArn: c.AlarmArn, StateValue: c.StateValue, StateUpdatedTimestamp: c.StateUpdatedTimestamp}
	}
	out.CompositeAlarms = append(out.CompositeAlarms, c)
}

// alarmQuery finds the alarms of one page, and one more if there are more.
type alarmQuery struct {
	tx    *store.Tx
	key   alarmKey
	in    *api.DescribeAlarmsInput
	after string
	limit int
}

func (q *alarmQuery) find() ([]*alarmRecord, error) {
	switch {
	case q.in.ChildrenOfAlarmName != nil:
		return q.related(*q.in.ChildrenOfAlarmName, `select distinct child from alarm_edge where account = ? and region = ? and parent = ? and role = 'rule'`)
	case q.in.ParentsOfAlarmName != nil:
		return q.related(*q.in.ParentsOfAlarmName, `select distinct parent from alarm_edge where account = ? and region = ? and child = ? and role = 'rule'`)
	case len(q.in.AlarmNames) > 0:
		return q.named(q.in.AlarmNames)
	default:
		return q.scan()
	}
}

// related finds what stands in edges to an alarm.
func (q *alarmQuery) related(name, statement string) ([]*alarmRecord, error) {
	q.in.AlarmTypes = []api.AlarmType{api.AlarmTypeMetricAlarm, api.AlarmTypeCompositeAlarm}
	key := q.key
	key.Name = name
	if _, err := findAlarm(q.tx, key); errors.Is(err, store.ErrNotFound) {
		return nil, api.NewResourceNotFound("Alarm not found: %s", name)
	}
	found, err := store.All(store.Query(q.tx, store.Scan1[string], statement, key.Account, key.Region, name))
	if err != nil {
		return nil, err
	}
	return q.named(found)
}

// named finds alarms by their names, or ARNs.
func (q *alarmQuery) named(refs []string) ([]*alarmRecord, error) {
	var found []*alarmRecord
	for _, name := range sortedNames(names(refs)) {
		if name <= q.after {
			continue
		}
		key := q.key
		key.Name = name
		a, err := findAlarm(q.tx, key)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if q.wants(a) {
			found = append(found, a)
		}
		if len(found) > q.limit {
			break
		}
	}
	return found, nil
}

// scan finds alarms in the order of their names.
func (q *alarmQuery) scan() ([]*alarmRecord, error) {
	sql := "select " + alarmColumns + " from alarm where account = ? and region = ? and name > ?"
	args := []any{q.key.Account, q.key.Region, q.after}
	prefix := deref(q.in.AlarmNamePrefix)
	if prefix != "" {
		sql += " and name >= ?"
		args = append(args, prefix)
	}
	if q.in.StateValue != nil {
		sql += " and state = ?"
		args = append(args, string(*q.in.StateValue))
	}
	var found []*alarmRecord
	for a, err := range store.Query(q.tx, scanAlarm, sql+" order by name", args...) {
		if err != nil {
			return nil, err
		}
		if prefix != "" && !strings.HasPrefix(a.Name, prefix) {
			break // names with the prefix stand together
		}
		if q.wants(a) {
			found = append(found, a)
		}
		if len(found) > q.limit {
			break
		}
	}
	return found, nil
}

func (q *alarmQuery) wants(a *alarmRecord) bool {
	metric, composite := wantedTypes(q.in.AlarmTypes)
	if a.Kind == api.AlarmTypeMetricAlarm && !metric || a.Kind == api.AlarmTypeCompositeAlarm && !composite {
		return false
	}
	if q.in.StateValue != nil && string(a.Status.State) != string(*q.in.StateValue) {
		return false
	}
	if q.in.ActionPrefix == nil {
		return true
	}
	ok, alarming, insufficient := a.actionLists()
	return slices.ContainsFunc(slices.Concat(ok, alarming, insufficient), func(action string) bool {
		return strings.HasPrefix(action, *q.in.ActionPrefix)
	})
}

func metricAlarm(a *alarmRecord) *api.MetricAlarm {
	m := a.Config.Metric
	out := &api.MetricAlarm{
		AlarmName: &a.Name, AlarmArn: new(a.arn()), AlarmDescription: m.AlarmDescription, AlarmConfigurationUpdatedTimestamp: &a.Config.Updated,
		ActionsEnabled: m.ActionsEnabled, OKActions: orEmpty(m.OKActions), AlarmActions: orEmpty(m.AlarmActions),
		InsufficientDataActions: orEmpty(m.InsufficientDataActions), StateValue: new(api.StateValue(a.Status.State)), StateReason: &a.Status.Reason,
		StateUpdatedTimestamp: &a.Status.Updated, StateTransitionedTimestamp: &a.Status.Transitioned,
		MetricName: m.MetricName, Namespace: m.Namespace, Statistic: m.Statistic, ExtendedStatistic: m.ExtendedStatistic,
		Dimensions: m.Dimensions, Period: m.Period, Unit: m.Unit, EvaluationPeriods: m.EvaluationPeriods, DatapointsToAlarm: m.DatapointsToAlarm,
		Threshold: m.Threshold, ComparisonOperator: m.ComparisonOperator, TreatMissingData: m.TreatMissingData,
		EvaluateLowSampleCountPercentile: m.EvaluateLowSampleCountPercentile, Metrics: m.Metrics,
	}
	if out.Dimensions == nil {
		out.Dimensions = []*api.Dimension{}
	}
	if a.Status.ReasonData != "" {
		out.StateReasonData = &a.Status.ReasonData
	}
	if a.Status.Evaluation != "" {
		out.EvaluationState = &a.Status.Evaluation
	}
	return out
}

func compositeAlarm(a *alarmRecord) *api.CompositeAlarm {
	c := a.Config.Composite
	out := &api.CompositeAlarm{
		AlarmName: &a.Name, AlarmArn: new(a.arn()), AlarmDescription: c.AlarmDescription, AlarmConfigurationUpdatedTimestamp: &a.Config.Updated,
		AlarmRule: &c.AlarmRule, ActionsEnabled: c.ActionsEnabled, OKActions: orEmpty(c.OKActions), AlarmActions: orEmpty(c.AlarmActions),
		InsufficientDataActions: orEmpty(c.InsufficientDataActions), StateValue: new(api.StateValue(a.Status.State)), StateReason: &a.Status.Reason,
		StateUpdatedTimestamp: &a.Status.Updated, StateTransitionedTimestamp: &a.Status.Transitioned, ActionsSuppressor: c.ActionsSuppressor,
		ActionsSuppressorWaitPeriod: c.ActionsSuppressorWaitPeriod, ActionsSuppressorExtensionPeriod: c.ActionsSuppressorExtensionPeriod,
	}
	if a.Status.ReasonData != "" {
		out.StateReasonData = &a.Status.ReasonData
	}
	if s := a.Status.Suppression; s.By != "" {
		out.ActionsSuppressedBy = new(api.ActionsSuppressedBy(s.By))
		out.ActionsSuppressedReason = new(suppressionReason(s))
	}
	return out
}

// DescribeAlarmsForMetric lists the alarms on one metric: those whose settings
// are the given ones, where they are given. Alarms on expressions are not found.
func (s *Service) DescribeAlarmsForMetric(ctx context.Context, in *api.DescribeAlarmsForMetricInput) (*api.DescribeAlarmsForMetricOutput, error) {
	if in.Statistic != nil && in.ExtendedStatistic != nil {
		return nil, api.NewInvalidParameterCombinationException(
			"The parameters Statistic and ExtendedStatistic are mutually exclusive and you have specified both.")
	}
	out := &api.DescribeAlarmsForMetricOutput{MetricAlarms: []*api.MetricAlarm{}}
	key := alarmKeyOf(ctx, "")
	err := s.db.View(ctx, func(tx *store.Tx) error {
		rows, err := store.All(store.Query(tx, scanAlarm, "select "+alarmColumns+
			" from alarm where account = ? and region = ? and namespace = ? and metric = ? order by name",
			key.Account, key.Region, in.Namespace, in.MetricName))
		for _, a := range rows {
			if onMetric(a.Config.Metric, in) {
				out.MetricAlarms = append(out.MetricAlarms, metricAlarm(a))
			}
		}
		return err
	})
	return out, err
}

func onMetric(m *api.PutMetricAlarmInput, in *api.DescribeAlarmsForMetricInput) bool {
	return sameDimensions(m.Dimensions, in.Dimensions) && same(m.Statistic, in.Statistic) && same(m.ExtendedStatistic, in.ExtendedStatistic) &&
		same(m.Period, in.Period) && same(m.Unit, in.Unit)
}

// same reports whether a setting is the wanted one; nil wants any.
func same[T comparable](have, want *T) bool { return want == nil || have != nil && *have == *want }

func sameDimensions(a, b []*api.Dimension) bool {
	byName := func(dims []*api.Dimension) []triggerDimension {
		return slices.SortedFunc(slices.Values(triggerDimensions(dims)), func(x, y triggerDimension) int {
			return cmp.Compare(x.Name, y.Name)
		})
	}
	return slices.Equal(byName(a), byName(b))
}
