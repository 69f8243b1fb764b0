package shape

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
)

// Checksum returns 16 hexadecimal digits that change when anything about an
// operation's request, response or errors changes: bindings, members, their
// order, constraints, wire names. The coverage table holds it, so that a model
// bump points at the operations whose tests need another look.
func Checksum(op *Operation) string {
	h := sha256.New()
	d := describer{w: h, seen: map[*Shape]int{}}
	fmt.Fprintf(h, "%s %s %q %d %q %q %v %v %q\n", op.Name, op.Method, op.Path, op.Status, op.Host,
		op.OutputWrapper, op.Anonymous, op.ChecksumRequired, op.ChecksumMember)
	fmt.Fprintf(h, "%v %v %v\n", op.UnwrappedOutput, op.UnsignedPayload, op.Compressible)
	d.shape(op.Input)
	d.shape(op.Output)
	for _, e := range op.Errors {
		d.shape(e)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// describer writes shapes in full the first time and by number afterwards, so
// that recursive shapes end.
type describer struct {
	w    io.Writer
	seen map[*Shape]int
}

func (d describer) shape(s *Shape) {
	if n, ok := d.seen[s]; ok {
		fmt.Fprintf(d.w, "#%d\n", n)
		return
	}
	d.seen[s] = len(d.seen)
	fmt.Fprintf(d.w, "%s %d %q %v %d %q %q %q %s %s %q %q %v %v %v %v\n", s.Name, s.Kind, s.Payload, s.Flattened,
		s.TimestampFormat, s.XMLName, s.XMLNamespace, s.XMLNamePrefix, limit(s.Min), limit(s.Max), s.Pattern,
		strings.Join(s.Enum, "\x00"), s.Streaming, s.Sensitive, s.Document, s.Event)
	if s.Error != nil {
		fmt.Fprintf(d.w, "error %+v\n", *s.Error)
	}
	for _, m := range s.Members {
		d.member(m)
	}
	for _, m := range []*Member{s.Elem, s.Key, s.Value} {
		if m != nil {
			d.member(m)
		}
	}
}

func (d describer) member(m *Member) {
	c := *m
	c.Shape = nil // a pointer says nothing about the model
	fmt.Fprintf(d.w, "%+v\n", c)
	d.shape(m.Shape)
}

func limit(f *float64) string {
	if f == nil {
		return "-"
	}
	return fmt.Sprint(*f)
}
