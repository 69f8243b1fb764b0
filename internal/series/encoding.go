package series

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/DataDog/sketches-go/ddsketch"
	"github.com/DataDog/sketches-go/ddsketch/store"
)

// The two encodings, told apart by their first byte.
const (
	encodedExact  = 1
	encodedSketch = 2
)

var errCorrupt = errors.New("series: stored bytes are corrupt")

// append encodes d. A nil distribution has no encoding.
func (d *Distribution) append(b []byte) []byte {
	if d.sketch != nil {
		return appendSketch(append(b, encodedSketch), d.sketch)
	}
	b = append(b, encodedExact)
	b = binary.AppendUvarint(b, uint64(len(d.exact)))
	for _, x := range d.exact {
		b = appendFloat(b, x.value)
		b = appendCount(b, x.count)
	}
	return b
}

// decodeDistribution reads what append wrote; b holds nothing else.
func decodeDistribution(b []byte) (*Distribution, error) {
	if len(b) == 0 {
		return nil, errCorrupt
	}
	switch b[0] {
	case encodedSketch:
		return decodeSketch(b[1:])
	case encodedExact:
		return decodeExact(b[1:])
	default:
		return nil, fmt.Errorf("%w: distribution kind %d", errCorrupt, b[0])
	}
}

func decodeExact(b []byte) (*Distribution, error) {
	r := reader{b: b}
	n := r.uvarint()
	if n > exactValues {
		return nil, errCorrupt
	}
	d := &Distribution{exact: make([]bin, n)}
	for i := range d.exact {
		d.exact[i] = bin{r.float(), r.count()}
	}
	if r.bad || len(r.b) > 0 {
		return nil, errCorrupt
	}
	return d, nil
}

// appendSketch writes the bins of positive and of negative values, then the
// count of zeros. The library's own encoding repeats the mapping in each sketch
// and its decoder can be kept busy for ever by damaged bytes; ours is smaller
// and bounded.
func appendSketch(b []byte, s *ddsketch.DDSketch) []byte {
	b = appendBins(b, s.GetPositiveValueStore())
	b = appendBins(b, s.GetNegativeValueStore())
	return appendCount(b, s.GetZeroCount())
}

// appendBins writes how many bins there are, then for each the distance of its
// index to the one before (zigzag) and its count.
func appendBins(b []byte, bins store.Store) []byte {
	n, last := 0, 0
	var body []byte
	bins.ForEach(func(index int, count float64) bool {
		body = binary.AppendVarint(body, int64(index-last))
		body = appendCount(body, count)
		n, last = n+1, index
		return false
	})
	return append(binary.AppendUvarint(b, uint64(n)), body...) //nolint:gosec // a count
}

func decodeSketch(b []byte) (*Distribution, error) {
	s := newSketch()
	r := reader{b: b}
	r.bins(s.GetPositiveValueStore())
	r.bins(s.GetNegativeValueStore())
	zeros := r.count()
	if r.bad || len(r.b) > 0 || !countable(zeros) || s.AddWithCount(0, zeros) != nil {
		return nil, errCorrupt
	}
	return &Distribution{sketch: s}, nil
}

// maxIndex is beyond the index of every finite value.
const maxIndex = 1 << 20

func (r *reader) bins(into store.Store) {
	n := r.uvarint()
	if n > sketchBins {
		r.bad = true
		return
	}
	index := int64(0)
	for range n {
		index += r.varint()
		count := r.count()
		if r.bad || index < -maxIndex || index > maxIndex || !countable(count) {
			r.bad = true
			return
		}
		into.AddWithCount(int(index), count)
	}
}

// countable reports whether n can be a count.
func countable(n float64) bool { return n >= 0 && n <= math.MaxFloat64 }

func appendFloat(b []byte, f float64) []byte {
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(f))
}

// appendCount spends a byte on small whole numbers, nine on fractions.
func appendCount(b []byte, n float64) []byte {
	if n >= 0 && n < 1<<52 && n == math.Trunc(n) {
		return binary.AppendUvarint(b, uint64(n)<<1)
	}
	return appendFloat(append(b, 1), n)
}

// reader takes encoded numbers off a slice; bad is set once one is missing.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) float() float64 {
	p := r.bytes(8)
	if p == nil {
		return 0
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(p))
}

func (r *reader) count() float64 {
	v := r.uvarint()
	if v&1 == 1 {
		return r.float()
	}
	return float64(v >> 1)
}

func (r *reader) bytes(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return nil
	}
	p := r.b[:n]
	r.b = r.b[n:]
	return p
}
