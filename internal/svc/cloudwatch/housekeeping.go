package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/series"
	"nephele.dev/nephele/internal/store"
)

// Housekeeping is one work row for all metrics. It exists from the first
// PutMetricData on and looks every half hour for data that has grown old.
const (
	housekeepingKind  = "cloudwatch.housekeeping"
	housekeepingLane  = "housekeeping"
	housekeepingEvery = 30 * time.Minute
)

func (s *Service) keepHouse(ctx context.Context, _ *engine.Work) (engine.Next, error) {
	if err := series.Expire(ctx, s.db, time.Time{}); err != nil {
		return engine.Next{}, err
	}
	return engine.At(time.Now().Add(housekeepingEvery)), nil
}

// keeper is the record that says the work row was made.
type keeper struct{}

var keepers = store.NewCollection[keeper]("cloudwatch.housekeeping")

// keepingCheck is how often a process makes sure that the row is there; a
// reset by another process may have taken it.
const keepingCheck = 5 * time.Minute

// ensureHousekeeping makes the work row unless it was made before.
func (s *Service) ensureHousekeeping(ctx context.Context) error {
	now := time.Now()
	if last := s.keeping.Load(); last > now.Add(-keepingCheck).UnixMicro() {
		return nil
	}
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		key := store.Key{ID: "metrics"}
		if _, err := keepers.Get(tx, key); !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if _, err := keepers.Create(tx, key, keeper{}); err != nil {
			return err
		}
		return s.engine.Put(tx, housekeepingKind, "metrics", tx.Now().Add(housekeepingEvery), nil)
	})
	if err != nil && !errors.Is(err, store.ErrExists) {
		return fmt.Errorf("schedule housekeeping: %w", err)
	}
	s.keeping.Store(now.UnixMicro())
	return nil
}
