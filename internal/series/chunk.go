package series

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"time"
)

// Bucket is the summary of one period.
type Bucket struct {
	Time time.Time // start of the period
	Unit string    // values of different units are never mixed
	Summary
}

// buckets collects summaries by time and unit. Times are cut to period,
// counted from origin.
type buckets struct {
	origin time.Time
	period time.Duration
	m      map[slot]*Summary
}

type slot struct {
	n    int64 // periods since origin
	unit string
}

func newBuckets(origin time.Time, period time.Duration) *buckets {
	return &buckets{origin: origin, period: period, m: map[slot]*Summary{}}
}

func (b *buckets) add(t time.Time, unit string, s Summary) {
	k := slot{int64(t.Sub(b.origin) / b.period), unit}
	if b.m[k] == nil {
		b.m[k] = &Summary{}
	}
	b.m[k].Merge(s)
}

// sorted returns the buckets by time, then unit.
func (b *buckets) sorted() []Bucket {
	out := make([]Bucket, 0, len(b.m))
	for k, s := range b.m {
		out = append(out, Bucket{b.origin.Add(time.Duration(k.n) * b.period), k.unit, *s})
	}
	slices.SortFunc(out, func(x, y Bucket) int {
		return cmp.Or(x.Time.Compare(y.Time), cmp.Compare(x.Unit, y.Unit))
	})
	return out
}

// chunkVersion is the first byte of an encoded chunk.
const chunkVersion = 1

// Flags of an encoded bucket.
const (
	flagPoint = 1 << iota // Min equals Max: count and that value follow
	flagDist              // a length and a distribution follow the numbers
)

// encodeChunk writes buckets, sorted by time, whose times are origin plus whole
// periods: version, the units' names, then for each bucket the distance to the
// one before in periods, the unit's index, flags and numbers.
func encodeChunk(origin time.Time, period time.Duration, bs []Bucket) []byte {
	b := []byte{chunkVersion}
	units := unitsOf(bs)
	b = binary.AppendUvarint(b, uint64(len(units)))
	for _, u := range units {
		b = binary.AppendUvarint(b, uint64(len(u)))
		b = append(b, u...)
	}
	b = binary.AppendUvarint(b, uint64(len(bs)))
	last := origin
	for i := range bs {
		b = binary.AppendUvarint(b, uint64(bs[i].Time.Sub(last)/period))
		b = binary.AppendUvarint(b, uint64(slices.Index(units, bs[i].Unit)))
		b = appendSummary(b, &bs[i].Summary)
		last = bs[i].Time
	}
	return b
}

func unitsOf(bs []Bucket) []string {
	var units []string
	for i := range bs {
		if !slices.Contains(units, bs[i].Unit) {
			units = append(units, bs[i].Unit)
		}
	}
	return units
}

func appendSummary(b []byte, s *Summary) []byte {
	if s.Min == s.Max && s.Sum == s.Min*s.Count {
		b = append(b, flagPoint)
		b = appendCount(b, s.Count)
		return appendFloat(b, s.Min)
	}
	var dist []byte
	if s.Dist != nil {
		dist = s.Dist.append(nil)
		b = append(b, flagDist)
	} else {
		b = append(b, 0)
	}
	b = appendCount(b, s.Count)
	for _, f := range []float64{s.Sum, s.Min, s.Max} {
		b = appendFloat(b, f)
	}
	if dist != nil {
		b = binary.AppendUvarint(b, uint64(len(dist)))
		b = append(b, dist...)
	}
	return b
}

// decodeChunk reads what encodeChunk wrote.
func decodeChunk(b []byte, origin time.Time, period time.Duration) ([]Bucket, error) {
	if len(b) == 0 || b[0] != chunkVersion {
		return nil, fmt.Errorf("%w: chunk version", errCorrupt)
	}
	r := reader{b: b[1:]}
	units := r.units()
	n := r.uvarint()
	if n > uint64(len(r.b)) { // a bucket takes more than a byte
		return nil, errCorrupt
	}
	out := make([]Bucket, 0, n)
	at := origin
	for range n {
		at = at.Add(time.Duration(r.uvarint()) * period) //nolint:gosec // checked by the caller's window
		unit := r.uvarint()
		s, err := r.summary()
		if err != nil || r.bad || unit >= uint64(len(units)) {
			return nil, errCorrupt
		}
		out = append(out, Bucket{at, units[unit], s})
	}
	if r.bad {
		return nil, errCorrupt
	}
	return out, nil
}

func (r *reader) units() []string {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.bad = true
		return nil
	}
	units := make([]string, n)
	for i := range units {
		units[i] = string(r.bytes(r.uvarint()))
	}
	return units
}

func (r *reader) summary() (Summary, error) {
	flags := r.bytes(1)
	if flags == nil {
		return Summary{}, errCorrupt
	}
	count := r.count()
	if flags[0]&flagPoint != 0 {
		return point(r.float(), count), nil
	}
	s := Summary{Count: count, Sum: r.float(), Min: r.float(), Max: r.float()}
	if flags[0]&flagDist == 0 {
		return s, nil
	}
	d, err := decodeDistribution(r.bytes(r.uvarint()))
	s.Dist = d
	return s, err
}
