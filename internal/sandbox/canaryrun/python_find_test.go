package canaryrun

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPythonFindings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	// Users of runs may not enter a test's directory.
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	fake := func(name, answer string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("#!/bin/sh\necho '"+answer+"'\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for path, want := range map[string]string{
		dir + "/none":        "is not installed",
		fake("odd", "hello"): "does not run",
		fake("short", `{}`):  "does not run",
		fake("old", `{"version":[3,9,2],"selenium":"4.1"}`):    "is version 3.9.2, too old",
		fake("older", `{"version":[2,12,2],"selenium":"4.1"}`): "is version 2.12.2, too old",
	} {
		tools, f := findPython(t.Context(), path, "")
		if f.OK || tools.python.host != "" || !strings.Contains(f.Detail, want) || f.Fix == "" {
			t.Errorf("%s: %+v", path, f)
		}
	}
	bare := fake("bare", `{"version":[3,12,1],"selenium":""}`)
	tools, f := findPython(t.Context(), bare, "")
	if f.OK || tools.python.host != bare || !strings.Contains(tools.missing, "has no Selenium; apt-get install") || !strings.Contains(f.Detail, "scripts that open a page fail") {
		t.Errorf("%+v %+v", tools, f)
	}
	tools, f = findPython(t.Context(), "", "")
	if !f.OK || f.Fix != "" || tools.missing != "" || tools.version == "" || tools.driver.box == "" {
		t.Errorf("%+v %+v", tools, f)
	}
}
