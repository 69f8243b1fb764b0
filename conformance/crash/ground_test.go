package crash

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"nephele.dev/nephele/internal/store/storetest"
)

// errand is something a client does again and again while the server is
// killed, remembering what it was told.
type errand interface {
	prepare(ctx context.Context, t *testing.T)
	once(ctx context.Context, t *testing.T) // one round; it asks until it is answered
	verify(ctx context.Context, t *testing.T)
}

// TestNothingAcknowledgedIsLost keeps queues, objects, datapoints and alarms
// busy while the server is killed.
func TestNothingAcknowledgedIsLost(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { endure(t, "") })
	t.Run("postgres", func(t *testing.T) { endure(t, storetest.PostgresURL(t)) })
}

func endure(t *testing.T, database string) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	s := newServer(t, database)
	s.start()
	c := newClients(s.url)
	standard, ordered := &queueErrand{c: c}, &fifoErrand{c: c}
	errands := []errand{
		standard, (*queueConsumer)(standard), ordered, (*fifoConsumer)(ordered),
		&uploadErrand{c: c, rng: rand.New(rand.NewPCG(seed, 2))}, &versionErrand{c: c},
		&datapointErrand{c: c}, &alarmErrand{c: c},
	}
	for _, e := range errands {
		e.prepare(t.Context(), t)
	}
	busy(t, s, errands, rand.New(rand.NewPCG(seed, 1)))
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	for _, e := range errands {
		e.verify(ctx, t)
	}
	t.Logf("%d boots", s.boots)
}

// busy runs the errands side by side while it kills the server.
func busy(t *testing.T, s *server, errands []errand, rng *rand.Rand) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for _, e := range errands {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					e.once(ctx, t)
				}
			}
		})
	}
	s.harass(rng, kills(t, 6), 100*time.Millisecond, 1300*time.Millisecond)
	close(stop)
	finish(t, &wg, cancel)
}
