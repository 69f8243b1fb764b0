package canaryrun

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"nephele.dev/nephele/internal/sandbox"
	"nephele.dev/nephele/runtimes/python"
)

// minPython is the oldest minor version of Python 3 that scripts run on:
// that of syn-python-selenium-6.0 and later.
const minPython = 11

// boxPython is where the runtime of Python is in the box.
const boxPython = "/nephele/python"

// pythons and drivers are tried in order. The system's come first: what comes
// first on the path of a shell is often of its user, and without Selenium.
var (
	pythons = []string{"/usr/bin/python3", "python3", "python3.13", "python3.12", "python3.11"}
	drivers = []string{"/usr/bin/chromedriver", "chromedriver", "/usr/lib/chromium/chromedriver", "/usr/lib/chromium-browser/chromedriver"}
)

const pythonFix = "apt-get install python3 python3-selenium chromium-driver"

// pythonTools are what scripts in Python need.
type pythonTools struct {
	python  tool
	driver  tool
	version string // of the driver, which is the browser's: "156.0.8078.79"
	missing string // why no page can be opened; empty when one can
}

// pythonScripts is the runtime of the family of Python. Without Python no
// script of it runs; without Selenium or its driver, those fail that open a
// page.
func (r *Runner) pythonScripts() scriptRuntime {
	dir := filepath.Join(r.runtime.Code, "python")
	script := scriptRuntime{label: "python"}
	if err := placePython(dir); err != nil {
		script.missing = err.Error()
		return script
	}
	tools, f := findPython(context.Background(), r.o.Python, dir)
	if !f.OK {
		r.o.Logger.Info("canaries in Python need more of this machine", "detail", f.Detail, "fix", f.Fix)
	}
	if tools.python.host == "" {
		script.missing = f.Check + ": " + f.Detail + "; " + f.Fix
		return script
	}
	// -I keeps the environment, which is the script's, from changing the launcher.
	script.argv = []string{tools.python.box, "-I", "-B", "-X", "utf8", filepath.Join(boxPython, python.Main)}
	script.mounts = append([]sandbox.Mount{{Host: dir, Box: boxPython}}, r.browser.mounts...)
	script.mounts = append(append(script.mounts, tools.python.mounts...), tools.driver.mounts...)
	script.env = map[string]string{
		"NEPHELE_DRIVER": tools.driver.box, "NEPHELE_DRIVER_MISSING": tools.missing, "NEPHELE_BROWSER_VERSION": tools.version,
	}
	return script
}

func placePython(dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return fmt.Errorf("unpacking the Python runtime: %w", err)
	}
	return python.Unpack(dir)
}

// findPython finds Python with Selenium, and its driver. compile is the
// directory of the runtime that is compiled on the way; empty for none. The
// tools hold a Python even where the finding is not OK, when there is one.
func findPython(ctx context.Context, configured, compile string) (pythonTools, sandbox.Finding) {
	f := sandbox.Finding{Check: "Python", Fix: pythonFix}
	candidates := pythons
	if configured != "" {
		candidates = []string{configured}
	}
	var found pythonTools
	for _, c := range candidates {
		t, about, err := tryPython(ctx, c, compile)
		switch {
		case err != nil:
			f.Detail = cmp.Or(f.Detail, err.Error())
			continue
		case found.python.host != "" && about.Selenium == "":
			continue
		}
		found.python, found.missing = t, ""
		f.Detail = fmt.Sprintf("%s %s, Selenium %s", t.host, about.version(), about.Selenium)
		if about.Selenium != "" {
			break
		}
		found.missing = fmt.Sprintf("%s %s has no Selenium", t.host, about.version())
	}
	if found.python.host == "" {
		f.Detail = cmp.Or(f.Detail, "not installed")
		return found, f
	}
	driver, version := findDriver(ctx)
	found.driver, found.version = driver, version
	if driver.host == "" {
		found.missing = cmp.Or(found.missing, "chromedriver is not installed")
	} else {
		f.Detail += ", chromedriver " + version
	}
	if found.missing != "" {
		f.Detail = found.missing + "; scripts that open a page fail"
		found.missing += "; " + pythonFix
		return found, f
	}
	f.OK, f.Fix = true, ""
	return found, f
}

// aboutPython is what check.py prints.
type aboutPython struct {
	Version  []int  `json:"version"`
	Selenium string `json:"selenium"`
}

func (a aboutPython) version() string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(a.Version), " ", "."), "[]")
}

// tryPython asks one Python what it is. It answers an error for one that
// cannot be used.
func tryPython(ctx context.Context, name, compile string) (tool, aboutPython, error) {
	var about aboutPython
	path, err := exec.LookPath(name)
	if err != nil {
		return tool{}, about, fmt.Errorf("%s is not installed", name)
	}
	// A virtual environment is known by the path that leads to its Python.
	if _, err := os.Stat(filepath.Join(filepath.Dir(path), "..", "pyvenv.cfg")); err != nil {
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return tool{}, about, err
		}
	}
	if dir := hidden(path); dir != "" {
		return tool{}, about, fmt.Errorf("%s is below %s, which the users of runs may not enter", path, dir)
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	args := []string{"-I", "-c", python.CheckSource()}
	if compile != "" {
		args = append(args, compile)
	}
	out, err := exec.CommandContext(ctx, path, args...).Output()
	if err != nil || json.Unmarshal(out, &about) != nil || len(about.Version) != 3 {
		return tool{}, about, fmt.Errorf("%s does not run: %q %w", path, out, cmp.Or(err, errOddPython))
	}
	if v := about.Version; v[0] != 3 || v[1] < minPython {
		return tool{}, about, fmt.Errorf("%s is version %s, too old", path, about.version())
	}
	return inBox(path, "python3", ".."), about, nil
}

var errOddPython = fmt.Errorf("the answer is not what a Python gives")

var driverVersion = regexp.MustCompile(`^ChromeDriver (\d+(?:\.\d+)+)`)

// findDriver finds chromedriver and its version.
func findDriver(ctx context.Context) (tool, string) {
	for _, c := range drivers {
		path, err := exec.LookPath(c)
		if err != nil {
			continue
		}
		if real, err := filepath.EvalSymlinks(path); err == nil {
			path = real
		}
		if hidden(path) != "" {
			continue
		}
		ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
		out, err := exec.CommandContext(ctx, path, "--version").Output()
		cancel()
		if m := driverVersion.FindSubmatch(out); err == nil && m != nil {
			return inBox(path, "driver", "."), string(m[1])
		}
	}
	return tool{}, ""
}
