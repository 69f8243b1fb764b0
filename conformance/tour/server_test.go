package tour

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// root is the project's directory.
const root = "../.."

// newcomer is somebody in a clone of the project after `make run`: dir/bin has
// the binary, and a server answers. Its address and data directory are not the
// defaults, so that tests run side by side; environ tells them to the commands.
type newcomer struct {
	dir, tmp string
	environ  []string
}

// The settings are NEPHELE_... variables, for the server and the commands.
func arrive(t *testing.T, bin string, settings ...string) *newcomer {
	t.Helper()
	n := &newcomer{dir: t.TempDir(), tmp: t.TempDir()}
	if err := os.Symlink(filepath.Dir(bin), filepath.Join(n.dir, "bin")); err != nil {
		t.Fatal(err)
	}
	addr := freeAddr(t)
	n.environ = append(withoutAWS(os.Environ()), "NEPHELE_LISTEN="+addr, "NEPHELE_DATA="+filepath.Join(n.dir, "data"))
	n.environ = append(n.environ, settings...)
	n.serve(t, bin, "http://"+addr)
	return n
}

// build makes the binary as `make build` does.
func build(t *testing.T) (bin string) {
	t.Helper()
	bin = filepath.Join(t.TempDir(), "bin", "nephele")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "./cmd/nephele")
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return bin
}

// withoutAWS is an environment without what somebody set up for other accounts.
func withoutAWS(environ []string) []string {
	kept := []string{"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull, "AWS_EC2_METADATA_DISABLED=true"}
	for _, kv := range environ {
		if !strings.HasPrefix(kv, "AWS_") && !strings.HasPrefix(kv, "NEPHELE_") {
			kept = append(kept, kv)
		}
	}
	return kept
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// needCanaries skips the test on a machine that cannot run canaries, except in
// continuous integration.
func needCanaries(t *testing.T, bin string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), bin, "doctor", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	cmd.Env = withoutAWS(os.Environ())
	out, err := cmd.CombinedOutput()
	switch {
	case err != nil && os.Getenv("CI") == "true":
		t.Fatalf("this machine cannot run canaries:\n%s", out)
	case err != nil:
		t.Skipf("this machine cannot run canaries:\n%s", out)
	}
}

// serve starts the server and stops it, as SIGTERM does, when the test ends.
func (n *newcomer) serve(t *testing.T, bin, url string) {
	t.Helper()
	var log bytes.Buffer
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), bin, "serve")
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = n.dir, n.environ, &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("server: %v", err)
		}
		if t.Failed() {
			t.Logf("the server's log:\n%s", log.Bytes())
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for tick := time.NewTicker(20 * time.Millisecond); !healthy(ctx, url); {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("the server does not answer")
		}
	}
}

func healthy(ctx context.Context, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/_nephele/health", http.NoBody)
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

// bash runs a script in the clone, stops at its first failure, and returns
// what it printed. It has three minutes, and leaves no process behind.
func (n *newcomer) bash(t *testing.T, script string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "bash", "-eu", "-o", "pipefail", "-c", script)
	cmd.Dir, cmd.Stdout, cmd.Stderr = n.dir, &stdout, &stderr
	cmd.Env = append(n.environ, "TMPDIR="+n.tmp) // so that find finds what the script makes
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v after\n%s\n%s", err, stdout.Bytes(), stderr.Bytes())
	}
	return stdout.String()
}
