package sandbox

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

var shared *box

func TestMain(m *testing.M) {
	// A secret of the server's, which no run may ever see.
	_ = os.Setenv("NEPHELE_ROOT_SECRET_ACCESS_KEY", serverSecret)
	os.Exit(func() int {
		s, err := New(Options{})
		if err != nil {
			fmt.Fprintln(os.Stderr, "the sandbox cannot be tested here:", err)
			return 1
		}
		defer s.Close()
		shared = s.(*box)
		if mark := os.Getenv(holdMark); mark != "" {
			hold(mark)
		}
		return m.Run()
	}())
}

const serverSecret = "s3cr3t-of-the-server"

// holdMark makes a child of the test a server with a run in progress.
const holdMark = "NEPHELE_TEST_HOLD"

// hold runs a program that never ends.
func hold(mark string) {
	w, err := shared.Workspace("hold")
	if err != nil {
		panic(err)
	}
	_, err = shared.Run(context.Background(), Spec{
		ID: "hold", OutDir: w.Out, Stdout: os.Stdout, Env: map[string]string{"PATH": "/usr/bin:/bin"},
		Argv: []string{"/bin/sh", "-c", "setsid sleep " + mark + " & echo up; sleep " + mark},
	})
	panic(err)
}

func TestKilledServerTakesItsRunsAlong(t *testing.T) {
	t.Parallel()
	mark := fmt.Sprint(time.Now().UnixNano()%1e8 + 2e8)
	server := exec.Command(os.Args[0])
	server.Env = append(os.Environ(), holdMark+"="+mark)
	stdout, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "up\n" {
		t.Fatalf("%q, %v", line, err)
	}
	var ends []unix.PollFd
	for _, p := range alive(mark) {
		var pid int
		if _, err := fmt.Sscanf(p, "/proc/%d/", &pid); err != nil {
			t.Fatal(err)
		}
		if fd, err := unix.PidfdOpen(pid, 0); err == nil {
			ends = append(ends, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
		}
	}
	if len(ends) < 2 {
		t.Fatalf("%d processes of the run", len(ends))
	}
	_ = server.Process.Kill()
	_ = server.Wait()
	for _, end := range ends {
		if n, err := unix.Poll([]unix.PollFd{end}, 10_000); n != 1 {
			t.Errorf("a process outlives the server by more than 10 s: %v", err)
		}
	}
	left, _ := filepath.Glob("/sys/fs/cgroup/*/nephele-run-hold-*")
	for _, dir := range left {
		if err := syscall.Rmdir(dir); err != nil {
			t.Errorf("a cgroup of the run is still in use: %v", err)
		}
	}
}

func TestZeroBytesCannotBecomeArguments(t *testing.T) {
	t.Parallel()
	for name, spec := range map[string]Spec{
		"value": {Env: map[string]string{"A": "x\x00--bind\x00/\x00/host"}},
		"name":  {Env: map[string]string{"A\x00--share-net\x00B": "x"}},
		"equal": {Env: map[string]string{"A=B": "x"}},
		"path":  {CodeDir: "/tmp\x00/"},
	} {
		spec.OutDir, spec.Argv = t.TempDir(), []string{"/bin/true"}
		if _, err := shared.Run(t.Context(), spec); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// attempt runs a shell script in the box.
func attempt(t *testing.T, b *box, script string, change func(*Spec)) (Result, string, *Workspace) {
	t.Helper()
	w, err := b.Workspace("test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	var out bytes.Buffer
	spec := Spec{
		ID: "test", Argv: []string{"/bin/sh", "-c", script}, OutDir: w.Out, Stdout: &out, Stderr: &out,
		Env: map[string]string{"PATH": "/usr/bin:/bin"}, Timeout: 20 * time.Second, MemoryMB: 256, DiskMB: 16, Pids: 256,
	}
	if change != nil {
		change(&spec)
	}
	r, err := b.Run(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	return r, out.String(), w
}

// alive lists processes whose command line has marker.
func alive(marker string) (out []string) {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, f := range files {
		if b, err := os.ReadFile(f); err == nil && bytes.Contains(b, []byte(marker)) && !strings.Contains(f, fmt.Sprint("/", os.Getpid(), "/")) {
			out = append(out, f+" "+string(b))
		}
	}
	return out
}

func TestHostFilesAreOutOfReach(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	if err := os.WriteFile(data+"/nephele.db", []byte("the data"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, out, _ := attempt(t, shared, `
for f in /etc/shadow /etc/hostname `+data+`/nephele.db /root /work /var/lib /sys /boot /proc/1/root/root; do
  ls -d "$f" >/dev/null 2>&1 && echo "SEES $f"; done
cat /proc/1/environ /proc/self/environ | tr '\0' '\n'
grep -l . /proc/*/environ 2>/dev/null | wc -l
find / -xdev -name nephele.db 2>/dev/null
for f in /x /usr/x /etc/x /dev/x /run/x /proc/sys/kernel/hostname /opt; do touch "$f" 2>/dev/null && [ -w "$f" ] && echo "WRITES $f"; done
exit 0`, nil)
	for _, bad := range []string{"SEES", "WRITES", serverSecret, "NEPHELE", "the data"} {
		if strings.Contains(out, bad) {
			t.Errorf("the box sees %q:\n%s", bad, out)
		}
	}
}

func TestPrivilegesAreGone(t *testing.T) {
	t.Parallel()
	_, out, _ := attempt(t, shared, `
grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status | tr '\t\n' '  '
grep -c /nephele-run- /proc/self/cgroup
unshare -Urm mount -t tmpfs x /mnt 2>/dev/null && echo MOUNTED
unshare -Ur mknod /tmp/d b 8 0 2>/dev/null && echo DEVICE
unshare -Ur chroot /proc/1/root true 2>/dev/null && ls /work 2>/dev/null && echo ESCAPED
dmesg >/dev/null 2>&1 && echo DMESG
date -s 2001-01-01 >/dev/null 2>&1 && echo CLOCK
kill -9 -1; true`, nil)
	for _, want := range []string{"CapEff: 0000000000000000", "CapBnd: 0000000000000000", "NoNewPrivs: 1", "Seccomp: 2"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if shared.home != nil && strings.Contains(out, "\n0\n") {
		t.Errorf("the program started outside its cgroup:\n%s", out)
	}
	for _, bad := range []string{"MOUNTED", "DEVICE", "ESCAPED", "DMESG", "CLOCK"} {
		if strings.Contains(out, bad) {
			t.Errorf("%s:\n%s", bad, out)
		}
	}
}

func TestNetworkIsTheProxyAlone(t *testing.T) {
	t.Parallel()
	r, out, _ := attempt(t, shared, `
exec 2>&1
cat /proc/net/dev | grep -c :
for h in 169.254.169.254 127.0.0.1:4566 1.1.1.1; do curl -sS -m 5 http://$h/; done
for h in 169.254.169.254 169.254.169.254.nip.invalid 0xa9fea9fe '[fd00:ec2::254]' '[::ffff:169.254.169.254]' 127.0.0.1:4566; do
  curl -sS -m 5 --unix-socket /run/nephele/egress.sock -x '' --request-target "http://$h/latest/" "http://$h/latest/"; done`, func(s *Spec) {
		s.Egress = EgressPolicy{}
	})
	if !strings.HasPrefix(out, "1\n") {
		t.Errorf("interfaces besides loopback:\n%s", out)
	}
	if got := strings.Count(out, "ouldn't connect") + strings.Count(out, "Failed to connect"); got < 3 {
		t.Errorf("%d of 3 direct attempts failed:\n%s", got, out)
	}
	if r.Refused < 5 || !strings.Contains(out, "the sandbox refuses 169.254.169.254:80") {
		t.Errorf("refused %d:\n%s", r.Refused, out)
	}
}

func TestNothingOutlivesTheRun(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		script  string
		timeout time.Duration
	}{
		"ends, leaving daemons": {`for i in 1 2 3; do (setsid nohup sleep MARK$i.5 >/dev/null 2>&1 &) ; done; sleep 0.1`, 20 * time.Second},
		"is timed out":          {`trap '' TERM INT HUP; setsid sleep MARK1 & (setsid sh -c 'trap "" TERM; sleep MARK2' &) ; sleep MARK3`, 500 * time.Millisecond},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mark := fmt.Sprint(time.Now().UnixNano()%1e8 + 1e8)
			r, out, _ := attempt(t, shared, strings.ReplaceAll(tt.script, "MARK", mark), func(s *Spec) { s.Timeout = tt.timeout })
			if left := alive(mark); len(left) > 0 {
				t.Errorf("still alive: %q", left)
			}
			if want := tt.timeout < time.Second; r.TimedOut != want {
				t.Errorf("timed out: %v\n%s", r.TimedOut, out)
			}
			left, _ := filepath.Glob("/sys/fs/cgroup/*/nephele-run-test-" + mark + "*")
			if len(left) > 0 {
				t.Errorf("cgroups left: %q", left)
			}
		})
	}
}

func TestMemoryHog(t *testing.T) {
	t.Parallel()
	sampled := &box{o: shared.o, bwrap: shared.bwrap, spaces: shared.spaces, filter: shared.filter}
	for name, b := range map[string]*box{"cgroup": shared, "sampled": sampled} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, out, _ := attempt(t, b, `exec node -e 'const a = []; for (;;) a.push(Buffer.alloc(4 << 20, 1))'`,
				func(s *Spec) { s.MemoryMB = 128; s.Timeout = 30 * time.Second })
			if !r.OutOfMemory || r.PeakMemory < 100<<20 {
				t.Errorf("%+v\n%s", r, out)
			}
			if b.home != nil && r.PeakMemory > 130<<20 {
				t.Errorf("it got %d MB", r.PeakMemory>>20)
			}
		})
	}
}

func TestForkBomb(t *testing.T) {
	t.Parallel()
	mark := fmt.Sprint("bomb", time.Now().UnixNano())
	r, out, _ := attempt(t, shared, `i=0; while [ $i -lt 200 ]; do sleep 30 & i=$((i+1)); done; b() { b | b & }; : `+mark+`; b; sleep 30`,
		func(s *Spec) { s.Pids = 40; s.Timeout = time.Second })
	if left := alive(mark); len(left) > 0 {
		t.Errorf("still alive: %d", len(left))
	}
	if !strings.Contains(out, "fork") {
		t.Errorf("no fork was refused: %+v\n%s", r, out)
	}
}

func TestDiskFiller(t *testing.T) {
	t.Parallel()
	r, out, w := attempt(t, shared, `
head -c 40000000 /dev/zero >/tmp/big; rm /tmp/big
head -c 12000000 /dev/zero >/tmp/a; head -c 12000000 /dev/zero >/tmp/b; rm /tmp/a /tmp/b
for d in / /run /dev /opt /etc; do head -c 1 /dev/zero >$d/fill && echo "FILLS $d"; done
truncate -s 1T /tmp/sparse; for i in 1 2 3 4 5 6; do truncate -s 15M /tmp/sparse$i; done
echo kept >/tmp/kept; exit 0`, func(s *Spec) { s.DiskMB = 16 })
	if !strings.Contains(out, "No space left") || !strings.Contains(out, "File size limit exceeded") || strings.Contains(out, "FILLS") {
		t.Errorf("%+v\n%s", r, out)
	}
	var total int64
	entries, _ := os.ReadDir(w.Out)
	for _, e := range entries {
		info, _ := e.Info()
		total += info.Size()
	}
	if total > 16<<20 || r.FilesDropped == 0 {
		t.Errorf("%d bytes copied out, %d files dropped", total, r.FilesDropped)
	}
	if b, _ := os.ReadFile(w.Out + "/kept"); string(b) != "kept\n" {
		t.Errorf("kept: %q", b)
	}
}

func TestLogFlood(t *testing.T) {
	t.Parallel()
	r, out, _ := attempt(t, shared, `yes flood | head -c 50000000; yes flood >&2 | head -c 10; exit 0`,
		func(s *Spec) { s.MaxOutput = 1 << 20; s.Timeout = 2 * time.Second })
	if !r.OutputTruncated || len(out) > 2<<20 || len(out) < 1<<20 {
		t.Errorf("%d bytes came through, %+v", len(out), r)
	}
}

func TestOnlyPlainFilesComeOut(t *testing.T) {
	t.Parallel()
	r, out, w := attempt(t, shared, `cd /tmp; ln -s /etc/shadow link; ln -s / dir; mkfifo pipe; mkdir -p a/b; echo in >a/b/c; echo x >'back\slash'
echo in >plain; ln plain hard; python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("/tmp/sock")' 2>/dev/null; chmod 000 a/b/c; chmod 000 a; exit 0`, nil)
	got := map[string]bool{}
	_ = filepath.WalkDir(w.Out, func(p string, d os.DirEntry, err error) error {
		if d != nil && !d.IsDir() {
			got[strings.TrimPrefix(p, w.Out+"/")] = d.Type().IsRegular()
		}
		return nil
	})
	for name, regular := range got {
		if !regular || name != "hard" && name != "plain" && name != "a/b/c" {
			t.Errorf("%s came out", name)
		}
	}
	if !got["hard"] || r.FilesDropped < 4 {
		t.Errorf("%v dropped %d\n%s", got, r.FilesDropped, out)
	}
}

func TestExitCodesAndSignals(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]Result{
		"exit 7":        {ExitCode: 7},
		"kill -SEGV $$": {ExitCode: -1, Signal: "segmentation fault"},
		"true":          {},
	} {
		r, out, _ := attempt(t, shared, script, nil)
		if r.ExitCode != want.ExitCode || r.Signal != want.Signal {
			t.Errorf("%s: %+v\n%s", script, r, out)
		}
	}
}

func TestCancelledRun(t *testing.T) {
	t.Parallel()
	w, err := shared.Workspace("cancel")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err = shared.Run(ctx, Spec{ID: "c", OutDir: w.Out, Argv: []string{"/bin/sleep", "60"}})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

func TestBadMountIsAnError(t *testing.T) {
	t.Parallel()
	w, err := shared.Workspace("bad")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	_, err = shared.Run(t.Context(), Spec{
		ID: "bad", OutDir: w.Out, Argv: []string{"/bin/true"}, Mounts: []Mount{{Host: "/no/such/place", Box: "/x"}},
	})
	if err == nil || !strings.Contains(err.Error(), "/no/such/place") {
		t.Errorf("error %v", err)
	}
}

// Not parallel: it counts what the whole process holds.
func TestRunsLeaveNothingInTheServer(t *testing.T) {
	count := func() int { fds, _ := filepath.Glob("/proc/self/fd/*"); return len(fds) }
	attempt(t, shared, "true", nil)
	before := count()
	for range 10 {
		attempt(t, shared, "setsid sleep 50 & exit 0", nil)
	}
	if after := count(); after > before {
		t.Errorf("%d files open, %d before", after, before)
	}
	left, _ := filepath.Glob(shared.spaces.dir + "/g*")
	if len(left) > 0 {
		t.Errorf("sockets left: %q", left)
	}
}
