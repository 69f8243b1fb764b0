package sandbox

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// direct runs programs as ordinary processes, for machines that offer no
// isolation and owners who trust their programs. It keeps the time limit and
// the output cap; it limits neither memory, nor disk, nor the network, and the
// program can read whatever the server can.
//
// There is no box, so box paths in arguments and environment are replaced by
// the host paths they stand for.
type direct struct {
	o      Options
	spaces *spaces
	level  Level
}

var _ Sandbox = (*direct)(nil)

func newDirect(o Options, s *spaces, l Level) *direct {
	o.Logger.Warn("programs run without isolation", "reason", l.String())
	return &direct{o: o, spaces: s, level: l}
}

// Level implements Sandbox.
func (d *direct) Level() Level { return d.level }

// Workspace implements Sandbox.
func (d *direct) Workspace(id string) (*Workspace, error) { return d.spaces.make(id) }

// Close implements Sandbox.
func (d *direct) Close() error { return d.spaces.close() }

// Run implements Sandbox.
func (d *direct) Run(ctx context.Context, spec Spec) (Result, error) {
	spec, err := spec.withDefaults()
	if err != nil {
		return Result{}, err
	}
	w, err := d.spaces.make(spec.ID)
	if err != nil {
		return Result{}, err
	}
	defer w.Close()
	var truncated atomic.Bool
	cmd, mark := d.command(spec, w, &truncated)
	started := time.Now()
	if err := cmd.Start(); err != nil {
		return Result{}, fmt.Errorf("sandbox: %w", err)
	}
	why := superviseDirect(ctx, cmd, spec.Timeout)
	killMarked(mark)
	out := Result{
		ExitCode: cmd.ProcessState.ExitCode(), Wall: time.Since(started), TimedOut: why == killedByTimeout,
		CPU: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), OutputTruncated: truncated.Load(),
	}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		out.Signal = status.Signal().String()
	}
	if why == killedByCaller {
		return Result{}, ctx.Err()
	}
	left, err := os.OpenRoot(w.Out)
	if err != nil {
		return Result{}, fmt.Errorf("sandbox: %w", err)
	}
	defer left.Close()
	out.FilesDropped, err = collect(spec.OutDir, left, int64(spec.DiskMB)<<20)
	return out, err
}

// command builds the process: a group of its own, and an environment variable
// by which runaways are found.
func (d *direct) command(spec Spec, w *Workspace, truncated *atomic.Bool) (*exec.Cmd, string) {
	paths := map[string]string{BoxCode: spec.CodeDir, BoxOut: w.Out, BoxHome: w.Code, BoxProxy: ""}
	for _, m := range spec.Mounts {
		paths[m.Box] = m.Host
		// Packages are looked for from the script upwards.
		if filepath.Base(m.Box) == "node_modules" && spec.CodeDir != "" {
			_ = os.Symlink(m.Host, filepath.Join(filepath.Dir(spec.CodeDir), "node_modules"))
		}
	}
	argv := make([]string, len(spec.Argv))
	for i, a := range spec.Argv {
		argv[i] = onHost(paths, a)
	}
	mark := "NEPHELE_BOX=" + filepath.Base(w.Dir)
	cmd := exec.CommandContext(context.Background(), argv[0], argv[1:]...) // ended by watch
	cmd.Dir, cmd.Env = w.Out, []string{mark}
	for _, name := range slices.Sorted(maps.Keys(spec.Env)) {
		cmd.Env = append(cmd.Env, name+"="+onHost(paths, spec.Env[name]))
	}
	cmd.Stdout = newCapped(spec.Stdout, spec.MaxOutput, truncated)
	cmd.Stderr = newCapped(spec.Stderr, spec.MaxOutput, truncated)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = time.Second
	return cmd, mark
}

// onHost replaces the longest box path that value is or begins with.
func onHost(paths map[string]string, value string) string {
	best := ""
	for box := range paths {
		if (value == box || strings.HasPrefix(value, box+"/")) && len(box) > len(best) {
			best = box
		}
	}
	if best == "" {
		return value
	}
	return paths[best] + strings.TrimPrefix(value, best)
}

// superviseDirect waits for the end or brings it about.
func superviseDirect(ctx context.Context, cmd *exec.Cmd, limit time.Duration) (why verdict) {
	exited := make(chan struct{})
	go func() { _ = cmd.Wait(); close(exited) }()
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	select {
	case <-exited:
	case <-ctx.Done():
		why = killedByCaller
	case <-timeout.C:
		why = killedByTimeout
	}
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	<-exited
	return why
}

// killMarked kills the processes that left the group: browsers are started in
// a session of their own. It goes by the environment they began with, which
// needs /proc; elsewhere they may outlive the run. It looks again until none
// is left, because a process may fork while it is looked for.
func killMarked(mark string) {
	for deadline := time.Now().Add(killWait); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		left := marked(mark)
		if len(left) == 0 {
			return
		}
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// marked lists the processes that were started with mark in their environment.
func marked(mark string) (out []int) {
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, f := range files {
		env, err := os.ReadFile(f)
		if err != nil || !slices.Contains(strings.Split(string(env), "\x00"), mark) {
			continue
		}
		var pid int
		if _, err := fmt.Sscanf(f, "/proc/%d/environ", &pid); err == nil && pid > 1 {
			out = append(out, pid)
		}
	}
	return out
}
