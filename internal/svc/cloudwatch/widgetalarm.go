package cloudwatch

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/series"
	"nephele.dev/nephele/internal/store"
)

// takeAlarms adds what the alarms among the annotations watch, and their
// thresholds as horizontal lines.
func (w *widget) takeAlarms(tx *store.Tx, account, region string) error {
	for i, raw := range w.Annotations.Alarms {
		var name string
		if json.Unmarshal(raw, &name) != nil {
			return invalidWidget("annotations.alarms[%d] should be the ARN of an alarm.", i)
		}
		a, err := arn.Parse(name)
		kind, id := a.Split()
		if err != nil || a.Service != "cloudwatch" || kind != "alarm" || a.Account != account {
			return invalidWidget("annotations.alarms[%d] should be the ARN of an alarm.", i)
		}
		row, err := findAlarm(tx, alarmKey{account, or(a.Region, region), id})
		switch {
		case errors.Is(err, store.ErrNotFound):
			return invalidWidget("the alarm %s does not exist.", id)
		case err != nil:
			return err
		case row.Config.Metric == nil:
			return invalidWidget("the alarm %s is composite and watches no metric.", id)
		}
		if err := w.watched(row.Config.Metric); err != nil {
			return err
		}
	}
	return nil
}

// watched adds the metric or the queries of an alarm, and its threshold.
func (w *widget) watched(m *api.PutMetricAlarmInput) error {
	if len(m.Metrics) == 0 {
		row := widgetRow{id: series.ID{Namespace: deref(m.Namespace), Name: deref(m.MetricName), Dimensions: dimensionsOf(m.Dimensions)}}
		row.period, row.stat = max(deref(m.Period), 1), or(string(deref(m.Statistic)), deref(m.ExtendedStatistic))
		w.rows = append(w.rows, row)
	}
	for _, q := range m.Metrics {
		for i := range w.rows {
			if w.rows[i].options.ID == q.Id {
				return invalidWidget("the id %s is used twice.", q.Id)
			}
		}
		row := widgetRow{options: rowOptions{ID: q.Id, Visible: q.ReturnData}, period: w.Period}
		if q.Label != nil {
			row.options.Label = *q.Label
		}
		if q.Expression != nil {
			row.options.Expression = *q.Expression
		} else {
			row.id = series.ID{Namespace: deref(q.MetricStat.Metric.Namespace), Name: deref(q.MetricStat.Metric.MetricName), Dimensions: dimensionsOf(q.MetricStat.Metric.Dimensions)}
			row.period, row.stat = q.MetricStat.Period, q.MetricStat.Stat
		}
		if q.Period != nil {
			row.period = *q.Period
		}
		w.rows = append(w.rows, row)
	}
	if m.Threshold != nil {
		w.horizontal = append(w.horizontal, annotation{{number: *m.Threshold, Label: thresholdLabel(m)}})
	}
	return w.checkPoints()
}

var comparisonSigns = map[api.ComparisonOperator]string{
	api.ComparisonOperatorGreaterThanOrEqualToThreshold: ">=", api.ComparisonOperatorGreaterThanThreshold: ">",
	api.ComparisonOperatorLessThanOrEqualToThreshold: "<=", api.ComparisonOperatorLessThanThreshold: "<",
}

// thresholdLabel is "Errors >= 5 for 2 datapoints within 15 minutes".
func thresholdLabel(m *api.PutMetricAlarmInput) string {
	of := deref(m.EvaluationPeriods)
	n := of
	if m.DatapointsToAlarm != nil {
		n = *m.DatapointsToAlarm
	}
	what := m.AlarmName
	if m.MetricName != nil {
		what = *m.MetricName
	}
	span := time.Duration(of) * alarmPeriod(m)
	return fmt.Sprintf("%s %s %s for %d datapoints within %s", what, comparisonSigns[deref(m.ComparisonOperator)], decimal(*m.Threshold), n, spanWords(span))
}

func spanWords(d time.Duration) string {
	switch minutes := int64(d / time.Minute); {
	case d < time.Minute:
		return fmt.Sprintf("%d seconds", d/time.Second)
	case minutes == 1:
		return "1 minute"
	case minutes%60 == 0 && minutes > 60:
		return fmt.Sprintf("%d hours", minutes/60)
	default:
		return fmt.Sprintf("%d minutes", minutes)
	}
}
