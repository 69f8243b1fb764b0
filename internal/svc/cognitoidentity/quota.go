package cognitoidentity

import (
	"context"
	"sync"
	"time"

	api "nephele.dev/nephele/internal/api/cognitoidentity"
	"nephele.dev/nephele/internal/plane"
)

// How many guests strangers may make in a pool: so many a second, and so many at
// once. The rate is the default quota of GetId (developer guide, "Quotas in
// Amazon Cognito"); AWS does not tell its burst.
const (
	guestRate  = 25
	guestBurst = 100
)

// guestRefill is how long a pool that nobody asks takes to have its burst again.
const guestRefill = guestBurst * time.Second / guestRate

// sweepFrom is how many pools are remembered before those are forgotten that
// have their burst again.
const sweepFrom = 64

// quota counts the guests that strangers make, by pool. Only pools that exist
// are counted, and only those of the last guestRefill stay: they bound its
// memory. The zero value is ready.
type quota struct {
	mu    sync.Mutex
	full  map[string]time.Time // by pool, when its burst is whole again
	sweep int                  // how many pools to sweep at
}

// take reports whether one more guest may be made at now.
func (q *quota) take(pool string, now time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	full := q.full[pool]
	if full.Before(now) {
		full = now
	}
	full = full.Add(time.Second / guestRate)
	if full.Sub(now) > guestRefill {
		return false
	}
	if q.full == nil {
		q.full, q.sweep = make(map[string]time.Time), sweepFrom
	}
	q.full[pool] = full
	if len(q.full) >= q.sweep {
		q.forget(now)
	}
	return true
}

// forget removes the pools that are as if nobody had asked. It looks at all of
// them, so it waits until there are twice as many as it left.
func (q *quota) forget(now time.Time) {
	for pool, full := range q.full {
		if !full.After(now) {
			delete(q.full, pool)
		}
	}
	q.sweep = max(sweepFrom, 2*len(q.full))
}

// mayMakeGuest refuses guests where the pool has none, and holds strangers to the quota of a pool: guests cost them nothing,
// and stay. Who signs is known, and who has a login gets the same identity each
// time. A server that asks nobody for permission is its user's own.
func (s *Service) mayMakeGuest(ctx context.Context, p *pool) error {
	if !p.Guests {
		return noGuests()
	}
	stranger := plane.FromContext(ctx).Caller.Kind == plane.Anonymous
	if !stranger || !s.Plane.Authorizes() || s.guests.take(p.ID, time.Now()) {
		return nil
	}
	return api.NewTooManyRequestsException("Rate exceeded")
}
