package multicheck

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"time"
)

// Dialer opens connections to literal addresses, "tcp" or "udp". It decides
// what may be reached; *egress.Proxy is one.
type Dialer interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

// Resolver turns a host name into addresses.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Credentials sign requests to AWS services.
type Credentials struct {
	AccessKeyID, SecretAccessKey, SessionToken string
}

// Deps are what a run needs of the world.
type Deps struct {
	Dialer   Dialer   // required
	Resolver Resolver // required
	// Nameserver connects to the system's name server, over "udp" or "tcp", for
	// DNS checks that name none; nil refuses those.
	Nameserver func(ctx context.Context, network string) (net.Conn, error)
	// Secret returns a secret's value by its name or ARN; nil refuses all.
	Secret func(ctx context.Context, name string) (string, error)
	// Credentials assumes a role for SIGV4; nil refuses all.
	Credentials func(ctx context.Context, roleARN string) (Credentials, error)
	// Tokens keeps OAuth tokens from one run of Owner to the next; nil keeps
	// them for the run.
	Tokens *Tokens
	Owner  string // the canary's ARN
	// Roots are the certificate authorities; nil for the system's.
	Roots     *x509.CertPool
	UserAgent string
	// TraceHeader makes the X-Amzn-Trace-Id of a request; nil for none.
	TraceHeader func() string
	Settings    Settings
	// Progress is told when a step starts and when it has ended (StepResult is
	// nil before). May be nil.
	Progress func(Step, *StepResult)
	// Log takes the lines of the run's log, without secrets. May be nil.
	Log func(level slog.Level, message string)
}

// Run executes the plan. What a check finds, however bad, is part of the
// Result; an error is ctx's, with the result so far.
func Run(ctx context.Context, plan *Plan, deps Deps) (*Result, error) {
	r := &run{plan: plan, deps: deps, extracted: map[string]string{}, secrets: map[string]string{}, values: map[string]string{}, result: &Result{Start: time.Now().UTC()}}
	if r.deps.Tokens == nil {
		r.deps.Tokens = &Tokens{}
	}
	for i, s := range plan.steps {
		if deps.Progress != nil {
			deps.Progress(s.Step, nil)
		}
		res := r.step(ctx, s)
		r.result.End = res.End
		if ctx.Err() != nil {
			return r.result, ctx.Err()
		}
		r.result.Steps = append(r.result.Steps, *res)
		if deps.Progress != nil {
			deps.Progress(s.Step, res)
		}
		if !res.Passed && !deps.Settings.Step.ContinueOnStepFailure {
			for _, rest := range plan.steps[i+1:] {
				r.result.Skipped = append(r.result.Skipped, rest.Step)
			}
			break
		}
	}
	return r.result, nil
}

// run is the state of one run.
type run struct {
	plan      *Plan
	deps      Deps
	extracted map[string]string
	secrets   map[string]string // fetched, by name
	values    map[string]string // of variables, resolved
	redactor  redactor
	result    *Result
}

func (r *run) log(level slog.Level, format string, args ...any) {
	if r.deps.Log != nil {
		r.deps.Log(level, r.redactor.clean(fmt.Sprintf(format, args...)))
	}
}

// observation is what a check found, for assertions and extractors.
type observation interface {
	// judge compares it with an assertion, and tells what it found.
	judge(ctx context.Context, r *run, a *assertion) (actual string, ok bool, err error)
	// body is what extractors read.
	body() []byte
}

// step executes one step.
func (r *run) step(ctx context.Context, s *step) *StepResult {
	res := &StepResult{Num: s.Num, Name: s.Name, Kind: s.Kind, Assertions: []AssertionResult{}, Start: time.Now().UTC()}
	r.log(slog.LevelInfo, "Step started: %s", s.Name)
	err := r.wait(ctx, s, res)
	if err == nil {
		err = r.check(ctx, s, res)
	}
	res.End = time.Now().UTC()
	if res.Timings.Total == 0 {
		res.Timings.Total = milliseconds(res.End.Sub(res.Start))
	}
	res.Target = r.redactor.clean(res.Target)
	if err != nil {
		res.Reason = shorten(r.redactor.clean(err.Error()), maxReason)
		r.log(slog.LevelError, "Step failed: %s: %s", s.Name, res.Reason)
		return res
	}
	res.Passed = true
	r.log(slog.LevelInfo, "Step succeeded: %s", s.Name)
	return res
}

