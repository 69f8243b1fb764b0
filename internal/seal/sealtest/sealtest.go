// Package sealtest gives tests a Sealer.
package sealtest

import (
	"testing"

	"nephele.dev/nephele/internal/seal"
	"nephele.dev/nephele/internal/store"
)

// New returns a Sealer over db under a master key of its own.
func New(t testing.TB, db *store.DB) *seal.Sealer {
	t.Helper()
	ring, err := seal.ParseRing(seal.NewMaster())
	if err != nil {
		t.Fatal(err)
	}
	s, err := seal.Open(t.Context(), db, seal.Options{Ring: ring})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
