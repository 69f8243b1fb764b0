package journal

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"time"

	"nephele.dev/nephele/internal/store"
)

// Query says which events of a log to read.
type Query struct {
	Log      string
	Streams  []string  // nil means all, empty none
	From, To time.Time // From inclusive, To exclusive; zero means open
	After    *Cursor   // only events behind this one in the direction of reading
	Backward bool      // latest first
}

// Scan yields the events of q in their order, or in reverse. It holds a handful
// of segments in memory, whatever the size of the log; break off to stop. The
// loop may run other statements on tx.
func Scan(tx *store.Tx, q Query) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		if q.Streams != nil && len(q.Streams) == 0 {
			return
		}
		s := newScanner(tx, &q)
		for {
			more, err := s.hour(yield)
			if err != nil {
				yield(Event{}, fmt.Errorf("journal: scan %s: %w", q.Log, err))
				return
			}
			if !more {
				return
			}
		}
	}
}

// scanner reads a log hour by hour. Within an hour segments overlap, so their
// events are merged; across hours they do not.
type scanner struct {
	tx       *store.Tx
	q        *Query
	from, to int64 // microseconds, both inclusive
	next     int64 // hours on this side of it are done
	batch    int   // segments to fetch next
}

func newScanner(tx *store.Tx, q *Query) *scanner {
	s := &scanner{tx: tx, q: q, batch: 1, from: math.MinInt64, to: math.MaxInt64}
	if !q.From.IsZero() {
		s.from = store.Micros(q.From)
	}
	if !q.To.IsZero() {
		s.to = store.Micros(q.To) - 1
	}
	if q.After != nil && q.Backward {
		s.to = min(s.to, q.After.Time)
	} else if q.After != nil {
		s.from = max(s.from, q.After.Time)
	}
	s.next = hourOf(s.from)
	if q.Backward {
		s.next = hourOf(s.to)
	}
	return s
}

// hour yields the events of the next hour that has any. more is false when
// there is none, or the reader had enough.
func (s *scanner) hour(yield func(Event, error) bool) (more bool, err error) {
	h, ok, err := s.findHour()
	if err != nil || !ok {
		return false, err
	}
	refs, err := s.refs(h)
	if err != nil {
		return false, err
	}
	m := merge{scanner: s, waiting: refs}
	for {
		e, ok, err := m.pop()
		if err != nil {
			return false, err
		}
		if !ok {
			break
		}
		if s.wants(&e) && !yield(e, nil) {
			return false, nil
		}
	}
	if s.q.Backward {
		s.next = h - 1
	} else {
		s.next = h + 1
	}
	return true, nil
}

// findHour returns the nearest hour not done yet in which the log has events.
func (s *scanner) findHour() (hour int64, ok bool, err error) {
	query := "select hour from journal_segment where log = ? and hour between ? and ? order by hour limit 1"
	low, high := s.next, hourOf(s.to)
	if s.q.Backward {
		query = "select hour from journal_segment where log = ? and hour between ? and ? order by hour desc limit 1"
		low, high = hourOf(s.from), s.next
	}
	if low > high {
		return 0, false, nil
	}
	err = s.tx.Row(query, s.q.Log, low, high).Scan(&hour)
	if errors.Is(err, store.ErrNotFound) {
		return 0, false, nil
	}
	return hour, err == nil, err
}

// ref is what the index knows of a segment.
type ref struct {
	seq, first, last, size int64
	stream                 string
}

// refs returns the segments of an hour that may hold wanted events, in the
// order in which a merge must open them.
func (s *scanner) refs(hour int64) ([]ref, error) {
	query := `select seq, first, last, size, stream from journal_segment
		where log = ? and hour = ? and last >= ? and first <= ?`
	args := []any{s.q.Log, hour, s.from, s.to}
	if s.q.Streams != nil {
		query += " and stream in (" + strings.TrimSuffix(strings.Repeat("?, ", len(s.q.Streams)), ", ") + ")"
		for _, name := range s.q.Streams {
			args = append(args, name)
		}
	}
	refs, err := store.All(store.Query(s.tx, func(row store.Row) (r ref, err error) {
		return r, row.Scan(&r.seq, &r.first, &r.last, &r.size, &r.stream)
	}, query, args...))
	slices.SortFunc(refs, func(a, b ref) int {
		if s.q.Backward {
			return cmp.Or(cmp.Compare(b.last, a.last), cmp.Compare(b.seq, a.seq))
		}
		return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.seq, b.seq))
	})
	return refs, err
}

func (s *scanner) wants(e *Event) bool {
	t := e.Cursor.Time
	if t < s.from || t > s.to {
		return false
	}
	if s.q.After == nil {
		return true
	}
	c := e.Cursor.Compare(*s.q.After)
	return c > 0 && !s.q.Backward || c < 0 && s.q.Backward
}
