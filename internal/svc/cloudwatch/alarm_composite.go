package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"nephele.dev/nephele/internal/alarm"
	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/store"
)

// PutCompositeAlarm makes a composite alarm, or gives one another rule. Its
// state follows at once.
func (s *Service) PutCompositeAlarm(ctx context.Context, in *api.PutCompositeAlarmInput) (*api.PutCompositeAlarmOutput, error) {
	key := alarmKeyOf(ctx, in.AlarmName)
	rule, err := checkComposite(key, in)
	if err != nil {
		return nil, err
	}
	c := *in
	c.Tags = nil
	if c.ActionsEnabled == nil {
		c.ActionsEnabled = new(true)
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		b := s.alarmBook(tx)
		if err := b.checkChildren(key, rule, &c); err != nil {
			return err
		}
		a, old, err := b.configure(key, api.AlarmTypeCompositeAlarm, alarmConfig{Composite: &c, Updated: b.now}, in.Tags)
		if err != nil {
			return err
		}
		return b.putComposite(a, old, rule)
	})
	return &api.PutCompositeAlarmOutput{}, err
}

func (b *alarmBook) putComposite(a, old *alarmRecord, rule *alarm.Expression) error {
	c := a.Config.Composite
	cause := "created"
	if old != nil {
		cause = "updated"
		if deref(old.Config.Composite.ActionsSuppressor) != deref(c.ActionsSuppressor) {
			a.Status.Suppression = alarm.Suppression{}
		}
	}
	if err := b.put(a); err != nil {
		return err
	}
	suppressor, _ := alarm.Name(deref(c.ActionsSuppressor))
	if err := b.listen(a.alarmKey, names(rule.Children()), suppressor); err != nil {
		return err
	}
	if err := b.configured(a, old); err != nil {
		return err
	}
	return b.wake(a.alarmKey, compositeCause{Put: cause})
}

// names returns the alarms' names without what an ARN has besides.
func names(refs []string) []string {
	var list []string
	for _, r := range refs {
		name, _ := alarm.Name(r)
		list = append(list, name)
	}
	return list
}

// checkComposite checks the input by itself.
func checkComposite(key alarmKey, in *api.PutCompositeAlarmInput) (*alarm.Expression, error) {
	if in.AlarmRule == "" || strings.TrimSpace(in.AlarmRule) != in.AlarmRule {
		return nil, validation("AlarmRule must not contain leading or trailing whitespace or be null")
	}
	rule, err := alarm.ParseExpression(in.AlarmRule)
	if err != nil {
		return nil, validation("%s", err)
	}
	for _, ref := range rule.Children() {
		if err := checkReference(key, ref); err != nil {
			return nil, err
		}
	}
	if err := checkSuppressor(key, in); err != nil {
		return nil, err
	}
	return rule, checkAlarm(key, in.Tags, compositeActions, in.OKActions, in.AlarmActions, in.InsufficientDataActions)
}

// checkReference checks that an ARN is that of an alarm of the same account and
// region.
func checkReference(key alarmKey, ref string) error {
	name, isARN := alarm.Name(ref)
	if !isARN {
		return nil
	}
	parsed, err := arn.Parse(ref)
	if err != nil || parsed.String() != (alarmKey{key.Account, key.Region, name}).arn() {
		return validation("The alarm %s is not an alarm of this account and region.", ref)
	}
	return nil
}

func checkSuppressor(key alarmKey, in *api.PutCompositeAlarmInput) error {
	wait, extension := in.ActionsSuppressorWaitPeriod, in.ActionsSuppressorExtensionPeriod
	switch {
	case in.ActionsSuppressor == nil && (wait != nil || extension != nil):
		return validation("ActionsSuppressorWaitPeriod and ActionsSuppressorExtensionPeriod must not be specified without ActionsSuppressor.")
	case in.ActionsSuppressor == nil:
		return nil
	case wait == nil || extension == nil:
		return validation("ActionsSuppressorWaitPeriod and ActionsSuppressorExtensionPeriod are required with ActionsSuppressor.")
	case *wait < 0 || *extension < 0:
		return validation("ActionsSuppressorWaitPeriod and ActionsSuppressorExtensionPeriod must not be negative.")
	}
	return checkReference(key, *in.ActionsSuppressor)
}

