package journal

import (
	"bytes"
	"testing"
)

func FuzzDecodeSegment(f *testing.F) {
	f.Add(encodeSegment([]entry{{1, []byte("a")}, {1, nil}, {5_000_000, bytes.Repeat([]byte("b"), 300)}}))
	f.Add([]byte{segmentVersion, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := decodeSegment(data)
		if err != nil {
			return
		}
		again, err := decodeSegment(encodeSegment(entries))
		if err != nil || len(again) != len(entries) {
			t.Fatalf("%d entries read back as %d: %v", len(entries), len(again), err)
		}
		for i := range entries {
			if again[i].time != entries[i].time || !bytes.Equal(again[i].body, entries[i].body) {
				t.Fatalf("entry %d: %v became %v", i, entries[i], again[i])
			}
		}
	})
}

func FuzzParseCursor(f *testing.F) {
	f.Add(Cursor{1, 2, 3}.String())
	f.Add("0")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseCursor(s)
		if err == nil && c.String() != s {
			t.Errorf("%q reads as %v", s, c)
		}
	})
}
