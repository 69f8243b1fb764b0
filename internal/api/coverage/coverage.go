package coverage

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"nephele.dev/nephele/internal/shape"
)

// Implemented reports whether an operation does its work.
type Implemented func(*shape.Operation) bool

// Count is how much of a service works.
type Count struct {
	Service    *shape.Service
	Works      int
	Operations int // how many operations the service has
}

// Counts returns a line for each service: those with anything at all first by
// name, then the others by name.
func Counts(services []*shape.Service, implemented Implemented) []Count {
	counts := make([]Count, 0, len(services))
	for _, svc := range services {
		c := Count{Service: svc, Operations: len(svc.Operations())}
		for _, op := range svc.Operations() {
			if implemented(op) {
				c.Works++
			}
		}
		counts = append(counts, c)
	}
	slices.SortFunc(counts, func(a, b Count) int {
		if (a.Works > 0) != (b.Works > 0) {
			return cmp.Compare(b.Works, a.Works)
		}
		return cmp.Compare(a.Service.Name, b.Service.Name)
	})
	return counts
}

// Markdown writes the coverage page: a summary of all services, then a table
// of operations for each. The shape column is shape.Checksum: a change in it
// means that the model of the operation changed.
func Markdown(w io.Writer, services []*shape.Service, implemented Implemented) error {
	var b strings.Builder
	counts := Counts(services, implemented)
	b.WriteString(intro)
	summary(&b, counts)
	for _, c := range counts {
		section(&b, c, implemented)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

const intro = `# Coverage

Generated from the service tables; do not edit. An operation that works does
what its API reference says. Every other operation of the services below is known, and
answers with a "not implemented" error in the service's own form.

`

func summary(b *strings.Builder, counts []Count) {
	b.WriteString("| service | version | works | operations |\n|---|---|---:|---:|\n")
	works, all := 0, 0
	for _, c := range counts {
		works, all = works+c.Works, all+c.Operations
		fmt.Fprintf(b, "| [%s](#%s) | %s | %d | %d |\n", c.Service.Name, c.Service.Name, c.Service.APIVersion, c.Works, c.Operations)
	}
	fmt.Fprintf(b, "| **all** | | **%d** | **%d** |\n", works, all)
}

// section writes one service: its operations, those that work first.
func section(b *strings.Builder, c Count, implemented Implemented) {
	fmt.Fprintf(b, "\n## %s\n\n%s, %s; %d of %d operations work.\n\n", c.Service.Name, c.Service.ID,
		protocols(c.Service), c.Works, c.Operations)
	b.WriteString("| operation | state | shape |\n|---|---|---|\n")
	for _, state := range []bool{true, false} {
		for _, op := range c.Service.Operations() {
			if implemented(op) == state {
				fmt.Fprintf(b, "| %s | %s | `%s` |\n", op.Name, word(state), shape.Checksum(op))
			}
		}
	}
}

func word(works bool) string {
	if works {
		return "works"
	}
	return "not implemented"
}

func protocols(svc *shape.Service) string {
	names := make([]string, len(svc.Protocols))
	for i, p := range svc.Protocols {
		names[i] = string(p)
	}
	return strings.Join(names, ", ")
}
