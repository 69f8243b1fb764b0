package synthetics

import (
	"context"
	"errors"
	"reflect"
	"time"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// dryRun is a configuration being tried. Its key is that of its canary, with
// the canary's id and its own for an id.
type dryRun struct {
	ID      string
	Config  config
	Status  api.CanaryRunState
	Created time.Time
}

// dryNote is what a canary remembers of its latest dry run. While that is
// RUNNING there can be no other.
type dryNote struct {
	ID     string
	Status api.CanaryRunState
}

func (n *dryNote) view() *api.DryRunConfigOutput {
	if n == nil {
		return nil
	}
	return &api.DryRunConfigOutput{DryRunId: new(n.ID), LastDryRunExecutionStatus: new(string(n.Status))}
}

// dryKey is the key of a dry run, or of all of a canary when id is empty.
func dryKey(key store.Key, canaryID, id string) store.Key {
	key.ID = canaryID + "/" + id
	return key
}

// StartCanaryDryRun runs the canary once in each of its browsers with a
// configuration that differs from the one in force. The schedule stays as it is.
func (s *Service) StartCanaryDryRun(ctx context.Context, in *api.StartCanaryDryRunInput) (*api.StartCanaryDryRunOutput, error) {
	asked := dryPatch(in, plane.FromContext(ctx))
	staged, err := s.stagePatch(ctx, in.Name, asked)
	if err != nil {
		return nil, err
	}
	id := newID()
	err = s.transition(ctx, "StartCanaryDryRun", in.Name, func(tx *store.Tx, rec *store.Record[canary]) error {
		conf, err := s.merge(rec, asked, staged)
		if err != nil {
			return err
		}
		if err := rec.Doc.allowsDryRun(conf); err != nil {
			return err
		}
		dry := dryRun{ID: id, Config: *conf, Status: runRunning, Created: tx.Now()}
		if _, err := s.dryRuns.Create(tx, dryKey(rec.Key, rec.Doc.ID, id), dry); err != nil {
			return err
		}
		rec.Doc.DryRun = &dryNote{ID: id, Status: runRunning}
		if err := s.canaries.Put(tx, rec); err != nil {
			return err
		}
		return s.launch(tx, rec, conf, run{CanaryID: rec.Doc.ID, Scheduled: tx.Now(), DryRunID: id})
	})
	if err != nil {
		return nil, err
	}
	return &api.StartCanaryDryRunOutput{DryRunConfig: &api.DryRunConfigOutput{DryRunId: &id}}, nil
}

// dryPatch is what a dry run changes: everything but the schedule.
func dryPatch(in *api.StartCanaryDryRunInput, call *plane.Call) *patch {
	return &patch{
		name: in.Name, region: call.Caller.Region, now: call.Time,
		code: in.Code, artifacts: in.ArtifactS3Location, role: in.ExecutionRoleArn, runtime: in.RuntimeVersion,
		run: in.RunConfig, vpc: in.VpcConfig,
		success: in.SuccessRetentionPeriodInDays, failure: in.FailureRetentionPeriodInDays,
		cleanup: in.ProvisionedResourceCleanup, encryption: in.ArtifactConfig, browsers: in.BrowserConfigs,
		visual: in.VisualReference, visuals: in.VisualReferences,
	}
}

// allowsDryRun refuses runtimes that have no dry runs, old and new, and a second
// dry run beside one that is not over.
func (d *canary) allowsDryRun(conf *config) error {
	for _, c := range []*config{&d.Config, conf} {
		if !c.runtime().DryRuns() {
			return invalid("Dry runs are not supported for runtime version %s", c.Runtime)
		}
	}
	if d.DryRun != nil && d.DryRun.Status == runRunning {
		return api.NewConflictException("A dry run is already in progress for this canary: %s", d.DryRun.ID)
	}
	return nil
}

// getDryRun returns a canary's dry run, or ResourceNotFoundException.
func (s *Service) getDryRun(tx *store.Tx, rec *store.Record[canary], id string) (*store.Record[dryRun], error) {
	dry, err := s.dryRuns.Get(tx, dryKey(rec.Key, rec.Doc.ID, id))
	if errors.Is(err, store.ErrNotFound) {
		return nil, api.NewResourceNotFoundException("Dry run not found: %s", id)
	}
	return &dry, err
}

// asDryRun makes of a canary what a dry run sees: the configuration that is
// tried, under the schedule in force.
func (s *Service) asDryRun(tx *store.Tx, rec *store.Record[canary], id string) error {
	dry, err := s.getDryRun(tx, rec, id)
	if err != nil {
		return err
	}
	rec.Doc.DryRun = &dryNote{ID: dry.Doc.ID, Status: dry.Doc.Status}
	now := rec.Doc.Config
	rec.Doc.Config = dry.Doc.Config
	rec.Doc.Config.keepSchedule(&now)
	return nil
}

// keepSchedule takes over what dry runs do not change.
func (c *config) keepSchedule(from *config) {
	c.Expression, c.Duration, c.Retries = from.Expression, from.Duration, from.Retries
}

// tried is the configuration of a dry run that passed, for UpdateCanary.
func (s *Service) tried(tx *store.Tx, rec *store.Record[canary], id string) (*config, error) {
	dry, err := s.getDryRun(tx, rec, id)
	switch {
	case err != nil:
		return nil, err
	case dry.Doc.Status == runRunning:
		return nil, api.NewConflictException("Dry run %s is still in progress", id)
	case dry.Doc.Status != runPassed:
		return nil, invalid("Dry run %s has failed and cannot be used to update the canary", id)
	}
	c := dry.Doc.Config
	c.keepSchedule(&rec.Doc.Config)
	return &c, nil
}

// applyDryRun is UpdateCanary with the configuration of a dry run, which nothing
// but a schedule may accompany.
func (s *Service) applyDryRun(ctx context.Context, in *api.UpdateCanaryInput) error {
	alone := api.UpdateCanaryInput{Name: in.Name, DryRunId: in.DryRunId, Schedule: in.Schedule}
	if !reflect.DeepEqual(in, &alone) {
		return invalid("Only Schedule can be specified together with DryRunId")
	}
	return s.transition(ctx, "UpdateCanary", in.Name, func(tx *store.Tx, rec *store.Record[canary]) error {
		if len(rec.Doc.Replicas) > 0 {
			return notImplemented("DryRunId in several locations") // the replicas have no copy of its code
		}
		conf, err := s.tried(tx, rec, *in.DryRunId)
		if err != nil {
			return err
		}
		if err := patchOf(&alone, plane.FromContext(ctx)).apply(conf); err != nil {
			return err
		}
		return s.beginUpdate(tx, rec, conf)
	})
}

// endDryRun notes how a dry run ended once all its runs have.
func (s *Service) endDryRun(tx *store.Tx, rec *store.Record[canary], id string) error {
	dry, err := s.dryRuns.Get(tx, dryKey(rec.Key, rec.Doc.ID, id))
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	runs, err := newestRuns(tx, rec.Doc.ID, runFilter{DryRunID: id}, runPosition{}, 2)
	if err != nil {
		return err
	}
	dry.Doc.Status = runPassed
	for i := range runs {
		switch runs[i].State {
		case runRunning:
			return nil
		case runFailed:
			dry.Doc.Status = runFailed
		}
	}
	if err := s.dryRuns.Put(tx, &dry); err != nil {
		return err
	}
	if rec.Doc.DryRun == nil || rec.Doc.DryRun.ID != id {
		return nil
	}
	rec.Doc.DryRun.Status = dry.Doc.Status
	return s.canaries.Put(tx, rec)
}

// forgetDryRuns removes dry runs that are older than before, and has what they
// alone referred to collected. One that is not over stays, unless all go.
func (s *Service) forgetDryRuns(tx *store.Tx, rec *store.Record[canary], before time.Time, all bool) error {
	list, err := s.listDryRuns(tx, rec)
	if err != nil {
		return err
	}
	for i := range list {
		d := &list[i].Doc
		if !all && (d.Status == runRunning || !d.Created.Before(before)) {
			continue
		}
		if err := s.dryRuns.Delete(tx, list[i].Key); err != nil {
			return err
		}
		for _, key := range d.Config.blobs() {
			if err := s.collectCode(tx, key, refOf(rec), 0); err != nil {
				return err
			}
		}
		if !all && rec.Doc.DryRun != nil && rec.Doc.DryRun.ID == d.ID {
			rec.Doc.DryRun = nil
			if err := s.canaries.Put(tx, rec); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Service) listDryRuns(tx *store.Tx, rec *store.Record[canary]) ([]store.Record[dryRun], error) {
	return s.dryRuns.List(tx, rec.Account, rec.Region, store.ListOptions{Prefix: dryKey(rec.Key, rec.Doc.ID, "").ID})
}
