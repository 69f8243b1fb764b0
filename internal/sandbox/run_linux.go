package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// run is one box from start to end.
type run struct {
	box    *box
	spec   Spec
	uid    uint32
	socket string
	marker string

	cgroup    *cgroup
	cmd       *exec.Cmd
	info      *os.File // bwrap writes the pid of the box's first process
	block     *os.File // bwrap waits for a byte before it starts the program
	setup     *setupLog
	truncated atomic.Bool
	started   time.Time
	pidfd     int // of the box's first process; its end is the end of all
	pid       int
	out       *os.Root      // BoxOut; stays valid when the box is gone
	exited    chan struct{} // bwrap has been waited for
	waitErr   error
	why       verdict
	peak      int64
}

// start starts bwrap, which builds the box and then waits at the block pipe.
func (r *run) start() (err error) {
	files := &passed{}
	defer files.close()
	var infoFD, blockFD string
	if r.info, infoFD, err = files.pipe(false); err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	if r.block, blockFD, err = files.pipe(true); err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	r.marker = "/run/.up-" + rands()
	args, err := arguments(r.spec, r.socket, r.marker, r.box.filter, files)
	if err != nil {
		return err
	}
	args = append([]string{"--info-fd", infoFD, "--block-fd", blockFD}, args...)
	argsFD, err := files.data("args", []byte(strings.Join(args, "\x00")+"\x00"))
	if err != nil {
		return err
	}
	r.cmd = r.command(argsFD)
	r.cmd.Dir, r.cmd.Env, r.cmd.ExtraFiles = "/", []string{}, files.files
	// bwrap asks for the same signal, but only once the shell has become bwrap:
	// a server killed before would leave a box without limits or end.
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	if os.Getuid() == 0 {
		r.cmd.SysProcAttr.Credential = &syscall.Credential{Uid: r.uid, Gid: r.uid}
	}
	r.setup = &setupLog{next: newCapped(r.spec.Stderr, r.spec.MaxOutput, &r.truncated)}
	r.cmd.Stdout = newCapped(r.spec.Stdout, r.spec.MaxOutput, &r.truncated)
	r.cmd.Stderr = r.setup
	r.cmd.WaitDelay = killWait
	r.started = time.Now()
	if err := r.cmd.Start(); err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	r.exited = make(chan struct{})
	go func() { r.waitErr = r.cmd.Wait(); close(r.exited) }()
	return nil
}

// enter waits for the box, puts limits on it, takes hold of its output
// directory, and lets the program start.
func (r *run) enter() error {
	if err := r.learnPID(); err != nil {
		return r.setupFailed(err)
	}
	fd, err := unix.PidfdOpen(r.pid, 0)
	if err != nil {
		return r.setupFailed(err)
	}
	r.pidfd = fd
	if err := r.limit(); err != nil {
		return r.setupFailed(err)
	}
	if err := r.openOut(); err != nil {
		return r.setupFailed(err)
	}
	r.setup.open()
	if _, err := r.block.Write([]byte{1}); err != nil {
		return r.setupFailed(err)
	}
	return nil
}

// learnPID reads the pid of the box's first process.
func (r *run) learnPID() error {
	_ = r.info.SetReadDeadline(time.Now().Add(setupWait))
	var info struct {
		PID int `json:"child-pid"`
	}
	if err := json.NewDecoder(r.info).Decode(&info); err != nil {
		return err
	}
	r.pid = info.PID
	return nil
}

// limit puts both of bwrap's processes, still alone, into the cgroup.
func (r *run) limit() error {
	pids := []int{r.cmd.Process.Pid, r.pid}
	for _, pid := range pids {
		_ = unix.Setpriority(unix.PRIO_PROCESS, pid, niceness)
	}
	if r.cgroup == nil {
		return nil
	}
	return r.cgroup.add(pids...)
}

// command is bwrap behind a shell that sets the limits of a process, which
// only the process itself may do everywhere (prlimit(2) on another one needs
// CAP_SYS_RESOURCE). -p and -u are the same limit in different shells.
//
// The limit counts the user's threads. A run of a root server has a user of
// its own; otherwise those that the server's user has already are added, and
// the kernel holds the box to the sum (a user namespace inherits the limit of
// its maker, user_namespaces(7)).
func (r *run) command(argsFD string) *exec.Cmd {
	threads := r.spec.Pids
	if os.Getuid() != 0 {
		threads += userThreads(os.Getuid())
	}
	script := fmt.Sprintf("ulimit -c 0; ulimit -n %d; ulimit -f %d; ulimit -p %d || ulimit -u %d; ",
		openFiles, r.spec.DiskMB<<11, threads, threads)
	args := []string{"-c", "{ " + script + `} 2>/dev/null; exec "$0" "$@"`, r.box.bwrap, "--args", argsFD}
	args = append(append(args, brand(r.box.spaces.dir)...), "--")
	return exec.CommandContext(context.Background(), "/bin/sh", append(args, r.spec.Argv...)...)
}

