package multicheck_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"nephele.dev/nephele/internal/multicheck"
	"nephele.dev/nephele/internal/sandbox/egress"
)

// hosts answers names from a table, and addresses with themselves.
type hosts map[string]string

func (h hosts) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr}, nil
	}
	var out []netip.Addr
	for text := range strings.FieldsSeq(h[host]) {
		out = append(out, netip.MustParseAddr(text))
	}
	if out == nil {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return out, nil
}

// logbook is a run's log.
type logbook struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logbook) write(level slog.Level, message string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintln(&l.b, level, message)
}

// world is what runs of tests may reach: loopback, by the policy.
func world(t testing.TB, names hosts) (multicheck.Deps, *logbook) {
	t.Helper()
	p := egress.New(egress.Options{Policy: egress.Policy{AllowPrivate: true}, Resolver: names})
	t.Cleanup(func() { _ = p.Close() })
	l := &logbook{}
	return multicheck.Deps{
		Dialer: p, Resolver: p, UserAgent: "test-agent", Owner: "arn:canary", Settings: multicheck.DefaultSettings(), Log: l.write,
		Secret: func(_ context.Context, name string) (string, error) {
			if v, ok := vault[name]; ok {
				return v, nil
			}
			return "", errors.New("ResourceNotFoundException: no such secret")
		},
	}, l
}

// vault holds the secrets of tests. None of the values may appear in a result.
var vault = map[string]string{
	"plain": "s3cr3t-plain", "login": `{"user": "ann", "password": "s3cr3t/pass word", "pin": 917253}`, "text": "not json s3cr3t",
	"arn:aws:secretsmanager:us-east-1:000000000000:secret:n-AbCdEf": `{"key": "s3cr3t-arn"}`,
}

// execute runs a configuration.
func execute(t testing.TB, deps multicheck.Deps, config string) *multicheck.Result {
	t.Helper()
	plan, err := multicheck.Parse([]byte(config))
	if err != nil {
		t.Fatal(err)
	}
	r, err := multicheck.Run(t.Context(), plan, deps)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// one runs a single step.
func one(t testing.TB, deps multicheck.Deps, members string) multicheck.StepResult {
	t.Helper()
	return execute(t, deps, `{"variables": {"v": "value", "n": "200"}, "steps": {"1": {"stepName": "s", `+members+`}}}`).Steps[0]
}

// reasonIs compares a step's reason with what is wanted of it: nothing of a step
// that has to pass, else a part of it.
func reasonIs(t testing.TB, name string, s multicheck.StepResult, want string) {
	t.Helper()
	if s.Passed != (want == "") || !strings.Contains(s.Reason, want) || s.Passed != (s.Reason == "") {
		t.Errorf("%s: passed %t, reason %q, want %q", name, s.Passed, s.Reason, want)
	}
}

// tellsNothing fails when a result or a log holds a secret.
func tellsNothing(t testing.TB, r *multicheck.Result, l *logbook, secrets ...string) {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, all := range []string{string(b), l.b.String()} {
		for _, s := range append(secrets, "s3cr3t", "917253") {
			if strings.Contains(all, s) {
				t.Errorf("%q is told:\n%s", s, all)
			}
		}
	}
}

// quote makes a JSON string.
func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}
