package events_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"nephele.dev/nephele/internal/api/all"
	"nephele.dev/nephele/internal/api/cloudwatch"
	api "nephele.dev/nephele/internal/api/events"
	"nephele.dev/nephele/internal/api/logs"
	"nephele.dev/nephele/internal/api/sns"
	"nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/api/ssm"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/courier"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
	"nephele.dev/nephele/internal/svc/events"
)

const (
	account = "123456789012"
	region  = "us-east-1"
	queue   = "arn:aws:sqs:us-east-1:123456789012:q"
)

// world stands in for the services that events calls, and records the calls.
type world struct {
	mu    sync.Mutex
	calls []call
	fail  func(call) error // of a call; nil succeeds
}

type call struct {
	op     string
	caller plane.Caller
	token  string
	in     any
}

func (w *world) record(ctx context.Context, in any) error {
	pc := plane.FromContext(ctx)
	c := call{pc.Operation.Name, pc.Caller, plane.Token(ctx), in}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, c)
	if w.fail != nil {
		return w.fail(c)
	}
	return nil
}

// of returns the inputs of an operation's calls.
func of[T any](w *world) []T {
	w.mu.Lock()
	defer w.mu.Unlock()
	var ins []T
	for _, c := range w.calls {
		if in, ok := c.in.(T); ok {
			ins = append(ins, in)
		}
	}
	return ins
}

func stand[I, O any](w *world) func(context.Context, *I) (*O, error) {
	return func(ctx context.Context, in *I) (*O, error) {
		if err := w.record(ctx, in); err != nil {
			return nil, err
		}
		return new(O), nil
	}
}

// bench is the service on a plane, as its callers see it, its engine running.
type bench struct {
	api.Client
	*world
	service *events.Service
	engine  *engine.Engine
	plane   *plane.Plane
}

func each(t *testing.T, f func(t *testing.T, b *bench)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) { f(t, newBench(t, db)) })
}

func newBench(t testing.TB, db *store.DB) *bench {
	t.Helper()
	pages, err := page.New([]byte("a secret of the tests"))
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	e := engine.New(db, engine.Options{Lanes: map[string]int{courier.Lane: 8, "events": 8}})
	p := plane.New(plane.Options{Logger: log, Settler: e})
	s := events.New(events.Deps{DB: db, Engine: e, Courier: courier.New(e, p, all.Services()), Plane: p, Pages: pages, Logger: log})
	s.Flows(e)
	w := &world{}
	p.Register(api.Service(), s.Handlers())
	p.RegisterNeeds(api.Service(), s.Needs)
	p.Register(sqs.Service(), sqs.Handlers{SendMessage: stand[sqs.SendMessageInput, sqs.SendMessageOutput](w)}.Table())
	p.Register(sns.Service(), sns.Handlers{Publish: stand[sns.PublishInput, sns.PublishOutput](w)}.Table())
	p.Register(logs.Service(), logs.Handlers{
		CreateLogStream: stand[logs.CreateLogStreamInput, logs.CreateLogStreamOutput](w),
		PutLogEvents:    stand[logs.PutLogEventsInput, logs.PutLogEventsOutput](w),
	}.Table())
	p.Register(cloudwatch.Service(), cloudwatch.Handlers{PutMetricData: stand[cloudwatch.PutMetricDataInput, cloudwatch.PutMetricDataOutput](w)}.Table())
	p.Register(ssm.Service(), ssm.Handlers{
		SendCommand:  stand[ssm.SendCommandInput, ssm.SendCommandOutput](w),
		PutParameter: stand[ssm.PutParameterInput, ssm.PutParameterOutput](w),
	}.Table())
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := e.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return &bench{api.Client{Invoker: p.As(plane.RootCaller(account, region))}, w, s, e, p}
}

// put puts entries, and waits until everything that follows has been done.
func (b *bench) put(t testing.TB, entries ...*api.PutEventsRequestEntry) *api.PutEventsOutput {
	t.Helper()
	var out *api.PutEventsOutput
	b.settle(t, func(ctx context.Context) {
		var err error
		if out, err = b.PutEvents(ctx, &api.PutEventsInput{Entries: entries}); err != nil {
			t.Fatal(err)
		}
	})
	return out
}

func (b *bench) settle(t testing.TB, f func(context.Context)) {
	t.Helper()
	ctx, wait := b.engine.Track(t.Context())
	f(ctx)
	if err := wait(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// rule makes a rule of the default bus with targets.
func (b *bench) rule(t testing.TB, name, pattern string, targets ...*api.Target) {
	t.Helper()
	b.ruleOn(t, nil, name, pattern, targets...)
}

func (b *bench) ruleOn(t testing.TB, bus *string, name, pattern string, targets ...*api.Target) {
	t.Helper()
	if _, err := b.PutRule(t.Context(), &api.PutRuleInput{Name: name, EventPattern: &pattern, EventBusName: bus}); err != nil {
		t.Fatal(err)
	}
	if len(targets) == 0 {
		return
	}
	if _, err := b.PutTargets(t.Context(), &api.PutTargetsInput{Rule: name, EventBusName: bus, Targets: targets}); err != nil {
		t.Fatal(err)
	}
}

func entry(source, detail string) *api.PutEventsRequestEntry {
	return &api.PutEventsRequestEntry{
		Source: &source, DetailType: new("Order Placed"), Detail: &detail,
		Resources: []string{"arn:x"}, Time: new(time.Date(2026, 3, 4, 5, 6, 7, 890, time.UTC)),
	}
}

// bodies are the bodies of the messages that queues got.
func (b *bench) bodies() []string {
	var texts []string
	for _, in := range of[*sqs.SendMessageInput](b.world) {
		texts = append(texts, in.MessageBody)
	}
	return texts
}

func wantError(t testing.TB, err error, code, message string) {
	t.Helper()
	e, ok := errors.AsType[*awserr.Error](err)
	if !ok || e.Code != code || !strings.Contains(e.Message, message) {
		t.Errorf("error %v, want %s: %s", err, code, message)
	}
}

func unmarshal[T any](t testing.TB, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return v
}

func benchEach(b *testing.B, f func(*testing.B, *bench)) {
	b.Run("sqlite", func(b *testing.B) { f(b, newBench(b, storetest.SQLite(b))) })
	b.Run("postgres", func(b *testing.B) {
		f(b, newBench(b, storetest.Open(b, store.Config{URL: storetest.PostgresURL(b)})))
	})
}
