package crash

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"nephele.dev/nephele/internal/store/storetest"
)

// TestCanariesAreNotLost keeps canaries of all kinds busy on a server that asks
// for permission, while it is killed, also before it is up: canaries that are
// repeated when they fail, dry runs, baselines, groups, replicas, updates that
// cannot be put in force, and retention.
func TestCanariesAreNotLost(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); watch(t, "") })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); watch(t, storetest.PostgresURL(t)) })
}

func watch(t *testing.T, database string) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	s := newServer(t, database, "--auth=on", "--canary-egress=private")
	s.env = []string{"NEPHELE_ROOT_ACCESS_KEY_ID=" + root.AccessKeyID, "NEPHELE_ROOT_SECRET_ACCESS_KEY=" + root.SecretAccessKey}
	s.start()
	a := newAviary(t, s)
	rng := func(stream uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, stream)) }
	long, patience := kills(t, 0) > 0, time.Duration(0)
	if long { // browsers need time
		patience = 8 * time.Second
	}
	attempts := &attemptErrand{aviary: a, rng: rng(2)}
	residents := []resident{
		&censusErrand{a}, attempts, &dryErrand{aviary: a, rng: rng(3)}, &mendErrand{aviary: a, rng: rng(4)},
		&orphanErrand{aviary: a}, &groupErrand{aviary: a, rng: rng(5)}, &replicaErrand{aviary: a, rng: rng(6), runs: long},
		&baselineErrand{aviary: a},
	}
	for _, e := range residents {
		e.prepare(t.Context(), t)
	}
	haunt(t, s, residents, rng(1), patience)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	a.settle(ctx, t)
	attempts.age(ctx, t, s, database, rng(7))
	for _, e := range residents {
		e.verify(ctx, t)
	}
	runLast(ctx, t, a)
	checkDatabase(ctx, t, s, database)
	t.Logf("%d boots", s.boots)
}

// settle waits until no canary is on its way and none that runs once runs.
func (a *aviary) settle(ctx context.Context, t *testing.T) {
	t.Helper()
	for region, c := range a.regions {
		patience, cancel := context.WithTimeout(ctx, 5*time.Minute)
		var busy []string
		rest := poll(patience, func() bool {
			all, err := list(patience, clients{synthetics: c})
			busy = nil
			for _, canary := range all {
				if transitional(canary.Status.State) || canary.Status.State == "RUNNING" && *canary.Schedule.Expression == once {
					busy = append(busy, *canary.Name+" "+string(canary.Status.State))
				}
			}
			return err == nil && len(busy) == 0
		})
		cancel()
		if !rest {
			t.Errorf("canaries of %s are stuck: %v", region, busy)
		}
	}
}

// prepareHouse makes what the canaries need: a bucket and the role they act as.
func (a *aviary) prepareHouse(ctx context.Context, t *testing.T) {
	t.Helper()
	if _, err := a.objects.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(bucket)}); err != nil {
		t.Fatal(err)
	}
	a.newRole(ctx, t)
}
