package courier_test

import (
	"context"
	"sync/atomic"
	"testing"

	"nephele.dev/nephele/internal/courier"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

// BenchmarkCourier sends messages in transactions of ten, and waits until all
// have been called.
func BenchmarkCourier(b *testing.B) {
	for name, database := range map[string]func(*testing.B) *store.DB{
		"sqlite":   func(b *testing.B) *store.DB { return storetest.SQLite(b) },
		"postgres": func(b *testing.B) *store.DB { return storetest.Open(b, store.Config{URL: storetest.PostgresURL(b)}) },
	} {
		b.Run(name, func(b *testing.B) {
			var called atomic.Int64
			done := make(chan struct{})
			n := int64(0)
			d := open(b, database(b), courier.Class{}, func(context.Context, *input) (*output, error) {
				if called.Add(1) == n {
					close(done)
				}
				return &output{}, nil
			})
			n = int64(10 * b.N)
			b.ResetTimer()
			for range b.N {
				err := d.db.Update(b.Context(), func(tx *store.Tx) error {
					for range 10 {
						if err := d.courier.Send(tx, message("", "", "hello")); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			<-done
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}
