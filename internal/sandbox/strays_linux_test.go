package sandbox

import (
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// What a killed server left waiting is ended by whoever sweeps its directory,
// and nothing else is.
func TestSweepEndsStrays(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	dead, alive := deadSpace(t, parent), filepath.Join(parent, "another")
	stray, neighbour := branding(t, dead), branding(t, alive)
	sweepSpaces(parent)
	if err := stray.Wait(); err == nil || stray.ProcessState.Success() {
		t.Errorf("the stray ended by itself: %v", err)
	}
	if !slices.Contains(branded(alive), neighbour.Process.Pid) {
		t.Error("a box of another directory was ended too")
	}
}

// deadSpace makes a work directory whose lock nobody holds any more.
func deadSpace(t *testing.T, parent string) string {
	t.Helper()
	s, err := newSpaces(parent)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.lock.Close(); err != nil {
		t.Fatal(err)
	}
	return s.dir
}

// branding starts a process with the command line of a box.
func branding(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	args := append([]string{"-c", "read x", "bwrap"}, brand(dir)...)
	cmd := exec.CommandContext(t.Context(), "/bin/sh", append(args, "--", "true")...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	return cmd
}
