package sns

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	api "nephele.dev/nephele/internal/api/sns"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

// phases has one of everything: at once, 2 s twice, growing from 2 s to 10 s,
// 10 s.
const phases = `{"healthyRetryPolicy":{"minDelayTarget":2,"maxDelayTarget":10,"numRetries":8,"numNoDelayRetries":1,` +
	`"numMinDelayRetries":2,"numMaxDelayRetries":1,"backoffFunction":"linear"}}`

func TestDelays(t *testing.T) {
	t.Parallel()
	policy := func(f string) retryPolicy {
		return retryPolicy{MinDelayTarget: 10, MaxDelayTarget: 160, NumRetries: 5, BackoffFunction: f}
	}
	for _, tt := range []struct {
		p    retryPolicy
		want string
	}{
		{*defaultRetries(), "[20s 20s 20s]"},
		{policy("linear"), "[10s 47.5s 1m25s 2m2.5s 2m40s]"},
		{policy("arithmetic"), "[10s 25s 55s 1m40s 2m40s]"},
		{policy("geometric"), "[10s 20s 40s 1m20s 2m40s]"},
		{policy("exponential"), "[10s 20s 40s 1m20s 2m40s]"},
		{retryPolicy{MinDelayTarget: 1, MaxDelayTarget: 9, NumRetries: 1, BackoffFunction: "exponential"}, "[1s]"},
		{retryPolicy{MinDelayTarget: 1, MaxDelayTarget: 9, NumRetries: 4, NumNoDelayRetries: 1, NumMinDelayRetries: 1, NumMaxDelayRetries: 1, BackoffFunction: "linear"}, "[0s 1s 1s 9s]"},
		{retryPolicy{MinDelayTarget: 1, MaxDelayTarget: 9, BackoffFunction: "linear"}, "[]"},
	} {
		if got := fmt.Sprint(tt.p.delays()); got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.p, got, tt.want)
		}
	}
}

func TestQueueBackoff(t *testing.T) {
	t.Parallel()
	var got []string
	for n := 1; n <= 17; n++ {
		got = append(got, queueBackoff(n).String())
	}
	if want := "0s 0s 0s 1s 1s 1s 2s 4s 8s 16s 20s 20s 20s 20s 20s 20s 20s"; strings.Join(got, " ") != want {
		t.Errorf("%s", strings.Join(got, " "))
	}
}

// TestRetries counts the seconds between attempts and looks for what remains.
func TestRetries(t *testing.T) {
	t.Parallel()
	busy := func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) }
	for name, tt := range map[string]struct {
		answer   func(w http.ResponseWriter)
		attempts string // seconds since publication
		dead     string // ErrorCode in the dead-letter queue
	}{
		"busy":      {busy, "0 0 2 4 6 10 18 28 38", "503"},
		"throttled": {func(w http.ResponseWriter) { w.WriteHeader(http.StatusTooManyRequests) }, "0 0 2 4 6 10 18 28 38", "429"},
		"refused":   {func(w http.ResponseWriter) { w.WriteHeader(http.StatusForbidden) }, "0", "403"},
		"redirect": {func(w http.ResponseWriter) {
			w.Header().Set("Location", "http://elsewhere.test/")
			w.WriteHeader(http.StatusFound)
		}, "0", "302"},
		"silent": {func(http.ResponseWriter) { time.Sleep(time.Hour) }, "0 15 32 49 66 85 108 133 158", "Timeout"},
		"broken": {func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, "0 0 2 4 6 10 18 28 38", "ConnectionError"},
		"well":   {func(http.ResponseWriter) {}, "0", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, storetest.SQLite(t))
				b.post = func(http.ResponseWriter, *http.Request) {}
				topic := b.topic(t, "t", nil)
				sub := b.subscribe(t, topic, "http", "http://endpoint.test/path", map[string]string{
					"DeliveryPolicy": phases, "RedrivePolicy": `{"deadLetterTargetArn":"` + queueARN("dead") + `"}`,
				})
				b.confirm(t, sub)
				synctest.Wait()
				began := time.Now()
				var attempts, bodies []string
				b.post = func(w http.ResponseWriter, r *http.Request) {
					body, _ := io.ReadAll(r.Body)
					bodies = append(bodies, string(body))
					attempts = append(attempts, fmt.Sprint(int(time.Since(began).Seconds())))
					tt.answer(w)
				}
				b.publish(t, topic, "hello")
				time.Sleep(10 * time.Minute)
				if got := strings.Join(attempts, " "); got != tt.attempts {
					t.Errorf("attempts at %s, want %s", got, tt.attempts)
				}
				if n := len(slices.Compact(slices.Clone(bodies))); n != 1 {
					t.Errorf("%d different messages", n)
				}
				checkDead(t, b, tt.dead, bodies[0])
				time.Sleep(time.Hour) // the silent ones wake up
			})
		})
	}
}

