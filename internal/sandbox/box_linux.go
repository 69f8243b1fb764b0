package sandbox

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"

	"nephele.dev/nephele/internal/sandbox/egress"
)

// box is the sandbox made of Linux namespaces by bubblewrap.
type box struct {
	o      Options
	bwrap  string
	spaces *spaces
	home   *cgroupHome // nil: memory is sampled
	filter []byte      // nil: no system call filter
	level  Level
	users  users
}

var _ Sandbox = (*box)(nil)

// Level implements Sandbox.
func (b *box) Level() Level { return b.level }

// Workspace implements Sandbox.
func (b *box) Workspace(id string) (*Workspace, error) { return b.spaces.make(id) }

// Close implements Sandbox.
func (b *box) Close() error { return b.spaces.close() }

// Run implements Sandbox.
func (b *box) Run(ctx context.Context, spec Spec) (Result, error) {
	spec, err := spec.withDefaults()
	if err != nil {
		return Result{}, err
	}
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	uid, free, err := b.users.take()
	if err != nil {
		return Result{}, err
	}
	defer free()
	gate, err := b.openGate(spec, uid)
	if err != nil {
		return Result{}, err
	}
	defer gate.close()
	r := &run{box: b, spec: spec, uid: uid, socket: gate.socket}
	result, err := r.run(ctx)
	if err != nil {
		return Result{}, err
	}
	gate.close()
	gate.count(&result)
	return result, nil
}

// run starts the box, watches it to its end and collects what it left.
func (r *run) run(ctx context.Context) (Result, error) {
	// A parent-death signal follows the thread that forked, not the process
	// (prctl(2), PR_SET_PDEATHSIG): this goroutine keeps the thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer r.clean()
	if r.box.home != nil {
		g, err := r.box.home.make(safeID(r.spec.ID), r.spec.MemoryMB, r.spec.Pids)
		if err != nil {
			return Result{}, fmt.Errorf("sandbox: %w", err)
		}
		r.cgroup = g
	}
	if err := r.start(); err != nil {
		return Result{}, err
	}
	if err := r.enter(); err != nil {
		return Result{}, err
	}
	r.watch(ctx)
	r.emptied()
	result := r.result()
	if err := ctx.Err(); err != nil && r.why == killedByCaller {
		return Result{}, err
	}
	dropped, err := collect(r.spec.OutDir, r.out, int64(r.spec.DiskMB)<<20)
	result.FilesDropped = dropped
	return result, err
}

// gate is the egress proxy of a run.
type gate struct {
	proxy  *egress.Proxy
	dir    string
	socket string
}

// openGate listens on a socket that the run's user alone may connect to.
func (b *box) openGate(spec Spec, uid uint32) (*gate, error) {
	dir, err := os.MkdirTemp(b.spaces.dir, "g")
	if err != nil {
		return nil, fmt.Errorf("sandbox: egress: %w", err)
	}
	g := &gate{dir: dir, socket: filepath.Join(dir, "s")}
	l, err := new(net.ListenConfig).Listen(context.Background(), "unix", g.socket)
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, fmt.Errorf("sandbox: egress: %w", err)
	}
	for _, path := range []string{dir, g.socket} {
		if err := os.Chown(path, int(uid), -1); err != nil {
			_ = l.Close()
			_ = os.RemoveAll(dir)
			return nil, fmt.Errorf("sandbox: egress: %w", err)
		}
	}
	g.proxy = egress.New(egressOptions(b.o, spec))
	go func() {
		if err := g.proxy.Serve(l); err != nil {
			b.o.Logger.Error("sandbox egress stopped", "run", spec.ID, "error", err)
		}
	}()
	return g, nil
}

// egressOptions are those of one run's proxy.
func egressOptions(o Options, spec Spec) egress.Options {
	out := egress.Options{
		Policy: spec.Egress, Resolver: o.Resolver, Dialer: o.Dialer,
		Logger: o.Logger.With("run", spec.ID),
	}
	if o.OnDial != nil {
		out.OnDial = func(local, remote Addr) func() { return o.OnDial(spec.ID, local, remote) }
	}
	return out
}

// close ends every connection. It may be called twice.
func (g *gate) close() {
	_ = g.proxy.Close()
	_ = os.RemoveAll(g.dir)
}

// count adds the proxy's counts to a result.
func (g *gate) count(r *Result) {
	s := g.proxy.Stats()
	r.Requests, r.Refused, r.BytesSent, r.BytesIn, r.Refusals = s.Requests, s.Refused, s.Sent, s.Received, s.Refusals
}
