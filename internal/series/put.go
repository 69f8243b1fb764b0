package series

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"nephele.dev/nephele/internal/store"
)

// StatisticSet is what a publisher knows who has summed up values himself.
type StatisticSet struct{ Count, Sum, Min, Max float64 }

// Sample is what came for one series at one time: values, or a statistic set.
type Sample struct {
	ID         ID
	Time       time.Time
	Resolution time.Duration // time.Second keeps seconds apart; anything else is a minute
	Unit       string
	Values     []float64     // finite; magnitudes up to 2^360
	Counts     []float64     // how often each value was seen; nil means once each
	Set        *StatisticSet // instead of values
}

func (s *Sample) summary() Summary {
	if s.Set != nil {
		return Summary{Count: s.Set.Count, Sum: s.Set.Sum, Min: s.Set.Min, Max: s.Set.Max}
	}
	return summarize(s.Values, s.Counts)
}

// seenStep is how stale metric_series.seen may get before it is written again,
// so that steady publishers do not write it with every sample.
const seenStep = 5 * time.Minute

// head is a row of metric_head. Samples of one call that fall into the same
// bucket share one.
type head struct {
	key    [keySize]byte
	time   time.Time
	period time.Duration
	unit   string
}

// Put adds samples. They are durable and visible when tx commits. Several
// samples for the same time add up. Put only adds rows: run it at
// store.ReadCommitted.
func Put(tx *store.Tx, samples []Sample) error {
	ids := map[[keySize]byte]*ID{}
	rows := map[head]*Summary{}
	for i := range samples {
		s := &samples[i]
		period := time.Minute
		if s.Resolution == time.Second {
			period = time.Second
		}
		h := head{s.ID.key(), s.Time.UTC().Truncate(period), period, s.Unit}
		ids[h.key] = &s.ID
		if rows[h] == nil {
			rows[h] = &Summary{}
		}
		rows[h].Merge(s.summary())
	}
	if err := touch(tx, ids); err != nil {
		return fmt.Errorf("series: register: %w", err)
	}
	columns := []string{"series", "time", "period", "unit", "count", "sum", "min", "max", "dist"}
	if _, err := tx.BulkInsert("metric_head", columns, headRows(rows)); err != nil {
		return fmt.Errorf("series: append: %w", err)
	}
	return nil
}

func headRows(rows map[head]*Summary) iter.Seq[[]any] {
	return func(yield func([]any) bool) {
		for h, s := range rows {
			var dist any
			if s.Dist != nil {
				dist = s.Dist.append(nil)
			}
			if !yield([]any{
				h.key[:], store.Micros(h.time), h.period.Microseconds(), h.unit,
				s.Count, s.Sum, s.Min, s.Max, dist,
			}) {
				return
			}
		}
	}
}

// touchBatch bounds the keys in one statement.
const touchBatch = 50

// touch makes the rows of series that are new, and renews those that were not
// seen for a while. Keys are taken in order so that two writers cannot deadlock.
func touch(tx *store.Tx, ids map[[keySize]byte]*ID) error {
	now := tx.Now()
	sorted := slices.SortedFunc(maps.Keys(ids), func(a, b [keySize]byte) int { return slices.Compare(a[:], b[:]) })
	for keys := range slices.Chunk(sorted, touchBatch) {
		fresh, err := freshSeries(tx, keys, now.Add(-seenStep))
		if err != nil {
			return err
		}
		for _, key := range keys {
			if fresh[key] {
				continue
			}
			id := ids[key]
			_, err := tx.Exec(`insert into metric_series (id, account, region, namespace, name, dims, seen)
				values (?, ?, ?, ?, ?, ?, ?)
				on conflict (id) do update set seen = excluded.seen`,
				key[:], id.Account, id.Region, id.Namespace, id.Name, id.pairs(), store.Micros(now))
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// freshSeries returns which of keys have been seen since the given time.
func freshSeries(tx *store.Tx, keys [][keySize]byte, since time.Time) (map[[keySize]byte]bool, error) {
	args := []any{store.Micros(since)}
	for i := range keys {
		args = append(args, keys[i][:])
	}
	query := "select id from metric_series where seen > ? and id in (?" + strings.Repeat(", ?", len(keys)-1) + ")"
	fresh := map[[keySize]byte]bool{}
	for id, err := range store.Query(tx, store.Scan1[[]byte], query, args...) {
		if err != nil {
			return nil, err
		}
		fresh[[keySize]byte(id)] = true
	}
	return fresh, nil
}
