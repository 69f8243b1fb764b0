package cloudwatch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"nephele.dev/nephele/internal/alarm"
	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/store"
)

// SetAlarmState gives an alarm a state for the time being, with all that follows
// from it. The next evaluation finds the state that is due.
func (s *Service) SetAlarmState(ctx context.Context, in *api.SetAlarmStateInput) (*api.SetAlarmStateOutput, error) {
	data := deref(in.StateReasonData)
	if data != "" && !json.Valid([]byte(data)) {
		return nil, api.NewInvalidFormatFault("The value for StateReasonData is not valid JSON.")
	}
	key := alarmKeyOf(ctx, in.AlarmName)
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		a, err := findAlarm(tx, key)
		if errors.Is(err, store.ErrNotFound) {
			return api.NewResourceNotFound("Alarm not found: %s", in.AlarmName)
		}
		if err != nil {
			return err
		}
		v := verdict{state: alarm.State(in.StateValue), reason: in.StateReason, data: data}
		b := s.alarmBook(tx)
		if a.Kind == api.AlarmTypeMetricAlarm {
			return b.transition(a, v)
		}
		return b.setComposite(a, v)
	})
	return &api.SetAlarmStateOutput{}, err
}

// setComposite gives a composite alarm a state by hand. It keeps it until an
// alarm that it listens to changes; its suppressor counts all the same.
func (b *alarmBook) setComposite(a *alarmRecord, v verdict) error {
	by, err := suppressorOf(b.tx, a)
	if err != nil {
		return err
	}
	v.suppress(a, b.now, by)
	if v.state == a.Status.State {
		return b.transition(a, v) // a new reason
	}
	return b.settleComposite(a, v, true)
}

// EnableAlarmActions has alarms take their actions again.
func (s *Service) EnableAlarmActions(ctx context.Context, in *api.EnableAlarmActionsInput) (*api.EnableAlarmActionsOutput, error) {
	return &api.EnableAlarmActionsOutput{}, s.switchActions(ctx, in.AlarmNames, true)
}

// DisableAlarmActions keeps alarms from taking actions.
func (s *Service) DisableAlarmActions(ctx context.Context, in *api.DisableAlarmActionsInput) (*api.DisableAlarmActionsOutput, error) {
	return &api.DisableAlarmActionsOutput{}, s.switchActions(ctx, in.AlarmNames, false)
}

// switchActions passes over names that no alarm has, as AWS does.
func (s *Service) switchActions(ctx context.Context, names []string, on bool) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		b := s.alarmBook(tx)
		for _, name := range sortedNames(names) {
			a, err := findAlarm(tx, alarmKeyOf(ctx, name))
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err == nil && deref(a.actionsEnabled()) != on {
				err = b.switchActions(a, on)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *alarmBook) switchActions(a *alarmRecord, on bool) error {
	old := *a
	if m := a.Config.Metric; m != nil {
		c := *m
		c.ActionsEnabled = &on
		a.Config.Metric = &c
	} else {
		c := *a.Config.Composite
		c.ActionsEnabled = &on
		a.Config.Composite = &c
	}
	a.Config.Updated = b.now
	if err := b.put(a); err != nil {
		return err
	}
	return b.configured(a, &old)
}

// sortedNames returns the names in order, each once: two calls that lock the
// same alarms do so in the same order.
func sortedNames(names []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(names)))
}

// DeleteAlarms deletes up to 100 metric alarms and one composite alarm, all or
// none. Names that no alarm has are passed over.
func (s *Service) DeleteAlarms(ctx context.Context, in *api.DeleteAlarmsInput) (*api.DeleteAlarmsOutput, error) {
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		b := s.alarmBook(tx)
		var doomed []*alarmRecord
		composites := 0
		for _, name := range sortedNames(in.AlarmNames) {
			a, err := findAlarm(tx, alarmKeyOf(ctx, name))
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			if a.Kind == api.AlarmTypeCompositeAlarm {
				composites++
			}
			doomed = append(doomed, a)
		}
		if composites > 1 {
			return validation("A request can delete at most one composite alarm.")
		}
		if err := b.checkUnneeded(doomed); err != nil {
			return err
		}
		for _, a := range doomed {
			if err := b.deleteForGood(a); err != nil {
				return err
			}
		}
		return nil
	})
	return &api.DeleteAlarmsOutput{}, err
}

// checkUnneeded checks that no composite alarm that stays listens to an alarm
// that goes.
func (b *alarmBook) checkUnneeded(doomed []*alarmRecord) error {
	going := map[string]bool{}
	for _, a := range doomed {
		going[a.Name] = true
	}
	var needed []string
	for _, a := range doomed {
		parents, err := listeners(b.tx, a.alarmKey)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(parents, func(p string) bool { return !going[p] }) {
			needed = append(needed, a.Name)
		}
	}
	switch len(needed) {
	case 0:
		return nil
	case 1:
		return validation("Cannot delete %s as there are composite alarm(s) depending on it.", needed[0])
	default:
		return validation("Cannot delete %s as there are composite alarm(s) depending on them.", strings.Join(needed, ","))
	}
}

func (b *alarmBook) deleteForGood(a *alarmRecord) error {
	if err := b.delete(a); err != nil {
		return fmt.Errorf("delete alarm %q: %w", a.Name, err)
	}
	err := b.record(a, api.HistoryItemTypeConfigurationUpdate, fmt.Sprintf("Alarm %q deleted", a.Name), configurationData("Delete", "deleted", a))
	if err != nil {
		return err
	}
	return b.emitConfiguration(a, nil, "Delete")
}
