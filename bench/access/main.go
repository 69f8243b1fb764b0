// Command access measures what authorization costs: calls a second and the
// server's own processor time for each, without it and with it, as the root
// user, as an IAM user with twenty policies of ten statements, and as a role
// session with a session policy. Signatures are checked wherever authorization
// is on. Servers run in processes of their own, side by side, and are measured
// in turn; requests are signed once and sent over and over, so that the client
// costs little. Then it measures signatures and decisions alone.
//
//	go run ./bench/access -d 2s -rounds 3
//	go run ./bench/access -database URL     # PostgreSQL: an empty database
//	go run ./bench/access -only alone
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

type options struct {
	database string
	only     string
	ops      string
	who      string
	conns    int
	rounds   int
	duration time.Duration
	profile  string

	serve string // "off" or "on": be the server
	dir   string
	blobs string // URL of the blobs that servers on one database share
}

func main() {
	var o options
	flag.StringVar(&o.database, "database", "", "URL of an empty PostgreSQL database; SQLite when absent")
	flag.StringVar(&o.only, "only", "calls,alone", "what to measure, of calls and alone")
	flag.StringVar(&o.ops, "ops", "", "operations to measure; all when absent")
	flag.StringVar(&o.who, "who", "off,root,user,role", "as whom")
	flag.IntVar(&o.conns, "c", 16, "connections")
	flag.IntVar(&o.rounds, "rounds", 3, "how often each is measured; the median counts")
	flag.DurationVar(&o.duration, "d", 2*time.Second, "how long each measurement takes")
	flag.StringVar(&o.profile, "cpuprofile", "", "file for a CPU profile of the server with authorization")
	flag.StringVar(&o.serve, "serve", "", "be a server: for this command's own use")
	flag.StringVar(&o.dir, "dir", "", "data directory of -serve")
	flag.StringVar(&o.blobs, "blobs", "", "URL of the blobs of -serve")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "access:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	if o.serve != "" {
		return serve(ctx, o)
	}
	for name := range strings.SplitSeq(o.only, ",") {
		var err error
		switch name {
		case "calls":
			err = calls(ctx, o)
		case "alone":
			err = alone(ctx)
		default:
			err = fmt.Errorf("no measurement %q", name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// calls compares the callers, operation by operation.
func calls(ctx context.Context, o options) error {
	if o.database != "" {
		dir, err := os.MkdirTemp("", "nephele-bench-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		o.blobs = "file://" + dir
	}
	off, err := start(ctx, o, "off")
	if err != nil {
		return err
	}
	defer off.stop()
	on, err := start(ctx, o, "on")
	if err != nil {
		return err
	}
	defer on.stop()
	callers, err := meet(ctx, off, on)
	if err != nil {
		return err
	}
	fmt.Printf("%-30s %-6s %10s %14s %14s\n", "operation", "caller", "calls/s", "user µs/call", "system µs/call")
	for _, op := range operations {
		if o.ops != "" && !strings.Contains(","+o.ops+",", ","+op.name+",") {
			continue
		}
		if err := compare(ctx, o, op, callers); err != nil {
			return fmt.Errorf("%s: %w", op.name, err)
		}
	}
	return nil
}

// compare measures one operation by each caller in turn.
func compare(ctx context.Context, o options, op operation, callers []caller) error {
	found := make(map[string][]sample)
	for range o.rounds {
		for _, c := range callers {
			if !strings.Contains(","+o.who+",", ","+c.name+",") {
				continue
			}
			request, err := c.record(ctx, op)
			if err != nil {
				return fmt.Errorf("as %s: %w", c.name, err)
			}
			s, err := c.server.measure(ctx, request, o.conns, o.duration)
			if err != nil {
				return fmt.Errorf("as %s: %w", c.name, err)
			}
			found[c.name] = append(found[c.name], s)
		}
	}
	for _, c := range callers {
		if all := found[c.name]; len(all) > 0 {
			fmt.Printf("%-30s %-6s %10.0f %14.1f %14.1f\n", op.service+" "+op.name, c.name,
				median(all, func(s sample) float64 { return s.rate }),
				median(all, func(s sample) float64 { return s.user }),
				median(all, func(s sample) float64 { return s.system }))
		}
	}
	return nil
}
