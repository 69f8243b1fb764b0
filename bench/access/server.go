package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"time"

	"nephele.dev/nephele/internal/app"
	"nephele.dev/nephele/internal/config"
)

// The root user's access key, and the master key that replicas share.
const (
	rootID     = "AKIAIOSFODNN7EXAMPLE"
	rootSecret = "benchmark-secret"
	masterKey  = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
)

// gcPercent is the collector's setting of a server (cmd/nephele).
const gcPercent = 50

func configured(o options, auth string) config.Config {
	cfg := config.Default()
	cfg.Listen, cfg.Data, cfg.Auth, cfg.Database, cfg.LogLevel = "127.0.0.1:0", o.dir, auth, o.database, "warn"
	cfg.BlobURL = o.blobs
	cfg.RootAccessKeyID, cfg.RootSecretAccessKey, cfg.MasterKey = rootID, rootSecret, masterKey
	return cfg
}

// serve is a server until the context ends. Its first line is its URL.
func serve(ctx context.Context, o options) (err error) {
	debug.SetGCPercent(gcPercent)
	a, err := app.New(ctx, configured(o, o.serve))
	if err != nil {
		return err
	}
	if o.profile != "" {
		f, err := os.Create(o.profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer func() {
			pprof.StopCPUProfile()
			err = errors.Join(err, f.Close())
		}()
	}
	return a.Run(ctx, func() { fmt.Println(a.URL()) })
}

// server is a server in a process of its own.
type server struct {
	cmd *exec.Cmd
	url string
	dir string
}

// start runs this program as a server with a directory of its own.
func start(ctx context.Context, o options, auth string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "nephele-bench-")
	if err != nil {
		return nil, err
	}
	args := []string{"-serve", auth, "-dir", filepath.Join(dir, "data"), "-database", o.database, "-blobs", o.blobs}
	if auth == config.AuthOn && o.profile != "" {
		args = append(args, "-cpuprofile", o.profile)
	}
	s := &server{cmd: exec.CommandContext(ctx, self, args...), dir: dir}
	s.cmd.Stderr = os.Stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	if s.url, err = bufio.NewReader(out).ReadString('\n'); err != nil {
		s.stop()
		return nil, fmt.Errorf("server with auth %s: %w", auth, err)
	}
	s.url = strings.TrimSpace(s.url)
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return s, nil
}

func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
	_ = os.RemoveAll(s.dir)
}

// tick is how the kernel counts processor time (USER_HZ).
const tick = 10 * time.Millisecond

// spent is the processor time that the server has taken.
func (s *server) spent() (user, system time.Duration, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0, 0, err
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:])) // from the third one on
	const utime, stime = 14 - 3, 15 - 3
	u, err := strconv.Atoi(fields[utime])
	v, also := strconv.Atoi(fields[stime])
	return time.Duration(u) * tick, time.Duration(v) * tick, errors.Join(err, also)
}
