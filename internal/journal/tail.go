package journal

import (
	"fmt"
	"iter"
	"strings"
	"time"

	"nephele.dev/nephele/internal/store"
)

// Batch is what one segment holds, as it arrived.
type Batch struct {
	Log, Stream string
	Ingested    time.Time
	Events      []Event
}

// arrivalWindow is how long on PostgreSQL a segment may become visible after
// others with a greater number: numbers are given out before commits.
const arrivalWindow = 3 * time.Second

// tailPage is how many index entries a Tail reads at a time.
const tailPage = 1000

// Tail follows logs as events arrive, whatever times they bear. It is for one
// goroutine.
type Tail struct {
	logs map[string]bool
	low  int64          // nothing up to here will be seen any more
	seen map[int64]bool // above low
}

// NewTail returns a Tail that begins behind what is committed now.
func NewTail(tx *store.Tx, logs []string) (*Tail, error) {
	t := &Tail{logs: make(map[string]bool, len(logs)), seen: map[int64]bool{}}
	for _, l := range logs {
		t.logs[l] = true
	}
	if err := tx.Row("select coalesce(max(seq), 0) from journal_segment").Scan(&t.low); err != nil {
		return nil, fmt.Errorf("journal: tail: %w", err)
	}
	if tx.Dialect() == store.SQLite {
		return t, nil
	}
	// What is in flight has lower numbers: go back for it, past what is there.
	top := t.low
	for s, err := range t.list(tx, max(0, top-tailPage)) {
		if err != nil {
			return nil, fmt.Errorf("journal: tail: %w", err)
		}
		t.seen[s.seq] = true
		t.low = min(t.low, s.seq-1)
	}
	return t, nil
}

// arrival is an index entry.
type arrival struct {
	seq, ingested int64
	log, stream   string
}

func (t *Tail) list(tx *store.Tx, after int64) iter.Seq2[arrival, error] {
	return store.Query(tx, func(row store.Row) (a arrival, err error) {
		return a, row.Scan(&a.seq, &a.ingested, &a.log, &a.stream)
	}, "select seq, ingested, log, stream from journal_segment where seq > ? order by seq limit ?", after, tailPage)
}

// Read yields what has arrived since the last Read, once. The loop may run
// other statements on tx; what it leaves behind when it is broken off is lost.
func (t *Tail) Read(tx *store.Tx) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		for after := t.low; ; {
			page, err := store.All(t.list(tx, after))
			if err != nil {
				yield(Batch{}, fmt.Errorf("journal: tail: %w", err))
				return
			}
			fresh := t.take(tx, page)
			for len(fresh) > 0 {
				n := min(len(fresh), fetchSegments)
				if !t.fetch(tx, fresh[:n], yield) {
					return
				}
				fresh = fresh[n:]
			}
			if len(page) < tailPage {
				return
			}
			after = page[len(page)-1].seq
		}
	}
}

// take notes a page as seen and returns what is new and wanted in it.
func (t *Tail) take(tx *store.Tx, page []arrival) (fresh []arrival) {
	settled := int64(1<<63 - 1)
	if tx.Dialect() != store.SQLite {
		settled = store.Micros(tx.Now().Add(-arrivalWindow))
	}
	for _, a := range page {
		if !t.seen[a.seq] && t.logs[a.log] {
			fresh = append(fresh, a)
		}
		if a.ingested < settled && a.seq > t.low {
			t.low = a.seq
		} else {
			settled = 0 // those behind are not settled before this one
			t.seen[a.seq] = true
		}
	}
	for seq := range t.seen {
		if seq <= t.low {
			delete(t.seen, seq)
		}
	}
	return fresh
}

// fetch yields the batches of segments, in order of arrival.
func (t *Tail) fetch(tx *store.Tx, of []arrival, yield func(Batch, error) bool) bool {
	args := make([]any, len(of))
	for i, a := range of {
		args[i] = a.seq
	}
	found := make(map[int64]*open, len(of))
	for o, err := range store.Query(tx, scanOpen, "select seq, ingested, data from journal_segment where seq in (?"+
		strings.Repeat(", ?", len(args)-1)+")", args...) {
		if err != nil {
			yield(Batch{}, fmt.Errorf("journal: tail: %w", err))
			return false
		}
		found[o.seq] = o
	}
	for _, a := range of {
		o := found[a.seq]
		if o == nil {
			continue // expired since
		}
		b := Batch{Log: a.log, Stream: a.stream, Ingested: store.FromMicros(a.ingested), Events: make([]Event, len(o.entries))}
		for i, e := range o.entries {
			b.Events[i] = Event{
				Time: store.FromMicros(e.time), Body: e.body, Stream: a.stream, Ingested: b.Ingested,
				Cursor: Cursor{e.time, a.seq, int64(i)},
			}
		}
		if !yield(b, nil) {
			return false
		}
	}
	return true
}
