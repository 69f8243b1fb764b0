package sandbox

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Servers that start at the same moment sweep while others settle in.
func TestSpacesSideBySide(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range 20 {
				s, err := newSpaces(parent)
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := os.Stat(filepath.Join(s.dir, lockName)); err != nil {
					t.Errorf("swept away by a neighbour: %v", err)
				}
				if err := s.close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

func TestSweepSpaces(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	target := filepath.Join(t.TempDir(), "made")
	old := time.Now().Add(-2 * abandonedAge)
	dir := func(name string, fill func(dir string) error) string {
		path := filepath.Join(parent, spacesPrefix+name)
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := fill(path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	file := func(dir string) error { return os.WriteFile(filepath.Join(dir, lockName), nil, 0o600) }
	dead := dir("dead", file)
	young := dir("young", func(string) error { return nil })
	left := dir("left", func(dir string) error { return os.Chtimes(dir, old, old) })
	trap := dir("trap", func(dir string) error { return os.Symlink(target, filepath.Join(dir, lockName)) })
	living, err := newSpaces(parent)
	if err != nil {
		t.Fatal(err)
	}
	defer living.close() //nolint:errcheck // the test's directory goes anyway
	sweepSpaces(parent)
	for path, stays := range map[string]bool{dead: false, young: true, left: false, trap: true, living.dir: true} {
		if _, err := os.Stat(path); (err == nil) != stays {
			t.Errorf("%s: stays %v: %v", path, stays, err)
		}
	}
	if _, err := os.Lstat(target); err == nil {
		t.Error("a link was followed")
	}
	if os.Geteuid() == 0 {
		theirs := dir("theirs", file)
		if err := os.Chown(theirs, 65534, 65534); err != nil {
			t.Fatal(err)
		}
		sweepSpaces(parent)
		if _, err := os.Stat(theirs); err != nil {
			t.Errorf("another user's: %v", err)
		}
	}
}
