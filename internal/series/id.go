package series

import (
	"cmp"
	"crypto/sha256"
	"slices"
	"strings"
)

// Dimension is a name-value pair that is part of a metric's identity.
type Dimension struct{ Name, Value string }

// ID names a series: a metric in a namespace with a set of dimensions, in an
// account and region. The order of dimensions means nothing.
type ID struct {
	Account, Region string
	Namespace, Name string
	Dimensions      []Dimension
}

// The separators of the stored form of dimensions. Control characters are not
// allowed in their names and values, so the form is unambiguous.
const (
	between = "\x1f" // before every pair and after the last
	equals  = "\x1e" // between name and value
)

// pairs returns the dimensions in their stored form, sorted by name.
func (id *ID) pairs() string {
	if len(id.Dimensions) == 0 {
		return ""
	}
	sorted := slices.SortedFunc(slices.Values(id.Dimensions), func(a, b Dimension) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Value, b.Value))
	})
	var s strings.Builder
	for _, d := range sorted {
		s.WriteString(between + d.Name + equals + d.Value)
	}
	return s.String() + between
}

// parsePairs reads the stored form.
func parsePairs(s string) []Dimension {
	if s == "" {
		return nil
	}
	var dims []Dimension
	for pair := range strings.SplitSeq(strings.Trim(s, between), between) {
		name, value, _ := strings.Cut(pair, equals)
		dims = append(dims, Dimension{name, value})
	}
	return dims
}

// keySize makes collisions a matter of 2^64 series.
const keySize = 16

// key is a series' primary key, computed from its identity so that writing a
// sample needs no look-up.
func (id *ID) key() [keySize]byte {
	h := sha256.New()
	for _, part := range []string{id.Account, id.Region, id.Namespace, id.Name, id.pairs()} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	return [keySize]byte(h.Sum(nil)[:keySize])
}
