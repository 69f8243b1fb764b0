package cloudwatch

import (
	"slices"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/arn"
)

// Limits of alarms, from the API reference and the user guide.
const (
	maxActions      = 5
	maxAlarmMetrics = 20
	shortAlarm      = 24 * time.Hour     // periods below an hour may add up to so much
	longAlarm       = 7 * 24 * time.Hour // and others
)

// metricAlarmConfig checks the input and fills in what it leaves out.
func metricAlarmConfig(key alarmKey, in *api.PutMetricAlarmInput) (*api.PutMetricAlarmInput, error) {
	c := *in
	c.Tags = nil
	if err := checkUnbuilt(&c); err != nil {
		return nil, err
	}
	for _, check := range []func(*api.PutMetricAlarmInput) error{checkComparison, checkSource, checkPeriods, checkTreatments} {
		if err := check(&c); err != nil {
			return nil, err
		}
	}
	if err := checkAlarm(key, in.Tags, metricActions, c.OKActions, c.AlarmActions, c.InsufficientDataActions); err != nil {
		return nil, err
	}
	if c.ActionsEnabled == nil {
		c.ActionsEnabled = new(true)
	}
	return &c, nil
}

func checkUnbuilt(c *api.PutMetricAlarmInput) error {
	op := ""
	switch {
	case c.EvaluationCriteria != nil:
		return notImplemented("Nephele does not implement the EvaluationCriteria of cloudwatch:PutMetricAlarm yet.")
	case c.EvaluationInterval != nil:
		return notImplemented("Nephele does not implement the EvaluationInterval of cloudwatch:PutMetricAlarm yet.")
	case c.ThresholdMetricId != nil:
		return notImplemented("Nephele does not implement anomaly detection (ThresholdMetricId) of cloudwatch:PutMetricAlarm yet.")
	case c.ComparisonOperator != nil:
		op = string(*c.ComparisonOperator)
	}
	if strings.Contains(op, "Upper") || strings.Contains(op, "LowerThreshold") {
		return notImplemented("Nephele does not implement anomaly detection (ComparisonOperator %s) of cloudwatch:PutMetricAlarm yet.", op)
	}
	return nil
}

func checkComparison(c *api.PutMetricAlarmInput) error {
	switch {
	case c.ComparisonOperator == nil:
		return api.NewMissingRequiredParameterException("The parameter ComparisonOperator is required.")
	case c.EvaluationPeriods == nil:
		return api.NewMissingRequiredParameterException("The parameter EvaluationPeriods is required.")
	case c.Threshold == nil:
		return api.NewMissingRequiredParameterException("The parameter Threshold is required.")
	case c.DatapointsToAlarm != nil && *c.DatapointsToAlarm > *c.EvaluationPeriods:
		return validation("The parameter DatapointsToAlarm must be less than or equal to EvaluationPeriods.")
	}
	return nil
}

// checkSource checks where the datapoints come from: one metric, or Metrics.
func checkSource(c *api.PutMetricAlarmInput) error {
	single := c.MetricName != nil || c.Namespace != nil || len(c.Dimensions) > 0 || c.Period != nil || c.Unit != nil ||
		c.Statistic != nil || c.ExtendedStatistic != nil
	if len(c.Metrics) > 0 {
		if single {
			return validation("The parameters MetricName, Namespace, Dimensions, Period, Unit, Statistic and ExtendedStatistic " +
				"must not be specified together with Metrics.")
		}
		return checkAlarmQueries(c.Metrics)
	}
	switch {
	case c.MetricName == nil && c.Namespace == nil:
		return validation("Exactly one element of the metrics list should return data.")
	case c.MetricName == nil:
		return api.NewMissingRequiredParameterException("The parameter MetricName is required.")
	case c.Namespace == nil:
		return api.NewMissingRequiredParameterException("The parameter Namespace is required.")
	case c.Period == nil:
		return api.NewMissingRequiredParameterException("The parameter Period is required.")
	case c.Statistic != nil && c.ExtendedStatistic != nil:
		return api.NewInvalidParameterCombinationException(
			"The parameters Statistic and ExtendedStatistic are mutually exclusive and you have specified both.")
	case c.Statistic == nil && c.ExtendedStatistic == nil:
		return api.NewMissingRequiredParameterException("The parameter Statistic or ExtendedStatistic is required.")
	}
	if x := c.ExtendedStatistic; x != nil {
		if _, ok := parseStatistic(*x); !ok || simple[*x] != nil && *x != "IQM" {
			return validation("The value %s for parameter ExtendedStatistic is not supported.", *x)
		}
	}
	return checkDimensions(c.Dimensions)
}

