package crash

import (
	"context"
	"errors"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"

	"nephele.dev/nephele/internal/store/storetest"
)

// resident is an errand that also looks around after each boot, while nobody
// writes and the server lives: any error is a fault then.
type resident interface {
	errand
	rebooted(ctx context.Context, t *testing.T)
}

// root is the root user, whom the server is told of by its environment.
var root = aws.Credentials{AccessKeyID: "AKIACRASHCRASHCRASHC", SecretAccessKey: "root-secret-that-is-nowhere-written-down"}

// TestIdentityIsNotLost keeps principals, keys, secrets and sessions busy on a
// server that asks who is calling, while it is killed, and while its master key
// changes between its lives.
func TestIdentityIsNotLost(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { remember(t, "") })
	t.Run("postgres", func(t *testing.T) { remember(t, storetest.PostgresURL(t)) })
}

func remember(t *testing.T, database string) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	s := newServer(t, database, "--auth=on", "--log-level=debug")
	s.env = []string{"NEPHELE_ROOT_ACCESS_KEY_ID=" + root.AccessKeyID, "NEPHELE_ROOT_SECRET_ACCESS_KEY=" + root.SecretAccessKey}
	s.start()
	var told confidences
	rng := func(stream uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, stream)) }
	staff := newStaff(s.url, &told)
	residents := []resident{
		staff, (*staffRival)(staff), &keyErrand{url: s.url, told: &told}, &denyErrand{url: s.url},
		&cipherErrand{url: s.url, told: &told, rng: rng(2)}, &valueErrand{url: s.url, told: &told, rng: rng(3)},
		&contender{url: s.url, name: "contended"}, &contender{url: s.url, name: "contended"},
		&sessionErrand{url: s.url, told: &told, rng: rng(4)}, &guestErrand{url: s.url, told: &told, rng: rng(5)},
	}
	for _, e := range residents {
		e.prepare(t.Context(), t)
	}
	haunt(t, s, residents, rng(1), 0)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	for _, e := range residents {
		e.verify(ctx, t)
	}
	s.kill()
	told.verify(t, s, database)
	t.Logf("%d boots", s.boots)
}

// haunt runs the errands side by side while it kills the server, changes its
// master key and starts it again. Every sixth life is longer, by up to patience.
func haunt(t *testing.T, s *server, residents []resident, rng *rand.Rand, patience time.Duration) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stop := make(chan struct{})
	var quiet sync.RWMutex // written to while the residents look around
	var wg sync.WaitGroup
	for _, e := range residents {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					quiet.RLock()
					e.once(ctx, t)
					quiet.RUnlock()
				}
			}
		})
	}
	for i := range kills(t, 4) {
		pause := 100*time.Millisecond + time.Duration(rng.Int64N(int64(900*time.Millisecond)))
		if i%6 == 2 {
			pause += time.Duration(rng.Float64() * float64(patience))
		}
		<-time.NewTimer(pause).C
		s.kill()
		s.changeMaster(i)
		if i%2 == 0 {
			s.abort(time.Duration(rng.Int64N(int64(250 * time.Millisecond))))
		}
		s.start()
		quiet.Lock()
		for _, e := range residents {
			e.rebooted(ctx, t)
		}
		quiet.Unlock()
	}
	close(stop)
	finish(t, &wg, cancel)
}

// abort boots the server and kills it while it may not be up yet.
func (s *server) abort(after time.Duration) {
	s.t.Helper()
	s.launch()
	<-time.NewTimer(after).C
	s.kill()
}

// changeMaster gives the dead server a new master key at every third death, and
// takes the old ones away at the next, after it has lived with both.
func (s *server) changeMaster(death int) {
	s.t.Helper()
	command := []string{"rotate", "retire", "status"}[death%3]
	cmd := exec.Command(s.path, slices.Concat([]string{"master-key", command}, s.where)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Errorf("nephele master-key %s: %v: %s", command, err, out)
	}
}

// code is what a server answered: the code of an error, or "" for no answer.
func code(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok && e.ErrorCode() != "UnknownError" {
		return e.ErrorCode()
	}
	return ""
}

// asked calls f until it is answered: with success, or with one of the codes
// that tell that an earlier attempt came through. Another code is a fault.
func asked(ctx context.Context, t *testing.T, what string, f func() error, done ...string) bool {
	return until(ctx, func() bool {
		err := f()
		c := code(err)
		if c != "" && !slices.Contains(done, c) {
			t.Errorf("%s: %v", what, err)
		}
		return err == nil || c != ""
	})
}

// policyOf is a policy with one statement about everything.
func policyOf(effect string, actions ...string) *string {
	return aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"` + effect + `","Action":["` +
		strings.Join(actions, `","`) + `"],"Resource":"*"}]}`)
}

// newUser makes a user that may do what a policy says, and a key of it. It is
// for times without kills.
func newUser(ctx context.Context, t *testing.T, c *iam.Client, name string, may *string, told *confidences) aws.Credentials {
	t.Helper()
	_, err := c.CreateUser(ctx, &iam.CreateUserInput{UserName: &name})
	if err == nil {
		_, err = c.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("may"), PolicyDocument: may})
	}
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
	if err != nil {
		t.Fatal(err)
	}
	told.key(*out.AccessKey.SecretAccessKey)
	return aws.Credentials{AccessKeyID: *out.AccessKey.AccessKeyId, SecretAccessKey: *out.AccessKey.SecretAccessKey}
}
