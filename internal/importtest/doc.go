// Package importtest holds the house to its plan: which room may import which.
// It has no code of its own, only a test over `go list`.
package importtest
