package crash

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binary builds the server once for all tests of the package.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "nephele-crash-bin-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "nephele")
	cmd := exec.Command("go", "build", "-o", path, "./cmd/nephele")
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// server is the real binary on one data directory and one port, across kills.
type server struct {
	t     *testing.T
	path  string
	args  []string
	where []string // the flags that say where the data are
	env   []string // beside ours
	url   string
	data  string
	work  string // the server's TMPDIR
	cmd   *exec.Cmd
	log   *bytes.Buffer // of this boot
	logs  bytes.Buffer  // of those before
	boots int
}

// newServer prepares a server on a database, SQLite for "", with more flags of
// its own.
func newServer(t *testing.T, database string, flags ...string) *server {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	data, work := t.TempDir(), passable(t)
	addr := freeAddr(t)
	where := []string{"--data", data}
	if database != "" {
		where = append(where, "--database", database)
	}
	args := slices.Concat([]string{"serve", "--listen", addr}, where, flags)
	s := &server{t: t, path: path, args: args, where: where, url: "http://" + addr, data: data, work: work}
	t.Cleanup(func() {
		s.kill()
		if t.Failed() {
			t.Logf("last server log:\n%s", tail(s.log.Bytes(), 6000))
		}
	})
	return s
}

// passable makes a directory that the users of boxes may pass through, which
// those of package testing are not.
func passable(t *testing.T) string {
	dir, err := os.MkdirTemp("", "nephele-crash-work-") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func freeAddr(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// launch boots the server.
func (s *server) launch() {
	s.t.Helper()
	s.log = &bytes.Buffer{}
	s.cmd = exec.Command(s.path, s.args...)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	s.cmd.Env = slices.Concat(os.Environ(), []string{"TMPDIR=" + s.work}, s.env)
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.boots++
}

// start boots the server and waits until it serves requests.
func (s *server) start() {
	s.t.Helper()
	s.launch()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if !poll(ctx, func() bool { return healthy(ctx, s.url) }) {
		s.t.Fatalf("server did not become healthy on boot %d:\n%s", s.boots, tail(s.log.Bytes(), 6000))
	}
}

// kill ends the server with SIGKILL and reaps it.
func (s *server) kill() {
	if s.cmd == nil || s.cmd.Process == nil {
		return
	}
	_ = s.cmd.Process.Signal(syscall.SIGKILL)
	_ = s.cmd.Wait()
	s.cmd = nil
	s.logs.Write(s.log.Bytes())
}

// harass kills and starts the server again and again, after pauses between
// least and most.
func (s *server) harass(rng *rand.Rand, kills int, least, most time.Duration) {
	for range kills {
		pause := time.NewTimer(least + time.Duration(rng.Int64N(int64(most-least))))
		<-pause.C
		s.kill()
		s.start()
	}
}

// finish waits for clients that have been told to stop.
func finish(t *testing.T, clients *sync.WaitGroup, cancel func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { clients.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(2 * time.Minute):
		t.Error("clients are stuck two minutes after the last kill")
		cancel()
		<-done
	}
}

func healthy(ctx context.Context, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/_nephele/health", nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// poll calls f every few milliseconds until it returns true or ctx ends.
func poll(ctx context.Context, f func() bool) bool {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if f() {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
}

func tail(b []byte, n int) []byte {
	if len(b) > n {
		return b[len(b)-n:]
	}
	return b
}
