package series_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"nephele.dev/nephele/internal/series"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

func samplesAt(at time.Time, names ...string) (all []series.Sample) {
	for _, n := range names {
		id := series.ID{Account: "1", Region: "r", Namespace: "n", Name: n}
		all = append(all, series.Sample{ID: id, Time: at, Unit: "None", Values: []float64{1}})
	}
	return all
}

func putAll(t *testing.T, db *store.DB, samples []series.Sample) {
	t.Helper()
	err := db.UpdateAt(t.Context(), store.ReadCommitted, func(tx *store.Tx) error { return series.Put(tx, samples) })
	if err != nil {
		t.Fatal(err)
	}
}

func view(t *testing.T, db *store.DB, f func(tx *store.Tx) error) {
	t.Helper()
	if err := db.View(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

func here(t *testing.T, db *store.DB) (m series.Mark) {
	t.Helper()
	view(t, db, func(tx *store.Tx) (err error) {
		m, err = series.Here(tx)
		return err
	})
	return m
}

// since counts the rows since a mark; -1 when that cannot be told.
func since(t *testing.T, db *store.DB, m series.Mark, limit int) (n int) {
	t.Helper()
	view(t, db, func(tx *store.Tx) error {
		ok, err := series.Since(tx, m, limit, func(series.Key, *series.Bucket) { n++ })
		if !ok && n > 0 {
			t.Errorf("%d rows told of an answer that is open", n)
		}
		if !ok {
			n = -1
		}
		return err
	})
	return n
}

// TestSince reads what writers commit at the same time, piece by piece: each
// row is seen once.
func TestSince(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const writers, each = 4, 25
		now := time.Now().UTC().Truncate(time.Minute)
		var wg sync.WaitGroup
		mark := here(t, db)
		for w := range writers {
			wg.Go(func() {
				random := rand.New(rand.NewPCG(1, uint64(w)))
				for i := range each {
					at := now.Add(-time.Duration(random.IntN(3600)) * time.Second)
					samples := samplesAt(at, fmt.Sprint(w, "/", i), fmt.Sprint(w, "/", i, "/other"))
					err := db.UpdateAt(context.Background(), store.ReadCommitted, func(tx *store.Tx) error { return series.Put(tx, samples) })
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		done := make(chan struct{})
		go func() { wg.Wait(); close(done) }()
		seen := map[series.Key]int{}
		for last := false; !last; {
			select {
			case <-done:
				last = true
			default:
			}
			view(t, db, func(tx *store.Tx) error {
				ok, err := series.Since(tx, mark, 1000, func(k series.Key, b *series.Bucket) { seen[k] += int(b.Count) })
				if err != nil || !ok {
					return fmt.Errorf("since: %v, %w", ok, err)
				}
				mark, err = series.Here(tx)
				return err
			})
		}
		if len(seen) != 2*writers*each {
			t.Errorf("%d series, want %d", len(seen), 2*writers*each)
		}
		for k, n := range seen {
			if n != 1 {
				t.Errorf("%x seen %d times", k, n)
			}
		}
	})
}

// TestSinceLimit: an answer that is too long is none.
func TestSinceLimit(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		now := time.Now().UTC().Truncate(time.Minute)
		putAll(t, db, samplesAt(now, "a"))
		m := here(t, db)
		for want, name := range []string{"b", "c", "d"} {
			if n := since(t, db, m, 2); n != want {
				t.Errorf("%d rows, want %d", n, want)
			}
			putAll(t, db, samplesAt(now, name))
		}
		if n := since(t, db, m, 2); n != -1 {
			t.Errorf("%d rows over the limit", n)
		}
		if n := since(t, db, m, 3); n != 3 {
			t.Errorf("%d rows, want 3", n)
		}
	})
}

// TestSinceFolded: what is folded away meanwhile takes no new row with it.
func TestSinceFolded(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		now := time.Now().UTC().Truncate(time.Minute)
		putAll(t, db, samplesAt(now.Add(-4*time.Hour), "old"))
		m := here(t, db)
		if err := series.Expire(t.Context(), db, now); err != nil {
			t.Fatal(err)
		}
		putAll(t, db, samplesAt(now, "new"))
		// SQLite has given the old row's id to the new one.
		if n := since(t, db, m, 10); n != 1 && (n != -1 || db.Dialect() != store.SQLite) {
			t.Errorf("%d rows, want 1, or none told on SQLite", n)
		}
	})
}