// checkChildren checks that the alarms that the composite listens to are there.
func (b *alarmBook) checkChildren(key alarmKey, rule *alarm.Expression, c *api.PutCompositeAlarmInput) error {
	var missing []string
	for _, ref := range rule.Children() {
		there, err := b.exists(key, ref)
		if err != nil {
			return err
		}
		if !there {
			missing = append(missing, ref)
		}
	}
	if len(missing) > 0 {
		return validation("Could not save the composite alarm as alarms [%s] in the alarm rule do not exist", strings.Join(missing, ", "))
	}
	if c.ActionsSuppressor == nil {
		return nil
	}
	there, err := b.exists(key, *c.ActionsSuppressor)
	if err == nil && !there {
		err = validation("Could not save the composite alarm as the actions suppressor %s does not exist", *c.ActionsSuppressor)
	}
	return err
}

func (b *alarmBook) exists(key alarmKey, ref string) (bool, error) {
	key.Name, _ = alarm.Name(ref)
	var one int
	err := b.tx.Row("select 1 from alarm where account = ? and region = ? and name = ?", key.Account, key.Region, key.Name).Scan(&one)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// A composite alarm has two work rows. One is put whenever the alarm, or an alarm
// that it listens to, has changed, and has it evaluate its rule; the other when
// a period of suppression begins, and falls due at its end.
const (
	compositeKind   = "cloudwatch.composite"
	suppressionKind = "cloudwatch.suppression"
	compositeLane   = "composites"
)

// compositeCause is the state of a composite alarm's work row: why it looks.
type compositeCause struct {
	Put  string   `json:",omitempty"` // "created" or "updated"
	Path []string `json:",omitempty"` // composite alarms whose changes led here
	hold bool     // only a suppression ends
}

// errMoved says that the alarm was written since the step read it.
var errMoved = errors.New("the alarm has changed meanwhile")

func (s *Service) stepComposite(ctx context.Context, w *engine.Work) (engine.Next, error) {
	cause := compositeCause{hold: w.Kind == suppressionKind}
	if err := w.State(&cause); err != nil {
		return engine.Next{}, err
	}
	key, ok := parseWorkKey(w.Key)
	if !ok {
		return engine.Done(), nil
	}
	var a *alarmRecord
	var v verdict
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		if a, err = findAlarm(tx, key); err != nil {
			return err
		}
		v, err = judgeComposite(tx, a, cause)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return engine.Done(), nil
	}
	if err != nil {
		return engine.Next{}, err
	}
	next := engine.Done()
	if until := v.suppression.Until; cause.hold && !until.IsZero() {
		next = engine.At(until)
	}
	if v.state == a.Status.State && *v.suppression == a.Status.Suppression {
		return next, nil
	}
	next, err = w.Commit(ctx, next, func(tx *store.Tx) error {
		fresh, err := findAlarm(tx, key)
		if err == nil && fresh.Version != a.Version {
			err = errMoved
		}
		if err != nil {
			return err
		}
		return s.alarmBook(tx).settleComposite(fresh, v, !cause.hold)
	})
	if errors.Is(err, errMoved) || errors.Is(err, store.ErrNotFound) {
		return engine.Now(), nil
	}
	return next, err
}

func parseWorkKey(s string) (alarmKey, bool) {
	parts := strings.SplitN(s, "/", 3)
	if len(parts) != 3 {
		return alarmKey{}, false
	}
	return alarmKey{parts[0], parts[1], parts[2]}, true
}

