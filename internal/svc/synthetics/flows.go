package synthetics

import (
	"context"
	"slices"
	"time"

	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/when"
)

// stepCanary takes a canary out of its transitional state. In any other state
// there is nothing to do: the step was taken before.
func (s *Service) stepCanary(ctx context.Context, w *engine.Work) (engine.Next, error) {
	var r ref
	if err := w.State(&r); err != nil {
		return engine.Next{}, err
	}
	tried, err := s.try(ctx, r)
	if err != nil {
		return engine.Next{}, err
	}
	return w.Commit(ctx, engine.Done(), func(tx *store.Tx) error {
		rec, err := s.loadRef(tx, r)
		if rec == nil || err != nil {
			return err
		}
		switch rec.Doc.State {
		case stateCreating:
			return s.finishCreate(tx, rec, tried)
		case stateStarting:
			return s.finishStart(tx, rec, tried)
		case stateUpdating:
			return s.finishUpdate(tx, rec, tried)
		case stateStopping:
			return s.stop(tx, rec)
		case stateDeleting:
			return s.finishDelete(tx, rec)
		default:
			return nil
		}
	})
}

func (s *Service) finishCreate(tx *store.Tx, rec *store.Record[canary], tried trial) error {
	if err := s.Engine.Put(tx, kindRetention, rec.Doc.ID, tx.Now().Add(retentionEvery), refOf(rec)); err != nil {
		return err
	}
	if tried.failed(&rec.Doc) {
		return s.failCreate(tx, rec, tried.Reason)
	}
	if err := s.move(tx, rec, stateReady, "", nil); err != nil {
		return err
	}
	return s.followPrimary(tx, rec)
}

func (s *Service) finishStart(tx *store.Tx, rec *store.Record[canary], tried trial) error {
	if tried.failed(&rec.Doc) {
		return s.failStart(tx, rec, tried.Reason)
	}
	if err := s.schedule(tx, rec); err != nil {
		return err
	}
	return s.move(tx, rec, stateRunning, "", nil)
}

// schedule puts the canary's first tick: at once for a rate, at the next match
// for a cron expression, and not after the end of DurationInSeconds, when the
// tick stops the canary.
func (s *Service) schedule(tx *store.Tx, rec *store.Record[canary]) error {
	schedule, err := parseSchedule(rec.Doc.Config.Expression)
	if err != nil {
		return err
	}
	first, ok := tx.Now(), true
	if _, rate := schedule.Every(); !rate && !schedule.Once() {
		first, ok = schedule.Next(first)
	}
	if end, bounded := rec.Doc.end(); bounded && (!ok || first.After(end)) {
		first, ok = end, true
	}
	if !ok { // the expression will never match
		return s.Engine.Delete(tx, kindSchedule, rec.Doc.ID)
	}
	return s.Engine.Put(tx, kindSchedule, rec.Doc.ID, first, refOf(rec))
}

func (s *Service) finishUpdate(tx *store.Tx, rec *store.Record[canary], tried trial) error {
	d := &rec.Doc
	if tried.failed(d) {
		return s.rollBack(tx, rec, tried.Reason)
	}
	var changed map[string]valueChange
	if d.Staged != nil {
		changed = changes(rec)
		if d.Staged.Code.Key != d.Config.Code.Key {
			d.Layer++
		}
		for _, key := range d.Config.blobs() {
			if slices.Contains(d.Staged.blobs(), key) {
				continue
			}
			if err := s.collectCode(tx, key, refOf(rec), codeGrace); err != nil {
				return err
			}
		}
		d.Config, d.Staged = *d.Staged, nil
	}
	if d.Resume == stateRunning {
		if err := s.schedule(tx, rec); err != nil {
			return err
		}
	}
	return s.move(tx, rec, d.restored(), "UPDATE_COMPLETE", changed)
}

// stop ends the schedule; a run in progress goes on.
func (s *Service) stop(tx *store.Tx, rec *store.Record[canary]) error {
	if err := s.Engine.Delete(tx, kindSchedule, rec.Doc.ID); err != nil {
		return err
	}
	return s.move(tx, rec, stateStopped, "", nil)
}

