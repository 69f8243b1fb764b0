package journal

import (
	"container/heap"
	"strings"

	"nephele.dev/nephele/internal/store"
)

// Segments are fetched one at a time at first, for a page that is found in it,
// then ever more, up to so many or so many bytes.
const (
	fetchGrowth   = 4
	fetchSegments = 64
	fetchBytes    = 1 << 20
)

// merge yields the events of overlapping segments in order. Segments wait in
// the order of their nearest event; one is opened when its nearest event may be
// the next, and leaves when it is used up.
type merge struct {
	scanner *scanner
	waiting []ref
	fetched map[int64]*open // read with an earlier one, not opened yet
	heap    opened
}

// open is a segment being read; at is its next entry.
type open struct {
	ref
	ingested int64
	entries  []entry
	at       int
	step     int // 1, or -1 when reading backward
}

func (o *open) cursor() Cursor {
	return Cursor{o.entries[o.at].time, o.seq, int64(o.at)}
}

// pop returns the next event; ok is false after the last.
func (m *merge) pop() (e Event, ok bool, err error) {
	for len(m.waiting) > 0 && m.mustOpen(m.waiting[0]) {
		if err := m.open(); err != nil {
			return e, false, err
		}
	}
	if len(m.heap) == 0 {
		return e, false, nil
	}
	o := m.heap[0]
	e = Event{
		Cursor: o.cursor(), Stream: o.stream, Body: o.entries[o.at].body,
		Time: store.FromMicros(o.entries[o.at].time), Ingested: store.FromMicros(o.ingested),
	}
	o.at += o.step
	if o.at < 0 || o.at == len(o.entries) {
		heap.Pop(&m.heap)
	} else {
		heap.Fix(&m.heap, 0)
	}
	return e, true, nil
}

// mustOpen reports whether r's nearest event may come before those on the heap.
func (m *merge) mustOpen(r ref) bool {
	if len(m.heap) == 0 {
		return true
	}
	top := m.heap[0].cursor().Time
	if m.scanner.q.Backward {
		return r.last >= top
	}
	return r.first <= top
}

// open moves the first waiting segment to the heap.
func (m *merge) open() error {
	r := m.waiting[0]
	if m.fetched[r.seq] == nil {
		if err := m.fetch(); err != nil {
			return err
		}
	}
	o := m.fetched[r.seq]
	delete(m.fetched, r.seq)
	m.waiting = m.waiting[1:]
	if o == nil || len(o.entries) == 0 {
		return nil // expired under a snapshot that allows it
	}
	o.ref = r
	o.step = 1
	if m.scanner.q.Backward {
		o.step, o.at = -1, len(o.entries)-1
	}
	heap.Push(&m.heap, o)
	return nil
}

// fetch reads the next waiting segments from the database.
func (m *merge) fetch() error {
	var args []any
	size := int64(0)
	for _, r := range m.waiting {
		if len(args) == m.scanner.batch || len(args) > 0 && size+r.size > fetchBytes {
			break
		}
		args = append(args, r.seq)
		size += r.size
	}
	m.scanner.batch = min(m.scanner.batch*fetchGrowth, fetchSegments)
	m.fetched = make(map[int64]*open, len(args))
	rows := store.Query(m.scanner.tx, scanOpen, "select seq, ingested, data from journal_segment where seq in (?"+
		strings.Repeat(", ?", len(args)-1)+")", args...)
	for o, err := range rows {
		if err != nil {
			return err
		}
		m.fetched[o.seq] = o
	}
	return nil
}

func scanOpen(row store.Row) (*open, error) {
	o := &open{}
	var data []byte
	if err := row.Scan(&o.seq, &o.ingested, &data); err != nil {
		return nil, err
	}
	var err error
	o.entries, err = decodeSegment(data)
	return o, err
}

// opened is a heap of segments by their next event.
type opened []*open

func (h opened) Len() int { return len(h) }

func (h opened) Less(i, j int) bool { return h[i].cursor().Compare(h[j].cursor())*h[i].step < 0 }

func (h opened) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

func (h *opened) Push(x any) { *h = append(*h, x.(*open)) }

func (h *opened) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return x
}
