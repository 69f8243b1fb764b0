package series_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"nephele.dev/nephele/internal/series"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

// TestRecent compares bulk reads of many series with single ones, while some of
// the data is folded.
func TestRecent(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		now := time.Now().UTC().Truncate(time.Minute)
		random := rand.New(rand.NewPCG(1, 2))
		var ids []series.ID
		var samples []series.Sample
		for i := range 600 {
			id := series.ID{Account: "1", Region: "r", Namespace: "n", Name: fmt.Sprint("m", i)}
			ids = append(ids, id)
			for range 5 {
				samples = append(samples, series.Sample{
					ID: id, Time: now.Add(-time.Duration(random.IntN(5*3600)) * time.Second), Unit: "None", Values: []float64{float64(random.IntN(100))},
				})
			}
		}
		if err := db.Update(t.Context(), func(tx *store.Tx) error { return series.Put(tx, samples) }); err != nil {
			t.Fatal(err)
		}
		compareRecent(t, db, ids, now)
		if err := series.Expire(t.Context(), db, now); err != nil {
			t.Fatal(err)
		}
		compareRecent(t, db, ids, now)
	})
}

func compareRecent(t *testing.T, db *store.DB, ids []series.ID, now time.Time) {
	t.Helper()
	err := db.View(t.Context(), func(tx *store.Tx) error {
		for _, span := range []time.Duration{5 * time.Minute, 29 * time.Minute, 4 * time.Hour} {
			q := series.RecentQuery{From: now.Add(-span), To: now.Add(-time.Minute)}
			for i := range ids {
				q.Keys = append(q.Keys, ids[i].Key())
			}
			got := map[series.Key]series.Summary{}
			err := series.Recent(tx, q, func(k series.Key, b *series.Bucket) {
				s := got[k]
				s.Merge(b.Summary)
				got[k] = s
			})
			if err != nil {
				return err
			}
			for i, id := range ids {
				var want series.Summary
				buckets, err := series.Buckets(tx, series.Query{ID: id, From: q.From, To: q.To, Period: time.Minute, Now: now})
				if err != nil {
					return err
				}
				for _, b := range buckets {
					want.Merge(b.Summary)
				}
				if s := got[q.Keys[i]]; s.Count != want.Count || s.Sum != want.Sum || s.Min != want.Min || s.Max != want.Max {
					t.Fatalf("%v of %s: %+v, want %+v", span, id.Name, s, want)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
