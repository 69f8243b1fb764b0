// Package doctor examines a machine: would a server with these settings start
// here, and could it run canaries? Every finding that is not good comes with
// what to do about it.
package doctor

import (
	"context"
	"time"

	"nephele.dev/nephele/internal/config"
	"nephele.dev/nephele/internal/sandbox"
)

// Verdict is the outcome of a check.
type Verdict string

// The verdicts.
const (
	OK   Verdict = "ok"
	Warn Verdict = "warn" // something works less well
	Fail Verdict = "FAIL" // the server, or canaries, will not work
)

// Check is one thing examined.
type Check struct {
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	Detail  string  `json:"detail"`
	Fix     string  `json:"fix,omitempty"`
}

// patience bounds each check.
const patience = 10 * time.Second

// Examine makes all checks, in order of importance.
func Examine(ctx context.Context, cfg config.Config) []Check {
	checks := []Check{dataDir(cfg), port(ctx, cfg)}
	if cfg.Database != "" {
		checks = append(checks, database(ctx, cfg))
	}
	checks = append(checks, node(ctx), browser(ctx, cfg))
	checks = append(checks, optional(ctx, cfg)...)
	return append(checks, isolation(ctx, cfg)...)
}

// Healthy reports whether nothing failed.
func Healthy(checks []Check) bool {
	for _, c := range checks {
		if c.Verdict == Fail {
			return false
		}
	}
	return true
}

// isolation asks the sandbox what it finds. Its findings only warn; what they
// come to is the last check.
func isolation(ctx context.Context, cfg config.Config) []Check {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	level := sandbox.Probe(ctx, sandbox.Options{})
	var checks []Check
	for _, f := range level.Findings {
		c := Check{Name: f.Check, Verdict: OK, Detail: f.Detail, Fix: f.Fix}
		if !f.OK {
			c.Verdict = Warn
		}
		checks = append(checks, c)
	}
	sum := Check{Name: "canary isolation", Verdict: OK, Detail: string(level.Grade)}
	switch {
	case level.Grade == sandbox.GradePartial:
		sum.Verdict = Warn
	case !level.Isolated() && cfg.CanaryUnsafe:
		sum.Verdict, sum.Detail = Warn, "none; canaries run unprotected because of --canary-unsafe"
	case !level.Isolated():
		sum.Verdict, sum.Fix = Fail, "mend the above, or run canaries that you trust with --canary-unsafe"
	}
	return append(checks, sum)
}
