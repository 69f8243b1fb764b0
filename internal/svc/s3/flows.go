package s3

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nephele.dev/nephele/internal/blob"
	"nephele.dev/nephele/internal/courier"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/store"
)

// Kinds of work and the lane they run in. Each has one row.
const (
	garbageKind = "s3.garbage"
	orphansKind = "s3.orphans"
	houseKey    = "all"
	blobLane    = "blob"
)

const (
	garbagePause = 15 * time.Second // between looks at an empty list
	garbageBatch = 256              // blobs deleted in one step
	partGrace    = time.Hour        // for readers of multipart objects that are no more
	uploadLimit  = 12 * time.Hour   // after which an upload is refused
	orphanAge    = 24 * time.Hour   // of an hour whose blobs are looked at
	orphanHours  = 48               // hours looked at in one step
)

// Flows registers the flows that keep house: see the package comment.
func (s *Service) Flows(e *engine.Engine) {
	e.Register(garbageKind, blobLane, engine.FlowFunc(s.collectGarbage))
	e.Register(orphansKind, blobLane, engine.FlowFunc(s.collectOrphans))
	e.Register(lifecycleKind, lifecycleLane, engine.FlowFunc(s.carryOut))
	if s.courier != nil {
		s.courier.Register(notifyClass, courier.Class{})
	}
}

// keepHouse puts the flows, once in the life of a database.
func (s *Service) keepHouse(tx *store.Tx) error {
	now := tx.Now()
	n, err := tx.Exec(`insert into s3_sweep (name, hour) values (?, ?) on conflict do nothing`, houseKey, hourName(now))
	if err != nil || n == 0 {
		return err
	}
	if err := s.engine.Put(tx, garbageKind, houseKey, now.Add(garbagePause), nil); err != nil {
		return err
	}
	return s.engine.Put(tx, orphansKind, houseKey, now.Add(time.Hour), nil)
}

// collectGarbage deletes blobs whose time has come. A blob that is gone already
// is fine: the step may be a repetition.
func (s *Service) collectGarbage(ctx context.Context, w *engine.Work) (engine.Next, error) {
	var due []string
	var now time.Time
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		now = tx.Now()
		due, err = store.All(store.Query(tx, store.Scan1[string],
			`select data from s3_garbage where due <= ? order by due limit ?`, store.Micros(now), garbageBatch))
		return err
	})
	if err != nil {
		return engine.Next{}, err
	}
	if len(due) == 0 {
		return engine.At(now.Add(garbagePause)), nil
	}
	for _, data := range due {
		if err := s.blobs.Delete(ctx, data); err != nil && !errors.Is(err, blob.ErrNotFound) {
			return engine.Next{}, fmt.Errorf("collect garbage: %w", err)
		}
	}
	return w.Commit(ctx, engine.Now(), func(tx *store.Tx) error {
		for _, data := range due {
			if _, err := tx.Exec(`delete from s3_garbage where data = ?`, data); err != nil {
				return err
			}
		}
		return nil
	})
}

// collectOrphans looks at the hours that have become old since the last step,
// and notes the blobs among them that no row names as garbage.
func (s *Service) collectOrphans(ctx context.Context, w *engine.Work) (engine.Next, error) {
	from, now, err := s.sweptUntil(ctx)
	if err != nil {
		return engine.Next{}, err
	}
	last := now.Add(-orphanAge).Truncate(time.Hour) // not yet looked at
	to := from
	for range orphanHours {
		if !to.Before(last) {
			break
		}
		if err := s.sweepHour(ctx, hourName(to)); err != nil {
			return engine.Next{}, fmt.Errorf("collect orphans of %s: %w", hourName(to), err)
		}
		to = to.Add(time.Hour)
	}
	next := engine.At(now.Add(time.Hour))
	if to.Before(last) {
		next = engine.Now()
	}
	return w.Commit(ctx, next, func(tx *store.Tx) error {
		_, err := tx.Exec(`update s3_sweep set hour = ? where name = ?`, hourName(to), houseKey)
		return err
	})
}

// sweptUntil returns the first hour that has not been looked at.
func (s *Service) sweptUntil(ctx context.Context) (hour, now time.Time, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		now = tx.Now()
		var name string
		err := tx.Row(`select hour from s3_sweep where name = ?`, houseKey).Scan(&name)
		if err != nil {
			return err
		}
		hour, err = time.Parse(hourLayout, name)
		return err
	})
	return hour, now, err
}

func hourName(t time.Time) string { return t.UTC().Format(hourLayout) }

// sweepHour notes the orphans of one hour, garbageBatch blobs at a time.
func (s *Service) sweepHour(ctx context.Context, hour string) error {
	batch := make([]string, 0, garbageBatch)
	for info, err := range s.blobs.List(ctx, blobPrefix+hour+"/") {
		if err != nil {
			return err
		}
		if batch = append(batch, info.Key); len(batch) == garbageBatch {
			if err := s.noteOrphans(ctx, batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return s.noteOrphans(ctx, batch)
}

// noteOrphans puts those blobs that no row names on the garbage list; those
// that are on it stay as they are.
func (s *Service) noteOrphans(ctx context.Context, names []string) error {
	var orphans []string
	err := s.db.View(ctx, func(tx *store.Tx) error {
		for _, name := range names {
			named, err := isNamed(tx, name)
			if err != nil {
				return err
			}
			if !named {
				orphans = append(orphans, name)
			}
		}
		return nil
	})
	if err != nil || len(orphans) == 0 {
		return err
	}
	s.log.InfoContext(ctx, "found blobs without an object", "blobs", len(orphans))
	return s.db.Update(ctx, func(tx *store.Tx) error {
		for _, name := range orphans {
			if err := addGarbage(tx, name, tx.Now()); err != nil {
				return err
			}
		}
		return nil
	})
}

// isNamed reports whether a version or a part has the blob.
func isNamed(tx *store.Tx, data string) (bool, error) {
	var one int
	err := tx.Row(`select 1 from s3_object where data = ? union all select 1 from s3_part where data = ?
		union all select 1 from s3_version where data = ? and data <> '' limit 1`, data, data, data).Scan(&one)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
