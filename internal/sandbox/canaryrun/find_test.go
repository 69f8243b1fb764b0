package canaryrun

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/sandbox"
)

func TestToolsOutsideUsrAreMounted(t *testing.T) {
	t.Parallel()
	tests := []struct {
		host, up string
		want     tool
	}{
		{"/usr/bin/node", "..", tool{host: "/usr/bin/node", box: "/usr/bin/node"}},
		{"/opt/node-v22/bin/node", "..", tool{
			host: "/opt/node-v22/bin/node", box: "/nephele/tool/bin/node",
			mounts: []sandbox.Mount{{Host: "/opt/node-v22", Box: "/nephele/tool"}},
		}},
		{"/opt/google/chrome/chrome", ".", tool{
			host: "/opt/google/chrome/chrome", box: "/nephele/tool/chrome",
			mounts: []sandbox.Mount{{Host: "/opt/google/chrome", Box: "/nephele/tool"}},
		}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, inBox(tt.host, "tool", tt.up), cmp.AllowUnexported(tool{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.host, diff)
		}
	}
}

func TestNodeFindings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fake := func(name, version string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("#!/bin/sh\necho "+version+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for path, want := range map[string]string{
		fake("old", "v18.20.0"): "too old", fake("odd", "hello"): "too old", dir + "/none": "not installed",
	} {
		if _, f := findNode(t.Context(), path); f.OK || !strings.Contains(f.Detail, want) || f.Fix == "" {
			t.Errorf("%s: %+v", path, f)
		}
	}
	if _, f := findNode(t.Context(), ""); !f.OK || f.Fix != "" {
		t.Errorf("%+v", f)
	}
	if _, f := findBrowser("/no/such/browser"); f.OK || f.Fix == "" {
		t.Errorf("%+v", f)
	}
}

func TestFirefoxFindings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	snap := write("snap/firefox", "#!/bin/sh\n")
	real := write("real/firefox", "#!/bin/sh\n")
	write("real/application.ini", "[App]\nName=Firefox\nVersion=153.7.0\n")
	for _, path := range []string{snap, dir + "/none"} {
		if _, f := findFirefox(path); f.OK || !strings.Contains(f.Fix, "firefox-esr") {
			t.Errorf("%s: %+v", path, f)
		}
	}
	got, f := findFirefox(real)
	if os.Getuid() == 0 { // below a directory that runs may not enter
		if f.OK {
			t.Errorf("%+v", f)
		}
	} else if !f.OK || !strings.HasSuffix(f.Detail, " 153.7.0") || got.box != "/nephele/firefox/firefox" {
		t.Errorf("%+v %+v", f, got)
	}
	if ini := []byte("a\nVersion = 1.2 \n"); iniValue(ini, "Version") != "1.2" || iniValue(ini, "Build") != "" {
		t.Error("the build's description is misread")
	}
}
