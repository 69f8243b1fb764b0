package cloudwatch

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"nephele.dev/nephele/internal/alarm"
	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/api/events"
	"nephele.dev/nephele/internal/courier"
)

// The documents of this file are those of the events that CloudWatch sends to
// EventBridge, in "Alarm events and EventBridge" of the user guide.

type eventState struct {
	ActionsSuppressedBy     string      `json:"actionsSuppressedBy,omitempty"`
	ActionsSuppressedReason string      `json:"actionsSuppressedReason,omitempty"`
	Value                   alarm.State `json:"value"`
	Reason                  string      `json:"reason,omitempty"`
	ReasonData              string      `json:"reasonData,omitempty"`
	Timestamp               string      `json:"timestamp"`
}

func eventStateOf(s alarmStatus) eventState {
	e := eventState{Value: s.State, Reason: s.Reason, ReasonData: s.ReasonData, Timestamp: stamp(s.Updated)}
	if s.Suppression.By != "" {
		e.ActionsSuppressedBy, e.ActionsSuppressedReason = s.Suppression.By, suppressionReason(s.Suppression)
	}
	return e
}

// eventConfiguration is the part of the configuration that a state change shows.
type eventConfiguration struct {
	AlarmRule   string       `json:"alarmRule,omitempty"`
	Suppressor  *string      `json:"actionsSuppressor,omitempty"`
	Wait        *int32       `json:"actionsSuppressorWaitPeriod,omitempty"`
	Extension   *int32       `json:"actionsSuppressorExtensionPeriod,omitempty"`
	Description *string      `json:"description,omitempty"`
	Metrics     []eventQuery `json:"metrics,omitempty"`
}

type eventQuery struct {
	Expression *string      `json:"expression,omitempty"`
	ID         string       `json:"id"`
	Label      *string      `json:"label,omitempty"`
	MetricStat *eventMetric `json:"metricStat,omitempty"`
	Period     *int32       `json:"period,omitempty"`
	ReturnData bool         `json:"returnData"`
}

type eventMetric struct {
	Metric struct {
		Dimensions map[string]string `json:"dimensions"`
		Name       *string           `json:"name"`
		Namespace  *string           `json:"namespace"`
	} `json:"metric"`
	Period int32             `json:"period"`
	Stat   string            `json:"stat"`
	Unit   *api.StandardUnit `json:"unit,omitempty"`
}

func eventConfigurationOf(a *alarmRecord) eventConfiguration {
	c := eventConfiguration{Description: a.description()}
	if m := a.Config.Metric; m != nil {
		for _, q := range metricQueries(a.alarmKey, m) {
			c.Metrics = append(c.Metrics, eventQueryOf(q))
		}
		return c
	}
	in := a.Config.Composite
	c.AlarmRule, c.Suppressor = in.AlarmRule, in.ActionsSuppressor
	c.Wait, c.Extension = in.ActionsSuppressorWaitPeriod, in.ActionsSuppressorExtensionPeriod
	return c
}

