package series

import (
	"fmt"
	"time"

	"nephele.dev/nephele/internal/store"
)

// Query asks for the buckets of one series.
type Query struct {
	ID       ID
	From, To time.Time     // From inclusive, To exclusive
	Period   time.Duration // length of a bucket, counted from From; whole seconds
	Unit     string        // only values put with this unit; "" means all
	Now      time.Time     // for the retention ladder; zero is the transaction's time
}

// Buckets returns the non-empty buckets of q by time, then unit. Data that is
// too old to be had in so short a period is left out, whether it has been
// merged away already or not.
func Buckets(tx *store.Tx, q Query) ([]Bucket, error) {
	if q.Now.IsZero() {
		q.Now = tx.Now()
	}
	out := newBuckets(q.From, q.Period)
	if err := q.addHead(tx, out); err != nil {
		return nil, fmt.Errorf("series: read head: %w", err)
	}
	if q.From.Before(q.Now.Add(chunkSlack - headAge)) {
		if err := q.addChunks(tx, out); err != nil {
			return nil, fmt.Errorf("series: read chunks: %w", err)
		}
	}
	return out.sorted(), nil
}

// chunkSlack is how far the clocks of two machines may be apart before a reader
// misses a fresh chunk. Data younger than headAge is in no chunk, so that the
// reads of alarms need only look at the head.
const chunkSlack = 5 * time.Minute

// wants reports whether data of time t, stored in the given period, is asked for.
func (q *Query) wants(t time.Time, unit string, stored time.Duration) bool {
	if t.Before(q.From) || !t.Before(q.To) || q.Unit != "" && unit != q.Unit || stored > q.Period {
		return false
	}
	finest, kept := Finest(q.Now, t)
	return kept && finest <= q.Period
}

func (q *Query) addHead(tx *store.Tx, out *buckets) error {
	key := q.ID.key()
	rows := store.Query(tx, scanHead, `select time, period, unit, count, sum, min, max, dist
		from metric_head where series = ? and time >= ? and time < ?`,
		key[:], store.Micros(q.From), store.Micros(q.To))
	for r, err := range rows {
		if err != nil {
			return err
		}
		if q.wants(r.Time, r.Unit, r.period) {
			out.add(r.Time, r.Unit, r.Summary)
		}
	}
	return nil
}

// headRow is a bucket with the period it was put in.
type headRow struct {
	Bucket
	period time.Duration
}

func scanHead(row store.Row) (headRow, error) {
	var (
		h            headRow
		time, period int64
		dist         []byte
	)
	err := row.Scan(&time, &period, &h.Unit, &h.Count, &h.Sum, &h.Min, &h.Max, &dist)
	if err != nil {
		return h, err
	}
	h.Time, h.period = store.FromMicros(time), micros(period)
	if dist != nil {
		h.Dist, err = decodeDistribution(dist)
	}
	return h, err
}

func micros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }

func (q *Query) addChunks(tx *store.Tx, out *buckets) error {
	key := q.ID.key()
	for _, rung := range ladder {
		if rung.period > q.Period {
			break
		}
		rows := store.Query(tx, scanChunk, `select series, period, start, data from metric_chunk
			where series = ? and period = ? and start > ? and start < ?`,
			key[:], rung.period.Microseconds(), store.Micros(q.From.Add(-rung.window)), store.Micros(q.To))
		for c, err := range rows {
			if err != nil {
				return err
			}
			for i := range c.buckets {
				b := &c.buckets[i]
				if q.wants(b.Time, b.Unit, rung.period) {
					out.add(b.Time, b.Unit, b.Summary)
				}
			}
		}
	}
	return nil
}

// chunk is a decoded row of metric_chunk.
type chunk struct {
	series  [keySize]byte
	period  time.Duration
	start   time.Time
	buckets []Bucket
}

func scanChunk(row store.Row) (chunk, error) {
	var (
		c             chunk
		series, data  []byte
		period, start int64
	)
	if err := row.Scan(&series, &period, &start, &data); err != nil {
		return c, err
	}
	if len(series) != keySize {
		return c, errCorrupt
	}
	c.series, c.period, c.start = [keySize]byte(series), micros(period), store.FromMicros(start)
	var err error
	c.buckets, err = decodeChunk(data, c.start, c.period)
	return c, err
}
