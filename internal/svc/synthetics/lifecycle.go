package synthetics

import (
	"context"
	"slices"
	"time"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// The states of a canary; the package comment draws them.
const (
	stateCreating                 = api.CanaryStateCreating
	stateReady    api.CanaryState = "READY"
	stateStarting                 = api.CanaryStateStarting
	stateRunning  api.CanaryState = "RUNNING"
	stateUpdating                 = api.CanaryStateUpdating
	stateStopping                 = api.CanaryStateStopping
	stateStopped  api.CanaryState = "STOPPED"
	stateError                    = api.CanaryStateError
	stateDeleting                 = api.CanaryStateDeleting
)

// accepts lists, for each operation, the states in which it is accepted.
var accepts = map[string][]api.CanaryState{
	"StartCanary":  {stateReady, stateStopped, stateError},
	"StopCanary":   {stateRunning},
	"UpdateCanary": {stateReady, stateRunning, stateStopped, stateError},
	"DeleteCanary": {stateReady, stateStopped, stateError},

	"StartCanaryDryRun": {stateReady, stateRunning, stateStopped},
}

// refused is the ConflictException of an operation in a state.
func refused(operation string, state api.CanaryState) error {
	switch operation {
	case "StartCanary":
		return api.NewConflictException("Canary is not in a startable state")
	case "StopCanary":
		return api.NewConflictException("Canary is in a state that can't be stopped: %s", state)
	case "StartCanaryDryRun":
		return api.NewConflictException("Canary is in a state in which no dry run can be started: %s", state)
	case "DeleteCanary":
		return api.NewConflictException("Canary is in a state that can't be deleted: %s", state)
	default:
		return api.NewConflictException("Canary is in a state that can't be modified: %s", state)
	}
}

// transition loads the named canary, checks that operation is accepted in its
// state, and applies f, all in one transaction.
func (s *Service) transition(ctx context.Context, operation, name string, f func(*store.Tx, *store.Record[canary]) error) error {
	key := keyFor(plane.FromContext(ctx), name)
	return s.DB.Update(ctx, func(tx *store.Tx) error {
		rec, err := s.load(tx, key)
		if err != nil {
			return err
		}
		if err := s.checkPlace(tx, rec); err != nil {
			return err
		}
		if !slices.Contains(accepts[operation], rec.Doc.State) {
			return refused(operation, rec.Doc.State)
		}
		return f(tx, rec)
	})
}

// StartCanary puts the canary's schedule in force. The first run of a rate is
// due at once, that of a cron expression at its next match.
func (s *Service) StartCanary(ctx context.Context, in *api.StartCanaryInput) (*api.StartCanaryOutput, error) {
	err := s.transition(ctx, "StartCanary", in.Name, func(tx *store.Tx, rec *store.Record[canary]) error {
		return s.everywhere(tx, rec, "StartCanary", s.begin)
	})
	return &api.StartCanaryOutput{}, err
}

// begin commits a canary to be started by the flow.
func (s *Service) begin(tx *store.Tx, rec *store.Record[canary]) error {
	rec.Doc.start(tx.Now())
	return s.enter(tx, rec, stateStarting, "")
}

func (d *canary) start(now time.Time) {
	d.Starts++
	d.Resume, d.StopAsked, d.Started = d.State, false, now
}

// StopCanary prevents all future runs. A run in progress completes on its own.
func (s *Service) StopCanary(ctx context.Context, in *api.StopCanaryInput) (*api.StopCanaryOutput, error) {
	err := s.transition(ctx, "StopCanary", in.Name, func(tx *store.Tx, rec *store.Record[canary]) error {
		return s.everywhere(tx, rec, "StopCanary", func(tx *store.Tx, rec *store.Record[canary]) error {
			rec.Doc.StopAsked = true
			return s.enter(tx, rec, stateStopping, "")
		})
	})
	return &api.StopCanaryOutput{}, err
}

// DeleteCanary removes the canary, its code and its runs. Artifacts, log
// groups and metrics stay, as in AWS.
func (s *Service) DeleteCanary(ctx context.Context, in *api.DeleteCanaryInput) (*api.DeleteCanaryOutput, error) {
	err := s.transition(ctx, "DeleteCanary", in.Name, func(tx *store.Tx, rec *store.Record[canary]) error {
		if err := checkRemovable(rec); err != nil {
			return err
		}
		return s.enter(tx, rec, stateDeleting, "DELETE_IN_PROGRESS")
	})
	return &api.DeleteCanaryOutput{}, err
}
