package session

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"maps"
	"slices"
	"sync"
)

// maxInflated bounds what a token holds, in bytes.
const maxInflated = 64 << 10

// maxPacked is how much room session policies and tags have together, packed,
// in bytes. AWS does not tell its own; this is what the PackedPolicySize of the
// examples in its API reference comes to.
const maxPacked = 2048

// Writers and readers are kept: one takes most of a megabyte, the other 40 kB.
var (
	writers = sync.Pool{New: func() any {
		w, _ := flate.NewWriter(nil, flate.DefaultCompression) // the level is valid
		return w
	}}
	readers = sync.Pool{New: func() any { return flate.NewReader(bytes.NewReader(nil)) }}
)

func deflate(text []byte) []byte {
	var out bytes.Buffer
	w := writers.Get().(*flate.Writer)
	defer writers.Put(w)
	w.Reset(&out)
	_, _ = w.Write(text) // a buffer takes everything
	_ = w.Close()
	return out.Bytes()
}

func inflate(packed []byte) ([]byte, error) {
	r := readers.Get().(io.Reader)
	defer readers.Put(r)
	if err := r.(flate.Resetter).Reset(bytes.NewReader(packed), nil); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(r, maxInflated+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxInflated {
		return nil, errors.New("too long")
	}
	return text, nil
}

// PackedSize is how much of their room the session policies and tags of a
// session take, in percent (the PackedPolicySize of STS). More than 100 is too
// much. It is 0 when there are none.
func PackedSize(inline string, managed []string, tags map[string]string) int {
	var text []byte
	add := func(s string) { text = append(append(text, s...), 0) }
	if inline != "" {
		add(inline)
	}
	for _, arn := range managed {
		add(arn)
	}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		add(key)
		add(tags[key])
	}
	if len(text) == 0 {
		return 0
	}
	return (len(deflate(text))*100 + maxPacked - 1) / maxPacked
}
