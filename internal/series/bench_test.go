package series_test

import (
	"fmt"
	"testing"
	"time"

	"nephele.dev/nephele/internal/series"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

// onBoth runs f as sub-benchmarks on a fresh database each.
func onBoth(b *testing.B, f func(b *testing.B, db *store.DB)) {
	b.Run("sqlite", func(b *testing.B) { f(b, storetest.SQLite(b)) })
	b.Run("postgres", func(b *testing.B) { f(b, storetest.Open(b, store.Config{URL: storetest.PostgresURL(b)})) })
}

func numbered(i int) series.ID {
	id := cpu
	id.Dimensions = []series.Dimension{{Name: "Host", Value: fmt.Sprint(i)}}
	return id
}

func putBench(b *testing.B, db *store.DB, samples []series.Sample) {
	err := db.UpdateAt(b.Context(), store.ReadCommitted, func(tx *store.Tx) error { return series.Put(tx, samples) })
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkPut commits one call after the other, of so many series each.
func BenchmarkPut(b *testing.B) {
	onBoth(b, func(b *testing.B, db *store.DB) {
		for _, size := range []int{1, 20, 1000} {
			b.Run(fmt.Sprint("samples=", size), func(b *testing.B) {
				n := 0
				for b.Loop() {
					samples := make([]series.Sample, size)
					for i := range samples {
						samples[i] = series.Sample{ID: numbered(i), Time: start.Add(time.Duration(n) * time.Minute), Unit: "Count", Values: []float64{1}}
					}
					n++
					putBench(b, db, samples)
				}
				b.ReportMetric(float64(n*size)/b.Elapsed().Seconds(), "samples/s")
			})
		}
	})
}

// BenchmarkBuckets reads a day of minutes of one series of a hundred, before
// and after it was folded into chunks.
func BenchmarkBuckets(b *testing.B) {
	onBoth(b, func(b *testing.B, db *store.DB) {
		const hosts = 100
		for minute := range 1440 {
			samples := make([]series.Sample, hosts)
			for i := range samples {
				samples[i] = series.Sample{ID: numbered(i), Time: start.Add(time.Duration(minute) * time.Minute), Unit: "Count", Values: []float64{float64(minute), float64(i)}}
			}
			putBench(b, db, samples)
		}
		read := func(b *testing.B, period time.Duration, want int) {
			for b.Loop() {
				err := db.View(b.Context(), func(tx *store.Tx) error {
					found, err := series.Buckets(tx, series.Query{
						ID: numbered(7), From: start, To: start.Add(24 * time.Hour), Period: period, Now: start.Add(24 * time.Hour),
					})
					if len(found) != want {
						b.Fatalf("%d buckets", len(found))
					}
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		}
		b.Run("head/minutes", func(b *testing.B) { read(b, time.Minute, 1440) })
		begun := time.Now()
		if err := series.Expire(b.Context(), db, start.Add(48*time.Hour)); err != nil {
			b.Fatal(err)
		}
		b.Logf("folding %d rows took %v", hosts*1440, time.Since(begun))
		b.Run("chunks/minutes", func(b *testing.B) { read(b, time.Minute, 1440) })
		b.Run("chunks/hours", func(b *testing.B) { read(b, time.Hour, 24) })
	})
}
