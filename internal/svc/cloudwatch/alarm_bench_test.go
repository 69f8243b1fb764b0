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

// BenchmarkAlarms has 10,000 alarms due at the end of one minute, of which 200
// change their state, and reports when the notifications of those arrived, and
// what an evaluation of all costs. It takes three minutes: run it with
// -benchtime 1x.
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

const (
	benchTotal    = 10_000
	benchChanging = 200
)

func benchAlarms(b *testing.B, h *house) {
	putAlarms(b, h)
	boundary := time.Now().Truncate(time.Minute).Add(time.Minute)
	if time.Until(boundary) < 20*time.Second {
		boundary = boundary.Add(time.Minute)
	}
	feed(b, h, boundary.Add(-50*time.Second), 0)
	time.Sleep(time.Until(boundary.Add(5 * time.Second))) // all are OK now
	drain(h)
	feed(b, h, boundary.Add(5*time.Second), benchChanging)
	boundary = boundary.Add(time.Minute)
	time.Sleep(time.Until(boundary.Add(-time.Second)))
	before := cpu(b)
	var latencies []time.Duration
	for range benchChanging {
		select {
		case <-h.heard:
			latencies = append(latencies, time.Since(boundary))
		case <-time.After(30 * time.Second):
			b.Fatalf("%d notifications came", len(latencies))
		}
	}
	time.Sleep(time.Second)
	used := cpu(b) - before
	slices.Sort(latencies)
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	b.ReportMetric(ms(latencies[len(latencies)/2]), "ms-p50")
	b.ReportMetric(ms(latencies[len(latencies)*99/100]), "ms-p99")
	b.ReportMetric(ms(latencies[len(latencies)-1]), "ms-last")
	b.ReportMetric(ms(used), "cpu-ms")
	stats, err := h.engine.Stats(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	k := stats.Kinds["cloudwatch.alarms"]
	b.ReportMetric(ms(k.Duration.Sum)/float64(k.Duration.Count), "ms/shard")
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

// feed puts a datapoint of each metric; those of the first few alarm.
func feed(b *testing.B, h *house, at time.Time, alarming int) {
	for i := 0; i < benchTotal; i += 1000 {
		var data []*api.MetricDatum
		for j := range 1000 {
			v := 1.0
			if i+j < alarming {
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
