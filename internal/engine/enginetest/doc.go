// Package enginetest starts engines for tests and holds the suite that the
// engine passes on every database.
package enginetest
