package crash

import (
	"context"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/synthetics"
	"github.com/aws/aws-sdk-go-v2/service/synthetics/types"
)

// orphanErrand makes canaries whose role cannot be assumed, and gives them one
// that can.
type orphanErrand struct {
	*aviary
	made   int
	name   string // of the one that is under way
	healed []string
}

func (*orphanErrand) prepare(context.Context, *testing.T)  {}
func (*orphanErrand) rebooted(context.Context, *testing.T) {}

func (e *orphanErrand) once(ctx context.Context, t *testing.T) {
	if e.name == "" {
		e.name = fmt.Sprintf("orphan-%d", e.made)
		e.made++
		in := e.request(e.name, e.checks("ok"), 0)
		in.ExecutionRoleArn = aws.String(noRole)
		e.create(ctx, t, in)
		return
	}
	seen := e.look(ctx, t, e.name)
	if seen == nil || transitional(seen.Status.State) {
		return
	}
	switch state := seen.Status; {
	case state.State == types.CanaryStateError && state.StateReasonCode == types.CanaryStateReasonCodeCreateFailed:
		_, err := e.UpdateCanary(ctx, &synthetics.UpdateCanaryInput{Name: &e.name, ExecutionRoleArn: &e.role})
		if code(err) != "" {
			t.Errorf("UpdateCanary of %s: %v", e.name, err)
		}
		return
	case state.State != types.CanaryStateReady || *seen.ExecutionRoleArn != e.role:
		t.Errorf("%s is %s (%s) as %s", e.name, state.State, state.StateReasonCode, *seen.ExecutionRoleArn)
	}
	if e.made%2 == 0 {
		e.remove(ctx, t, e.name)
	} else {
		e.healed = append(e.healed, e.name)
	}
	e.name = ""
}

func (e *orphanErrand) verify(ctx context.Context, t *testing.T) {
	for _, name := range e.healed {
		if seen := e.look(ctx, t, name); seen == nil || seen.Status.State != types.CanaryStateReady {
			t.Errorf("%s was healed and is %+v", name, seen)
		}
	}
	t.Logf("creations that fail: %d, %d of them healed and kept", e.made, len(e.healed))
}
