package journal

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/klauspost/compress/s2"
)

// A segment's data is a version byte and the S2-compressed events, each the
// distance of its time to the one before (zigzag), the body's length and the
// body. Events are in order of time, equal times in order of arrival.
const segmentVersion = 1

// maxDecoded bounds what a damaged segment can make us allocate.
const maxDecoded = 64 << 20

var errCorrupt = errors.New("journal: stored bytes are corrupt")

// entry is an event in a segment.
type entry struct {
	time int64 // microseconds
	body []byte
}

func encodeSegment(entries []entry) []byte {
	size := 0
	for i := range entries {
		size += len(entries[i].body) + 4
	}
	raw := make([]byte, 0, size)
	last := int64(0)
	for _, e := range entries {
		raw = binary.AppendVarint(raw, e.time-last)
		raw = binary.AppendUvarint(raw, uint64(len(e.body)))
		raw = append(raw, e.body...)
		last = e.time
	}
	out := make([]byte, 1+s2.MaxEncodedLen(len(raw)))
	out[0] = segmentVersion
	return out[:1+len(s2.Encode(out[1:], raw))]
}

// decodeSegment returns entries that share one allocation.
func decodeSegment(data []byte) ([]entry, error) {
	if len(data) == 0 || data[0] != segmentVersion {
		return nil, fmt.Errorf("%w: segment version", errCorrupt)
	}
	if n, err := s2.DecodedLen(data[1:]); err != nil || n > maxDecoded {
		return nil, fmt.Errorf("%w: %d bytes decoded (%w)", errCorrupt, n, err)
	}
	raw, err := s2.Decode(nil, data[1:])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errCorrupt, err)
	}
	var entries []entry
	last := int64(0)
	for len(raw) > 0 {
		delta, n := binary.Varint(raw)
		if n <= 0 {
			return nil, errCorrupt
		}
		size, m := binary.Uvarint(raw[n:])
		if m <= 0 || size > uint64(len(raw)-n-m) {
			return nil, errCorrupt
		}
		last += delta
		start := n + m
		entries = append(entries, entry{last, raw[start : start+int(size) : start+int(size)]}) //nolint:gosec // checked above
		raw = raw[start+int(size):]                                                            //nolint:gosec // checked above
	}
	return entries, nil
}
