package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nephele.dev/nephele/internal/courier"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/store"
)

// alarmsKind is the work row of a shard of metric alarms, which falls due at the
// end of each of the shard's intervals, and shortly before to read ahead.
const alarmsKind = "cloudwatch.alarms"

// AlarmsLane is the engine's lane in which metric alarms are evaluated. It takes
// several slots for a processor: all shards are due at once, and most of what
// those with changes do is wait for the database.
const AlarmsLane = "alarms"

// alarmFlows registers what evaluates alarms and takes their actions.
func (s *Service) alarmFlows(e *engine.Engine) {
	e.Register(alarmsKind, AlarmsLane, engine.FlowFunc(s.stepAlarms))
	e.Register(compositeKind, compositeLane, engine.FlowFunc(s.stepComposite))
	e.Register(suppressionKind, compositeLane, engine.FlowFunc(s.stepComposite))
	e.Register(historyKind, housekeepingLane, engine.FlowFunc(s.sweepHistory))
	if s.courier != nil {
		s.courier.Register(actionClass, courier.Class{MaxAge: actionAge, Sent: s.actionSent, GivenUp: s.actionFailed})
		s.courier.Register(eventClass, courier.Class{})
	}
}

// actionAge is how long an action is tried.
const actionAge = time.Hour

// commitBatch bounds the alarms that change in one transaction, so that other
// writers do not wait for long, and the first actions not for the last.
const commitBatch = 50

// errNotEmpty says that a shard has got an alarm again.
var errNotEmpty = errors.New("the shard has alarms")

// stepAlarms evaluates a shard: the present, whatever the row was due for, so
// that a server that was away for a day evaluates once.
func (s *Service) stepAlarms(ctx context.Context, w *engine.Work) (engine.Next, error) {
	shard := s.shard(w.Key)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	next, outcomes, err := s.look(ctx, w, shard)
	if err != nil {
		return engine.Next{}, fmt.Errorf("evaluate alarms of shard %s: %w", w.Key, err)
	}
	if len(shard.watches) == 0 {
		return s.endShard(ctx, w, next)
	}
	for len(outcomes) > commitBatch {
		if err := w.Checkpoint(ctx, func(tx *store.Tx) error { return s.apply(tx, shard, outcomes[:commitBatch]) }); err != nil {
			return engine.Next{}, err
		}
		outcomes = outcomes[commitBatch:]
	}
	if len(outcomes) == 0 {
		return next, nil
	}
	return w.Commit(ctx, next, func(tx *store.Tx) error { return s.apply(tx, shard, outcomes) })
}

// readAhead is how long before an evaluation most of what it needs is read: long
// enough for that to be done, short enough for little to come after it.
const readAhead = time.Second

// look reads ahead, where that is what the row fell due for and there is still
// time to, and evaluates the shard otherwise.
func (s *Service) look(ctx context.Context, w *engine.Work, shard *watchShard) (next engine.Next, outcomes []outcome, err error) {
	interval := shardInterval(w.Key)
	before := w.Due.Truncate(interval)
	early := w.Due.After(before)
	if early {
		select { // a few at a time: others need the database, too
		case s.reading <- struct{}{}:
			defer func() { <-s.reading }()
		case <-ctx.Done():
			return next, nil, context.Cause(ctx)
		}
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if err := shard.refresh(tx, w.Key); err != nil {
			return err
		}
		at := tx.Now().Truncate(interval)
		if early && at.Equal(before) {
			next = engine.At(at.Add(interval))
			return shard.readAhead(tx, at.Add(interval))
		}
		next = engine.At(at.Add(interval - readAhead))
		outcomes, err = s.judge(tx, shard, at)
		return err
	})
	return next, outcomes, err
}

// endShard removes the work row of a shard without alarms, unless it has got one
// meanwhile.
func (s *Service) endShard(ctx context.Context, w *engine.Work, next engine.Next) (engine.Next, error) {
	done, err := w.Commit(ctx, engine.Done(), func(tx *store.Tx) error {
		var n int
		if err := tx.Row("select count(*) from alarm where shard = ?", w.Key).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return errNotEmpty
		}
		_, err := tx.Exec("delete from alarm_shard where id = ?", w.Key)
		return err
	})
	if errors.Is(err, errNotEmpty) {
		return next, nil
	}
	return done, err
}

// outcome is what an evaluation has an alarm do.
type outcome struct {
	watch  *watch
	v      verdict
	repeat bool // the state is the same, but its scaling actions are taken again
}

// apply writes what follows from outcomes. An alarm that was written since it
// was read is left for the next evaluation.
func (s *Service) apply(tx *store.Tx, shard *watchShard, outcomes []outcome) error {
	b := s.alarmBook(tx)
	written := map[*watch]*alarmRecord{}
	for _, o := range outcomes {
		a, err := findAlarm(tx, o.watch.row.alarmKey)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if a.Version != o.watch.row.Version {
			continue
		}
		if o.repeat {
			err = b.scaleAgain(a, o.v.value)
		} else {
			err = b.transition(a, o.v)
			written[o.watch] = a
		}
		if err != nil {
			return fmt.Errorf("alarm %q: %w", a.Name, err)
		}
	}
	tx.OnCommit(func() { shard.learn(written) })
	return nil
}

// scaleAgain repeats the scaling actions of a state that lasts.
func (b *alarmBook) scaleAgain(a *alarmRecord, value *float64) error {
	for _, action := range a.actions(a.Status.State) {
		if !isScaling(action) {
			continue
		}
		if err := b.send(a, a.Status, action, value); err != nil {
			return err
		}
	}
	return nil
}
