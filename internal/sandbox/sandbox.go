package sandbox

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"nephele.dev/nephele/internal/sandbox/egress"
)

// Paths inside the box. They are the same for every run, so that programs can
// be written against them.
const (
	// BoxCode is where Spec.CodeDir is mounted, read-only. Lambda layers live
	// at /opt, and canary scripts rely on it.
	BoxCode = "/opt"
	// BoxOut is the one directory whose content outlives the run: a tmpfs of
	// Spec.DiskMB that is copied to Spec.OutDir when the run ends.
	BoxOut = "/tmp"
	// BoxHome is a small tmpfs that dies with the run: browser profiles, caches.
	BoxHome = "/home/box"
	// BoxProxy is the unix socket of the run's egress proxy, the only way out.
	BoxProxy = "/run/nephele/egress.sock"
)

// EgressPolicy says which addresses a run may reach.
type EgressPolicy = egress.Policy

// Mount is a host directory or file that the box sees, always read-only.
type Mount struct {
	Host string // an absolute path on the host
	Box  string // an absolute path in the box
}

// Spec is one run of an untrusted program.
type Spec struct {
	// ID names the run in logs, cgroups and directories. Letters, digits,
	// dots, dashes and underscores; need not be unique.
	ID string
	// Runtime is a label for logs ("nodejs").
	Runtime string
	// Argv is the program (an absolute path in the box) and its arguments.
	Argv []string
	// Env is the whole environment: nothing is inherited from the server.
	Env map[string]string
	// CodeDir is mounted read-only at BoxCode. Empty mounts nothing there.
	CodeDir string
	// OutDir is an existing, empty host directory. What the program leaves in
	// BoxOut as regular files is copied there when the run ends, however it
	// ends. Links, devices, sockets and pipes are left behind.
	OutDir string
	// Mounts are further read-only mounts.
	Mounts []Mount
	// MemoryMB limits the memory of the whole run, its tmpfs included.
	// Zero means 1000.
	MemoryMB int
	// DiskMB is the size of BoxOut. Zero means 1024.
	DiskMB int
	// Pids limits processes and threads together. Zero means 1024.
	Pids int
	// Timeout limits the wall-clock time, start to end. Zero means 14 minutes.
	Timeout time.Duration
	// Stdout and Stderr receive the output. A nil writer discards.
	Stdout, Stderr io.Writer
	// MaxOutput limits the bytes passed on per stream; the rest is read and
	// dropped, so that a flood neither blocks nor fills anything. Zero means 8 MiB.
	MaxOutput int64
	// Egress says which addresses the run may reach.
	Egress EgressPolicy
}

// Result tells how a run ended. A run that ended badly is a Result, not an
// error: an error from Run means that the run did not take place.
type Result struct {
	ExitCode        int    // -1 when the program did not exit by itself
	Signal          string // "killed", "segmentation fault", ...; empty when it exited
	TimedOut        bool
	OutOfMemory     bool
	OutputTruncated bool // more than Spec.MaxOutput was written to a stream
	Wall, CPU       time.Duration
	PeakMemory      int64 // bytes; 0 when it could not be measured
	DiskUsed        int64 // bytes of BoxOut in use at the end
	FilesDropped    int   // entries of BoxOut that were not copied: links, sockets, over the caps
	// Egress counts.
	Requests, Refused  int64
	BytesSent, BytesIn int64
	// Refusals are the first few refused targets with the reason, for the log.
	Refusals []string
}

// Sandbox runs untrusted programs.
type Sandbox interface {
	// Run runs spec to its end and leaves nothing of it behind: no process, no
	// mount, no cgroup, no temporary file other than spec.OutDir. When ctx ends
	// first, the run is killed and ctx's error returned.
	Run(ctx context.Context, spec Spec) (Result, error)
	// Level is the isolation found when the sandbox was made.
	Level() Level
	// Workspace makes a directory that the box can mount from, for CodeDir and
	// OutDir: the data directory itself is out of reach of a run's user.
	Workspace(id string) (*Workspace, error)
	// Close removes the sandbox's directories. No run may be in progress.
	Close() error
}

// Options configure New. The zero value is usable.
type Options struct {
	// WorkDir holds workspaces and sockets while runs last. It must be on a
	// path that every user may traverse. Empty means a directory of its own in
	// the system's temporary directory.
	WorkDir string
	// Bubblewrap is the path of bwrap; empty looks it up on PATH.
	Bubblewrap string
	// AllowUnsandboxed permits to run programs without any isolation where the
	// machine offers none. Without it New fails there with ErrNoIsolation.
	AllowUnsandboxed bool
	// OnDial is told of every connection an egress proxy makes, before a byte
	// is sent on it: local is the proxy's own end. The door refuses
	// administration on such connections. release is called when it is closed.
	OnDial func(run string, local, remote Addr) (release func())
	// Resolver and Dialer replace the system's, for tests.
	Resolver egress.Resolver
	Dialer   egress.Dialer
	Logger   *slog.Logger
}

// Addr is an end of a proxy connection.
type Addr = egress.Addr

// ErrNoIsolation is returned by New on a machine where programs cannot be
// isolated, unless Options.AllowUnsandboxed is set. Its Level says why.
var ErrNoIsolation = errors.New("no isolation for untrusted programs on this machine")
