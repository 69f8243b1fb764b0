package coverage

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"

	"nephele.dev/nephele/internal/shape"
)

// checksum is a short digest of all that a model says about an operation.
func checksum(op *shape.Operation) string {
	d := digest{Hash: sha256.New(), seen: make(map[*shape.Shape]int)}
	fmt.Fprintln(d, op.Name, op.Method, op.Path, op.Status, op.Host)
	d.shape(op.Input)
	d.shape(op.Output)
	for _, e := range op.Errors {
		d.shape(e)
	}
	return hex.EncodeToString(d.Sum(nil)[:4])
}

// digest hashes shapes; recursive ones by the order in which they were met.
type digest struct {
	hash.Hash
	seen map[*shape.Shape]int
}

func (d digest) shape(s *shape.Shape) {
	if n, ok := d.seen[s]; ok {
		fmt.Fprintln(d, "again", n)
		return
	}
	d.seen[s] = len(d.seen)
	fmt.Fprintln(d, s.Name, s.Kind, bound(s.Min), bound(s.Max), s.Pattern, s.Enum, s.Payload, s.Flattened, s.Streaming)
	if s.Error != nil {
		fmt.Fprintln(d, s.Error.Code, s.Error.Status)
	}
	for _, m := range s.Members {
		d.member(m)
	}
	for _, m := range []*shape.Member{s.Elem, s.Key, s.Value} {
		if m != nil {
			d.member(m)
		}
	}
}

func (d digest) member(m *shape.Member) {
	fmt.Fprintln(d, m.Name, m.WireName, m.Required, m.Location, m.Flattened)
	d.shape(m.Shape)
}

func bound(f *float64) any {
	if f == nil {
		return "-"
	}
	return *f
}
