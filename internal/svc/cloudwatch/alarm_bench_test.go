package cloudwatch_test

import (
	"fmt"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

// BenchmarkAlarms has 10,000 alarms due at the ends of minutes, of which first a
// few and then many change their state, and reports when the notifications of
// those arrived, and the processor time from a second before to a second after.
// It takes four minutes: run it with -benchtime 1x.
func BenchmarkAlarms(b *testing.B) {
	for name, config := range map[string]func() store.Config{
		"sqlite":   func() store.Config { return store.Config{Dir: b.TempDir()} },
		"postgres": func() store.Config { return store.Config{URL: storetest.PostgresURL(b)} },
	} {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				benchAlarms(b, open(b, storetest.Open(b, config())))
			}
		})
	}
}

const benchTotal = 10_000

func benchAlarms(b *testing.B, h *house) {
	putAlarms(b, h)
	boundary := time.Now().Truncate(time.Minute).Add(time.Minute)
	if time.Until(boundary) < 20*time.Second {
		boundary = boundary.Add(time.Minute)
	}
	feed(b, h, boundary.Add(-50*time.Second), 0, 0)
	time.Sleep(time.Until(boundary.Add(10 * time.Second))) // all are OK now
	drain(h)
	from := 0
	for _, changing := range []int{20, 200} {
		feed(b, h, boundary.Add(15*time.Second), from, changing)
		boundary = boundary.Add(time.Minute)
		benchBoundary(b, h, boundary, changing)
		from += changing
	}
}

// benchBoundary waits for the end of a minute and what it brings.
func benchBoundary(b *testing.B, h *house, boundary time.Time, changing int) {
	time.Sleep(time.Until(boundary.Add(-time.Second)))
	drain(h)
	before := cpu(b)
	var latencies []time.Duration
	for range changing {
		select {
		case <-h.heard:
			latencies = append(latencies, time.Since(boundary))
		case <-time.After(30 * time.Second):
			b.Fatalf("%d notifications of %d came", len(latencies), changing)
		}
	}
	time.Sleep(time.Second)
	used := cpu(b) - before
	slices.Sort(latencies)
	report := func(d time.Duration, what string) {
		b.ReportMetric(float64(d)/float64(time.Millisecond), fmt.Sprintf("ms-%s/%d", what, changing))
	}
	report(latencies[len(latencies)/2], "p50")
	report(latencies[len(latencies)*99/100], "p99")
	report(used, "cpu")
}

// putAlarms makes the alarms, several at a time.
func putAlarms(b *testing.B, h *house) {
	began := time.Now()
	var wg sync.WaitGroup
	for part := range 8 {
		wg.Go(func() {
			for i := part; i < benchTotal; i += 8 {
				in := simpleAlarm(fmt.Sprint("m", i))
				in.OKActions, in.InsufficientDataActions = nil, nil
				if _, err := h.PutMetricAlarm(b.Context(), in); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(benchTotal/time.Since(began).Seconds(), "puts/s")
}

// feed puts a datapoint of each metric; those of a few from a place on alarm,
// and those before stay as they are.
func feed(b *testing.B, h *house, at time.Time, from, alarming int) {
	for i := 0; i < benchTotal; i += 1000 {
		var data []*api.MetricDatum
		for j := range 1000 {
			v := 1.0
			if i+j < from {
				v = 10
			}
			if n := i + j; n >= from && n < from+alarming {
				v = 10
			}
			data = append(data, datum(fmt.Sprint("m", i+j), at, v))
		}
		if _, err := h.PutMetricData(b.Context(), &api.PutMetricDataInput{Namespace: "Test", MetricData: data}); err != nil {
			b.Fatal(err)
		}
	}
}

func drain(h *house) {
	for {
		select {
		case <-h.heard:
		default:
			return
		}
	}
}

// cpu is the processor time that this process has used.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
