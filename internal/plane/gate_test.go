package plane_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
)

// quiet is a plane whose StartCanary is f.
func quiet(o plane.Options, f func(context.Context) error) *plane.Plane {
	o.Logger = slog.New(slog.DiscardHandler)
	p := plane.New(o)
	p.Register(synthetics.Service(), canaries(func(ctx context.Context, in *synthetics.StartCanaryInput) (*synthetics.StartCanaryOutput, error) {
		if err := f(ctx); err != nil {
			return nil, err
		}
		return ok(ctx, in)
	}))
	return p
}

func start(ctx context.Context, p *plane.Plane, opts ...plane.Option) error {
	_, err := p.Invoke(ctx, root, startCanary, &synthetics.StartCanaryInput{Name: "c"}, opts...)
	return err
}

func TestFreezeWaitsAndBlocks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		finish, inside := make(chan struct{}), 0
		p := quiet(plane.Options{}, func(context.Context) error {
			inside++
			<-finish
			inside--
			return nil
		})
		first := make(chan error, 1)
		go func() { first <- start(t.Context(), p) }()
		synctest.Wait()
		frozen := make(chan func(), 1)
		go func() {
			thaw, err := p.Freeze(t.Context())
			if err != nil {
				t.Error(err)
			}
			frozen <- thaw
		}()
		synctest.Wait()
		second := make(chan error, 1)
		go func() { second <- start(t.Context(), p) }()
		synctest.Wait()
		if inside != 1 {
			t.Fatalf("%d calls inside, want the first alone", inside)
		}
		close(finish)
		thaw := <-frozen
		if err := <-first; err != nil || inside != 0 {
			t.Fatalf("frozen with %d inside, first call: %v", inside, err)
		}
		synctest.Wait()
		select {
		case err := <-second:
			t.Fatalf("a call passed the frozen gate: %v", err)
		default:
		}
		thaw()
		thaw() // harmless
		if err := <-second; err != nil {
			t.Error(err)
		}
	})
}

func TestFreezeCancelsLongCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := quiet(plane.Options{}, func(ctx context.Context) error {
			<-ctx.Done()
			return context.Cause(ctx)
		})
		done := make(chan error, 1)
		go func() { done <- start(t.Context(), p) }()
		synctest.Wait()
		begin := time.Now()
		thaw, err := p.Freeze(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		thaw()
		if d := time.Since(begin); d > time.Second {
			t.Errorf("a long poll held the freeze for %v", d)
		}
		if err := <-done; err == nil {
			t.Error("the long call succeeded")
		}
	})
}

// TestFreezeAborts ends a handler that does not look at its context.
func TestFreezeAborts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		upload := make(chan struct{})
		p := quiet(plane.Options{}, func(context.Context) error { <-upload; return nil })
		aborted := 0
		abort := plane.WithAbort(func() { aborted++; close(upload) })
		done := make(chan error, 1)
		go func() { done <- start(t.Context(), p, abort) }()
		synctest.Wait()
		thaw, err := p.Freeze(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		thaw()
		if err := <-done; err != nil || aborted != 1 {
			t.Errorf("aborted %d times, error %v", aborted, err)
		}
		upload = make(chan struct{})
		close(upload)
		if err := start(t.Context(), p, abort); err != nil || aborted != 1 {
			t.Errorf("a call that nobody froze: aborted %d times, error %v", aborted, err)
		}
	})
}

func TestFreezeGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		finish := make(chan struct{})
		p := quiet(plane.Options{}, func(context.Context) error { <-finish; return nil })
		done := make(chan error, 1)
		go func() { done <- start(t.Context(), p) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := p.Freeze(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
		close(finish)
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := start(t.Context(), p); err != nil {
			t.Errorf("the gate stayed shut: %v", err)
		}
	})
}

func TestBlockedCallEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := quiet(plane.Options{}, func(context.Context) error { return nil })
		thaw, err := p.Freeze(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer thaw()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := start(ctx, p); !awserr.Is(err, "RequestTimeout") {
			t.Errorf("got %v", err)
		}
	})
}

// settler pretends that every call's work rests after rest.
type settler struct {
	rest    time.Duration
	tracked int
}

