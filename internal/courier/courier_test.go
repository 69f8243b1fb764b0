package courier_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"nephele.dev/nephele/internal/api/sns"
	"nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/courier"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/engine/enginetest"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type (
	input  = sqs.SendMessageInput
	output = sqs.SendMessageOutput
)

// desk is a courier whose only call is SQS SendMessage, answered by a test.
type desk struct {
	db      *store.DB
	engine  *engine.Engine
	courier *courier.Courier
}

func open(t testing.TB, db *store.DB, k courier.Class, send func(context.Context, *input) (*output, error)) *desk {
	t.Helper()
	p := plane.New(plane.Options{Logger: slog.New(slog.DiscardHandler)})
	p.Register(sqs.Service(), sqs.Handlers{SendMessage: send}.Table())
	d := &desk{db: db}
	d.engine = enginetest.Start(t, db, engine.Options{Lanes: map[string]int{courier.Lane: 4}}, func(e *engine.Engine) {
		d.courier = courier.New(e, p, []*shape.Service{sqs.Service(), sns.Service()})
		d.courier.Register("test", k)
	})
	return d
}

func message(id, order, body string) courier.Message {
	return courier.Message{
		ID: id, Class: "test", Order: order, Principal: "events.amazonaws.com", Account: "123456789012", Region: "eu-west-1",
		Service: "sqs", Operation: "SendMessage", Note: "note of " + body,
		Input: &input{QueueUrl: "http://sqs.internal/123456789012/q", MessageBody: body},
	}
}

func (d *desk) send(t *testing.T, m ...courier.Message) {
	t.Helper()
	err := d.db.Update(t.Context(), func(tx *store.Tx) error {
		for _, one := range m {
			if err := d.courier.Send(tx, one); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestCallAndHook(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		type call struct {
			caller      plane.Caller
			token, body string
		}
		calls, ended := make(chan call, 1), make(chan string, 1)
		d := open(t, db, courier.Class{Sent: func(tx *store.Tx, s *courier.Sent) error {
			var note string
			var in input
			err := errors.Join(s.Message.NoteInto(&note), s.Message.InputInto(&in))
			id := s.Output.(*output).MessageId
			tx.OnCommit(func() { ended <- fmt.Sprintf("%s, %s, %s", note, in.MessageBody, *id) })
			return err
		}}, func(ctx context.Context, in *input) (*output, error) {
			calls <- call{plane.FromContext(ctx).Caller, plane.Token(ctx), in.MessageBody}
			id := "answered"
			return &output{MessageId: &id}, nil
		})
		d.send(t, message("a", "", "hello"))
		want := call{plane.ServiceCaller("events.amazonaws.com", "123456789012", "eu-west-1"), "test/a", "hello"}
		if got := enginetest.Receive(t, calls); !reflect.DeepEqual(got, want) {
			t.Errorf("called as %+v, want %+v", got, want)
		}
		if got, want := enginetest.Receive(t, ended), "note of hello, hello, answered"; got != want {
			t.Errorf("hook saw %q, want %q", got, want)
		}
	})
}

func TestNothingWithoutCommit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		d := open(t, storetest.SQLite(t), courier.Class{}, func(context.Context, *input) (*output, error) {
			calls++
			return &output{}, nil
		})
		undone := errors.New("undone")
		err := d.db.Update(t.Context(), func(tx *store.Tx) error {
			return errors.Join(d.courier.Send(tx, message("", "", "lost")), undone)
		})
		if !errors.Is(err, undone) {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if calls != 0 {
			t.Errorf("%d calls of a transaction that was undone", calls)
		}
	})
}

func TestBadMessages(t *testing.T) {
	t.Parallel()
	d := open(t, storetest.SQLite(t), courier.Class{}, nil)
	for name, spoil := range map[string]func(*courier.Message){
		"class":     func(m *courier.Message) { m.Class = "other" },
		"service":   func(m *courier.Message) { m.Service = "none" },
		"operation": func(m *courier.Message) { m.Operation = "Send" },
		"input":     func(m *courier.Message) { m.Input = &sns.PublishInput{} },
		"no input":  func(m *courier.Message) { m.Input = nil },
		"note":      func(m *courier.Message) { m.Note = func() {} },
	} {
		m := message("", "", "x")
		spoil(&m)
		err := d.db.Update(t.Context(), func(tx *store.Tx) error { return d.courier.Send(tx, m) })
		if err == nil {
			t.Errorf("%s: sent", name)
		}
	}
}

// failure is how a message of TestGivingUp ends.
type failure struct {
	attempts int
	expired  bool
	code     string
	after    time.Duration
}

