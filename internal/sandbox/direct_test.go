//go:build linux

package sandbox

import (
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"
)

func TestNoIsolationIsRefusedUnlessAllowed(t *testing.T) {
	t.Parallel()
	o := Options{Bubblewrap: "/no/such/bwrap", WorkDir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)}
	_, err := New(o)
	if !errors.Is(err, ErrNoIsolation) || !strings.Contains(err.Error(), "bwrap is not installed") {
		t.Fatalf("error %v", err)
	}
	if left, _ := os.ReadDir(o.WorkDir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	o.AllowUnsandboxed = true
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Level().Isolated() {
		t.Error("the level claims isolation")
	}
}

func TestDirectRun(t *testing.T) {
	t.Parallel()
	s, err := New(Options{Bubblewrap: "/no/such/bwrap", AllowUnsandboxed: true, WorkDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	w, err := s.Workspace("d")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	r, err := s.Run(t.Context(), Spec{
		ID: "d", OutDir: w.Out, CodeDir: w.Code, Stdout: &out, Timeout: 700 * time.Millisecond,
		Env:  map[string]string{"PATH": "/usr/bin:/bin", "WHERE": BoxOut + "/file", "CODE": BoxCode},
		Argv: []string{"/bin/sh", "-c", `echo "$CODE $HOME"; echo kept >"$WHERE"; setsid sleep 71.23 & sleep 72`},
	})
	if err != nil {
		t.Fatal(err)
	}
	if !r.TimedOut || out.String() != w.Code+" \n" {
		t.Errorf("%+v %q", r, out.String())
	}
	if b, _ := os.ReadFile(w.Out + "/file"); string(b) != "kept\n" {
		t.Errorf("kept %q", b)
	}
	if left := alive("sleep\x0071.23"); len(left) > 0 {
		t.Errorf("still alive: %q", left)
	}
}

func TestSpacesOfDeadServersAreSwept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	dead := dir + "/" + spacesPrefix + "dead"
	if err := os.MkdirAll(dead+"/run-x", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dead+"/lock", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := newSpaces(dir)
	if err != nil {
		t.Fatal(err)
	}
	b, err := newSpaces(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dead); !errors.Is(err, os.ErrNotExist) {
		t.Error("the dead one is still there")
	}
	if _, err := os.Stat(a.dir); err != nil {
		t.Error("the living one is gone")
	}
	if err := errors.Join(a.close(), b.close()); err != nil {
		t.Error(err)
	}
}
