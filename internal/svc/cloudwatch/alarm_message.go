package cloudwatch

import (
	"cmp"
	"strings"

	"nephele.dev/nephele/internal/alarm"
	api "nephele.dev/nephele/internal/api/cloudwatch"
)

// notification is what an alarm publishes to a topic.
type notification struct {
	AlarmName                          string
	AlarmDescription                   *string
	AWSAccountId                       string
	AlarmConfigurationUpdatedTimestamp string
	NewStateValue                      alarm.State
	NewStateReason                     string
	StateChangeTime                    string
	Region                             string
	AlarmArn                           string
	OldStateValue                      alarm.State
	OKActions                          []string
	AlarmActions                       []string
	InsufficientDataActions            []string
	Trigger                            any    `json:",omitempty"` // of a metric alarm
	AlarmRule                          string `json:",omitempty"`
	TriggeringChildren                 any    `json:",omitempty"`
}

func notificationOf(a *alarmRecord, old alarmStatus) notification {
	ok, alarming, insufficient := a.actionLists()
	n := notification{
		AlarmName: a.Name, AlarmDescription: a.description(), AWSAccountId: a.Account,
		AlarmConfigurationUpdatedTimestamp: stamp(a.Config.Updated),
		NewStateValue:                      a.Status.State, NewStateReason: a.Status.Reason, StateChangeTime: stamp(a.Status.Updated),
		Region: regionName(a.Region), AlarmArn: a.arn(), OldStateValue: old.State,
		OKActions: orEmpty(ok), AlarmActions: orEmpty(alarming), InsufficientDataActions: orEmpty(insufficient),
	}
	if m := a.Config.Metric; m != nil {
		n.Trigger = triggerOf(m)
		return n
	}
	n.AlarmRule = a.Config.Composite.AlarmRule
	n.TriggeringChildren = triggeringChildren(a.Status.ReasonData)
	return n
}

// subject is the title of a notification.
func subject(a *alarmRecord) string {
	return string(a.Status.State) + `: "` + a.Name + `" in ` + regionName(a.Region)
}

// maxSubject is how long a title may be.
const maxSubject = 100

// trigger describes a metric alarm in a notification.
type trigger struct {
	MetricName                       *string `json:",omitempty"`
	Namespace                        *string `json:",omitempty"`
	StatisticType                    string  `json:",omitempty"`
	Statistic                        string  `json:",omitempty"`
	ExtendedStatistic                *string `json:",omitempty"`
	Unit                             *api.StandardUnit
	Dimensions                       []triggerDimension
	Period                           int32
	EvaluationPeriods                int32
	DatapointsToAlarm                *int32 `json:",omitempty"`
	ComparisonOperator               api.ComparisonOperator
	Threshold                        alarm.JSONNumber
	TreatMissingData                 string
	EvaluateLowSampleCountPercentile string
}

type triggerDimension struct {
	Value string `json:"value"`
	Name  string `json:"name"`
}

// mathTrigger describes an alarm on an expression.
type mathTrigger struct {
	Period                           int32
	EvaluationPeriods                int32
	DatapointsToAlarm                *int32 `json:",omitempty"`
	ComparisonOperator               api.ComparisonOperator
	Threshold                        alarm.JSONNumber
	TreatMissingData                 string
	EvaluateLowSampleCountPercentile string
	Metrics                          []triggerQuery
}

type triggerQuery struct {
	Expression *string `json:",omitempty"`
	Id         string
	Label      *string        `json:",omitempty"`
	MetricStat *triggerMetric `json:",omitempty"`
	ReturnData bool
}

type triggerMetric struct {
	Metric struct {
		Dimensions []triggerDimension
		MetricName *string
		Namespace  *string
	}
	Period int32
	Stat   string
	Unit   *api.StandardUnit `json:",omitempty"`
}

