package cloudwatch

import (
	"fmt"
	"slices"
	"time"

	"nephele.dev/nephele/internal/alarm"
	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/store"
)

// judge evaluates alarms at a time, the end of the newest period, and returns
// those that have something to do. Alarms on one metric are read together.
func (s *Service) judge(tx *store.Tx, shard *watchShard, at time.Time) ([]outcome, error) {
	var singles []*watch
	var outcomes []outcome
	for _, w := range shard.watches {
		if w.single {
			singles = append(singles, w)
			continue
		}
		o, due, err := s.judgeExpression(tx, w, at)
		if err != nil {
			return nil, err
		}
		if due {
			outcomes = append(outcomes, o)
		}
	}
	if err := shard.read(tx, singles, at); err != nil {
		return nil, err
	}
	for _, w := range singles {
		if o, due := w.judge(at); due {
			outcomes = append(outcomes, o)
		}
	}
	return outcomes, nil
}

// judge evaluates an alarm whose windows are filled.
func (w *watch) judge(at time.Time) (outcome, bool) {
	few := false
	for i := range w.windows {
		p := alarm.Point{Time: at.Add(-w.period * time.Duration(i+1)), Samples: w.windows[i].Count}
		if w.windows[i].Count != 0 || w.windows[i].Sum != 0 {
			p.Value, p.Real = w.stat(&w.windows[i])
		}
		few = few || p.Real && i < w.rule.N && p.Samples < w.fewSample
		w.points[i] = p
	}
	if few {
		return outcome{}, false // too few samples to change anything
	}
	return w.conclude(at)
}

// conclude evaluates the points.
func (w *watch) conclude(at time.Time) (outcome, bool) {
	status := &w.row.Status
	found := w.rule.Evaluate(w.points, status.State)
	if found.State == status.State && status.Evaluation == "" {
		again := w.scaling && at.Equal(at.Truncate(time.Minute))
		return outcome{watch: w, repeat: true, v: verdict{value: newest(found)}}, again
	}
	return outcome{watch: w, v: verdict{
		state: found.State, reason: w.rule.Reason(found), data: w.reasonData(found, at),
		value: newest(found),
	}}, true
}

// newest is the value of the newest datapoint, nil when there is none.
func newest(v alarm.Verdict) *float64 {
	for i := range v.Evaluated {
		if v.Evaluated[i].Real {
			return &v.Evaluated[i].Value
		}
	}
	return nil
}

type reasonPoint struct {
	Timestamp   string            `json:"timestamp"`
	SampleCount *alarm.JSONNumber `json:"sampleCount,omitempty"`
	Value       *alarm.JSONNumber `json:"value,omitempty"`
}

// maxReasonPoints keeps the reason's data within the model's 4,000 characters.
const maxReasonPoints = 25

// reasonData is the document that StateReasonData holds.
func (w *watch) reasonData(v alarm.Verdict, at time.Time) string {
	m := w.row.Config.Metric
	data := struct {
		Version   string             `json:"version"`
		QueryDate string             `json:"queryDate"`
		StartDate string             `json:"startDate,omitempty"`
		Unit      *api.StandardUnit  `json:"unit,omitempty"`
		Statistic string             `json:"statistic,omitempty"`
		Period    int                `json:"period"`
		Recent    []alarm.JSONNumber `json:"recentDatapoints"`
		Threshold alarm.JSONNumber   `json:"threshold"`
		Evaluated []reasonPoint      `json:"evaluatedDatapoints,omitempty"`
	}{
		Version: "1.0", QueryDate: stamp(at), Unit: m.Unit, Statistic: string(deref(m.Statistic)), Period: int(w.period / time.Second),
		Recent: []alarm.JSONNumber{}, Threshold: alarm.JSONNumber(w.rule.Threshold),
	}
	if m.ExtendedStatistic != nil {
		data.Statistic = *m.ExtendedStatistic
	}
	for i, p := range v.Evaluated {
		if i == maxReasonPoints {
			break
		}
		e := reasonPoint{Timestamp: stamp(p.Time)}
		if p.Real {
			value := alarm.JSONNumber(p.Value)
			e.Value = &value
			if w.single {
				samples := alarm.JSONNumber(p.Samples)
				e.SampleCount = &samples
			}
			data.StartDate = stamp(p.Time)
			data.Recent = append(data.Recent, value)
		}
		data.Evaluated = append(data.Evaluated, e)
	}
	slices.Reverse(data.Recent)
	text, err := encodeJSON(data)
	if err != nil {
		return ""
	}
	return text
}

// judgeExpression evaluates an alarm on metric math. A query that cannot be
// computed keeps the state and says so in the alarm's EvaluationState.
func (s *Service) judgeExpression(tx *store.Tx, w *watch, at time.Time) (outcome, bool, error) {
	w.reset()
	start := at.Add(-w.period * time.Duration(w.rule.Range()))
	lines, err := s.evaluateQueries(tx, w.row.Account, w.row.Region, w.row.Config.Metric.Metrics, start, at)
	if err != nil {
		o, due := w.broken()
		if awserr.As(err) == nil {
			err = fmt.Errorf("evaluate the expression of alarm %q: %w", w.row.Name, err)
		} else {
			err = nil // the expression's fault, which the alarm shows
		}
		return o, due, err
	}
	for i := range w.points {
		w.points[i] = alarm.Point{Time: at.Add(-w.period * time.Duration(i+1))}
	}
	for _, line := range lines { // one: checkAlarmQueries
		for _, p := range line {
			if i := int((at.Sub(p.Time) - 1) / w.period); i >= 0 && i < len(w.points) {
				w.points[i] = alarm.Point{Time: p.Time, Real: true, Value: p.Value, Samples: 1}
			}
		}
	}
	o, due := w.conclude(at)
	return o, due, nil
}

// broken is the outcome of an expression that cannot be computed: the state is
// kept, and the alarm says so.
func (w *watch) broken() (outcome, bool) {
	status := w.row.Status
	v := verdict{
		state: status.State, reason: status.Reason, data: status.ReasonData,
		problem: api.EvaluationStateEvaluationError,
	}
	return outcome{watch: w, v: v}, status.Evaluation != v.problem
}
