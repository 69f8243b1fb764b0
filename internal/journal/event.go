package journal

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// Event is something that happened at a time. The journal does not look into
// its body.
type Event struct {
	Time time.Time // kept to the microsecond
	Body []byte

	// Set by Scan.
	Stream   string
	Ingested time.Time // when it was appended
	Cursor   Cursor
}

// Cursor is an event's place in the order of its log: by time, then arrival,
// then place in the call that appended it. It stays valid whatever is appended
// or expired. The zero Cursor is before everything.
type Cursor struct {
	Time  int64 // microseconds since 1970
	Seq   int64 // of the segment
	Index int64 // within the segment
}

// Compare orders cursors as Scan orders events.
func (c Cursor) Compare(o Cursor) int {
	return cmp.Or(cmp.Compare(c.Time, o.Time), cmp.Compare(c.Seq, o.Seq), cmp.Compare(c.Index, o.Index))
}

// String is the cursor as 56 digits: an event's id as CloudWatch Logs shows it.
func (c Cursor) String() string { return fmt.Sprintf("%020d%020d%016d", c.Time, c.Seq, c.Index) }

// ErrCursor says that text is not a cursor.
var ErrCursor = errors.New("journal: not a cursor")

// ParseCursor reads what String wrote.
func ParseCursor(s string) (Cursor, error) {
	const timeEnd, seqEnd, end = 20, 40, 56
	if len(s) != end {
		return Cursor{}, ErrCursor
	}
	var c Cursor
	for i, part := range []struct {
		to   *int64
		text string
	}{{&c.Time, s[:timeEnd]}, {&c.Seq, s[timeEnd:seqEnd]}, {&c.Index, s[seqEnd:]}} {
		n, err := digits(part.text)
		if err != nil {
			return Cursor{}, fmt.Errorf("part %d: %w", i, err)
		}
		*part.to = n
	}
	return c, nil
}

// digits reads a non-negative decimal that may have leading zeros.
func digits(s string) (int64, error) {
	var n int64
	for i := range len(s) {
		d := int64(s[i]) - '0'
		if d < 0 || d > 9 || n > (1<<63-1-d)/10 {
			return 0, ErrCursor
		}
		n = n*10 + d
	}
	return n, nil
}