// wait waits for waitTime. The step begins after it.
func (r *run) wait(ctx context.Context, s *step, res *StepResult) error {
	if s.http == nil || !s.http.wait.set {
		return nil
	}
	seconds, err := r.number(ctx, s.http.wait, 0)
	if err != nil {
		return fmt.Errorf("waitTime %w", err)
	}
	timer := time.NewTimer(time.Duration(seconds) * time.Second)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	res.Start = time.Now().UTC()
	return nil
}

// timeoutError is the end of a step's time.
type timeoutError time.Duration

func (e timeoutError) Error() string {
	return fmt.Sprintf("timed out after %d ms", time.Duration(e).Milliseconds())
}

// check makes the request, judges what it found, and extracts from it.
func (r *run) check(ctx context.Context, s *step, res *StepResult) error {
	ms, err := r.number(ctx, s.timeout, milliseconds(r.plan.timeout))
	if err != nil {
		return fmt.Errorf("timeout %w", err)
	}
	timeout := time.Duration(ms) * time.Millisecond
	within, cancel := context.WithTimeoutCause(ctx, timeout, timeoutError(timeout))
	defer cancel()
	var found observation
	switch s.Kind {
	case HTTP:
		found, err = r.checkHTTP(within, s, res)
	case DNS:
		found, err = r.checkDNS(within, s, res)
	case SSL:
		found, err = r.checkSSL(within, s, res)
	case TCP:
		found, err = r.checkTCP(within, s, res)
	}
	if err != nil {
		r.log(slog.LevelDebug, "%s: %v", s.Name, err)
		return explain(within, err)
	}
	// Judging takes no network but what secrets in expectations take.
	failed := r.judge(within, s, found, res)
	if err := r.extract(within, s, found, res); err != nil {
		failed = append(failed, err)
	}
	return joinReasons(failed)
}

func joinReasons(errs []error) error {
	if len(errs) == 0 {
		return nil
	}
	texts := make([]string, len(errs))
	for i, err := range errs {
		texts[i] = err.Error()
	}
	return errors.New(strings.Join(texts, "; "))
}

// judge judges every assertion, and returns those that failed.
func (r *run) judge(ctx context.Context, s *step, found observation, res *StepResult) (failed []error) {
	for _, a := range s.assertions {
		out := AssertionResult{Type: a.kind, Subject: a.field, Operator: a.operator}
		actual, ok, err := found.judge(ctx, r, a)
		subject, expected := r.describe(ctx, a)
		if subject != "" {
			out.Subject = r.redactor.clean(subject)
		}
		out.Passed = ok && err == nil
		out.Expected, out.Actual = r.redactor.show(expected), shown(r.redactor.clean(actual))
		if err != nil {
			out.Actual = r.redactor.clean(err.Error())
		}
		res.Assertions = append(res.Assertions, out)
		if !out.Passed {
			failed = append(failed, out.failure(err))
		}
	}
	return failed
}

// failure words a failed assertion.
func (a AssertionResult) failure(err error) error {
	what := strings.TrimSpace(a.Type + " " + a.Subject)
	if err != nil {
		return fmt.Errorf("%s: %s", what, a.Actual)
	}
	expected := strings.TrimSpace(a.Operator + " " + a.Expected)
	return fmt.Errorf("%s: expected %s, got %s", what, expected, a.Actual)
}

// describe returns the header or path that an assertion is about and what it
// expects, in words. Errors in them have been judged already.
func (r *run) describe(ctx context.Context, a *assertion) (subject, expected string) {
	subject, _ = r.text(ctx, a.name)
	if a.target == "JSON" {
		subject, _ = r.text(ctx, a.pathText)
	}
	switch {
	case a.operator == opRange:
		low, _ := r.text(ctx, a.min.text)
		high, _ := r.text(ctx, a.max.text)
		return subject, low + " to " + high
	case a.flag.set:
		expected, _ = r.text(ctx, a.flag.text)
	case a.number.set:
		expected, _ = r.text(ctx, a.number.text)
	default:
		expected, _ = r.text(ctx, a.value)
		expected = fmt.Sprintf("%q", expected)
	}
	if a.unit != "" {
		expected += " " + strings.ToLower(a.unit)
	}
	return subject, expected
}

func shorten(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}
