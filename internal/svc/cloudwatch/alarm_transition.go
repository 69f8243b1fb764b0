package cloudwatch

import (
	"fmt"
	"slices"
	"time"

	"nephele.dev/nephele/internal/alarm"
	api "nephele.dev/nephele/internal/api/cloudwatch"
)

// verdict is what an alarm's state is to be.
type verdict struct {
	state       alarm.State
	reason      string
	data        string              // JSON, or ""
	value       *float64            // the newest datapoint, for scaling policies
	path        []string            // composite alarms whose changes led here
	suppression *alarm.Suppression  // of a composite; nil leaves it as it is
	silent      bool                // actions are suppressed
	problem     api.EvaluationState // of the evaluation
}

// transition gives an alarm a state, with all that follows when it is another
// one than before: history, event, the composite alarms that listen, and the
// actions. All of it is in the book's transaction, so that it happens or not as
// a whole.
func (b *alarmBook) transition(a *alarmRecord, v verdict) error {
	old := a.Status
	changed := old.State != v.state
	a.Status.State, a.Status.Reason, a.Status.ReasonData = v.state, v.reason, v.data
	a.Status.Updated, a.Status.Evaluation = b.now, v.problem
	if v.suppression != nil {
		a.Status.Suppression = *v.suppression
	}
	if changed {
		a.Status.Transitioned = b.now
	}
	if err := b.putStatus(a); err != nil || !changed {
		return err
	}
	summary := fmt.Sprintf("Alarm updated from %s to %s", old.State, v.state)
	if err := b.record(a, api.HistoryItemTypeStateUpdate, summary, stateUpdateData(old, a.Status)); err != nil {
		return err
	}
	if err := b.emitState(a, old); err != nil {
		return err
	}
	if err := b.wakeListeners(a, v.path); err != nil {
		return err
	}
	if v.silent {
		return nil
	}
	return b.act(a, old, v.value)
}

// wakeListeners has the composite alarms that listen to a look at it. A path
// that comes back to where it was ends there: the alarms are a cycle.
func (b *alarmBook) wakeListeners(a *alarmRecord, path []string) error {
	parents, err := listeners(b.tx, a.alarmKey)
	if err != nil {
		return fmt.Errorf("listeners of alarm %q: %w", a.Name, err)
	}
	if a.Kind == api.AlarmTypeCompositeAlarm {
		path = append(slices.Clip(path), a.Name)
	}
	for _, p := range parents {
		if slices.Contains(path, p) {
			continue
		}
		parent := alarmKey{a.Account, a.Region, p}
		if err := b.wake(parent, compositeCause{Path: path}); err != nil {
			return err
		}
	}
	return nil
}

// wake has a composite alarm look at its children now.
func (b *alarmBook) wake(k alarmKey, cause compositeCause) error {
	return b.s.engine.Put(b.tx, compositeKind, k.workKey(), b.now, cause)
}

// reasonStamp is the time in the reasons of composite alarms.
func reasonStamp(t time.Time) string { return t.UTC().Format("Monday 02 January, 2006 15:04:05 MST") }
