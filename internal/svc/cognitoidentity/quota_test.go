package cognitoidentity

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	api "nephele.dev/nephele/internal/api/cognitoidentity"
	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

// allowing is an evaluator that asks, and allows.
type allowing struct{}

func (allowing) Evaluate(context.Context, policy.Request) (policy.Decision, error) {
	return policy.Decision{Effect: policy.Allow}, nil
}

// guests is the service on a plane, with a pool of guests.
type guests struct {
	db           *store.DB
	root, nobody api.Client
	pool         string
}

func newGuests(t *testing.T, guard policy.Evaluator) *guests {
	t.Helper()
	g := &guests{db: storetest.SQLite(t)}
	p := plane.New(plane.Options{Logger: slog.New(slog.DiscardHandler), Authorizer: guard})
	sealer, err := page.New(bytes.Repeat([]byte("s"), 32))
	if err != nil {
		t.Fatal(err)
	}
	p.Register(api.Service(), New(Deps{DB: g.db, Plane: p, Pages: sealer}).Handlers())
	g.root = api.Client{Invoker: p.As(plane.RootCaller("111122223333", "eu-west-1"))}
	g.nobody = api.Client{Invoker: p.As(plane.Caller{Account: "111122223333", Region: "eu-west-1", Kind: plane.Anonymous})}
	g.pool = g.newPool(t)
	return g
}

func (g *guests) newPool(t *testing.T) string {
	t.Helper()
	out, err := g.root.CreateIdentityPool(t.Context(), &api.CreateIdentityPoolInput{IdentityPoolName: "p", AllowUnauthenticatedIdentities: true})
	if err != nil {
		t.Fatal(err)
	}
	return out.IdentityPoolId
}

// make has n guests made and returns how many were, and the last refusal.
func (g *guests) make(t *testing.T, as api.Client, pool string, n int) (made int, refusal error) {
	t.Helper()
	for range n {
		_, err := as.GetId(t.Context(), &api.GetIdInput{IdentityPoolId: pool})
		switch {
		case err == nil:
			made++
		case is(err, api.ErrTooManyRequestsException):
			refusal = err
		default:
			t.Fatal(err)
		}
	}
	return made, refusal
}

// count is how many identities are stored.
func (g *guests) count(t *testing.T) (n int) {
	t.Helper()
	if err := g.db.View(t.Context(), func(tx *store.Tx) error {
		return tx.Row("select count(*) from cognito_identity").Scan(&n)
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestGuestsOfStrangers are limited in each pool: a burst, and then a rate.
func TestGuestsOfStrangers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuests(t, allowing{})
		expect := func(what, pool string, n, want int) {
			t.Helper()
			if made, _ := g.make(t, g.nobody, pool, n); made != want {
				t.Errorf("%s: %d guests, want %d", what, made, want)
			}
		}
		made, refusal := g.make(t, g.nobody, g.pool, 150)
		if made != guestBurst || refusal == nil || refusal.Error() != "TooManyRequestsException: Rate exceeded" {
			t.Errorf("%d guests, then %v", made, refusal)
		}
		if n := g.count(t); n != guestBurst {
			t.Errorf("%d identities are stored", n)
		}
		expect("another pool", g.newPool(t), 3, 3)
		if made, refusal := g.make(t, g.root, g.pool, 30); made != 30 {
			t.Errorf("signed: %d guests, then %v", made, refusal)
		}
		time.Sleep(time.Second / guestRate)
		expect("after a while", g.pool, 3, 1)
		time.Sleep(time.Second)
		expect("a second later", g.pool, 50, guestRate)
		time.Sleep(time.Hour)
		expect("an hour later", g.pool, 150, guestBurst)
	})
}

// TestGuestsWithoutAuthorization are not limited: nobody is a stranger there.
func TestGuestsWithoutAuthorization(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuests(t, policy.Open{})
		if made, refusal := g.make(t, g.nobody, g.pool, 2*guestBurst); made != 2*guestBurst {
			t.Errorf("%d guests, then %v", made, refusal)
		}
	})
}

// TestQuotaForgets the pools that nobody asks for guests.
func TestQuotaForgets(t *testing.T) {
	t.Parallel()
	var q quota
	now := time.Unix(1e9, 0)
	for i := range 100000 {
		now = now.Add(time.Second / 100)
		if !q.take(fmt.Sprint("pool ", i), now) {
			t.Fatal("the first of a pool is refused")
		}
		if len(q.full) > sweepFrom {
			t.Fatalf("%d pools are remembered", len(q.full))
		}
	}
}

// TestQuota: in no time are there more than its rate and a burst, and who waits
// gets one.
func TestQuota(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var q quota
		start := time.Unix(1e9, 0)
		now, made := start, 0
		for _, pause := range rapid.SliceOfN(rapid.Int64Range(0, int64(200*time.Millisecond)), 1, 400).Draw(t, "pauses") {
			now = now.Add(time.Duration(pause))
			if q.take("pool", now) {
				made++
			} else if !q.take("pool", now.Add(time.Second/guestRate)) {
				t.Fatal("refused after a pause")
			} else {
				now, made = now.Add(time.Second/guestRate), made+1
			}
			if most := guestBurst + int(now.Sub(start)*guestRate/time.Second) + 1; made > most {
				t.Fatalf("%d after %s, at most %d", made, now.Sub(start), most)
			}
		}
	})
}
