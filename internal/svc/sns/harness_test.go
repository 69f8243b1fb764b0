package sns

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path"
	"sync"
	"testing"
	"time"

	api "nephele.dev/nephele/internal/api/sns"
	sqsapi "nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/courier"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/engine/enginetest"
	"nephele.dev/nephele/internal/outbox"
	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/seal"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/store"
)

const (
	testAccount = "123456789012"
	testRegion  = "eu-west-1"
	testBase    = "http://nephele.test"
)

// bench is the service on a plane, with queues and endpoints that a test plays.
type bench struct {
	db      *store.DB
	engine  *engine.Engine
	service *Service
	client  api.Client
	send    func(context.Context, *sqsapi.SendMessageInput) error // what queues answer
	post    http.HandlerFunc                                      // what endpoints answer

	mu    sync.Mutex
	queue map[string][]*sqsapi.SendMessageInput // by name, what was accepted
}

// newBench makes one. Endpoints are reached without a network, so that the
// bench works in a bubble.
func newBench(t testing.TB, db *store.DB) *bench {
	t.Helper()
	b := &bench{db: db, queue: map[string][]*sqsapi.SendMessageInput{}}
	p := plane.New(plane.Options{Logger: slog.New(slog.DiscardHandler), BaseURL: func() string { return testBase }})
	sealer, err := page.New(bytes.Repeat([]byte("s"), 32))
	if err != nil {
		t.Fatal(err)
	}
	seedKey(t, db)
	web := newMemoryServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { b.post(w, r) }))
	b.engine = enginetest.Start(t, db, engine.Options{Lanes: map[string]int{courier.Lane: 4, Lane: 4}}, func(e *engine.Engine) {
		c := courier.New(e, p, []*shape.Service{sqsapi.Service(), api.Service()})
		b.service = New(Deps{DB: db, Engine: e, Courier: c, Outbox: outbox.New(), Seal: testSeal, Pages: sealer, Dial: web.dial})
		b.service.Flows(e)
	})
	p.Register(api.Service(), b.service.Handlers())
	p.Register(sqsapi.Service(), sqsapi.Handlers{SendMessage: b.sendMessage}.Table())
	caller := plane.RootCaller(testAccount, testRegion)
	caller.AccessKeyID = "AKIATEST"
	b.client = api.Client{Invoker: p.As(caller)}
	t.Cleanup(func() { _ = b.service.Close(context.Background()) })
	return b
}

func (b *bench) sendMessage(ctx context.Context, in *sqsapi.SendMessageInput) (*sqsapi.SendMessageOutput, error) {
	if b.send != nil {
		if err := b.send(ctx, in); err != nil {
			return nil, err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	name := path.Base(in.QueueUrl)
	b.queue[name] = append(b.queue[name], in)
	return &sqsapi.SendMessageOutput{MessageId: new("m")}, nil
}

// in is what a queue has accepted.
func (b *bench) in(queue string) []*sqsapi.SendMessageInput {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]*sqsapi.SendMessageInput(nil), b.queue[queue]...)
}

// testKey is the key of every bench: to make one takes long.
var testKey = sync.OnceValues(func() (signingKey, error) { return newKey(time.Now()) })

// testSeal is the sealer of every bench: several may share a database.
var testSeal = seal.NewEphemeral()

func seedKey(t testing.TB, db *store.DB) {
	t.Helper()
	k, err := testKey()
	if err == nil {
		err = db.Update(t.Context(), func(tx *store.Tx) error {
			_, err := signingKeys.Create(tx, signingKeyID, k)
			if errors.Is(err, store.ErrExists) {
				return nil // the second bench on it
			}
			return err
		})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// topic makes a topic and returns its ARN.
func (b *bench) topic(t testing.TB, name string, attributes map[string]string) string {
	t.Helper()
	out, err := b.client.CreateTopic(t.Context(), &api.CreateTopicInput{Name: name, Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	return *out.TopicArn
}

// subscribe makes a subscription and returns its ARN.
func (b *bench) subscribe(t testing.TB, topic, protocol, endpoint string, attributes map[string]string) string {
	t.Helper()
	out, err := b.client.Subscribe(t.Context(), &api.SubscribeInput{
		TopicArn: topic, Protocol: protocol, Endpoint: &endpoint, Attributes: attributes, ReturnSubscriptionArn: new(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	return *out.SubscriptionArn
}

// confirm confirms a subscription with the token that it was sent.
func (b *bench) confirm(t *testing.T, name string) {
	t.Helper()
	topic, id := splitName(name)
	var sub *subscription
	err := b.db.View(t.Context(), func(tx *store.Tx) (err error) {
		sub, err = getSubscription(tx, topic, id)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.client.ConfirmSubscription(t.Context(), &api.ConfirmSubscriptionInput{TopicArn: topic, Token: sub.Token}); err != nil {
		t.Fatal(err)
	}
}

// publish publishes text.
func (b *bench) publish(t *testing.T, topic, text string) {
	t.Helper()
	if _, err := b.client.Publish(t.Context(), &api.PublishInput{TopicArn: &topic, Message: text}); err != nil {
		t.Fatal(err)
	}
}

func queueARN(name string) string {
	return "arn:aws:sqs:" + testRegion + ":" + testAccount + ":" + name
}

// memoryServer is an HTTP server without a network.
type memoryServer struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newMemoryServer(t testing.TB, h http.Handler) *memoryServer {
	t.Helper()
	m := &memoryServer{conns: make(chan net.Conn), done: make(chan struct{})}
	s := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = s.Serve(m)
	}()
	t.Cleanup(func() {
		_ = s.Close()
		<-served
	})
	return m
}

// dial is a DialFunc.
func (m *memoryServer) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case m.conns <- server:
		return client, nil
	case <-m.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements net.Listener.
func (m *memoryServer) Accept() (net.Conn, error) {
	select {
	case c := <-m.conns:
		return c, nil
	case <-m.done:
		return nil, io.EOF
	}
}

// Close implements net.Listener.
func (m *memoryServer) Close() error {
	m.once.Do(func() { close(m.done) })
	return nil
}

// Addr implements net.Listener.
func (m *memoryServer) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "unix"} }
