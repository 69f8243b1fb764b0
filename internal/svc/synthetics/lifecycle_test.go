package synthetics

import (
	"fmt"
	"slices"
	"testing"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

var allStates = []api.CanaryState{
	stateCreating, stateReady, stateStarting, stateRunning, stateUpdating, stateStopping, stateStopped, stateError, stateDeleting,
}

// Every operation in every state: accepted where the state machine has an
// arrow, a conflict with AWS's words and no change anywhere else.
func TestOperationsInEveryState(t *testing.T) {
	t.Parallel()
	type operation struct {
		call   func(*bench, *testing.T, string) error
		enters api.CanaryState
		words  string
	}
	operations := map[string]operation{
		"StartCanary": {func(b *bench, t *testing.T, n string) error {
			_, err := b.api.StartCanary(t.Context(), &api.StartCanaryInput{Name: n})
			return err
		}, stateStarting, "Canary is not in a startable state"},
		"StopCanary": {func(b *bench, t *testing.T, n string) error {
			_, err := b.api.StopCanary(t.Context(), &api.StopCanaryInput{Name: n})
			return err
		}, stateStopping, "Canary is in a state that can't be stopped: %s"},
		"UpdateCanary": {func(b *bench, t *testing.T, n string) error {
			_, err := b.api.UpdateCanary(t.Context(), &api.UpdateCanaryInput{Name: n, SuccessRetentionPeriodInDays: new(int32(7))})
			return err
		}, stateUpdating, "Canary is in a state that can't be modified: %s"},
		"DeleteCanary": {func(b *bench, t *testing.T, n string) error {
			_, err := b.api.DeleteCanary(t.Context(), &api.DeleteCanaryInput{Name: n})
			return err
		}, stateDeleting, "Canary is in a state that can't be deleted: %s"},
	}
	accepted := map[string][]api.CanaryState{
		"StartCanary":  {stateReady, stateStopped, stateError},
		"StopCanary":   {stateRunning},
		"UpdateCanary": {stateReady, stateRunning, stateStopped, stateError},
		"DeleteCanary": {stateReady, stateStopped, stateError},
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db)
		for name, op := range operations {
			for i, state := range allStates {
				canary := fmt.Sprintf("%d-%s", i, map[string]string{"StartCanary": "start", "StopCanary": "stop", "UpdateCanary": "update", "DeleteCanary": "delete"}[name])
				b.put(t, canary, state)
				err := op.call(b, t, canary)
				if slices.Contains(accepted[name], state) {
					if err != nil || b.state(t, canary) != op.enters {
						t.Errorf("%s in %s: %v, state %s, want %s", name, state, err, b.state(t, canary), op.enters)
					}
					continue
				}
				want := op.words
				if name != "StartCanary" {
					want = fmt.Sprintf(op.words, state)
				}
				answer := awserr.As(err)
				if answer == nil || answer.Code != "ConflictException" || answer.Status != 409 || answer.Message != want {
					t.Errorf("%s in %s: got %v, want ConflictException %q", name, state, err, want)
				}
				if got := b.state(t, canary); got != state {
					t.Errorf("%s refused in %s left state %s", name, state, got)
				}
			}
		}
	})
}

func TestUnknownCanary(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db)
		_, err := b.api.GetCanary(t.Context(), &api.GetCanaryInput{Name: "nobody"})
		if !awserr.Is(err, "ResourceNotFoundException") || awserr.As(err).Status != 404 {
			t.Errorf("GetCanary: %v", err)
		}
		_, err = b.api.ListTagsForResource(t.Context(), &api.ListTagsForResourceInput{ResourceArn: "arn:aws:synthetics:us-east-1:000000000000:canary:nobody"})
		if !awserr.Is(err, "NotFoundException") {
			t.Errorf("ListTagsForResource: %v", err)
		}
	})
}