// checkDead looks at what is in the dead-letter queue; nothing when code is "".
func checkDead(t *testing.T, b *bench, code, body string) {
	t.Helper()
	dead := b.in("dead")
	if code == "" {
		if len(dead) != 0 {
			t.Errorf("%d dead letters", len(dead))
		}
		return
	}
	if len(dead) != 1 || dead[0].MessageBody != body || *dead[0].MessageAttributes["ErrorCode"].StringValue != code {
		t.Errorf("dead letters: %s, want one with %s", compact(dead), code)
	}
}

// TestThrottle publishes five messages at once to an endpoint that wants two a
// second.
func TestThrottle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, storetest.SQLite(t))
		b.post = func(http.ResponseWriter, *http.Request) {}
		topic := b.topic(t, "t", nil)
		b.confirm(t, b.subscribe(t, topic, "http", "http://endpoint.test/", map[string]string{
			"DeliveryPolicy": `{"throttlePolicy":{"maxReceivesPerSecond":2}}`,
		}))
		time.Sleep(time.Minute)
		began := time.Now()
		var at []time.Duration
		b.post = func(http.ResponseWriter, *http.Request) { at = append(at, time.Since(began).Round(time.Millisecond)) }
		for range 5 {
			b.publish(t, topic, "x")
		}
		time.Sleep(time.Minute)
		ms := time.Millisecond
		if d := cmp.Diff([]time.Duration{0, 500 * ms, 1000 * ms, 1500 * ms, 2000 * ms}, at); d != "" {
			t.Error(d)
		}
	})
}

// TestForgotten: what is not confirmed, or not restored, in two days is gone.
func TestForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, storetest.SQLite(t))
		b.post = func(http.ResponseWriter, *http.Request) {}
		topic := b.topic(t, "t", nil)
		b.subscribe(t, topic, "http", "http://never.test/", nil)
		kept := b.subscribe(t, topic, "http", "http://kept.test/", nil)
		b.confirm(t, kept)
		ended := b.subscribe(t, topic, "http", "http://ended.test/", nil)
		b.confirm(t, ended)
		if _, err := b.client.Unsubscribe(t.Context(), &api.UnsubscribeInput{SubscriptionArn: ended}); err != nil {
			t.Fatal(err)
		}
		if got := counts(t, b, topic); got != "1 confirmed, 1 pending, 1 deleted" {
			t.Errorf("at first: %s", got)
		}
		time.Sleep(tokenLife + time.Minute)
		if got := counts(t, b, topic); got != "1 confirmed, 0 pending, 0 deleted" {
			t.Errorf("after two days: %s", got)
		}
	})
}

func counts(t *testing.T, b *bench, topic string) string {
	t.Helper()
	out, err := b.client.GetTopicAttributes(t.Context(), &api.GetTopicAttributesInput{TopicArn: topic})
	if err != nil {
		t.Fatal(err)
	}
	a := out.Attributes
	return a["SubscriptionsConfirmed"] + " confirmed, " + a["SubscriptionsPending"] + " pending, " + a["SubscriptionsDeleted"] + " deleted"
}

// TestDedupInterval: a FIFO topic forgets a deduplication id after five minutes.
func TestDedupInterval(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, storetest.SQLite(t))
		topic := b.topic(t, "t.fifo", map[string]string{"FifoTopic": "true", "ContentBasedDeduplication": "true"})
		b.subscribe(t, topic, "sqs", queueARN("q.fifo"), nil)
		publish := func() string {
			out, err := b.client.Publish(t.Context(), &api.PublishInput{TopicArn: &topic, Message: "same", MessageGroupId: new("g")})
			if err != nil {
				t.Fatal(err)
			}
			return *out.MessageId + " " + *out.SequenceNumber
		}
		one := publish()
		time.Sleep(dedupInterval - time.Second)
		if two := publish(); two != one {
			t.Errorf("a duplicate is answered %s, the first was %s", two, one)
		}
		time.Sleep(2 * time.Second)
		if three := publish(); three == one {
			t.Errorf("after five minutes: %s again", three)
		}
		time.Sleep(time.Minute)
		if n := len(b.in("q.fifo")); n != 2 {
			t.Errorf("%d messages arrived, want 2", n)
		}
	})
}

// TestKeyIsShared: two servers on one database sign with one key.
func TestKeyIsShared(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var a, b keyring
		if err := a.load(t.Context(), db, testSeal); err != nil {
			t.Fatal(err)
		}
		if err := b.load(t.Context(), db, testSeal); err != nil {
			t.Fatal(err)
		}
		if a.get().name != b.get().name {
			t.Errorf("%s and %s", a.get().name, b.get().name)
		}
	})
}
