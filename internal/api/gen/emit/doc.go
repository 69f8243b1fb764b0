// Package emit turns a service model into a Go package.
//
// It works in three steps. resolve walks from the operations to every shape in
// use, splits inputs and outputs from the structures they share, and gives each
// shape an index and each Go identifier a name of its own. The writers then
// print one file for each concern (types, enums, operations, handlers, client,
// errors, tables). Everything is passed through go/format at the end. What the
// model says of paginators and waiters goes into data files of package extras.
//
// The output depends on the models alone: the same models give the same bytes.
package emit
