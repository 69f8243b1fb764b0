// Command ground measures the services that the others stand on, through the
// AWS SDK: objects, log events, queues, and how long an alarm takes to act. It
// works against any server that emulates AWS, so that servers can be compared;
// half of the machine, at least, goes to the client.
//
//	go run ./bench/ground -url http://127.0.0.1:4566 -only objects,logs -d 5s
package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// bench is one run against one server.
type bench struct {
	cfg      aws.Config
	duration time.Duration
	clients  int
	alarms   int
	changing int
	listed   int
	run      string // makes names unique across runs
}

// measurement prints a line or more.
type measurement func(context.Context) error

func main() {
	url := flag.String("url", "http://127.0.0.1:4566", "endpoint")
	only := flag.String("only", "objects,listing,logs,queues", "what to measure, of objects, listing, logs, queues, alarms")
	duration := flag.Duration("d", 5*time.Second, "how long each measurement takes")
	clients := flag.Int("c", 8, "concurrent clients")
	alarms := flag.Int("alarms", 10, "alarms that watch while their latency is measured")
	changing := flag.Int("changing", 10, "how many of them change their state each period")
	listed := flag.Int("listed", 5_000, "objects in the listed bucket")
	id := flag.String("id", "test", "access key id")
	secret := flag.String("secret", "test", "secret access key")
	flag.Parse()
	b := &bench{
		duration: *duration, clients: *clients, alarms: *alarms, changing: min(*changing, *alarms), listed: *listed, run: fmt.Sprint(time.Now().UnixNano()),
		cfg: aws.Config{
			Region: "us-east-1", BaseEndpoint: url, Credentials: credentials.NewStaticCredentialsProvider(*id, *secret, ""),
			HTTPClient: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: *clients}},
			Retryer:    func() aws.Retryer { return aws.NopRetryer{} },
		},
	}
	all := map[string]measurement{
		"objects": b.objects, "listing": b.listing, "logs": b.logs, "queues": b.queues, "alarms": b.watch,
	}
	for name := range strings.SplitSeq(*only, ",") {
		m := all[name]
		if m == nil {
			fatal(fmt.Errorf("no measurement %q", name))
		}
		if err := m(context.Background()); err != nil {
			fatal(fmt.Errorf("%s: %w", name, err))
		}
	}
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "ground:", err)
	os.Exit(1)
}

// measure calls f from all clients until the time is up, and prints how often a
// second it succeeded, times what each success is worth.
func (b *bench) measure(ctx context.Context, name, unit string, worth float64, f func(ctx context.Context, client, n int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var done atomic.Int64
	var wg sync.WaitGroup
	var mu sync.Mutex
	var took []time.Duration
	began := time.Now()
	for c := range b.clients {
		wg.Go(func() {
			var own []time.Duration
			for n := 0; time.Since(began) < b.duration && ctx.Err() == nil; n++ {
				start := time.Now()
				if err := f(ctx, c, n); err != nil {
					cancel(err)
					return
				}
				own = append(own, time.Since(start))
				done.Add(1)
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, own...)
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	rate := float64(done.Load()) * worth / time.Since(began).Seconds()
	fmt.Printf("%-28s %10.0f %s/s   %s\n", name, rate, unit, spread(took))
	return nil
}

// spread is the median and the 99th percentile.
func spread(d []time.Duration) string {
	if len(d) == 0 {
		return "nothing"
	}
	slices.Sort(d)
	at := func(p float64) time.Duration { return d[int(p*float64(len(d)-1))].Round(10 * time.Microsecond) }
	return fmt.Sprintf("p50 %v p99 %v max %v", at(0.5), at(0.99), at(1))
}
