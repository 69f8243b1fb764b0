package journal_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"nephele.dev/nephele/internal/journal"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

// onBoth runs f as sub-benchmarks on a fresh database each.
func onBoth(b *testing.B, f func(b *testing.B, db *store.DB)) {
	b.Run("sqlite", func(b *testing.B) { f(b, storetest.SQLite(b)) })
	b.Run("postgres", func(b *testing.B) { f(b, storetest.Open(b, store.Config{URL: storetest.PostgresURL(b)})) })
}

// line is about what a log line is like.
func line(i int) []byte {
	return fmt.Appendf(nil, `2026-03-01T12:00:00.%03dZ INFO request id=%08x path=/api/v1/orders/%d status=200 duration=%dms`, i%1000, i*2654435761, i, i%97)
}

func batch(n, size int) []journal.Event {
	events := make([]journal.Event, size)
	for i := range events {
		k := n*size + i
		events[i] = journal.Event{Time: epoch.Add(time.Duration(k) * time.Millisecond), Body: line(k)}
	}
	return events
}

// BenchmarkAppend commits batches one after the other; parallel writers share
// commits and do better.
func BenchmarkAppend(b *testing.B) {
	onBoth(b, func(b *testing.B, db *store.DB) {
		for _, size := range []int{1, 100, 1000} {
			b.Run(fmt.Sprint("batch=", size), func(b *testing.B) {
				n := 0
				for b.Loop() {
					events := batch(n, size)
					n++
					err := db.UpdateAt(b.Context(), store.ReadCommitted, func(tx *store.Tx) error {
						return journal.Append(tx, "log", "stream", events)
					})
					if err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(n*size)/b.Elapsed().Seconds(), "events/s")
			})
		}
	})
}

// BenchmarkRead works on a log of a million events in a hundred streams.
func BenchmarkRead(b *testing.B) {
	onBoth(b, func(b *testing.B, db *store.DB) {
		const streams, batches, size = 100, 1000, 1000
		for i := range batches {
			err := db.UpdateAt(b.Context(), store.ReadCommitted, func(tx *store.Tx) error {
				return journal.Append(tx, "log", fmt.Sprint("stream", i%streams), batch(i, size))
			})
			if err != nil {
				b.Fatal(err)
			}
		}
		middle := epoch.Add(batches * size / 2 * time.Millisecond)
		for name, q := range map[string]journal.Query{
			"tail of a stream":      {Streams: []string{"stream7"}, Backward: true},
			"middle of a stream":    {Streams: []string{"stream7"}, From: middle},
			"middle of the log":     {From: middle},
			"last page of the log":  {Backward: true},
			"first page of the log": {},
		} {
			q.Log = "log"
			b.Run(name, func(b *testing.B) {
				for b.Loop() {
					if n := count(b, db, q, 100, ""); n != 100 {
						b.Fatalf("%d events", n)
					}
				}
			})
		}
		b.Run("search all", func(b *testing.B) {
			for b.Loop() {
				count(b, db, journal.Query{Log: "log"}, 0, "orders/999999 ")
			}
			b.ReportMetric(float64(b.N*batches*size)/b.Elapsed().Seconds(), "events/s")
		})
	})
}

// count reads events that contain a text, up to a limit; 0 is none.
func count(b *testing.B, db *store.DB, q journal.Query, limit int, text string) (n int) {
	err := db.View(b.Context(), func(tx *store.Tx) error {
		for e, err := range journal.Scan(tx, q) {
			if err != nil {
				return err
			}
			if text == "" || strings.Contains(string(e.Body), text) {
				n++
			}
			if n == limit && limit > 0 {
				return nil
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return n
}
