package app

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"nephele.dev/nephele/internal/sandbox"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
	"nephele.dev/nephele/internal/svc/synthetics"
)

// canaryRunner runs canaries in a sandbox that is made on first use, for the
// probe of the machine takes longer than a server's start may.
type canaryRunner struct {
	open   func() (*canaryrun.Runner, error)
	native *canaryrun.Native // for blueprints, which need no sandbox
	runs   *prometheus.CounterVec
	cpu    prometheus.Counter

	mu    sync.Mutex
	close []func() error
}

func (a *App) newCanaryRunner() *canaryRunner {
	r := &canaryRunner{runs: a.metrics.canaries, cpu: a.metrics.punctuality.cpu, native: canaryrun.NewNative(canaryrun.NativeOptions{OnDial: a.markRun, Logger: a.log})}
	r.open = sync.OnceValues(func() (*canaryrun.Runner, error) { return r.make(a) })
	return r
}

// runnerOr is the runner that was given, or the real one.
func (a *App) runnerOr(sandboxed *canaryRunner) synthetics.Runner {
	if a.runner != nil {
		return a.runner
	}
	return sandboxed
}

// make probes the machine, which is an error where canaries cannot run.
func (r *canaryRunner) make(a *App) (*canaryrun.Runner, error) {
	box, err := sandbox.New(sandbox.Options{
		AllowUnsandboxed: a.cfg.CanaryUnsafe,
		OnDial:           a.markRun,
		Logger:           a.log,
	})
	if err != nil {
		return nil, fmt.Errorf("canaries cannot run on this machine ('nephele doctor' says how to mend it): %w", err)
	}
	r.onClose(box.Close)
	a.log.Info("sandbox ready", "isolation", box.Level().String())
	runner, err := canaryrun.New(canaryrun.Options{
		Sandbox: box, Browser: a.cfg.CanaryBrowser, Firefox: a.cfg.CanaryFirefox, Python: a.cfg.CanaryPython, OnDial: a.markRun, Logger: a.log,
	})
	if err != nil {
		return nil, err
	}
	r.onClose(runner.Close)
	return runner, nil
}

// Run runs one canary to its end.
func (r *canaryRunner) Run(ctx context.Context, job canaryrun.Job) (*canaryrun.Outcome, error) {
	run := r.native.Run
	if job.Blueprint == "" {
		runner, err := r.open()
		if err != nil {
			return nil, err
		}
		run = runner.Run
	}
	out, err := run(ctx, job)
	status := "not run"
	if err == nil {
		status = string(out.Status)
		r.cpu.Add(out.Usage.CPU.Seconds())
	}
	r.runs.WithLabelValues(status).Inc()
	return out, err
}

func (r *canaryRunner) onClose(f func() error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.close = append(r.close, f)
}

// stop removes what running canaries needed. The engine has stopped before.
func (r *canaryRunner) stop(context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for _, v := range slices.Backward(r.close) {
		errs = append(errs, v())
	}
	r.close = nil
	return errors.Join(errs...)
}

// markUntrusted makes the door refuse administration on a connection that
// untrusted code has made through the egress proxy.
func (a *App) markUntrusted(local, remote sandbox.Addr) (release func()) {
	return a.door.MarkUntrusted(local, remote)
}

// markRun is markUntrusted for a connection of a canary's run.
func (a *App) markRun(_ string, local, remote sandbox.Addr) (release func()) {
	return a.markUntrusted(local, remote)
}

// egress is what canaries may reach.
func (a *App) egress() (sandbox.EgressPolicy, error) {
	p := sandbox.EgressPolicy{AllowPrivate: a.cfg.PrivateEgress()}
	for _, s := range a.cfg.CanaryAllow {
		to, err := netip.ParseAddrPort(s)
		if err != nil {
			return p, fmt.Errorf("canary-allow: %w", err)
		}
		p.Allow = append(p.Allow, to)
	}
	return p, nil
}
