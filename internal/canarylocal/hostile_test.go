package canarylocal

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

// outcome is a run that leaves one file.
func outcome(name string) *canaryrun.Outcome {
	o := &canaryrun.Outcome{Status: canaryrun.Passed, Started: time.Now()}
	o.Attach(name, []byte("theirs"))
	return o
}

// TestForeignProjects: a project or a run that somebody else has made does not
// write outside of its directory.
func TestForeignProjects(t *testing.T) {
	t.Parallel()
	dir, away := project(t, map[string]string{"a.js": ""}), t.TempDir()
	if err := os.Symlink(away, filepath.Join(dir, kept)); err != nil {
		t.Fatal(err)
	}
	if _, err := keep(Options{Dir: dir}, canaryrun.Job{}, outcome("x.txt")); err == nil {
		t.Error("a run was kept behind a link")
	}
	one, two := *example(), *example()
	one.Dir = project(t, map[string]string{"01-open.png": "a"})
	two.Dir = project(t, map[string]string{"01-open.png": "b"})
	if err := os.Symlink(away, filepath.Join(two.Dir, "difference")); err != nil {
		t.Fatal(err)
	}
	c := comparer{"01-open.png": {Status: "FAILED", Picture: []byte("red")}}
	if _, err := Compare(t.Context(), c, &one, &two, CompareOptions{}); err == nil {
		t.Error("a picture was written behind a link")
	}
	if left, err := os.ReadDir(away); err != nil || len(left) > 0 {
		t.Errorf("written outside: %v %v", left, err)
	}
}

// TestNothingIsOverwritten: artifacts have what names a script likes.
func TestNothingIsOverwritten(t *testing.T) {
	t.Parallel()
	out := project(t, map[string]string{".profile": "mine"})
	if _, err := keep(Options{Out: out}, canaryrun.Job{}, outcome(".profile")); err == nil {
		t.Error("a run was kept among other files")
	}
	if text, err := os.ReadFile(filepath.Join(out, ".profile")); err != nil || string(text) != "mine" {
		t.Errorf("%q %v", text, err)
	}
	out = filepath.Join(out, "runs", "one")
	for range 2 { // the second takes the place of the first
		if _, err := keep(Options{Out: out}, canaryrun.Job{}, outcome("x.txt")); err != nil {
			t.Error(err)
		}
	}
}
