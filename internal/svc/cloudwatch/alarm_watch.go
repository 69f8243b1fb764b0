package cloudwatch

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"nephele.dev/nephele/internal/alarm"
	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/series"
	"nephele.dev/nephele/internal/store"
)

// watch is a metric alarm made ready for evaluation.
type watch struct {
	row     *alarmRecord
	rule    alarm.Rule
	period  time.Duration
	scaling bool // the present state has actions that are repeated

	// Of an alarm on one metric:
	single    bool
	key       series.Key
	unit      string // "" takes all
	stat      statistic
	whole     bool    // the statistic needs distributions
	fewSample float64 // periods with fewer samples do not count; 0 is none

	windows []series.Summary // of an evaluation, newest first
	reach   int              // how many of them have been read
	ahead   time.Time        // the evaluation that they were read ahead for
	points  []alarm.Point
}

// watchShard is what this process knows of a shard's alarms. The database says
// with two numbers whether it still holds, so that an evaluation reads no alarm
// that has not changed.
type watchShard struct {
	mu          sync.Mutex
	incarnation int64
	rev         int64
	watches     map[alarmKey]*watch
	mark        series.Mark // what was there when some were read ahead
}

// shard returns the process's memory of a shard.
func (s *Service) shard(id string) *watchShard {
	w, _ := s.watching.LoadOrStore(id, &watchShard{})
	return w.(*watchShard)
}

// refresh reads the alarms that were written since the last time; all of them,
// when some may be gone.
func (w *watchShard) refresh(tx *store.Tx, id string) error {
	var incarnation, rev int64
	err := tx.Row("select incarnation, rev from alarm_shard where id = ?", id).Scan(&incarnation, &rev)
	if errors.Is(err, store.ErrNotFound) {
		w.incarnation, w.rev, w.watches = 0, 0, nil
		return nil
	}
	if err != nil {
		return err
	}
	if w.watches == nil || w.incarnation != incarnation || rev < w.rev {
		w.incarnation, w.rev, w.watches = incarnation, 0, map[alarmKey]*watch{}
	}
	if rev == w.rev {
		return nil
	}
	for row, err := range store.Query(tx, scanAlarm, "select "+alarmColumns+" from alarm where shard = ? and rev > ?", id, w.rev) {
		if err != nil {
			w.watches = nil
			return err
		}
		ready, err := newWatch(row)
		if err != nil {
			w.watches = nil
			return err
		}
		w.watches[row.alarmKey] = ready
	}
	w.rev = rev
	return nil
}

// learn takes over what this process has just written itself, so that the next
// evaluation need not read it. When others wrote too, it has to.
func (w *watchShard) learn(written map[*watch]*alarmRecord) {
	rev := w.rev
	for ready, row := range written {
		ready.row, ready.scaling = row, row.scales(row.Status.State)
		rev = row.Rev // one for all that one transaction writes
	}
	if rev == w.rev+1 {
		w.rev = rev
	}
}

func newWatch(row *alarmRecord) (*watch, error) {
	m := row.Config.Metric
	if m == nil {
		return nil, fmt.Errorf("alarm %q is in a shard and has no metric", row.Name)
	}
	w := &watch{row: row, period: alarmPeriod(m), scaling: row.scales(row.Status.State), rule: alarm.Rule{
		N: int(deref(m.EvaluationPeriods)), M: int(deref(m.EvaluationPeriods)), Counted: m.DatapointsToAlarm != nil,
		Operator: alarm.Operator(deref(m.ComparisonOperator)), Threshold: deref(m.Threshold), Missing: treatment(m),
	}}
	if m.DatapointsToAlarm != nil {
		w.rule.M = int(*m.DatapointsToAlarm)
	}
	queries := metricQueries(row.alarmKey, m)
	if len(queries) != 1 || queries[0].MetricStat == nil {
		return w, nil
	}
	read, ok := newMetricRead(row.Account, row.Region, queries[0].MetricStat)
	if !ok {
		return nil, fmt.Errorf("alarm %q has the unknown statistic %q", row.Name, queries[0].MetricStat.Stat)
	}
	w.single, w.key, w.unit, w.stat = true, read.ID.Key(), read.Unit, read.Stat
	w.whole = simple[queries[0].MetricStat.Stat] == nil || queries[0].MetricStat.Stat == "IQM"
	if deref(m.EvaluateLowSampleCountPercentile) == "ignore" {
		w.fewSample = fewSamples(queries[0].MetricStat.Stat)
	}
	return w, nil
}

// treatment is how an alarm treats missing data. Alarms on DynamoDB ignore it
// unless they say otherwise.
func treatment(m *api.PutMetricAlarmInput) alarm.Treatment {
	switch {
	case m.TreatMissingData != nil:
		return alarm.Treatment(*m.TreatMissingData)
	case deref(m.Namespace) == "AWS/DynamoDB":
		return alarm.Ignore
	default:
		return alarm.Missing
	}
}

// fewSamples is how many samples a percentile needs to mean something, as the
// user guide has it: 10/(1-percentile), or 10/percentile below the median.
func fewSamples(stat string) float64 {
	if len(stat) < 2 || stat[0] != 'p' {
		return 0
	}
	p, err := strconv.ParseFloat(stat[1:], 64)
	if err != nil || p <= 0 || p >= 100 {
		return 0
	}
	if p < 50 {
		return 1000 / p
	}
	return 1000 / (100 - p)
}
