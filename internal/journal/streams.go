package journal

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"nephele.dev/nephele/internal/store"
)

// Stats is what is known of a stream, or a log, without reading it.
type Stats struct {
	First, Last time.Time // of the events' times
	Ingested    time.Time // when the latest came
	Events      int64
	Bytes       int64 // of all bodies, uncompressed
}

// Streams returns the stats of the named streams of a log, or of all when names
// is nil. Streams without events are missing.
func Streams(tx *store.Tx, log string, names []string) (map[string]Stats, error) {
	if names != nil && len(names) == 0 {
		return nil, nil
	}
	query := "select stream, first, last, ingested, events, size from journal_stream where log = ?"
	args := []any{log}
	if names != nil {
		query += " and stream in (" + strings.TrimSuffix(strings.Repeat("?, ", len(names)), ", ") + ")"
		for _, name := range names {
			args = append(args, name)
		}
	}
	type named struct {
		name string
		Stats
	}
	out := map[string]Stats{}
	for s, err := range store.Query(tx, func(row store.Row) (n named, err error) {
		var first, last, ingested int64
		err = row.Scan(&n.name, &first, &last, &ingested, &n.Events, &n.Bytes)
		n.First, n.Last, n.Ingested = store.FromMicros(first), store.FromMicros(last), store.FromMicros(ingested)
		return n, err
	}, query, args...) {
		if err != nil {
			return nil, fmt.Errorf("journal: streams of %s: %w", log, err)
		}
		out[s.name] = s.Stats
	}
	return out, nil
}

// Bytes returns the size of a log: of all bodies, uncompressed.
func Bytes(tx *store.Tx, log string) (n int64, err error) {
	err = tx.Row("select cast(coalesce(sum(size), 0) as bigint) from journal_stream where log = ?", log).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("journal: size of %s: %w", log, err)
	}
	return n, nil
}

// PurgeStream removes a stream and its events in steps, as Purge does a log.
func PurgeStream(tx *store.Tx, log, stream string) (more bool, err error) {
	n, err := tx.Exec(`delete from journal_segment where seq in (
		select seq from journal_segment where log = ? and stream = ? order by hour limit ?)`, log, stream, expireSegments)
	if err == nil && n < expireSegments {
		_, err = tx.Exec("delete from journal_stream where log = ? and stream = ?", log, stream)
	}
	if err != nil {
		return false, fmt.Errorf("journal: delete a stream of %s: %w", log, err)
	}
	return n == expireSegments, nil
}

// Get returns one event of a log, or store.ErrNotFound.
func Get(tx *store.Tx, log string, c Cursor) (Event, error) {
	var stream string
	row := tx.Row("select stream from journal_segment where seq = ? and log = ?", c.Seq, log)
	if err := row.Scan(&stream); err != nil {
		return Event{}, fmt.Errorf("journal: event of %s: %w", log, err)
	}
	o, err := scanOpen(tx.Row("select seq, ingested, data from journal_segment where seq = ?", c.Seq))
	if err != nil {
		return Event{}, fmt.Errorf("journal: event of %s: %w", log, err)
	}
	if c.Index < 0 || c.Index >= int64(len(o.entries)) || o.entries[c.Index].time != c.Time {
		return Event{}, fmt.Errorf("journal: event of %s: %w", log, store.ErrNotFound)
	}
	return Event{
		Time: store.FromMicros(c.Time), Body: o.entries[c.Index].body, Stream: stream,
		Ingested: store.FromMicros(o.ingested), Cursor: c,
	}, nil
}

// expireSegments bounds what one call of Expire deletes.
const expireSegments = 500

// Expire deletes events of a log whose time is before the given one, whole
// segments at a time: a segment goes when its last event does, so up to an hour
// of older events may stay behind, which readers leave out with Query.From.
// more asks to be called again, in another transaction.
func Expire(tx *store.Tx, log string, before time.Time) (more bool, err error) {
	type gone struct {
		stream       string
		events, size int64
	}
	rows, err := store.All(store.Query(tx, func(row store.Row) (g gone, err error) {
		return g, row.Scan(&g.stream, &g.events, &g.size)
	}, `delete from journal_segment where seq in (
			select seq from journal_segment where log = ? and hour <= ? and last < ? order by hour limit ?)
		returning stream, events, size`,
		log, hourOf(store.Micros(before)), store.Micros(before), expireSegments))
	if err != nil {
		return false, fmt.Errorf("journal: expire %s: %w", log, err)
	}
	sums := map[string]gone{}
	for _, g := range rows {
		s := sums[g.stream]
		sums[g.stream] = gone{g.stream, s.events + g.events, s.size + g.size}
	}
	for stream, s := range sums {
		if err := shrink(tx, log, stream, s.events, s.size); err != nil {
			return false, fmt.Errorf("journal: expire %s: %w", log, err)
		}
	}
	return len(rows) == expireSegments, nil
}

// shrink takes expired events off a stream's stats.
func shrink(tx *store.Tx, log, stream string, events, size int64) error {
	var first int64
	err := tx.Row("select first from journal_segment where log = ? and stream = ? order by hour, first limit 1", log, stream).
		Scan(&first)
	if errors.Is(err, store.ErrNotFound) {
		_, err = tx.Exec("update journal_stream set events = 0, size = 0 where log = ? and stream = ?", log, stream)
		return err
	}
	if err != nil {
		return err
	}
	_, err = tx.Exec("update journal_stream set events = events - ?, size = size - ?, first = ? where log = ? and stream = ?",
		events, size, first, log, stream)
	return err
}

// Purge deletes a log in steps. more asks to be called again, in another
// transaction; the log is gone when it is false.
func Purge(tx *store.Tx, log string) (more bool, err error) {
	n, err := tx.Exec(`delete from journal_segment where seq in (
		select seq from journal_segment where log = ? order by hour limit ?)`, log, expireSegments)
	if err == nil && n < expireSegments {
		_, err = tx.Exec("delete from journal_stream where log = ?", log)
	}
	if err != nil {
		return false, fmt.Errorf("journal: purge %s: %w", log, err)
	}
	return n == expireSegments, nil
}
