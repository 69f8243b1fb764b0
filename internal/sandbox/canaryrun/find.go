package canaryrun

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"nephele.dev/nephele/internal/sandbox"
)

// minNode is the oldest Node.js that the launcher and puppeteer-core run on.
const minNode = 20

// browsers are tried in order: the headless shell needs half the time and
// memory of the whole browser. Debian's commands are shell scripts that read
// configuration a box does not have, so the programs come first.
var browsers = []string{
	"/usr/lib/chromium/chromium-headless-shell", "chromium-headless-shell", "chrome-headless-shell",
	"/usr/lib/chromium/chromium", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
}

// firefoxes are tried in order. Ubuntu's command is a script around a snap,
// which cannot run in a box.
var firefoxes = []string{"/usr/lib/firefox-esr/firefox-esr", "/usr/lib/firefox/firefox", "/opt/firefox/firefox", "firefox-esr", "firefox"}

// tool is a program of the host as the box sees it.
type tool struct {
	host   string
	box    string
	mounts []sandbox.Mount
}

// inBox says where a program is in the box. What is below /usr is there
// already; anything else is mounted with the directory it needs.
func inBox(host, name, up string) tool {
	t := tool{host: host, box: host}
	if strings.HasPrefix(host, "/usr/") {
		return t
	}
	dir := filepath.Join(filepath.Dir(host), up)
	rest, err := filepath.Rel(dir, host)
	if err != nil {
		return t
	}
	t.box = filepath.Join("/nephele", name, rest)
	t.mounts = []sandbox.Mount{{Host: dir, Box: filepath.Join("/nephele", name)}}
	return t
}

// findNode finds Node.js and checks its version.
func findNode(ctx context.Context, configured string) (tool, sandbox.Finding) {
	f := sandbox.Finding{Check: "Node.js", Fix: "install Node.js 20 or later (Debian 13: apt-get install nodejs; others: https://nodejs.org)"}
	if configured == "" {
		configured = "node"
	}
	path, err := exec.LookPath(configured)
	if err != nil {
		f.Detail = "not installed"
		return tool{}, f
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		f.Detail = err.Error()
		return tool{}, f
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	version := strings.TrimPrefix(strings.TrimSpace(string(out)), "v")
	major, _ := strconv.Atoi(strings.SplitN(version, ".", 2)[0])
	if err != nil || major < minNode {
		f.Detail = fmt.Sprintf("%s is version %q, too old", path, version)
		return tool{}, f
	}
	if dir := hidden(path); dir != "" {
		f.Detail = fmt.Sprintf("%s is below %s, which the users of runs may not enter", path, dir)
		return tool{}, f
	}
	f.OK, f.Fix, f.Detail = true, "", path+" "+version
	return inBox(path, "node", ".."), f
}

// findBrowser finds a Chromium.
func findBrowser(configured string) (tool, sandbox.Finding) {
	f := sandbox.Finding{Check: "browser", Fix: "apt-get install chromium-headless-shell (or chromium)"}
	candidates := browsers
	if configured != "" {
		candidates = []string{configured}
	}
	for _, c := range candidates {
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
		f.OK, f.Fix, f.Detail = true, "", path
		return inBox(path, "browser", "."), f
	}
	f.Detail = "no Chromium is installed; scripts that open a page fail"
	return tool{}, f
}

// findFirefox finds a Firefox: a program with the application.ini of its build
// beside it, which also tells its version.
func findFirefox(configured string) (tool, sandbox.Finding) {
	f := sandbox.Finding{Check: "Firefox", Fix: "apt-get install firefox-esr (only for canaries whose browser is FIREFOX)"}
	candidates := firefoxes
	if configured != "" {
		candidates = []string{configured}
	}
	for _, c := range candidates {
		path, err := exec.LookPath(c)
		if err != nil {
			continue
		}
		if real, err := filepath.EvalSymlinks(path); err == nil {
			path = real
		}
		build, err := os.ReadFile(filepath.Join(filepath.Dir(path), "application.ini"))
		if err != nil || hidden(path) != "" {
			continue
		}
		f.OK, f.Fix, f.Detail = true, "", strings.TrimSpace(path+" "+iniValue(build, "Version"))
		return inBox(path, "firefox", "."), f
	}
	f.Detail = "not installed; canaries whose browser is FIREFOX fail"
	return tool{}, f
}

// iniValue is the value of a key of an .ini file; empty when it is not there.
func iniValue(ini []byte, key string) string {
	for line := range strings.Lines(string(ini)) {
		if name, value, ok := strings.Cut(line, "="); ok && strings.TrimSpace(name) == key {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// Check looks for what canaries need besides a sandbox, for reports on the
// machine.
func Check(ctx context.Context, o Options) []sandbox.Finding {
	_, node := findNode(ctx, o.Node)
	_, browser := findBrowser(o.Browser)
	_, firefox := findFirefox(o.Firefox)
	_, python := findPython(ctx, o.Python, "")
	return []sandbox.Finding{node, browser, firefox, python}
}

// isHeadlessShell tells the headless shell by its name.
func (t tool) isHeadlessShell() bool {
	name := filepath.Base(t.host)
	return strings.Contains(name, "headless-shell") || strings.Contains(name, "headless_shell")
}

// hidden names the directory that keeps a run's user from a program of the
// host; empty when nothing does. A server that is not root runs boxes as
// itself and sees what it sees.
func hidden(path string) string {
	if os.Getuid() != 0 {
		return ""
	}
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil || info.Mode().Perm()&0o001 == 0 {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}
