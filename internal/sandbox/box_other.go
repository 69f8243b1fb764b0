//go:build !linux

package sandbox

import (
	"context"
	"errors"
	"runtime"
)

// box exists on Linux alone.
type box struct{ Sandbox }

func newBox(context.Context, Options, *spaces) (*box, Level) {
	return &box{}, Level{Grade: GradeNone, Findings: []Finding{{
		Check: "namespaces", Detail: runtime.GOOS + " has none that this program can use",
		Fix: "run on Linux, in a virtual machine if need be",
	}}}
}

// Run implements Sandbox.
func (*box) Run(context.Context, Spec) (Result, error) { return Result{}, errors.ErrUnsupported }
