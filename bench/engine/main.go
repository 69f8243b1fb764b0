// Command engine measures the store and the engine: durable writes a second,
// steps a second, and how late timers are while many more are held.
//
//	go run ./bench/engine                    # SQLite in a temporary directory
//	go run ./bench/engine -database URL      # PostgreSQL; the database is emptied
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"

	"nephele.dev/nephele/internal/store"
)

type options struct {
	database string
	full     bool
	only     string
	held     int
	steps    int
	timers   int
	writers  int
	duration time.Duration
	profile  string
}

func main() {
	var o options
	flag.StringVar(&o.database, "database", "", "URL of a PostgreSQL database, which is emptied; SQLite when absent")
	flag.BoolVar(&o.full, "full-sync", false, "have SQLite wait for the medium with each commit")
	flag.StringVar(&o.only, "only", "writes,steps,commits,timers", "what to measure")
	flag.IntVar(&o.held, "held", 1_000_000, "timers that are held meanwhile and do not fall due")
	flag.IntVar(&o.steps, "steps", 200_000, "steps to measure")
	flag.IntVar(&o.timers, "timers", 10_000, "timers that fall due while they are measured")
	flag.IntVar(&o.writers, "writers", 16, "concurrent callers of Update")
	flag.DurationVar(&o.duration, "duration", 10*time.Second, "for writes and timers")
	flag.StringVar(&o.profile, "cpuprofile", "", "file for a CPU profile")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp("", "nephele-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	db, err := store.Open(ctx, store.Config{Dir: dir, URL: o.database, FullSync: o.full})
	if err != nil {
		return err
	}
	defer db.Close()
	if o.profile != "" {
		f, err := os.Create(o.profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	fmt.Printf("%s, full sync %t\n", db.Dialect(), o.full)
	for _, m := range []struct {
		name string
		run  func(context.Context, *store.DB, options) error
	}{{"writes", writes}, {"steps", steps}, {"commits", commits}, {"timers", timers}} {
		if !strings.Contains(","+o.only+",", ","+m.name+",") {
			continue
		}
		if err := db.Reset(ctx); err != nil {
			return err
		}
		if err := m.run(ctx, db, o); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return nil
}

// cpu is the processor time that this process has used: on a busy machine a
// better measure of cost than the clock.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
