package sandbox

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Whoever is killed while it removes a directory leaves the lock, by which the
// next sweep knows what the rest is.
func TestRemovalEndsWithTheLock(t *testing.T) {
	t.Parallel()
	s, err := newSpaces(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.lock.Close()
	// A directory that cannot be removed, by anybody, holds the removal up.
	busy := filepath.Join(s.dir, "z-busy")
	if err := os.Mkdir(busy, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", busy, "tmpfs", 0, "size=1m"); err != nil {
		t.Skip("mounting needs root:", err)
	}
	defer syscall.Unmount(busy, 0) //nolint:errcheck // done below
	w, err := s.make("run")
	if err != nil {
		t.Fatal(err)
	}
	if err := removeHeld(s.dir); err == nil {
		t.Error("removed a mount point")
	}
	if _, err := os.Stat(w.Dir); err == nil {
		t.Error("the workspace is still there")
	}
	if _, err := os.Stat(filepath.Join(s.dir, lockName)); err != nil {
		t.Errorf("the lock: %v", err)
	}
	if err := syscall.Unmount(busy, 0); err != nil {
		t.Fatal(err)
	}
	if err := removeHeld(s.dir); err != nil {
		t.Error(err)
	}
}
