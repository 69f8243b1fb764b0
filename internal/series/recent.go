package series

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"nephele.dev/nephele/internal/store"
)

// Key is a series' identity in the database: a hash of its ID.
type Key = [keySize]byte

// Key returns the series' key, for Recent.
func (id *ID) Key() Key { return id.key() }

// RecentQuery asks for what many series hold in one span of time.
type RecentQuery struct {
	Keys     []Key     // each once
	From, To time.Time // From inclusive, To exclusive; From at most 15 days ago
	// Distributions has the Summaries hold theirs, for percentiles. Reading
	// without is cheaper.
	Distributions bool
}

// Recent calls f for everything that was put, series by series in no particular
// order: buckets of a second or a minute, as stored, of which several may be for
// the same time. It is Buckets for those who look at thousands of series at
// once, such as alarms, in as few statements as that allows. The Bucket is f's
// during the call alone.
func Recent(tx *store.Tx, q RecentQuery, f func(Key, *Bucket)) error {
	folded := q.From.Before(tx.Now().Add(-headAge))
	for keys := range slices.Chunk(q.Keys, recentBatch) {
		if err := q.head(tx, keys, f); err != nil {
			return fmt.Errorf("series: read head of many: %w", err)
		}
		if !folded {
			continue
		}
		if err := q.chunks(tx, keys, f); err != nil {
			return fmt.Errorf("series: read chunks of many: %w", err)
		}
	}
	return nil
}

// Statements read recentBatch series, or a few: always as many, so that each of
// the two is prepared once.
const (
	recentBatch = 250
	recentFew   = 10
)

// in is a list of placeholders, and the keys for them: the last one is repeated
// until the list is full.
func in(keys []Key) (string, []any) {
	n := recentBatch
	if len(keys) <= recentFew {
		n = recentFew
	}
	args := make([]any, n)
	for i := range args {
		args[i] = keys[min(i, len(keys)-1)][:]
	}
	return "(?" + strings.Repeat(", ?", n-1) + ")", args
}

func (q *RecentQuery) head(tx *store.Tx, keys []Key, f func(Key, *Bucket)) error {
	list, args := in(keys)
	columns, scan := "", scanNumbers
	if q.Distributions {
		columns, scan = ", dist", scanDistribution
	}
	rows := store.Query(tx, scan, `select series, time, unit, count, sum, min, max`+columns+`
		from metric_head where series in `+list+` and time >= ? and time < ?`,
		append(args, store.Micros(q.From), store.Micros(q.To))...)
	for r, err := range rows {
		if err != nil {
			return err
		}
		f(r.key, &r.Bucket)
	}
	return nil
}

// recentRow is a row of metric_head with its series.
type recentRow struct {
	Bucket
	key Key
}

func scanNumbers(row store.Row) (recentRow, error) { return scanRecent(row) }

func scanDistribution(row store.Row) (recentRow, error) {
	var dist []byte
	r, err := scanRecent(row, &dist)
	if err == nil && dist != nil {
		r.Dist, err = decodeDistribution(dist)
	}
	return r, err
}

// scanRecent reads what every such query selects, and what it selects besides.
func scanRecent(row store.Row, more ...any) (recentRow, error) {
	var (
		r    recentRow
		key  []byte
		time int64
	)
	err := row.Scan(append([]any{&key, &time, &r.Unit, &r.Count, &r.Sum, &r.Min, &r.Max}, more...)...)
	if err != nil {
		return r, err
	}
	if len(key) != keySize {
		return r, errCorrupt
	}
	r.key, r.Time = Key(key), store.FromMicros(time)
	return r, nil
}

// chunks reads the two upper rungs of the ladder, which hold 15 days.
func (q *RecentQuery) chunks(tx *store.Tx, keys []Key, f func(Key, *Bucket)) error {
	list, args := in(keys)
	for _, rung := range ladder[:2] {
		rows := store.Query(tx, scanChunk, `select series, period, start, data from metric_chunk
			where series in `+list+` and period = ? and start > ? and start < ?`,
			append(slices.Clone(args), rung.period.Microseconds(), store.Micros(q.From.Add(-rung.window)), store.Micros(q.To))...)
		for c, err := range rows {
			if err != nil {
				return err
			}
			for i := range c.buckets {
				if b := &c.buckets[i]; !b.Time.Before(q.From) && b.Time.Before(q.To) {
					f(c.series, b)
				}
			}
		}
	}
	return nil
}
