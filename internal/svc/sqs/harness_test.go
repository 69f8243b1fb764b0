package sqs_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	api "nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
	"nephele.dev/nephele/internal/svc/sqs"
)

const (
	account = "123456789012"
	region  = "eu-west-1"
)

// bench is the service on a plane, as its callers see it.
type bench struct {
	api.Client
	db     *store.DB
	engine *engine.Engine
	plane  *plane.Plane

	service *sqs.Service
	tracked context.Context //nolint:containedctx // of the call that settle waits for
}

// settle makes calls under b.tracked and waits until what they put is done.
func (b *bench) settle(t testing.TB, calls func()) {
	t.Helper()
	ctx, wait := b.engine.Track(t.Context())
	b.tracked = ctx
	calls()
	if err := wait(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// each runs f on both databases.
func each(t *testing.T, f func(t *testing.T, b *bench)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) { f(t, newBench(t, db)) })
}

// newBench puts a service on a plane, its engine running.
func newBench(t testing.TB, db *store.DB) *bench {
	t.Helper()
	return newBenchWith(t, db, 0)
}

func newBenchWith(t testing.TB, db *store.DB, cooldown time.Duration) *bench {
	t.Helper()
	pages, err := page.New([]byte("a secret of the tests"))
	if err != nil {
		t.Fatal(err)
	}
	e := engine.New(db, engine.Options{})
	s := sqs.New(sqs.Deps{DB: db, Engine: e, Pages: pages, Cooldown: cooldown})
	s.Flows(e)
	p := plane.New(plane.Options{Authorizer: policy.Open{}, Settler: e, Logger: slog.New(slog.DiscardHandler), BaseURL: func() string { return "http://host:1" }})
	p.Register(api.Service(), s.Handlers())
	p.RegisterNeeds(api.Service(), s.Needs)
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Drain()
		_ = e.Stop(context.Background())
	})
	return &bench{Client: api.Client{Invoker: p.As(plane.RootCaller(account, region))}, db: db, engine: e, plane: p, service: s}
}

// must fails the test on an error.
func must[T any](t testing.TB) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// create makes a queue and returns its URL.
func (b *bench) create(t testing.TB, name string, attributes ...string) string {
	t.Helper()
	in := &api.CreateQueueInput{QueueName: name}
	for i := 0; i < len(attributes); i += 2 {
		if in.Attributes == nil {
			in.Attributes = map[string]string{}
		}
		in.Attributes[attributes[i]] = attributes[i+1]
	}
	return *must[*api.CreateQueueOutput](t)(b.CreateQueue(t.Context(), in)).QueueUrl
}

// send puts messages into a standard queue.
func (b *bench) send(t testing.TB, url string, bodies ...string) {
	t.Helper()
	for _, body := range bodies {
		must[*api.SendMessageOutput](t)(b.SendMessage(t.Context(), &api.SendMessageInput{QueueUrl: url, MessageBody: body}))
	}
}

// sendTo puts messages into a group of a FIFO queue that deduplicates by content.
func (b *bench) sendTo(t testing.TB, url, group string, bodies ...string) {
	t.Helper()
	for _, body := range bodies {
		must[*api.SendMessageOutput](t)(b.SendMessage(t.Context(), &api.SendMessageInput{QueueUrl: url, MessageBody: body, MessageGroupId: &group}))
	}
}

// receive takes up to ten messages, hidden for so many seconds.
func (b *bench) receive(t testing.TB, url string, visibility int32) []*api.Message {
	t.Helper()
	return must[*api.ReceiveMessageOutput](t)(b.ReceiveMessage(t.Context(), &api.ReceiveMessageInput{
		QueueUrl: url, MaxNumberOfMessages: new(int32(10)), VisibilityTimeout: &visibility,
		MessageSystemAttributeNames: []api.MessageSystemAttributeName{api.MessageSystemAttributeNameAll},
	})).Messages
}

func (b *bench) delete(t testing.TB, url string, messages ...*api.Message) {
	t.Helper()
	for _, m := range messages {
		must[*api.DeleteMessageOutput](t)(b.DeleteMessage(t.Context(), &api.DeleteMessageInput{QueueUrl: url, ReceiptHandle: *m.ReceiptHandle}))
	}
}

func bodies(messages []*api.Message) (all []string) {
	for _, m := range messages {
		all = append(all, *m.Body)
	}
	return all
}

// attribute asks for one attribute of a queue.
func (b *bench) attribute(t testing.TB, url string, name api.QueueAttributeName) string {
	t.Helper()
	return must[*api.GetQueueAttributesOutput](t)(b.GetQueueAttributes(t.Context(),
		&api.GetQueueAttributesInput{QueueUrl: url, AttributeNames: []api.QueueAttributeName{name}})).Attributes[string(name)]
}

func (b *bench) wantCounts(t testing.TB, url, visible, inFlight, delayed string) {
	t.Helper()
	got := must[*api.GetQueueAttributesOutput](t)(b.GetQueueAttributes(t.Context(), &api.GetQueueAttributesInput{
		QueueUrl: url, AttributeNames: []api.QueueAttributeName{api.QueueAttributeNameAll},
	})).Attributes
	have := [3]string{got["ApproximateNumberOfMessages"], got["ApproximateNumberOfMessagesNotVisible"], got["ApproximateNumberOfMessagesDelayed"]}
	if have != [3]string{visible, inFlight, delayed} {
		t.Errorf("visible, in flight, delayed: %v, want %s, %s, %s", have, visible, inFlight, delayed)
	}
}

// rows counts rows of a table.
func (b *bench) rows(t testing.TB, table string) (n int) {
	t.Helper()
	err := b.db.View(t.Context(), func(tx *store.Tx) error { return tx.Row("select count(*) from " + table).Scan(&n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func wantError(t testing.TB, err error, code, message string) {
	t.Helper()
	e := awserr.As(err)
	if e == nil || e.Code != code || message != "" && e.Message != message {
		t.Errorf("error %v\nwant %s: %s", err, code, message)
	}
}

// holds reports whether a queue's messages include a body, in the tables.
func (b *bench) holds(t testing.TB, url, body string) bool {
	t.Helper()
	name := url[strings.LastIndexByte(url, '/')+1:]
	var n int
	err := b.db.View(t.Context(), func(tx *store.Tx) error {
		var doc []byte
		if err := tx.Row("select doc from resource where kind = 'sqs.queue' and id = ?", name).Scan(&doc); err != nil {
			return err
		}
		var q struct{ Contents int64 }
		if err := json.Unmarshal(doc, &q); err != nil {
			return err
		}
		return tx.Row("select count(*) from sqs_message where store = ? and body = ?", q.Contents, body).Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n > 0
}
