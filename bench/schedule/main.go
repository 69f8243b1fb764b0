// Command schedule measures how well a server keeps canaries on their
// schedules: it creates canaries, starts them evenly over one period, lets them
// run, and reports runs a minute, how late they began, what was passed over, and
// the processor time and memory of the server and of all that it ran.
//
//	go run ./bench/schedule -canaries 10000 -kind multi-checks -d 5m
//	go run ./bench/schedule -canaries 60 -kind heartbeat -workers 2 -d 3m
//	go run ./bench/schedule -database URL     # PostgreSQL: an empty database
//
// What canaries visit is a page of the command's own on loopback. The server is
// a process of its own. Linux only.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

type options struct {
	canaries int
	kind     string
	family   string
	workers  int
	duration time.Duration
	database string
	binary   string
}

func main() {
	var o options
	flag.IntVar(&o.canaries, "canaries", 1000, "how many canaries, each once a minute")
	flag.StringVar(&o.kind, "kind", "multi-checks", "the blueprint that they are made from")
	flag.StringVar(&o.family, "family", "", "the family of runtimes; the blueprint's first when absent")
	flag.IntVar(&o.workers, "workers", 0, "runs at a time; the server's own choice when absent")
	flag.DurationVar(&o.duration, "d", 3*time.Minute, "how long to measure, after the first minute")
	flag.StringVar(&o.database, "database", "", "URL of an empty PostgreSQL database; SQLite when absent")
	flag.StringVar(&o.binary, "binary", "bin/nephele", "the server's program (make build)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "schedule:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	site := newSite()
	defer site.Close()
	s, err := startServer(ctx, o)
	if err != nil {
		return err
	}
	defer s.stop()
	b, err := newBench(ctx, s, o, site.URL)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := b.createAll(ctx); err != nil {
		return err
	}
	fmt.Printf("created     %d canaries in %.1f s\n", o.canaries, time.Since(began).Seconds())
	if err := b.startAll(ctx, time.Minute); err != nil {
		return err
	}
	before, err := s.measure(ctx)
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(o.duration):
	}
	after, err := s.measure(ctx)
	if err != nil {
		return err
	}
	report(o, before, after)
	return nil
}