func (s *settler) Track(ctx context.Context) (context.Context, func(context.Context) error) {
	s.tracked++
	return ctx, func(ctx context.Context) error {
		select {
		case <-time.After(s.rest):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func TestSettle(t *testing.T) {
	t.Parallel()
	header := func(v string) plane.Option { return plane.WithHTTP(http.Header{plane.SettleHeader: {v}}, "") }
	door := plane.WithMissing(nil)
	tests := []struct {
		name   string
		option time.Duration
		rest   time.Duration
		opts   []plane.Option
		want   time.Duration
	}{
		{"off", 0, 3 * time.Second, []plane.Option{door}, 0},
		{"until the work rests", 10 * time.Second, 3 * time.Second, []plane.Option{door}, 3 * time.Second},
		{"until the time is up", 10 * time.Second, time.Hour, []plane.Option{door}, 10 * time.Second},
		{"the header asks", 0, 3 * time.Second, []plane.Option{door, header("1m")}, 3 * time.Second},
		{"the header declines", 10 * time.Second, 3 * time.Second, []plane.Option{door, header("0s")}, 0},
		{"the header asks for too much", 0, 24 * time.Hour, []plane.Option{door, header("24h")}, plane.MaxSettle},
		{"not from a door", 10 * time.Second, 3 * time.Second, nil, 0},
		{"told to", 0, 3 * time.Second, []plane.Option{plane.WithSettle(time.Minute)}, 3 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := quiet(plane.Options{Settle: tt.option, Settler: &settler{rest: tt.rest}}, func(context.Context) error { return nil })
				begin := time.Now()
				if err := start(t.Context(), p, tt.opts...); err != nil {
					t.Fatal(err)
				}
				if got := time.Since(begin); got != tt.want {
					t.Errorf("answered after %v, want %v", got, tt.want)
				}
			})
		})
	}
}

func TestSettleDoesNotHoldAReset(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := quiet(plane.Options{Settle: time.Minute, Settler: &settler{rest: time.Hour}}, func(context.Context) error { return nil })
		go func() { _ = start(t.Context(), p, plane.WithMissing(nil)) }()
		synctest.Wait()
		begin := time.Now()
		thaw, err := p.Freeze(t.Context())
		if err != nil || time.Since(begin) != 0 {
			t.Fatalf("frozen after %v: %v", time.Since(begin), err)
		}
		thaw()
		time.Sleep(time.Minute)
	})
}

func TestSettleOnlyWhatSucceededAndWrites(t *testing.T) {
	t.Parallel()
	s := &settler{}
	p := quiet(plane.Options{Settle: time.Minute, Settler: s}, func(context.Context) error { return errors.New("no") })
	get := synthetics.Service().Operation("GetCanary")
	p.Register(synthetics.Service(), synthetics.Handlers{GetCanary: func(context.Context, *synthetics.GetCanaryInput) (*synthetics.GetCanaryOutput, error) {
		return &synthetics.GetCanaryOutput{}, nil
	}}.Table())
	if _, err := p.Invoke(t.Context(), root, get, &synthetics.GetCanaryInput{Name: "c"}, plane.WithMissing(nil)); err != nil {
		t.Fatal(err)
	}
	if s.tracked != 0 {
		t.Error("a read was tracked")
	}
}

func TestBadSettleHeader(t *testing.T) {
	t.Parallel()
	p := quiet(plane.Options{}, func(context.Context) error { return nil })
	err := start(t.Context(), p, plane.WithHTTP(http.Header{plane.SettleHeader: {"soon"}}, ""))
	if e := awserr.As(err); e == nil || e.Status != 400 {
		t.Errorf("got %v", err)
	}
}

// An output that streams is read after its handler has returned, from
// something opened under the handler's context.
func TestContextOutlivesTheHandler(t *testing.T) {
	t.Parallel()
	var handlers context.Context
	p := quiet(plane.Options{}, func(ctx context.Context) error {
		handlers = ctx
		return nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	if err := start(ctx, p); err != nil {
		t.Fatal(err)
	}
	if err := handlers.Err(); err != nil {
		t.Errorf("the context ended with the handler: %v", err)
	}
	cancel()
	if handlers.Err() == nil {
		t.Error("the context outlives the request")
	}
}
