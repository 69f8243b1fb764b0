package sandbox

import (
	"fmt"
	"strings"
)

// Grade sums up an isolation Level.
type Grade string

const (
	// GradeFull has namespaces, limits enforced by cgroups, system call filter,
	// and the browser's own sandbox inside.
	GradeFull Grade = "full"
	// GradePartial has namespaces, but something of the rest is missing; memory
	// limits are then kept by sampling, or the browser runs without its own.
	GradePartial Grade = "partial"
	// GradeNone means that programs would run as ordinary processes.
	GradeNone Grade = "none"
)

// Level is the isolation that a machine offers.
type Level struct {
	Grade Grade
	// BrowserSandbox says whether a browser can keep its own sandbox on inside.
	BrowserSandbox bool
	// CgroupLimits says whether cgroups keep memory and process limits. Without
	// them memory is sampled and an offender killed a moment too late.
	CgroupLimits bool
	// SyscallFilter says whether a seccomp filter is installed.
	SyscallFilter bool
	// Findings are what the probe looked at, in order.
	Findings []Finding
}

// Finding is the result of one check of the probe.
type Finding struct {
	Check  string // "bubblewrap", "user namespaces", ...
	OK     bool
	Detail string // what was found
	Fix    string // what to do about it; empty when OK
}

// Isolated reports whether untrusted programs may run.
func (l Level) Isolated() bool { return l.Grade == GradeFull || l.Grade == GradePartial }

// String is a line for the log: the grade and what keeps it from being full.
func (l Level) String() string {
	var missing []string
	for _, f := range l.Findings {
		if !f.OK {
			missing = append(missing, fmt.Sprintf("%s: %s", f.Check, f.Detail))
		}
	}
	if len(missing) == 0 {
		return string(l.Grade)
	}
	return fmt.Sprintf("%s (%s)", l.Grade, strings.Join(missing, "; "))
}
