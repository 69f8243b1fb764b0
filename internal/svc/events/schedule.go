package events

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/when"
)

const scheduleKind = "events.schedule"

// Lane is the engine's lane for the ticks of schedules: short steps, thousands
// of which may be due in the same minute.
const Lane = "events"

// reschedule puts, moves or removes the row of a rule's schedule, when the
// schedule or whether it counts has changed.
func (s *Service) reschedule(tx *store.Tx, k store.Key, had, has *rule) error {
	was, is := had.ticks(), has.ticks()
	if was == is {
		return nil
	}
	if is == "" {
		return s.engine.Delete(tx, scheduleKind, workKey(k))
	}
	next, ok := nextTick(is, tx.Now(), tx.Now())
	if !ok { // never again
		return s.engine.Delete(tx, scheduleKind, workKey(k))
	}
	return s.engine.Put(tx, scheduleKind, workKey(k), next, nil)
}

// ticks is the schedule if it counts, or "".
func (r *rule) ticks() string {
	if r.Schedule == nil || !r.enabled() {
		return ""
	}
	return *r.Schedule
}

// workKey names the engine's row of a rule.
func workKey(k store.Key) string { return k.Account + "/" + k.Region + "/" + k.ID }

func ruleOfWork(key string) (store.Key, bool) {
	account, rest, _ := strings.Cut(key, "/")
	region, id, ok := strings.Cut(rest, "/")
	return store.Key{Account: account, Region: region, ID: id}, ok
}

// nextTick is the first time of a schedule after now, where a rate counts from
// anchor.
func nextTick(schedule string, anchor, now time.Time) (time.Time, bool) {
	p, err := when.Parse(when.EventBridgeRule, schedule, when.Options{Anchor: anchor})
	if err != nil {
		return time.Time{}, false // was refused when the rule was made
	}
	return p.Next(now)
}

// tick sends the event of a schedule to the rule's targets, and sets the next.
func (s *Service) tick(ctx context.Context, w *engine.Work) (engine.Next, error) {
	k, ok := ruleOfWork(w.Key)
	if !ok {
		return engine.Next{}, fmt.Errorf("events: work key %q", w.Key)
	}
	var doc rule
	var now time.Time
	err := s.db.View(ctx, func(tx *store.Tx) error {
		r, err := s.rules.Get(tx, k)
		doc, now = r.Doc, tx.Now()
		return err
	})
	if errors.Is(err, store.ErrNotFound) || err == nil && doc.ticks() == "" {
		return engine.Done(), nil
	}
	if err != nil {
		return engine.Next{}, err
	}
	next := engine.Done()
	if at, ok := nextTick(doc.ticks(), w.Due, later(w.Due, now)); ok {
		next = engine.At(at)
	}
	r := s.compileRule(k, &doc)
	if len(r.targets) == 0 {
		return next, nil
	}
	return w.Commit(ctx, next, func(tx *store.Tx) error {
		return s.dispatch(tx, scheduled(k, w.Due), r)
	})
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// scheduled is the event of a schedule that was due at a time.
func scheduled(k store.Key, due time.Time) *event {
	return &event{
		ID: newID(), DetailType: "Scheduled Event", Source: "aws.events", Account: k.Account, Region: k.Region,
		Time: due, Ingested: due, Resources: []string{ruleARN(k)}, Detail: json.RawMessage("{}"),
	}
}
