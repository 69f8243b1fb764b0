// Package shape holds a service model as Go data: services, operations, and
// the shapes of their inputs, outputs and errors.
//
// The generated packages below internal/api hold one Service each. Everything
// that works on requests without knowing the service reads these tables:
// package wire encodes and decodes along them, package plane validates by
// their constraints, the door routes by them, and docs/coverage.md lists them.
//
// Go values follow a shape by position: a structure's member i is field
// Member.Field of the generated struct Shape.Type. The mapping of kinds is
//
//	kind                 required member      optional member
//	string, enum         string / type E      *string / *E
//	integer, long        int32, int64         *int32, *int64
//	float, double        float32, float64     *float32, *float64
//	boolean              bool                 *bool
//	timestamp            time.Time            *time.Time
//	structure, union     *T                   *T          (nil when absent)
//	list                 []E                  []E         (nil when absent)
//	map                  map[string]V         map[string]V
//	blob                 []byte               []byte
//	streaming blob       io.Reader            io.Reader
//	event stream         iter.Seq2[*T, error] iter.Seq2[*T, error]
//
// List elements and map values of scalar kind are values, of structure kind
// pointers. A union is a struct with one pointer (or nilable) field per variant.
// Map keys are plain strings even where the model has an enum. An event stream
// is a sequence of unions; its Shape.Type is the union's struct.
// Members bound to an idempotency token are strings like any other.
// Error shapes have a struct too; handlers return *awserr.Error and use the
// struct only for the types of its members.
//
// The input and output of an operation are shapes of their own even when the
// model uses one structure in several places: Shape.Name is the model's name,
// Shape.Type the struct OpInput or OpOutput.
//
// A generated package holds its model as a Table: rows of static data that name
// each other by index, which costs nothing until Service is first called. Link
// then makes the graph of pointers that this package's types describe.
package shape
