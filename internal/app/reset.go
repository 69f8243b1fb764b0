package app

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Reset forgets everything that callers have made. When it returns, the server
// is as with an empty data directory; on error some of it may remain, and
// Reset may be tried again. Concurrent resets queue.
func (a *App) Reset(ctx context.Context) error {
	begin := time.Now()
	thaw, err := a.plane.Freeze(ctx)
	if err != nil {
		return fmt.Errorf("reset: wait for calls in flight: %w", err)
	}
	defer thaw()
	ctx = context.WithoutCancel(ctx) // from here on it is all or nothing
	err = errors.Join(a.db.Reset(ctx), a.blobs.Reset(ctx))
	a.engine.Reset()
	_, again := a.shareSecret(ctx, a.secret)
	err = errors.Join(err, again, a.seal.Reload(ctx))
	a.identity.Reset()
	a.sessions.Forget()
	for _, s := range a.services {
		if s.reset != nil {
			s.reset()
		}
	}
	a.metrics.resets.Inc()
	a.log.Info("reset", "duration", time.Since(begin))
	if err != nil {
		return fmt.Errorf("reset: %w", err)
	}
	return nil
}