func checkDimensions(dims []*api.Dimension) error {
	seen := map[string]bool{}
	for _, d := range dims {
		if d != nil && seen[d.Name] {
			return validation("The dimension name %s must not be specified more than once.", d.Name)
		}
		if d != nil {
			seen[d.Name] = true
		}
	}
	return nil
}

func checkAlarmQueries(queries []*api.MetricDataQuery) error {
	if len(queries) > maxAlarmMetrics {
		return validation("The collection Metrics must not have a size greater than %d.", maxAlarmMetrics)
	}
	returning := 0
	ids := map[string]bool{}
	for i, q := range queries {
		if q == nil || !queryID.MatchString(q.Id) {
			return validation("The value for parameter Metrics.member.%d.Id must begin with a lowercase letter "+
				"and hold letters, digits and underscores only.", i+1)
		}
		if ids[q.Id] {
			return validation("The values for parameter id in Metrics are not unique.")
		}
		ids[q.Id] = true
		if strings.Contains(deref(q.Expression), "ANOMALY_DETECTION_BAND") {
			return notImplemented("Nephele does not implement anomaly detection (ANOMALY_DETECTION_BAND) of cloudwatch:PutMetricAlarm yet.")
		}
		if err := checkQuery(i+1, q); err != nil {
			return err
		}
		if returnsData(q) {
			returning++
		}
	}
	if returning != 1 {
		return validation("Exactly one element of the metrics list should return data.")
	}
	return nil
}

func checkPeriods(c *api.PutMetricAlarmInput) error {
	period := alarmPeriod(c)
	n := int32(period / time.Second)
	if n != 10 && n != 20 && n != 30 && (n <= 0 || n%60 != 0) {
		return validation("Period must be 10, 20, 30 or a multiple of 60")
	}
	total := period * time.Duration(*c.EvaluationPeriods)
	switch {
	case period < time.Hour && total > shortAlarm:
		return validation("Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400) " +
			"for alarms using period < 3600")
	case total > longAlarm:
		return validation("Metrics cannot be checked across more than a week (EvaluationPeriods * Period must be <= 604800) " +
			"for alarms using period >= 3600")
	}
	return nil
}

func checkTreatments(c *api.PutMetricAlarmInput) error {
	if v := c.TreatMissingData; v != nil && !slices.Contains([]string{"breaching", "notBreaching", "ignore", "missing"}, *v) {
		return validation("The value %s is not supported for TreatMissingData parameter. "+
			"Supported values are [breaching, notBreaching, ignore, missing].", *v)
	}
	v := c.EvaluateLowSampleCountPercentile
	switch {
	case v == nil:
	case *v != "evaluate" && *v != "ignore":
		return validation("The value %s is not supported for EvaluateLowSampleCountPercentile parameter. "+
			"Supported values are [evaluate, ignore].", *v)
	case c.ExtendedStatistic == nil:
		return validation("The parameter EvaluateLowSampleCountPercentile is for alarms with an ExtendedStatistic.")
	}
	return nil
}

// Services whose ARNs are actions.
var (
	metricActions    = []string{"sns", "autoscaling", "ssm", "ssm-incidents", "lambda", "automate", "swf", "ec2"}
	compositeActions = []string{"sns", "ssm", "ssm-incidents", "lambda"}
)

// checkAlarm checks what both kinds of alarms have.
func checkAlarm(key alarmKey, tags []*api.Tag, services []string, lists ...[]string) error {
	if strings.ContainsFunc(key.Name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return validation("The alarm name must not contain control characters.")
	}
	for _, list := range lists {
		if len(list) > maxActions {
			return validation("The collection of actions must not have a size greater than %d.", maxActions)
		}
		for _, action := range list {
			if err := checkAction(key, services, action); err != nil {
				return err
			}
		}
	}
	_, err := tagsOf(tags)
	return err
}

func checkAction(key alarmKey, services []string, action string) error {
	parts := strings.SplitN(action, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[1] != arn.Partition(key.Region) || parts[5] == "" {
		return validation("Invalid arn syntax: %s", action)
	}
	if !slices.Contains(services, parts[2]) {
		return validation("The action %s is not supported by this type of alarm.", action)
	}
	if parts[3] != key.Region && parts[2] != "ssm-incidents" {
		return validation("Invalid region %s specified. Only %s is supported.", parts[3], key.Region)
	}
	return nil
}

func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