// judgeComposite finds the state and the suppression that a composite alarm is
// to have.
func judgeComposite(tx *store.Tx, a *alarmRecord, cause compositeCause) (v verdict, err error) {
	c := a.Config.Composite
	rule, err := alarm.ParseExpression(c.AlarmRule)
	if err != nil {
		return v, fmt.Errorf("rule of composite alarm %q: %w", a.Name, err)
	}
	children := map[string]*alarmRecord{}
	for _, ref := range rule.Children() {
		if children[ref], err = referred(tx, a, ref); err != nil {
			return v, err
		}
	}
	by, err := suppressorOf(tx, a)
	if err != nil {
		return v, err
	}
	v = verdict{state: a.Status.State, reason: a.Status.Reason, data: a.Status.ReasonData, path: cause.Path}
	alarming, why := rule.Eval(func(ref string) alarm.State { return children[ref].Status.State })
	if !cause.hold {
		v.state = alarm.OK
		if alarming {
			v.state = alarm.Alarm
		}
	}
	changed := v.state != a.Status.State
	if changed {
		v.reason, v.data = compositeReason(a, v.state, cause, children, why)
	}
	v.suppress(a, tx.Now(), by)
	return v, nil
}

// suppress finds what holds back the alarm's actions from now on.
func (v *verdict) suppress(a *alarmRecord, now time.Time, by alarm.Suppressor) {
	suppression, act := a.Status.Suppression.Next(now, v.state != a.Status.State, by)
	v.suppression, v.silent = &suppression, !act
}

// referred returns the alarm that a composite alarm refers to.
func referred(tx *store.Tx, a *alarmRecord, ref string) (*alarmRecord, error) {
	name, _ := alarm.Name(ref)
	child, err := findAlarm(tx, alarmKey{a.Account, a.Region, name})
	if err != nil {
		return nil, fmt.Errorf("alarm %q, which composite alarm %q refers to: %w", ref, a.Name, err)
	}
	return child, nil
}

func suppressorOf(tx *store.Tx, a *alarmRecord) (by alarm.Suppressor, err error) {
	c := a.Config.Composite
	if c.ActionsSuppressor == nil {
		return by, nil
	}
	suppressor, err := referred(tx, a, *c.ActionsSuppressor)
	if err != nil {
		return by, err
	}
	return alarm.Suppressor{
		State: suppressor.Status.State,
		Wait:  seconds(deref(c.ActionsSuppressorWaitPeriod)), Extension: seconds(deref(c.ActionsSuppressorExtensionPeriod)),
	}, nil
}

// compositeReason says why, and by which children.
func compositeReason(a *alarmRecord, s alarm.State, cause compositeCause, children map[string]*alarmRecord, why []string) (reason, data string) {
	type childState struct {
		Value     alarm.State `json:"value"`
		Timestamp string      `json:"timestamp"`
	}
	type child struct {
		ARN   string     `json:"arn"`
		State childState `json:"state"`
	}
	triggering := []child{}
	var latest *alarmRecord
	for _, ref := range why {
		c := children[ref]
		triggering = append(triggering, child{c.arn(), childState{c.Status.State, stamp(c.Status.Transitioned)}})
		if latest == nil || c.Status.Transitioned.After(latest.Status.Transitioned) {
			latest = c
		}
	}
	data, err := encodeJSON(map[string]any{"triggeringAlarms": triggering})
	if err != nil {
		data = ""
	}
	switch {
	case cause.Put != "" || latest == nil:
		put := cause.Put
		if put == "" {
			put = "updated"
		}
		return fmt.Sprintf("%s was %s and its alarm rule evaluates to %s", a.arn(), put, s), data
	default:
		return fmt.Sprintf("%s transitioned to %s at %s", latest.arn(), latest.Status.State, reasonStamp(latest.Status.Transitioned)), data
	}
}

// settleComposite writes a composite's new state or suppression. Actions that
// were held back are taken when nothing holds them back any more. schedule puts
// the work row that ends a period.
func (b *alarmBook) settleComposite(a *alarmRecord, v verdict, schedule bool) error {
	if until := v.suppression.Until; schedule && !until.IsZero() {
		if err := b.s.engine.Put(b.tx, suppressionKind, a.workKey(), until, nil); err != nil {
			return err
		}
	}
	if v.state != a.Status.State {
		return b.transition(a, v)
	}
	old := a.Status
	a.Status.Suppression = *v.suppression
	if err := b.putStatus(a); err != nil || v.silent {
		return err
	}
	if err := b.emitState(a, old); err != nil {
		return err
	}
	return b.act(a, old, nil)
}

// suppressionReason is what DescribeAlarms and events say.
func suppressionReason(s alarm.Suppression) string { return "Actions suppressed by " + s.By }
