package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// sample is one measurement.
type sample struct {
	rate         float64 // calls a second
	user, system float64 // the server's processor time for a call, in microseconds
}

func median(all []sample, of func(sample) float64) float64 {
	var v []float64
	for _, s := range all {
		v = append(v, of(s))
	}
	slices.Sort(v)
	return v[len(v)/2]
}

// warm is how long a measurement runs before it counts.
const warm = 200 * time.Millisecond

// measure sends a request over and over.
func (s *server) measure(ctx context.Context, request []byte, conns int, d time.Duration) (sample, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var done atomic.Int64
	var wg sync.WaitGroup
	for range conns {
		wg.Go(func() {
			if err := s.repeat(ctx, request, &done); err != nil {
				cancel(err)
			}
		})
	}
	out, err := s.sample(ctx, &done, d)
	cancel(nil)
	wg.Wait()
	if cause := context.Cause(ctx); cause != nil && cause != context.Canceled { //nolint:errorlint // cancel(nil) says so
		return out, cause
	}
	return out, err
}

// sample counts what happens within d.
func (s *server) sample(ctx context.Context, done *atomic.Int64, d time.Duration) (sample, error) {
	await(ctx, warm)
	before, began := done.Load(), time.Now()
	user, system, err := s.spent()
	if err != nil {
		return sample{}, err
	}
	await(ctx, d)
	n, took := float64(done.Load()-before), time.Since(began)
	userNow, systemNow, err := s.spent()
	if err != nil || n == 0 {
		return sample{}, fmt.Errorf("%v calls: %w", n, err)
	}
	return sample{
		rate: n / took.Seconds(),
		user: float64((userNow - user).Microseconds()) / n, system: float64((systemNow - system).Microseconds()) / n,
	}, nil
}

func await(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// repeat sends the request on one connection until ctx ends.
func (s *server) repeat(ctx context.Context, request []byte, done *atomic.Int64) error {
	for ctx.Err() == nil {
		if err := s.connection(ctx, request, done); err != nil {
			return err
		}
	}
	return nil
}

// connection is repeat until the server closes the connection.
func (s *server) connection(ctx context.Context, request []byte, done *atomic.Int64) error {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		return ignoring(ctx, err)
	}
	defer c.Close()
	in := bufio.NewReader(c)
	for ctx.Err() == nil {
		if _, err := c.Write(request); err != nil {
			return ignoring(ctx, err)
		}
		again, err := answer(in)
		if err != nil {
			return ignoring(ctx, err)
		}
		done.Add(1)
		if !again {
			return nil
		}
	}
	return nil
}

// answer reads an answer, and reports whether the connection stays open.
func answer(in *bufio.Reader) (again bool, err error) {
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", resp.Status, bytes.TrimSpace(body))
	}
	return !resp.Close, err
}

// ignoring is an error, unless everything is over.
func ignoring(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		err = nil
	}
	return err
}
