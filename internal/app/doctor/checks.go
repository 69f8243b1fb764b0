package doctor

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"nephele.dev/nephele/internal/config"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
	"nephele.dev/nephele/internal/store"
)

// minNode is the oldest Node.js that runs canaries.
const minNode = 20

// dataDir checks that the data directory, or the nearest of its parents that
// exists, can be written.
func dataDir(cfg config.Config) Check {
	c := Check{Name: "data directory", Detail: cfg.Data}
	dir, err := filepath.Abs(cfg.Data)
	for err == nil {
		var info os.FileInfo
		if info, err = os.Stat(dir); err == nil && !info.IsDir() {
			err = fmt.Errorf("%s is not a directory", dir)
		}
		if !os.IsNotExist(err) || dir == filepath.Dir(dir) {
			break
		}
		dir, err = filepath.Dir(dir), nil
	}
	var probe *os.File
	if err == nil {
		probe, err = os.CreateTemp(dir, ".nephele-doctor-")
	}
	if err != nil {
		c.Verdict, c.Detail, c.Fix = Fail, err.Error(), "choose a directory that you may write with --data DIR"
		return c
	}
	c.Verdict = OK
	_ = probe.Close()
	_ = os.Remove(probe.Name())
	return c
}

// port checks that the endpoint can be listened on, or that it is a Nephele
// that listens there.
func port(ctx context.Context, cfg config.Config) Check {
	c := Check{Name: "port", Verdict: OK, Detail: cfg.Listen + " is free"}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.Listen)
	if err == nil {
		_ = l.Close()
		return c
	}
	if answers(ctx, cfg.Listen) {
		c.Detail = "a Nephele answers at " + cfg.Listen
		return c
	}
	c.Verdict, c.Detail, c.Fix = Fail, err.Error(), "stop what listens there, or choose another address with --listen ADDR"
	return c
}

// answers reports whether a Nephele serves requests at addr.
func answers(ctx context.Context, addr string) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/_nephele/health", nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// database connects to PostgreSQL. Its errors are shown without the URL, which
// may hold a password.
func database(ctx context.Context, cfg config.Config) Check {
	c := Check{Name: "PostgreSQL", Fix: "start the server that --database names, and let its user create tables there"}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	server, err := store.Inspect(ctx, cfg.Database)
	switch {
	case err != nil:
		c.Verdict, c.Detail = Fail, err.Error()
	case !server.MayCreate:
		c.Verdict, c.Detail = Fail, "version "+server.Version+", but the user may not create tables"
	default:
		c = Check{Name: c.Name, Verdict: OK, Detail: "version " + server.Version}
	}
	return c
}

// node checks for a Node.js that is new enough.
func node(ctx context.Context) Check {
	c := Check{Name: "Node.js", Fix: fmt.Sprintf("install Node.js %d or later (Debian 13: apt-get install nodejs; others: https://nodejs.org)", minNode)}
	out, err := output(ctx, "node", "--version")
	if err != nil {
		c.Verdict, c.Detail = Fail, err.Error()
		return c
	}
	major, _, _ := strings.Cut(strings.TrimPrefix(out, "v"), ".")
	if n, err := strconv.Atoi(major); err != nil || n < minNode {
		c.Verdict, c.Detail = Fail, out+" is too old"
		return c
	}
	return Check{Name: c.Name, Verdict: OK, Detail: out}
}

// browsers are where Debian and others keep a Chromium, best first: the
// headless shell starts in half the time and memory.
var browsers = []string{
	"/usr/lib/chromium/chromium-headless-shell", "chromium-headless-shell", "chromium", "chromium-browser",
	"google-chrome-stable", "google-chrome",
}

func browser(ctx context.Context, cfg config.Config) Check {
	c := Check{Name: "browser", Fix: "install a Chromium (Debian: apt-get install chromium-headless-shell), or name one with --canary-browser"}
	candidates := browsers
	if cfg.CanaryBrowser != "" {
		candidates = []string{cfg.CanaryBrowser}
	}
	for _, name := range candidates {
		path, err := exec.LookPath(name)
		if err != nil {
			c.Detail = "none found"
			continue
		}
		version, err := output(ctx, path, "--version")
		if err != nil {
			c.Detail = err.Error()
			continue
		}
		return Check{Name: c.Name, Verdict: OK, Detail: version + " (" + path + ")"}
	}
	c.Verdict = Fail
	return c
}

// optional checks for what few canaries ask for: Firefox, and Python with Selenium.
func optional(ctx context.Context, cfg config.Config) (checks []Check) {
	o := canaryrun.Options{Firefox: cfg.CanaryFirefox, Python: cfg.CanaryPython}
	for _, f := range canaryrun.Check(ctx, o) {
		if f.Check != "Firefox" && f.Check != "Python" {
			continue
		}
		c := Check{Name: f.Check, Verdict: OK, Detail: f.Detail}
		if !f.OK {
			c.Verdict, c.Fix = Warn, f.Fix
		}
		checks = append(checks, c)
	}
	return checks
}

// output runs a program and returns the first line that it prints.
func output(ctx context.Context, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	line, _, _ := bytes.Cut(bytes.TrimSpace(out), []byte("\n"))
	return string(line), nil
}