func (s *Service) finishDelete(tx *store.Tx, rec *store.Record[canary]) error {
	for _, kind := range []string{kindSchedule, kindRetention} {
		if err := s.Engine.Delete(tx, kind, rec.Doc.ID); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(`delete from canary_run where canary_id = ?`, rec.Doc.ID); err != nil {
		return err
	}
	if err := s.forgetDryRuns(tx, rec, time.Time{}, true); err != nil {
		return err
	}
	for _, key := range rec.Doc.Config.blobs() {
		if err := s.collectCode(tx, key, refOf(rec), 0); err != nil {
			return err
		}
	}
	if err := s.leaveGroups(tx, rec); err != nil {
		return err
	}
	if err := s.leavePrimary(tx, rec); err != nil {
		return err
	}
	return s.canaries.Delete(tx, rec.Key)
}

// stepSchedule makes one tick of a RUNNING canary.
func (s *Service) stepSchedule(ctx context.Context, w *engine.Work) (engine.Next, error) {
	var r ref
	if err := w.State(&r); err != nil {
		return engine.Next{}, err
	}
	s.publishPunctuality(ctx)
	var rec *store.Record[canary]
	err := s.DB.View(ctx, func(tx *store.Tx) (err error) {
		rec, err = s.loadRef(tx, r)
		return err
	})
	if err != nil || rec == nil || rec.Doc.State != stateRunning {
		return engine.Done(), err
	}
	tick, err := tickOf(&rec.Doc, w.Due)
	if err != nil {
		return engine.Next{}, err
	}
	if tick.last {
		return w.Commit(ctx, engine.Done(), func(tx *store.Tx) error { return s.expire(tx, r) })
	}
	next := engine.Done()
	if !tick.next.IsZero() {
		next = engine.At(tick.next)
	}
	return w.Commit(ctx, next, func(tx *store.Tx) error { return s.tick(tx, r, w.Due, tick.missed) })
}

// tick is what one due time of a schedule means.
type tick struct {
	last   bool      // DurationInSeconds is over: no run, the canary stops
	next   time.Time // the next due time; zero for none
	missed int       // due times between this one and the next, which are past
}

// tickOf says what a canary's schedule means at a due time. Due times that
// have passed meanwhile are not made up for.
func tickOf(d *canary, due time.Time) (tick, error) {
	end, bounded := d.end()
	if bounded && !due.Before(end) {
		return tick{last: true}, nil
	}
	schedule, err := when.Parse(when.Synthetics, d.Config.Expression, when.Options{Anchor: due})
	if err != nil || schedule.Once() {
		return tick{}, err
	}
	now := time.Now()
	if now.Before(due) {
		now = due
	}
	next, ok := schedule.Next(now)
	t := tick{next: next, missed: missed(schedule, due, now)}
	switch {
	case bounded && (!ok || next.After(end)):
		t.next = end
	case !ok:
		t.next = time.Time{}
	}
	return t, nil
}

// maxMissed bounds the counting of due times: more than a month of minutes.
const maxMissed = 50_000

// missed counts a schedule's due times after one and up to now: those that the
// server was too late for, or down.
func missed(schedule when.Schedule, due, now time.Time) (n int) {
	for n < maxMissed {
		next, ok := schedule.Next(due)
		if !ok || next.After(now) {
			break
		}
		due = next
		n++
	}
	return n
}

// end is when DurationInSeconds is over; not bounded runs until stopped.
func (d *canary) end() (t time.Time, bounded bool) {
	return d.Started.Add(time.Duration(d.Config.Duration) * time.Second), d.Config.Duration > 0
}

// expire stops a canary whose DurationInSeconds is over.
func (s *Service) expire(tx *store.Tx, r ref) error {
	rec, err := s.loadRef(tx, r)
	if err != nil || rec == nil || rec.Doc.State != stateRunning {
		return err
	}
	return s.move(tx, rec, stateStopped, rec.Doc.Code, nil)
}

// tick inserts the runs that are due. While an earlier run of the same start waits
// or executes, or is repeated, the tick is passed over. That counts, and so do
// the ticks missed since due.
func (s *Service) tick(tx *store.Tx, r ref, due time.Time, missed int) error {
	rec, err := s.loadRef(tx, r)
	if err != nil || rec == nil || rec.Doc.State != stateRunning {
		return err
	}
	busy, err := runInProgress(tx, rec.Doc.ID, rec.Doc.Starts)
	if err != nil {
		return err
	}
	if busy {
		missed++
	}
	if missed > 0 {
		tx.OnCommit(func() { s.passedOver(r, due, missed, busy) })
	}
	if busy {
		return nil
	}
	return s.launch(tx, rec, &rec.Doc.Config, run{CanaryID: rec.Doc.ID, StartNo: rec.Doc.Starts, Scheduled: due})
}