// openOut opens the box's output directory through /proc once the marker shows
// that the box has its final root. The handle keeps the tmpfs alive, so that
// it can be read when every process is dead, killed ones included.
func (r *run) openOut() error {
	root := filepath.Join("/proc", strconv.Itoa(r.pid), "root")
	deadline := time.Now().Add(setupWait)
	for {
		if _, err := os.Lstat(root + r.marker); err == nil {
			break
		}
		select {
		case <-r.exited:
			return errors.New("bubblewrap ended early")
		case <-time.After(500 * time.Microsecond):
		}
		if time.Now().After(deadline) {
			return errors.New("bubblewrap did not get ready")
		}
	}
	out, err := os.OpenRoot(root + BoxOut)
	r.out = out
	return err
}

// setupFailed kills what there is and tells what bubblewrap said.
func (r *run) setupFailed(err error) error {
	r.kill()
	<-r.exited
	if said := r.setup.said(); said != "" {
		return fmt.Errorf("sandbox: %s", said)
	}
	return fmt.Errorf("sandbox: setting up: %w", err)
}

// watch returns when the box is gone, having killed it if need be.
func (r *run) watch(ctx context.Context) {
	timeout := time.NewTimer(time.Until(r.started.Add(r.spec.Timeout)))
	defer timeout.Stop()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-r.exited:
			r.noteMemory()
			return
		case <-ctx.Done():
			r.why = killedByCaller
		case <-timeout.C:
			r.why = killedByTimeout
		case <-tick.C:
			r.noteMemory()
		}
		if r.why != "" {
			r.kill()
			<-r.exited
			return
		}
	}
}

// noteMemory sets the verdict when the run used more memory than it has.
func (r *run) noteMemory() {
	switch {
	case r.why != "":
	case r.cgroup != nil:
		if r.cgroup.outOfMemory() {
			r.why = killedByMemory
		}
	default:
		used := treeMemory(r.cmd.Process.Pid) + diskUsed(r.out)
		r.peak = max(r.peak, used)
		if used > int64(r.spec.MemoryMB)<<20 {
			r.why = killedByMemory
		}
	}
}

// kill ends the box's first process, and the kernel ends the rest of its pid
// namespace before that process is gone. bwrap then ends by itself, which
// leaves it the processor time to account for; if it does not, it is killed.
func (r *run) kill() {
	if r.pidfd > 0 {
		_ = unix.PidfdSendSignal(r.pidfd, unix.SIGKILL, nil, 0)
		select {
		case <-r.exited:
			return
		case <-time.After(time.Second):
		}
	}
	_ = r.cmd.Process.Kill()
}

// emptied waits until the kernel has emptied the pid namespace: its first
// process is gone only when all others are.
func (r *run) emptied() {
	if r.pidfd <= 0 {
		return
	}
	_ = unix.PidfdSendSignal(r.pidfd, unix.SIGKILL, nil, 0)
	poll := []unix.PollFd{{Fd: int32(r.pidfd), Events: unix.POLLIN}}
	deadline := time.Now().Add(killWait)
	for time.Now().Before(deadline) {
		if n, err := unix.Poll(poll, int(killWait.Milliseconds())); n > 0 || err != nil && !errors.Is(err, unix.EINTR) {
			break
		}
	}
	_ = unix.Close(r.pidfd)
	r.pidfd = 0
}

// clean leaves nothing.
func (r *run) clean() {
	r.emptied()
	if r.cgroup != nil {
		r.cgroup.remove()
	}
	for _, f := range []*os.File{r.info, r.block} {
		if f != nil {
			_ = f.Close()
		}
	}
	if r.out != nil {
		_ = r.out.Close()
	}
}

// result tells how the run ended.
func (r *run) result() Result {
	state := r.cmd.ProcessState
	out := Result{
		ExitCode: state.ExitCode(), Wall: time.Since(r.started),
		TimedOut: r.why == killedByTimeout, OutOfMemory: r.why == killedByMemory,
		OutputTruncated: r.truncated.Load(),
		CPU:             state.UserTime() + state.SystemTime(),
		PeakMemory:      r.peak, DiskUsed: diskUsed(r.out),
	}
	if r.cgroup != nil {
		out.PeakMemory = r.cgroup.peak()
		out.CPU = max(out.CPU, r.cgroup.cpu())
	}
	// bwrap tells of a program that died of a signal as a shell does.
	const fromSignal = 128
	switch {
	case r.why != "":
		out.ExitCode, out.Signal = -1, syscall.SIGKILL.String()
	case out.ExitCode > fromSignal && out.ExitCode <= fromSignal+64:
		out.Signal = syscall.Signal(out.ExitCode - fromSignal).String()
		out.ExitCode = -1
	}
	return out
}

// setupLog holds standard error back while bubblewrap builds the box: what
// comes then are its own complaints.
type setupLog struct {
	next   *capped
	opened atomic.Bool
	held   bytes.Buffer
}

func (s *setupLog) Write(b []byte) (int, error) {
	if s.opened.Load() {
		return s.next.Write(b)
	}
	if s.held.Len() < 4096 {
		s.held.Write(b)
	}
	return len(b), nil
}

// open lets everything through from now on.
func (s *setupLog) open() { s.opened.Store(true) }

// said is what was held back. Call it when bwrap has ended.
func (s *setupLog) said() string { return strings.TrimSpace(s.held.String()) }
