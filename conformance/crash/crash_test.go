package crash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/synthetics"
	"github.com/aws/aws-sdk-go-v2/service/synthetics/types"

	"nephele.dev/nephele/internal/store/storetest"
)

func TestNothingIsLostOrDoubled(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { survive(t, "") })
	t.Run("postgres", func(t *testing.T) { survive(t, storetest.PostgresURL(t)) })
}

// kills is how often the server is killed, where the environment does not say
// it few times.
func kills(t *testing.T, few int) int {
	v := os.Getenv("NEPHELE_CRASH_KILLS")
	if v == "" {
		return few
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		t.Fatalf("NEPHELE_CRASH_KILLS: %v", err)
	}
	return n
}

func survive(t *testing.T, database string) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	s := newServer(t, database)
	s.start()
	c := newClients(s.url)
	if _, err := c.objects.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(bucket)}); err != nil {
		t.Fatal(err)
	}
	clock := newSteady(t.Context(), t, c)
	lives := harass(t, s, c, rand.New(rand.NewPCG(seed, 0)), kills(t, 6))
	clock.stop(t.Context(), t, c)
	verify(t, s, c, clock, lives)
}

// harass keeps two workers busy while the server is killed and restarted.
func harass(t *testing.T, s *server, c clients, rng *rand.Rand, kills int) []*life {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stop := make(chan struct{})
	var p population
	var wg sync.WaitGroup
	for w := range 2 {
		wg.Go(func() {
			own := rand.New(rand.NewPCG(uint64(w), 1))
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
					live(ctx, c, &p, nameOf(w, i), own)
				}
			}
		})
	}
	s.harass(rng, kills, 50*time.Millisecond, 1550*time.Millisecond)
	close(stop)
	finish(t, &wg, cancel)
	return p.lives
}

// verify waits for rest and checks every life against what is there.
func verify(t *testing.T, s *server, c clients, clock *steady, lives []*life) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	if !poll(ctx, func() bool { return atRest(ctx, c) }) {
		t.Errorf("canaries are stuck: %s", strings.Join(states(ctx, c), ", "))
	}
	there := map[string]types.Canary{}
	for _, canary := range all(ctx, t, c) {
		there[*canary.Name] = canary
	}
	clock.verify(ctx, t, c)
	delete(there, clock.name)
	runs := 0
	for _, l := range lives {
		_, exists := there[l.name]
		delete(there, l.name)
		switch {
		case l.created && !l.deleteAsked && !exists:
			t.Errorf("%s was created and is lost", l.name)
		case l.deleteAcked && exists:
			t.Errorf("%s was deleted and is still there", l.name)
		}
		if l.started && exists {
			runs++
			l.verifyRun(ctx, t, c)
		}
		if l.started {
			l.verifyTraces(ctx, t, c)
		}
	}
	for name := range there {
		t.Errorf("%s is there and nobody made it", name)
	}
	t.Logf("%d boots, %d canaries, %d kept runs checked", s.boots, len(lives), runs)
	l := &life{name: "last"} // the sandbox of this boot has been needed
	if !l.create(ctx, c) || !l.start(ctx, c) || !l.awaitStopped(ctx, c) {
		t.Error("a last canary does not run")
	}
	poll(ctx, func() bool { return len(strays(s.work)) == 0 })
	if stray := strays(s.work); len(stray) > 0 {
		t.Errorf("processes outlived their server: %v", stray)
	}
}

// verifyRun checks that the canary ran exactly once and has a verdict.
func (l *life) verifyRun(ctx context.Context, t *testing.T, c clients) {
	out, err := c.synthetics.GetCanaryRuns(ctx, &synthetics.GetCanaryRunsInput{Name: &l.name})
	if err != nil {
		t.Errorf("%s: %v", l.name, err)
		return
	}
	if len(out.CanaryRuns) != 1 {
		t.Errorf("%s has %d runs, want 1", l.name, len(out.CanaryRuns))
		return
	}
	if st := out.CanaryRuns[0].Status; st.State != types.CanaryRunStatePassed {
		t.Errorf("%s: run is %s: %s", l.name, st.State, aws.ToString(st.StateReason))
	}
}

// verifyTraces checks that the run left its report and its metrics once.
func (l *life) verifyTraces(ctx context.Context, t *testing.T, c clients) {
	if n, err := reports(ctx, c, l.name); err != nil || n != 1 {
		t.Errorf("%s left %d reports, want 1 (%v)", l.name, n, err)
	}
	patience, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	poll(patience, func() bool { n, err := sampleCount(ctx, c, l.name); return err == nil && n >= 1 })
	if n, err := sampleCount(ctx, c, l.name); err != nil || n != 1 {
		t.Errorf("%s has %v datapoints, want 1 (%v)", l.name, n, err)
	}
}

// atRest reports whether no canary is in a transitional state or running.
func atRest(ctx context.Context, c clients) bool {
	for _, s := range states(ctx, c) {
		if !strings.HasSuffix(s, " READY") && !strings.HasSuffix(s, " STOPPED") {
			return false
		}
	}
	return true
}

func states(ctx context.Context, c clients) []string {
	canaries, err := list(ctx, c)
	if err != nil {
		return []string{err.Error()}
	}
	var out []string
	for _, canary := range canaries {
		out = append(out, fmt.Sprintf("%s %s", *canary.Name, canary.Status.State))
	}
	return out
}

// all lists the canaries. It asks again when an answer cannot be read: the SDK
// closes a request's body as soon as it has the answer's header, and where the
// server is that quick net/http may still be at it and give the connection up.
func all(ctx context.Context, t *testing.T, c clients) (canaries []types.Canary) {
	var err error
	if !poll(ctx, func() bool { canaries, err = list(ctx, c); return err == nil }) {
		t.Fatal(err)
	}
	return canaries
}

func list(ctx context.Context, c clients) (out []types.Canary, err error) {
	pages := synthetics.NewDescribeCanariesPaginator(c.synthetics, &synthetics.DescribeCanariesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, page.Canaries...)
	}
	return out, nil
}

// strays finds the boxes of dead servers: processes that name a work directory
// below ours. The server sweeps them when it first needs its sandbox, which it
// has, and that of the last boot is not dead.
func strays(work string) []string {
	var out []string
	procs, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, p := range procs {
		cmdline, err := os.ReadFile(p)
		if err == nil && strings.Contains(string(cmdline), "box:"+work) {
			out = append(out, p+": "+strings.ReplaceAll(string(cmdline), "\x00", " "))
		}
	}
	return out
}
