package series

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"nephele.dev/nephele/internal/store"
)

const (
	// headAge is how long data stays in metric_head: until the window of half
	// an hour it belongs to has been over for as long.
	headAge = 30 * time.Minute
	// expireBatch bounds the series, or chunks, one transaction treats, so
	// that writers on SQLite wait for tens of milliseconds at most.
	expireBatch = 50
)

// Expire does what time asks for: it folds the head into chunks, moves chunks
// down the retention ladder, and deletes what is older than the ladder and
// series that have nothing left. It works in many small transactions, loses
// nothing when killed between them, and may run on several machines at once,
// though that is wasteful. Run it about twice an hour. A zero now is the
// database's time.
func Expire(ctx context.Context, db *store.DB, now time.Time) error {
	if now.IsZero() {
		err := db.View(ctx, func(tx *store.Tx) error {
			now = tx.Now()
			return nil
		})
		if err != nil {
			return fmt.Errorf("series: expire: %w", err)
		}
	}
	err := foldHead(ctx, db, now)
	for i := range ladder {
		err = errors.Join(err, descend(ctx, db, now, i))
	}
	err = errors.Join(err, forget(ctx, db, now))
	if err != nil {
		return fmt.Errorf("series: expire: %w", err)
	}
	return nil
}

// foldHead empties the head of all but the newest data, series by series.
func foldHead(ctx context.Context, db *store.DB, now time.Time) error {
	before := now.Truncate(headAge).Add(-headAge)
	for last := []byte{}; last != nil; {
		err := db.Update(ctx, func(tx *store.Tx) error {
			keys, err := store.All(store.Query(tx, store.Scan1[[]byte],
				"select series from metric_head where series > ? group by series order by series limit ?", last, expireBatch))
			if err != nil {
				return err
			}
			for _, key := range keys {
				if err := foldSeries(tx, [keySize]byte(key), now, before); err != nil {
					return err
				}
			}
			if len(keys) == 0 {
				tx.OnCommit(func() { last = nil })
				return nil
			}
			tx.OnCommit(func() { last = keys[len(keys)-1] })
			return nil
		})
		if err != nil {
			return fmt.Errorf("fold: %w", err)
		}
	}
	return nil
}

// foldSeries moves one series' old head rows into its chunks.
func foldSeries(tx *store.Tx, key [keySize]byte, now, before time.Time) error {
	rows, err := store.All(store.Query(tx, scanHead, `delete from metric_head where series = ? and time < ?
		returning time, period, unit, count, sum, min, max, dist`, key[:], store.Micros(before)))
	if err != nil {
		return err
	}
	m := merger{}
	for _, r := range rows {
		m.add(key, now, r.period, &r.Bucket)
	}
	return m.write(tx)
}

// merger collects buckets by the chunk they belong to.
type merger map[chunkKey]*buckets

type chunkKey struct {
	series [keySize]byte
	rung   int
	start  int64 // microseconds
}

// add puts b, stored in the given period, onto the rung of its age; what is too
// old for every rung is dropped.
func (m merger) add(series [keySize]byte, now time.Time, period time.Duration, b *Bucket) {
	finest, kept := Finest(now, b.Time)
	if !kept {
		return
	}
	i := max(rung(finest), rung(period))
	start := b.Time.Truncate(ladder[i].window)
	k := chunkKey{series, i, store.Micros(start)}
	if m[k] == nil {
		m[k] = newBuckets(start, ladder[i].period)
	}
	m[k].add(b.Time, b.Unit, b.Summary)
}

// write merges everything collected into the stored chunks.
func (m merger) write(tx *store.Tx) error {
	keys := make([]chunkKey, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b chunkKey) int {
		return cmp.Or(slices.Compare(a.series[:], b.series[:]), cmp.Compare(a.rung, b.rung), cmp.Compare(a.start, b.start))
	})
	for _, k := range keys {
		if err := mergeChunk(tx, k, m[k]); err != nil {
			return err
		}
	}
	return nil
}

func mergeChunk(tx *store.Tx, k chunkKey, add *buckets) error {
	period := ladder[k.rung].period
	var data []byte
	err := tx.Row("select data from metric_chunk where series = ? and period = ? and start = ?",
		k.series[:], period.Microseconds(), k.start).Scan(&data)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	start := store.FromMicros(k.start)
	if err == nil {
		have, err := decodeChunk(data, start, period)
		if err != nil {
			return err
		}
		for i := range have {
			add.add(have[i].Time, have[i].Unit, have[i].Summary)
		}
	}
	_, err = tx.Exec(`insert into metric_chunk (series, period, start, data) values (?, ?, ?, ?)
		on conflict (series, period, start) do update set data = excluded.data`,
		k.series[:], period.Microseconds(), k.start, encodeChunk(start, period, add.sorted()))
	return err
}

// descend takes the chunks of rung i that are wholly past their age to the rungs
// below, or away.
func descend(ctx context.Context, db *store.DB, now time.Time, i int) error {
	bound := now.Add(-ladder[i].age - ladder[i].window)
	for more := true; more; {
		err := db.Update(ctx, func(tx *store.Tx) error {
			chunks, err := store.All(store.Query(tx, scanChunk, `select series, period, start, data from metric_chunk
				where period = ? and start < ? order by start, series limit ?`,
				ladder[i].period.Microseconds(), store.Micros(bound), expireBatch))
			if err != nil {
				return err
			}
			tx.OnCommit(func() { more = len(chunks) == expireBatch })
			return descendChunks(tx, now, chunks)
		})
		if err != nil {
			return fmt.Errorf("roll up %v: %w", ladder[i].period, err)
		}
	}
	return nil
}

func descendChunks(tx *store.Tx, now time.Time, chunks []chunk) error {
	m := merger{}
	for _, c := range chunks {
		_, err := tx.Exec("delete from metric_chunk where series = ? and period = ? and start = ?",
			c.series[:], c.period.Microseconds(), store.Micros(c.start))
		if err != nil {
			return err
		}
		for j := range c.buckets {
			m.add(c.series, now, c.period, &c.buckets[j])
		}
	}
	return m.write(tx)
}

// forget removes series that got no data for as long as the ladder keeps any.
func forget(ctx context.Context, db *store.DB, now time.Time) error {
	last := ladder[len(ladder)-1].age
	return db.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`delete from metric_series where seen < ?
			and not exists (select 1 from metric_head h where h.series = metric_series.id)
			and not exists (select 1 from metric_chunk c where c.series = metric_series.id)`,
			store.Micros(now.Add(-last)))
		return err
	})
}