// metricQueries is what an alarm watches as queries. An alarm on one metric has
// one, whose id follows from the metric.
func metricQueries(k alarmKey, m *api.PutMetricAlarmInput) []*api.MetricDataQuery {
	if len(m.Metrics) > 0 {
		return m.Metrics
	}
	stat := deref(m.ExtendedStatistic)
	if m.Statistic != nil {
		stat = string(*m.Statistic)
	}
	h := sha256.Sum256([]byte(k.workKey()))
	return []*api.MetricDataQuery{{
		Id: fmt.Sprintf("%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16]),
		MetricStat: &api.MetricStat{
			Metric: &api.Metric{Namespace: m.Namespace, MetricName: m.MetricName, Dimensions: m.Dimensions},
			Period: deref(m.Period), Stat: stat, Unit: m.Unit,
		},
	}}
}

func eventQueryOf(q *api.MetricDataQuery) eventQuery {
	e := eventQuery{Expression: q.Expression, ID: q.Id, Label: q.Label, Period: q.Period, ReturnData: returnsData(q)}
	if q.MetricStat == nil {
		return e
	}
	e.MetricStat = &eventMetric{Period: q.MetricStat.Period, Stat: q.MetricStat.Stat, Unit: q.MetricStat.Unit}
	e.MetricStat.Metric.Dimensions = map[string]string{}
	for _, d := range q.MetricStat.Metric.Dimensions {
		if d != nil {
			e.MetricStat.Metric.Dimensions[d.Name] = d.Value
		}
	}
	e.MetricStat.Metric.Name, e.MetricStat.Metric.Namespace = q.MetricStat.Metric.MetricName, q.MetricStat.Metric.Namespace
	return e
}

type stateChangeDetail struct {
	AlarmName     string             `json:"alarmName"`
	State         eventState         `json:"state"`
	PreviousState eventState         `json:"previousState"`
	Configuration eventConfiguration `json:"configuration"`
}

// emitState sends the event of a new state.
func (b *alarmBook) emitState(a *alarmRecord, old alarmStatus) error {
	return b.emit(a, "CloudWatch Alarm State Change", stateChangeDetail{
		a.Name, eventStateOf(a.Status), eventStateOf(old), eventConfigurationOf(a),
	})
}

// fullConfiguration is what a configuration change shows.
type fullConfiguration struct {
	EvaluationPeriods  *int32                  `json:"evaluationPeriods,omitempty"`
	DatapointsToAlarm  *int32                  `json:"datapointsToAlarm,omitempty"`
	Threshold          *float64                `json:"threshold,omitempty"`
	ComparisonOperator *api.ComparisonOperator `json:"comparisonOperator,omitempty"`
	TreatMissingData   *string                 `json:"treatMissingData,omitempty"`
	eventConfiguration
	AlarmName               string   `json:"alarmName"`
	ActionsEnabled          bool     `json:"actionsEnabled"`
	Timestamp               string   `json:"timestamp"`
	OKActions               []string `json:"okActions"`
	AlarmActions            []string `json:"alarmActions"`
	InsufficientDataActions []string `json:"insufficientDataActions"`
}

func fullConfigurationOf(a *alarmRecord) *fullConfiguration {
	ok, alarming, insufficient := a.actionLists()
	c := &fullConfiguration{
		eventConfiguration: eventConfigurationOf(a), AlarmName: a.Name, ActionsEnabled: deref(a.actionsEnabled()),
		Timestamp: stamp(a.Config.Updated), OKActions: orEmpty(ok), AlarmActions: orEmpty(alarming), InsufficientDataActions: orEmpty(insufficient),
	}
	if m := a.Config.Metric; m != nil {
		c.EvaluationPeriods, c.DatapointsToAlarm, c.Threshold = m.EvaluationPeriods, m.DatapointsToAlarm, m.Threshold
		c.ComparisonOperator, c.TreatMissingData = m.ComparisonOperator, m.TreatMissingData
	}
	return c
}

type configurationDetail struct {
	AlarmName             string             `json:"alarmName"`
	Operation             string             `json:"operation"`
	State                 eventState         `json:"state"`
	Configuration         *fullConfiguration `json:"configuration"`
	PreviousConfiguration *fullConfiguration `json:"previousConfiguration,omitempty"`
}

// emitConfiguration sends the event of a change of configuration: "Create",
// "Update" or "Delete".
func (b *alarmBook) emitConfiguration(a, old *alarmRecord, kind string) error {
	d := configurationDetail{
		AlarmName: a.Name, Operation: map[string]string{"Create": "create", "Update": "update", "Delete": "delete"}[kind],
		State:         eventState{Value: a.Status.State, Timestamp: stamp(a.Status.Updated), ActionsSuppressedBy: a.Status.Suppression.By},
		Configuration: fullConfigurationOf(a),
	}
	if old != nil && kind == "Update" {
		d.PreviousConfiguration = fullConfigurationOf(old)
	}
	return b.emit(a, "CloudWatch Alarm Configuration Change", d)
}

// eventClass is the courier's class of events.
const eventClass = "cloudwatch.event"

const principal = "cloudwatch.amazonaws.com"

func (b *alarmBook) emit(a *alarmRecord, detailType string, detail any) error {
	text, err := encodeJSON(detail)
	if err != nil {
		return fmt.Errorf("event of alarm %q: %w", a.Name, err)
	}
	return b.s.courier.Send(b.tx, courier.Message{
		Class: eventClass, Principal: principal, Account: a.Account, Region: a.Region, Service: "events", Operation: "PutEvents",
		Input: &events.PutEventsInput{Entries: []*events.PutEventsRequestEntry{{
			Time: &b.now, Source: new("aws.cloudwatch"), Resources: []string{a.arn()}, DetailType: &detailType, Detail: &text,
		}}},
	})
}

// configurationData is the document of a history item: what was put.
func configurationData(kind, verb string, a *alarmRecord) any {
	doc := map[string]any{
		"alarmName": a.Name, "alarmArn": a.arn(), "alarmConfigurationUpdatedTimestamp": stamp(a.Config.Updated),
		"stateValue": a.Status.State, "stateUpdatedTimestamp": stamp(a.Status.Updated), "actionsEnabled": deref(a.actionsEnabled()),
	}
	if d := a.description(); d != nil {
		doc["alarmDescription"] = *d
	}
	ok, alarming, insufficient := a.actionLists()
	doc["okactions"], doc["alarmActions"], doc["insufficientDataActions"] = orEmpty(ok), orEmpty(alarming), orEmpty(insufficient)
	if c := a.Config.Composite; c != nil {
		doc["alarmRule"] = c.AlarmRule
		if c.ActionsSuppressor != nil {
			doc["actionsSuppressor"] = *c.ActionsSuppressor
			doc["actionsSuppressorWaitPeriod"], doc["actionsSuppressorExtensionPeriod"] = c.ActionsSuppressorWaitPeriod, c.ActionsSuppressorExtensionPeriod
		}
	} else {
		describeMetric(doc, a.Config.Metric)
	}
	return map[string]any{"version": "1.0", "type": kind, verb + "Alarm": doc}
}

func describeMetric(doc map[string]any, m *api.PutMetricAlarmInput) {
	set := func(name string, v any, there bool) {
		if there {
			doc[name] = v
		}
	}
	set("namespace", m.Namespace, m.Namespace != nil)
	set("metricName", m.MetricName, m.MetricName != nil)
	set("statistic", m.Statistic, m.Statistic != nil)
	set("extendedStatistic", m.ExtendedStatistic, m.ExtendedStatistic != nil)
	set("unit", m.Unit, m.Unit != nil)
	set("period", m.Period, m.Period != nil)
	set("dimensions", triggerDimensions(m.Dimensions), len(m.Metrics) == 0)
	set("threshold", alarm.JSONNumber(deref(m.Threshold)), true)
	set("comparisonOperator", m.ComparisonOperator, true)
	set("evaluationPeriods", m.EvaluationPeriods, true)
	set("datapointsToAlarm", m.DatapointsToAlarm, m.DatapointsToAlarm != nil)
	set("treatMissingData", m.TreatMissingData, m.TreatMissingData != nil)
	set("evaluateLowSampleCountPercentile", m.EvaluateLowSampleCountPercentile, m.EvaluateLowSampleCountPercentile != nil)
	if len(m.Metrics) == 0 {
		return
	}
	var queries []eventQuery
	for _, q := range m.Metrics {
		queries = append(queries, eventQueryOf(q))
	}
	doc["metrics"] = queries
}

// triggeringChildren turns a composite's reason data into what its notification
// has.
func triggeringChildren(reasonData string) any {
	var data struct {
		TriggeringAlarms []struct {
			ARN   string `json:"arn"`
			State struct {
				Value     string `json:"value"`
				Timestamp string `json:"timestamp"`
			} `json:"state"`
		} `json:"triggeringAlarms"`
	}
	if json.Unmarshal([]byte(reasonData), &data) != nil {
		return nil
	}
	type state struct{ Value, Timestamp string }
	type child struct {
		Arn   string
		State state
	}
	children := []child{}
	for _, c := range data.TriggeringAlarms {
		children = append(children, child{c.ARN, state{c.State.Value, c.State.Timestamp}})
	}
	return children
}
