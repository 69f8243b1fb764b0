// Package coverage renders the table of what works: every operation of every
// service, and whether it is implemented. docs/coverage.md is its output, and
// `nephele coverage` prints it. The package is pure: who implements what is
// asked of the caller.
package coverage
