package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Workspace is a directory of a run, which its box can mount from.
type Workspace struct {
	Dir  string // the workspace itself
	Code string // an empty directory for Spec.CodeDir
	Out  string // an empty directory for Spec.OutDir

	remove func() error
}

// Close removes the workspace and all it holds.
func (w *Workspace) Close() error {
	if w == nil || w.remove == nil {
		return nil
	}
	return w.remove()
}

// spaces is where workspaces live: one directory per server process, held by
// a file lock, so that the next process can tell a living neighbour's from the
// leavings of one that was killed.
type spaces struct {
	dir  string
	lock *os.File
}

const spacesPrefix = "nephele-box-"

// newSpaces makes the directory and removes those of dead processes.
func newSpaces(parent string) (*spaces, error) {
	if parent == "" {
		parent = os.TempDir()
	}
	sweepSpaces(parent)
	dir, err := os.MkdirTemp(parent, spacesPrefix)
	if err != nil {
		return nil, fmt.Errorf("sandbox: work directory: %w", err)
	}
	// Others may pass through (a run's user must), but not list.
	if err := os.Chmod(dir, 0o711); err != nil {
		return nil, fmt.Errorf("sandbox: work directory: %w", err)
	}
	lock, err := holdDir(dir)
	if err != nil {
		return nil, fmt.Errorf("sandbox: work directory: %w", err)
	}
	return &spaces{dir: dir, lock: lock}, nil
}

const lockName = "lock"

// holdDir locks a new directory. The file gets its name only when it is
// locked, or a neighbour's sweep could take the lock first.
func holdDir(dir string) (*os.File, error) {
	made := filepath.Join(dir, "."+lockName)
	lock, err := lockFile(made, os.O_CREATE|os.O_EXCL)
	if err != nil {
		return nil, err
	}
	if err := os.Rename(made, filepath.Join(dir, lockName)); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

// lockFile opens path and locks it, or fails at once. It follows no link.
func lockFile(path string, flags int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|syscall.O_NOFOLLOW|flags, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// abandonedAge is when a directory without a lock counts as left behind by a
// process that was killed while it made it.
const abandonedAge = time.Hour

// sweepSpaces removes the directories whose lock nobody holds. Those of other
// users are theirs: a lock in one of them could be a trap for us.
func sweepSpaces(parent string) {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), spacesPrefix) {
			continue
		}
		info, err := e.Info()
		if err != nil || !isOurs(info) {
			continue
		}
		dir := filepath.Join(parent, e.Name())
		lock, err := lockFile(filepath.Join(dir, lockName), 0)
		switch {
		case err == nil:
			endStrays(dir)
			_ = removeHeld(dir)
			_ = lock.Close()
		case errors.Is(err, fs.ErrNotExist) && time.Since(info.ModTime()) > abandonedAge:
			_ = os.RemoveAll(dir)
		}
	}
}

// removeHeld removes a directory whose lock we hold, the lock last: who is
// killed half-way leaves something that the next sweep knows.
func removeHeld(dir string) error {
	entries, err := os.ReadDir(dir)
	errs := []error{err}
	for _, e := range entries {
		if e.Name() != lockName {
			errs = append(errs, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return os.RemoveAll(dir)
}

// isOurs reports whether a file belongs to the user that we run as.
func isOurs(info fs.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(s.Uid) == os.Geteuid()
}

// make makes a workspace.
func (s *spaces) make(id string) (*Workspace, error) {
	dir, err := os.MkdirTemp(s.dir, safeID(id)+"-")
	if err != nil {
		return nil, fmt.Errorf("sandbox: workspace: %w", err)
	}
	w := &Workspace{
		Dir: dir, Code: filepath.Join(dir, "code"), Out: filepath.Join(dir, "out"),
		remove: func() error { return os.RemoveAll(dir) },
	}
	// The code is read by the run's user; what the run leaves is the server's.
	if err := errors.Join(os.Chmod(dir, 0o711), os.Mkdir(w.Code, 0o755), os.Mkdir(w.Out, 0o700)); err != nil {
		_ = w.Close()
		return nil, fmt.Errorf("sandbox: workspace: %w", err)
	}
	return w, nil
}

// close removes everything.
func (s *spaces) close() error {
	return errors.Join(removeHeld(s.dir), s.lock.Close())
}

// safeID makes an id fit for file names.
func safeID(id string) string {
	clean := strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '-'
	}, id)
	if len(clean) > 40 {
		clean = clean[:40]
	}
	return "run-" + clean
}
