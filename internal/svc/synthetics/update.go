package synthetics

import (
	"context"
	"errors"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// UpdateCanary stages a new configuration and commits the canary in UPDATING;
// the flow puts it in force and returns the canary to where it was. A RUNNING
// canary's schedule starts over, so that it runs at once.
func (s *Service) UpdateCanary(ctx context.Context, in *api.UpdateCanaryInput) (*api.UpdateCanaryOutput, error) {
	if in.DryRunId != nil {
		return &api.UpdateCanaryOutput{}, s.applyDryRun(ctx, in)
	}
	asked := patchOf(in, plane.FromContext(ctx))
	staged, err := s.stagePatch(ctx, in.Name, asked)
	if err != nil {
		return nil, err
	}
	err = s.transition(ctx, "UpdateCanary", in.Name, func(tx *store.Tx, rec *store.Record[canary]) error {
		conf, err := s.merge(rec, asked, staged)
		if err != nil {
			return err
		}
		if err := s.relocate(tx, rec, conf, asked, staged); err != nil {
			return err
		}
		return s.beginUpdate(tx, rec, conf)
	})
	return &api.UpdateCanaryOutput{}, err
}

// beginUpdate commits a new configuration to be put in force by the flow.
func (s *Service) beginUpdate(tx *store.Tx, rec *store.Record[canary], conf *config) error {
	rec.Doc.Staged = conf
	rec.Doc.Resume = rec.Doc.State
	rec.Doc.Modified = tx.Now()
	return s.enter(tx, rec, stateUpdating, "UPDATE_PENDING")
}

// stagedParts are what a new configuration refers to in blob storage: copied
// before the transaction that will refer to it.
type stagedParts struct {
	owner  ref
	code   string   // key of the new archive; "" for none
	visual []visual // the references, looked up
	made   []copied // new replicas
	stay   []copied // the replicas that stay, when there is new code
}

// stagePatch copies a request's new code and baselines, if it has any, and tells
// whose they are. Everything that can be refused is refused first.
func (s *Service) stagePatch(ctx context.Context, name string, asked *patch) (*stagedParts, error) {
	var st stagedParts
	var work duty
	var conf config
	var regions []string
	err := s.DB.View(ctx, func(tx *store.Tx) error {
		rec, err := s.load(tx, keyFor(plane.FromContext(ctx), name))
		if err != nil {
			return err
		}
		st.owner = refOf(rec)
		conf = rec.Doc.Config
		conf.cloneVisual()
		work = dutyOf(rec, conf.Role)
		if err := asked.apply(&conf); err != nil {
			return err
		}
		work.Role = conf.Role
		regions, err = asked.locations(&conf, rec.Doc.Replicas)
		if err != nil {
			return err
		}
		return s.replicasOf(tx, rec, asked, &st)
	})
	if err == nil && asked.role != nil {
		err = s.checkPassed(st.owner, conf.Role)
	}
	if err == nil {
		err = s.resolveVisuals(ctx, st.owner, work, &conf)
	}
	st.visual = conf.Visual
	if err == nil {
		st.made, err = s.newReplicas(ctx, st.owner.key(), regions)
	}
	if err != nil || asked.code == nil {
		return &st, err
	}
	if st.code, err = s.takeCode(ctx, st.owner, asked.code); err != nil {
		return &st, err
	}
	return &st, errors.Join(s.copyCode(ctx, st.made, asked.code), s.copyCode(ctx, st.stay, asked.code))
}

// merge is a canary's configuration with a patch and what was staged for it.
func (s *Service) merge(rec *store.Record[canary], asked *patch, st *stagedParts) (*config, error) {
	if rec.Doc.ID != st.owner.ID { // another canary took the name meanwhile
		return nil, api.NewConflictException("Canary %s was deleted during the update", rec.ID)
	}
	conf := rec.Doc.Config
	conf.cloneVisual()
	if err := asked.apply(&conf); err != nil {
		return nil, err
	}
	if _, err := asked.locations(&conf, rec.Doc.Replicas); err != nil {
		return nil, err
	}
	if st.code != "" {
		conf.Code.Key = st.code
	}
	if asked.visual != nil || asked.visuals != nil {
		conf.Visual = st.visual
	}
	return &conf, s.protect(refOf(rec), &conf)
}

func patchOf(in *api.UpdateCanaryInput, call *plane.Call) *patch {
	return &patch{
		name: in.Name, region: call.Caller.Region, now: call.Time,
		code: in.Code, artifacts: in.ArtifactS3Location, role: in.ExecutionRoleArn, runtime: in.RuntimeVersion,
		schedule: in.Schedule, run: in.RunConfig, vpc: in.VpcConfig,
		success: in.SuccessRetentionPeriodInDays, failure: in.FailureRetentionPeriodInDays,
		cleanup: in.ProvisionedResourceCleanup, encryption: in.ArtifactConfig, browsers: in.BrowserConfigs,
		visual: in.VisualReference, visuals: in.VisualReferences,
		addLocations: in.AddReplicaLocations, removeLocations: in.RemoveReplicaLocations, key: in.KmsKeyArn,
	}
}
