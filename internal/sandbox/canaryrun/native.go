package canaryrun

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"nephele.dev/nephele/internal/multicheck"
	"nephele.dev/nephele/internal/sandbox"
	"nephele.dev/nephele/internal/sandbox/egress"
)

// MultiChecks is the blueprint that is executed natively.
const MultiChecks = "multi-checks"

// NativeOptions configure NewNative. The zero value is usable.
type NativeOptions struct {
	// OnDial is that of sandbox.Options, for connections that checks make.
	OnDial func(run string, local, remote sandbox.Addr) (release func())
	// Resolver and Dialer replace the system's, Roots its certificate
	// authorities, for tests.
	Resolver egress.Resolver
	Dialer   egress.Dialer
	Roots    *x509.CertPool
	Logger   *slog.Logger
}

// Native runs blueprints, which need no process: neither a sandbox nor Node.js
// nor a browser has to be there. A run takes no file and at most a few
// connections one after the other. It is safe for concurrent use.
type Native struct {
	o      NativeOptions
	tokens multicheck.Tokens
}

// NewNative returns a Native. It holds nothing that has to be closed.
func NewNative(o NativeOptions) *Native {
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	return &Native{o: o}
}

// errJobTimeout is the end of a run's time.
var errJobTimeout = errors.New("the run's time is over")

// Run runs a job that has a Blueprint to its end, as Runner.Run does.
func (n *Native) Run(ctx context.Context, job Job) (*Outcome, error) {
	job.Timeout, job.MemoryMB = cmp.Or(max(job.Timeout, 0), defaultTimeout), cmp.Or(max(job.MemoryMB, 0), defaultMemoryMB)
	o := &Outcome{TestResult: "UNKNOWN", Started: time.Now().UTC().Truncate(time.Millisecond), files: map[string][]byte{}}
	start := time.Now()
	proxy := n.proxy(job)
	defer proxy.Close()
	log := newNativeLog(job)
	within, cancel := context.WithTimeoutCause(ctx, job.Timeout, errJobTimeout)
	defer cancel()
	if err := n.execute(within, job, proxy, o, log); err != nil {
		if !errors.Is(context.Cause(within), errJobTimeout) {
			return nil, fmt.Errorf("canary run: %w", err)
		}
		o.TimedOut, o.Report, o.Steps = true, nil, nil
		o.fail(CanaryFailure, fmt.Sprintf("No test result returned. Task timed out after %.2f seconds", job.Timeout.Seconds()))
		o.files = map[string][]byte{}
	}
	o.Completed = time.Now().UTC().Truncate(time.Millisecond)
	s := proxy.Stats()
	o.Usage = sandbox.Result{
		TimedOut: o.TimedOut, Wall: time.Since(start), Requests: s.Requests, Refused: s.Refused,
		BytesSent: s.Sent, BytesIn: s.Received, Refusals: s.Refusals,
	}
	if o.Duration == 0 {
		o.Duration = o.Usage.Wall
	}
	o.files[log.name()] = log.file.Bytes()
	o.listFiles()
	o.Logs = log.lines.frame(o, job, o.Usage)
	return o, nil
}

// proxy is the run's way out.
func (n *Native) proxy(job Job) *egress.Proxy {
	out := egress.Options{Policy: job.Egress, Resolver: n.o.Resolver, Dialer: n.o.Dialer, Logger: n.o.Logger}
	if n.o.OnDial != nil {
		out.OnDial = func(local, remote sandbox.Addr) func() { return n.o.OnDial(job.RunID, local, remote) }
	}
	return egress.New(out)
}

// execute fills o. The error is ctx's.
func (n *Native) execute(ctx context.Context, job Job, proxy *egress.Proxy, o *Outcome, log *nativeLog) error {
	log.write(slog.LevelInfo, fmt.Sprintf("Start canary %s on %s", job.CanaryName, job.RuntimeVersion))
	plan, settings, err := openBlueprint(job)
	if err != nil {
		log.write(slog.LevelError, err.Error())
		now := time.Now().UTC()
		o.conclude(job, &multicheck.Result{Start: now, End: now}, settings, err.Error())
		return nil
	}
	result, err := multicheck.Run(ctx, plan, n.deps(job, settings, proxy, log))
	if err != nil {
		return err
	}
	o.conclude(job, result, settings, failureOf(result))
	o.keepExchanges(result)
	return nil
}

func openBlueprint(job Job) (*multicheck.Plan, multicheck.Settings, error) {
	if job.Blueprint != MultiChecks {
		return nil, multicheck.DefaultSettings(), fmt.Errorf("%w: the blueprint %q is not known", ErrNoRuntime, job.Blueprint)
	}
	return multicheck.Open(job.Zip, job.Size)
}

func (n *Native) deps(job Job, settings multicheck.Settings, proxy *egress.Proxy, log *nativeLog) multicheck.Deps {
	d := multicheck.Deps{
		Dialer: proxy, Resolver: proxy, Nameserver: systemNameserver, Roots: n.o.Roots,
		Secret: job.Secret, Tokens: &n.tokens, Owner: job.CanaryARN, UserAgent: "CloudWatchSynthetics/" + job.CanaryARN,
		Settings: settings, Log: log.write,
	}
	if job.Assume != nil {
		d.Credentials = func(ctx context.Context, role string) (multicheck.Credentials, error) {
			c, err := job.Assume(ctx, role)
			return multicheck.Credentials(c), err
		}
	}
	if job.ActiveTracing {
		d.TraceHeader = func() string { return cmp.Or(job.Env["_X_AMZN_TRACE_ID"], traceHeader()) }
	}
	if job.Progress != nil {
		d.Progress = func(s multicheck.Step, done *multicheck.StepResult) {
			p := Progress{Event: "step-started", Step: s.Name, Num: s.Num, Time: time.Now().UTC()}
			if done != nil {
				p.Event, p.Pass, p.Error, p.Ms = "step-ended", done.Passed, done.Reason, done.Timings.Total
			}
			job.Progress(p)
		}
	}
	return d
}

// traceHeader begins a trace (X-Ray developer guide, "Tracing header").
func traceHeader() string {
	var id [20]byte
	_, _ = rand.Read(id[:]) // never fails
	return fmt.Sprintf("Root=1-%08x-%s;Parent=%s;Sampled=1", uint32(time.Now().Unix()), hex.EncodeToString(id[:12]), hex.EncodeToString(id[12:]))
}

// nameserverTimeout limits a connection to the system's name server.
const nameserverTimeout = 5 * time.Second

// systemNameserver connects to the name server that the machine uses, which the
// policy does not judge: every name that a run looks up goes there anyway.
func systemNameserver(ctx context.Context, network string) (net.Conn, error) {
	address, err := readResolvConf("/etc/resolv.conf")
	if err != nil {
		return nil, err
	}
	d := net.Dialer{Timeout: nameserverTimeout}
	return d.DialContext(ctx, network, address)
}

// native runs a job that needs no process of its own.
func (r *Runner) native(ctx context.Context, job Job) (*Outcome, error) {
	return r.natives.Run(ctx, job)
}