func TestGivingUp(t *testing.T) {
	t.Parallel()
	busy := awserr.New("InternalFailure", 500, "busy")
	everyMinute := func(int) time.Duration { return time.Minute }
	for name, tt := range map[string]struct {
		class courier.Class
		err   error
		want  failure
	}{
		"attempts":        {courier.Class{MaxAttempts: 3, Backoff: everyMinute}, busy, failure{3, false, "InternalFailure", 2 * time.Minute}},
		"age":             {courier.Class{MaxAge: 150 * time.Second, Backoff: everyMinute}, busy, failure{3, true, "InternalFailure", 2 * time.Minute}},
		"permanent":       {courier.Class{}, sqs.NewQueueDoesNotExist("no"), failure{1, false, "QueueDoesNotExist", 0}},
		"not implemented": {courier.Class{}, awserr.New("NotImplemented", 501, "no"), failure{1, false, "NotImplemented", 0}},
		"throttled":       {courier.Class{MaxAttempts: 2, Backoff: everyMinute}, awserr.New("ThrottlingException", 400, "slow"), failure{2, false, "ThrottlingException", time.Minute}},
		"message's own": {courier.Class{
			Limits:  func(courier.Envelope) (int, time.Duration) { return 2, 0 },
			Backoff: everyMinute,
		}, busy, failure{2, false, "InternalFailure", time.Minute}},
		"default": {courier.Class{Backoff: everyMinute}, busy, failure{185, false, "InternalFailure", 184 * time.Minute}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began, ended := time.Now(), make(chan failure, 1)
				tt.class.GivenUp = func(tx *store.Tx, f *courier.Failed) error {
					got := failure{f.Attempts, f.Expired, f.Err.Code, time.Since(began).Truncate(time.Minute)}
					tx.OnCommit(func() { ended <- got })
					return nil
				}
				d := open(t, storetest.SQLite(t), tt.class, func(context.Context, *input) (*output, error) { return nil, tt.err })
				d.send(t, message("", "", "x"))
				if got := <-ended; got != tt.want {
					t.Errorf("ended as %+v, want %+v", got, tt.want)
				}
			})
		})
	}
}

// TestOrder sends lines whose messages fail now and then, from several
// goroutines: each line arrives in the order of its commits, whole.
func TestOrder(t *testing.T) {
	t.Parallel()
	const lines, each = 3, 12
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var mu sync.Mutex
		arrived := map[string][]string{}
		failed := map[string]bool{}
		all := make(chan struct{})
		count := 0
		d := open(t, db, courier.Class{Backoff: func(int) time.Duration { return time.Millisecond }},
			func(_ context.Context, in *input) (*output, error) {
				mu.Lock()
				defer mu.Unlock()
				line, body := *in.MessageGroupId, in.MessageBody
				if n, _ := strconv.Atoi(body); n%3 == 0 && !failed[line+body] {
					failed[line+body] = true
					return nil, awserr.New("InternalFailure", 500, "busy")
				}
				arrived[line] = append(arrived[line], body)
				if count++; count == lines*each {
					close(all)
				}
				return &output{}, nil
			})
		var wg sync.WaitGroup
		for line := range lines {
			wg.Go(func() {
				group := "line-" + strconv.Itoa(line)
				for n := range each {
					m := message("", group, strconv.Itoa(n))
					m.Input.(*input).MessageGroupId = &group
					d.send(t, m)
				}
			})
		}
		wg.Wait()
		enginetest.Receive(t, all)
		mu.Lock()
		defer mu.Unlock()
		for line, got := range arrived {
			if len(got) != each || !slices.IsSortedFunc(got, numerically) {
				t.Errorf("%s: %v", line, got)
			}
		}
	})
}

func numerically(a, b string) int {
	x, _ := strconv.Atoi(a)
	y, _ := strconv.Atoi(b)
	return x - y
}

// TestSurvivesStop cuts off a call in the middle: the message is called again,
// by the engine that comes after, under the same token.
func TestSurvivesStop(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		tokens := make(chan string, 2)
		p := plane.New(plane.Options{Logger: slog.New(slog.DiscardHandler)})
		hang := true
		p.Register(sqs.Service(), sqs.Handlers{SendMessage: func(ctx context.Context, _ *input) (*output, error) {
			tokens <- plane.Token(ctx)
			if hang {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return &output{}, nil
		}}.Table())
		start := func() *desk {
			d := &desk{db: db, engine: engine.New(db, engine.Options{Owner: "one"})}
			d.courier = courier.New(d.engine, p, []*shape.Service{sqs.Service()})
			d.courier.Register("test", courier.Class{MaxAttempts: 1})
			if err := d.engine.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			return d
		}
		stop := func(d *desk) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := d.engine.Stop(ctx); err != nil {
				t.Error(err)
			}
		}
		d := start()
		d.send(t, message("a", "line", "x"))
		first := enginetest.Receive(t, tokens)
		stop(d)
		hang = false
		d = start()
		defer stop(d)
		if again := enginetest.Receive(t, tokens); again != first {
			t.Errorf("repeated under token %q, first %q", again, first)
		}
	})
}

func TestSameIDInLineCountsOnce(t *testing.T) {
	t.Parallel()
	bodies := make(chan string, 4)
	d := open(t, storetest.SQLite(t), courier.Class{}, func(_ context.Context, in *input) (*output, error) {
		bodies <- in.MessageBody
		return &output{}, nil
	})
	d.send(t, message("a", "line", "1"), message("b", "line", "2"), message("a", "line", "again"), message("c", "line", "3"))
	for _, want := range []string{"1", "2", "3"} {
		if got := enginetest.Receive(t, bodies); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
