package canaryrun

import (
	"context"
	"fmt"
)

// native runs a job that needs no process of its own.
func (r *Runner) native(_ context.Context, job Job) (*Outcome, error) {
	return nil, fmt.Errorf("%w: the blueprint %q is not executed yet", ErrNoRuntime, job.Blueprint)
}
