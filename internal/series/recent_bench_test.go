package series_test

import (
	"fmt"
	"testing"
	"time"

	"nephele.dev/nephele/internal/series"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

// BenchmarkRecent reads the newest minute of 10,000 series, of which each has
// had a datapoint in each of the last five minutes.
func BenchmarkRecent(b *testing.B) {
	for name, config := range map[string]func() store.Config{
		"sqlite":   func() store.Config { return store.Config{Dir: b.TempDir()} },
		"postgres": func() store.Config { return store.Config{URL: storetest.PostgresURL(b)} },
	} {
		b.Run(name, func(b *testing.B) {
			db := storetest.Open(b, config())
			now := time.Now().UTC().Truncate(time.Minute)
			var keys []series.Key
			for minute := range 5 {
				var samples []series.Sample
				for i := range 10_000 {
					id := series.ID{Account: "1", Region: "r", Namespace: "n", Name: fmt.Sprint("m", i)}
					if minute == 0 {
						keys = append(keys, id.Key())
					}
					samples = append(samples, series.Sample{ID: id, Time: now.Add(-time.Duration(minute+1) * time.Minute), Unit: "None", Values: []float64{1}})
				}
				if err := db.Update(b.Context(), func(tx *store.Tx) error { return series.Put(tx, samples) }); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				n := 0
				err := db.View(b.Context(), func(tx *store.Tx) error {
					q := series.RecentQuery{Keys: keys, From: now.Add(-time.Minute), To: now}
					return series.Recent(tx, q, func(series.Key, *series.Bucket) { n++ })
				})
				if err != nil || n != 10_000 {
					b.Fatal(n, err)
				}
			}
		})
	}
}
