package python

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestUnpack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := Unpack(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{Main, Check, "_nephele/__init__.py", "aws_synthetics/selenium/synthetics_webdriver.py"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o644 {
			t.Errorf("%s: %v %v", name, info, err)
		}
	}
	if err := Unpack(filepath.Join(dir, "none")); err == nil {
		t.Error("unpacked into nothing")
	}
	if !strings.Contains(CheckSource(), "compileall") {
		t.Error("the check is another program")
	}
}

// What a developer's Python leaves beside the sources must not get in.
func TestSourcesAreSourcesAlone(t *testing.T) {
	t.Parallel()
	err := fs.WalkDir(sources, "src", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasSuffix(name, ".py") {
			t.Errorf("%s is embedded", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The rules of the configuration and of redaction are tested in Python, which
// is where they are.
func TestPythonRules(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := Unpack(dir); err != nil {
		t.Fatal(err)
	}
	python, err := exec.LookPath("/usr/bin/python3")
	if err != nil {
		t.Fatal("python3 is needed to test what runs on it: ", err)
	}
	cmd := exec.CommandContext(t.Context(), python, "-B", "-m", "unittest", "discover", "-q", "-s", "testdata", "-p", "*_test.py")
	cmd.Env = append(os.Environ(), "PYTHONPATH="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
