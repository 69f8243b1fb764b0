package synthetics

import (
	"context"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// UpdateCanary stages a new configuration and commits the canary in UPDATING;
// the flow puts it in force and returns the canary to where it was. A RUNNING
// canary's schedule starts over, so that it runs at once.
func (s *Service) UpdateCanary(ctx context.Context, in *api.UpdateCanaryInput) (*api.UpdateCanaryOutput, error) {
	switch {
	case in.DryRunId != nil:
		return nil, notImplemented("DryRunId")
	case in.VisualReference != nil || len(in.VisualReferences) > 0:
		return nil, notImplemented("VisualReferences")
	}
	owner, staged, err := s.stage(ctx, in)
	if err != nil {
		return nil, err
	}
	err = s.transition(ctx, "UpdateCanary", in.Name, func(tx *store.Tx, rec *store.Record[canary]) error {
		conf := rec.Doc.Config
		if err := patchOf(in, plane.FromContext(ctx)).apply(&conf); err != nil {
			return err
		}
		if staged != nil {
			if rec.Doc.ID != owner.ID { // another canary took the name meanwhile
				return api.NewConflictException("Canary %s was deleted during the update", in.Name)
			}
			conf.Code = *staged
		}
		if err := s.protect(refOf(rec), &conf); err != nil {
			return err
		}
		rec.Doc.Staged = &conf
		rec.Doc.Resume = rec.Doc.State
		rec.Doc.Modified = tx.Now()
		return s.enter(tx, rec, stateUpdating, "UPDATE_PENDING")
	})
	return &api.UpdateCanaryOutput{}, err
}

// stage copies the request's new code, if it has any, before the transaction
// that will refer to it, and tells whose it is. Everything that can be refused is
// refused first.
func (s *Service) stage(ctx context.Context, in *api.UpdateCanaryInput) (owner ref, _ *code, err error) {
	call := plane.FromContext(ctx)
	var work duty
	err = s.DB.View(ctx, func(tx *store.Tx) error {
		rec, err := s.load(tx, keyFor(call, in.Name))
		if err != nil {
			return err
		}
		owner = refOf(rec)
		conf := rec.Doc.Config
		err = patchOf(in, call).apply(&conf)
		work = dutyOf(rec, conf.Role)
		return err
	})
	if err == nil && in.ExecutionRoleArn != nil {
		err = s.checkRole(ctx, owner, work)
	}
	if err != nil || in.Code == nil {
		return owner, nil, err
	}
	c, err := s.takeCode(ctx, owner, in.Code)
	return owner, &c, err
}

func patchOf(in *api.UpdateCanaryInput, call *plane.Call) *patch {
	return &patch{
		name: in.Name, region: call.Caller.Region, now: call.Time,
		code: in.Code, artifacts: in.ArtifactS3Location, role: in.ExecutionRoleArn, runtime: in.RuntimeVersion,
		schedule: in.Schedule, run: in.RunConfig, vpc: in.VpcConfig,
		success: in.SuccessRetentionPeriodInDays, failure: in.FailureRetentionPeriodInDays,
		cleanup: in.ProvisionedResourceCleanup, encryption: in.ArtifactConfig, browsers: in.BrowserConfigs,
		addLocations: in.AddReplicaLocations, removeLocations: in.RemoveReplicaLocations, key: in.KmsKeyArn,
	}
}