func triggerOf(m *api.PutMetricAlarmInput) any {
	period := int32(alarmPeriod(m).Seconds())
	if len(m.Metrics) > 0 {
		t := mathTrigger{
			Period: period, EvaluationPeriods: deref(m.EvaluationPeriods), DatapointsToAlarm: m.DatapointsToAlarm,
			ComparisonOperator: deref(m.ComparisonOperator), Threshold: alarm.JSONNumber(deref(m.Threshold)),
			TreatMissingData: deref(m.TreatMissingData), EvaluateLowSampleCountPercentile: deref(m.EvaluateLowSampleCountPercentile),
		}
		for _, q := range m.Metrics {
			t.Metrics = append(t.Metrics, triggerQueryOf(q))
		}
		return t
	}
	t := trigger{
		MetricName: m.MetricName, Namespace: m.Namespace, StatisticType: "Statistic", Unit: m.Unit, Dimensions: triggerDimensions(m.Dimensions),
		Period: period, EvaluationPeriods: deref(m.EvaluationPeriods), DatapointsToAlarm: m.DatapointsToAlarm,
		ComparisonOperator: deref(m.ComparisonOperator), Threshold: alarm.JSONNumber(deref(m.Threshold)),
		TreatMissingData: deref(m.TreatMissingData), EvaluateLowSampleCountPercentile: deref(m.EvaluateLowSampleCountPercentile),
	}
	if m.ExtendedStatistic != nil {
		t.StatisticType, t.ExtendedStatistic = "ExtendedStatistic", m.ExtendedStatistic
	} else {
		t.Statistic = shoutedStatistic(deref(m.Statistic))
	}
	return t
}

// shoutedStatistic is a statistic's name as notifications have it.
func shoutedStatistic(s api.Statistic) string {
	if s == api.StatisticSampleCount {
		return "SAMPLE_COUNT"
	}
	return strings.ToUpper(string(s))
}

func triggerDimensions(dims []*api.Dimension) []triggerDimension {
	out := []triggerDimension{}
	for _, d := range dims {
		if d != nil {
			out = append(out, triggerDimension{Value: d.Value, Name: d.Name})
		}
	}
	return out
}

func triggerQueryOf(q *api.MetricDataQuery) triggerQuery {
	t := triggerQuery{Expression: q.Expression, Id: q.Id, Label: q.Label, ReturnData: returnsData(q)}
	if q.MetricStat == nil {
		return t
	}
	t.MetricStat = &triggerMetric{Period: q.MetricStat.Period, Stat: q.MetricStat.Stat, Unit: q.MetricStat.Unit}
	t.MetricStat.Metric.Dimensions = triggerDimensions(q.MetricStat.Metric.Dimensions)
	t.MetricStat.Metric.MetricName, t.MetricStat.Metric.Namespace = q.MetricStat.Metric.MetricName, q.MetricStat.Metric.Namespace
	return t
}

// regionNames are the names that people know regions by.
var regionNames = map[string]string{
	"us-east-1": "US East (N. Virginia)", "us-east-2": "US East (Ohio)", "us-west-1": "US West (N. California)",
	"us-west-2": "US West (Oregon)", "af-south-1": "Africa (Cape Town)", "ap-east-1": "Asia Pacific (Hong Kong)",
	"ap-south-1": "Asia Pacific (Mumbai)", "ap-south-2": "Asia Pacific (Hyderabad)", "ap-southeast-1": "Asia Pacific (Singapore)",
	"ap-southeast-2": "Asia Pacific (Sydney)", "ap-southeast-3": "Asia Pacific (Jakarta)", "ap-southeast-4": "Asia Pacific (Melbourne)",
	"ap-northeast-1": "Asia Pacific (Tokyo)", "ap-northeast-2": "Asia Pacific (Seoul)", "ap-northeast-3": "Asia Pacific (Osaka)",
	"ca-central-1": "Canada (Central)", "ca-west-1": "Canada West (Calgary)", "eu-central-1": "EU (Frankfurt)",
	"eu-central-2": "Europe (Zurich)", "eu-west-1": "EU (Ireland)", "eu-west-2": "EU (London)", "eu-west-3": "EU (Paris)",
	"eu-north-1": "EU (Stockholm)", "eu-south-1": "EU (Milan)", "eu-south-2": "Europe (Spain)", "il-central-1": "Israel (Tel Aviv)",
	"me-central-1": "Middle East (UAE)", "me-south-1": "Middle East (Bahrain)", "sa-east-1": "South America (Sao Paulo)",
	"us-gov-west-1": "AWS GovCloud (US-West)", "us-gov-east-1": "AWS GovCloud (US-East)",
	"cn-north-1": "China (Beijing)", "cn-northwest-1": "China (Ningxia)",
}

func regionName(region string) string { return cmp.Or(regionNames[region], region) }
