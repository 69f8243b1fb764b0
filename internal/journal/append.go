package journal

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"nephele.dev/nephele/internal/store"
)

// Limits of a segment. Small enough that reading one event costs little, large
// enough that rows are few.
const (
	segmentEvents = 2000
	segmentBytes  = 256 << 10
)

const hour = int64(time.Hour / time.Microsecond)

// Append adds events to a stream of a log; both are made by their first event.
// Their order counts among equal times only. When tx commits they are durable
// and visible. Append adds rows and renews one: run it at store.ReadCommitted.
func Append(tx *store.Tx, log, stream string, events []Event) error {
	if len(events) == 0 {
		return nil
	}
	entries := make([]entry, len(events))
	for i := range events {
		entries[i] = entry{store.Micros(events[i].Time), events[i].Body}
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Compare(a.time, b.time) })
	now := store.Micros(tx.Now())
	for rest := entries; len(rest) > 0; {
		n := cut(rest)
		if err := writeSegment(tx, log, stream, now, rest[:n]); err != nil {
			return fmt.Errorf("journal: append to %s: %w", log, err)
		}
		rest = rest[n:]
	}
	if err := noteStream(tx, log, stream, now, entries); err != nil {
		return fmt.Errorf("journal: note stream of %s: %w", log, err)
	}
	return nil
}

// cut returns how many of entries, at least one, make the next segment: those
// of one hour, up to the limits.
func cut(entries []entry) int {
	size := 0
	for i, e := range entries {
		size += len(e.body)
		if i > 0 && (i == segmentEvents || size > segmentBytes || hourOf(e.time) != hourOf(entries[0].time)) {
			return i
		}
	}
	return len(entries)
}

// hourOf numbers hours from 1970; times before it have negative numbers.
func hourOf(t int64) int64 {
	h := t / hour
	if t%hour < 0 {
		h--
	}
	return h
}

func sizeOf(entries []entry) (size int64) {
	for i := range entries {
		size += int64(len(entries[i].body))
	}
	return size
}

func writeSegment(tx *store.Tx, log, stream string, now int64, entries []entry) error {
	first, last := entries[0].time, entries[len(entries)-1].time
	_, err := tx.Exec(`insert into journal_segment (log, stream, hour, first, last, ingested, events, size, data)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		log, stream, hourOf(first), first, last, now, len(entries), sizeOf(entries), encodeSegment(entries))
	return err
}

func noteStream(tx *store.Tx, log, stream string, now int64, entries []entry) error {
	first, last := entries[0].time, entries[len(entries)-1].time
	_, err := tx.Exec(`insert into journal_stream as s (log, stream, first, last, ingested, events, size)
		values (?, ?, ?, ?, ?, ?, ?)
		on conflict (log, stream) do update set
			first = case when excluded.first < s.first then excluded.first else s.first end,
			last = case when excluded.last > s.last then excluded.last else s.last end,
			ingested = excluded.ingested,
			events = s.events + excluded.events,
			size = s.size + excluded.size`,
		log, stream, first, last, now, len(entries), sizeOf(entries))
	return err
}
