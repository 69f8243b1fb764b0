package synthetics

import (
	"context"
	"errors"
	"time"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// CreateCanary checks the request, takes its own copy of the code, and commits
// the canary in CREATING; the flow makes it READY.
func (s *Service) CreateCanary(ctx context.Context, in *api.CreateCanaryInput) (*api.CreateCanaryOutput, error) {
	call := plane.FromContext(ctx)
	conf, regions, err := configOf(in, call)
	if err != nil {
		return nil, err
	}
	key := keyFor(call, in.Name)
	if err := s.refuseTaken(ctx, key); err != nil {
		return nil, err
	}
	replicas, err := s.newReplicas(ctx, key, regions)
	if err != nil {
		return nil, err
	}
	doc := canary{ID: newID(), Engine: newID(), Config: *conf, State: stateCreating, Code: "CREATE_PENDING", Created: call.Time, Modified: call.Time, Replicas: regions}
	owner := ref{Account: key.Account, Region: key.Region, Name: key.ID, ID: doc.ID}
	if err := s.checkPassed(owner, conf.Role); err != nil {
		return nil, err
	}
	if err := s.protect(owner, &doc.Config); err != nil {
		return nil, err
	}
	if doc.Config.Code.Key, err = s.takeCode(ctx, owner, in.Code); err != nil {
		return nil, err
	}
	if err := s.copyCode(ctx, replicas, in.Code); err != nil {
		return nil, err
	}
	var out api.CreateCanaryOutput
	err = s.DB.Update(ctx, func(tx *store.Tx) error {
		rec, err := s.canaries.Create(tx, key, doc)
		if errors.Is(err, store.ErrExists) {
			return errNameTaken
		}
		if err != nil {
			return err
		}
		if err := s.canaries.SetTags(tx, key, in.Tags); err != nil {
			return err
		}
		if err := s.Engine.Put(tx, kindCanary, doc.ID, tx.Now(), refOf(&rec)); err != nil {
			return err
		}
		for _, r := range replicas {
			if err := s.addReplica(tx, &rec, &doc.Config, r); err != nil {
				return err
			}
		}
		out.Canary, err = s.view(tx, &rec)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &out, nil
}

// errNameTaken has the class that AWS gives it: validation, not conflict.
var errNameTaken = api.NewValidationException("Canary name already exists")

// refuseTaken saves copying code for a name that is taken; Create decides.
func (s *Service) refuseTaken(ctx context.Context, key store.Key) error {
	return s.DB.View(ctx, func(tx *store.Tx) error {
		_, err := s.canaries.Get(tx, key)
		switch {
		case errors.Is(err, store.ErrNotFound):
			return nil
		case err == nil:
			return errNameTaken
		default:
			return err
		}
	})
}

// configOf checks a request to create a canary and returns what it decides, and
// the regions of its replicas.
func configOf(in *api.CreateCanaryInput, call *plane.Call) (_ *config, replicas []string, _ error) {
	if len(in.ResourcesToReplicateTags) > 0 && len(in.Tags) == 0 {
		return nil, nil, invalid("Tags must be specified when ResourcesToReplicateTags is specified")
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, nil, err
	}
	c := &config{
		Role: in.ExecutionRoleArn, MemoryMB: defaultMemoryMB, StorageMB: defaultStorageMB,
		SuccessDays: defaultRetention, FailureDays: defaultRetention, Cleanup: "AUTOMATIC",
	}
	p := patch{
		name: in.Name, region: call.Caller.Region, now: call.Time,
		code: in.Code, artifacts: &in.ArtifactS3Location, runtime: &in.RuntimeVersion,
		schedule: in.Schedule, run: in.RunConfig, vpc: in.VpcConfig,
		success: in.SuccessRetentionPeriodInDays, failure: in.FailureRetentionPeriodInDays,
		cleanup: in.ProvisionedResourceCleanup, encryption: in.ArtifactConfig, browsers: in.BrowserConfigs,
		addLocations: in.AddReplicaLocations, key: in.KmsKeyArn,
	}
	if err := p.apply(c); err != nil {
		return nil, nil, err
	}
	replicas, err := p.locations(c, nil)
	return c, replicas, err
}

// patch is the part of a configuration that a request sets. CreateCanary sets
// it over the defaults, UpdateCanary over what is in force.
type patch struct {
	name, region     string
	now              time.Time
	code             *api.CanaryCodeInput
	artifacts, role  *string
	runtime          *string
	schedule         *api.CanaryScheduleInput
	run              *api.CanaryRunConfigInput
	vpc              *api.VpcConfigInput
	success, failure *int32
	cleanup          *api.ProvisionedResourceCleanupSetting
	encryption       *api.ArtifactConfigInput
	browsers         []*api.BrowserConfig
	visual           *api.VisualReferenceInput
	visuals          []*api.VisualReferenceInput
	addLocations     []*api.AddReplicaLocationInput
	removeLocations  []string
	key              *string // of the environment variables; "" for the server's own
}

// apply checks the patch and sets it on c. On an error c is not to be used.
func (p *patch) apply(c *config) error {
	if err := p.refuseUnbuilt(); err != nil {
		return err
	}
	for _, set := range []func(*config) error{p.setRuntime, p.setCode, p.setArtifacts, p.setSchedule, p.setRun, p.setRetries, p.setBrowsers, p.setVisual, p.setEncryption, p.setRetention} {
		if err := set(c); err != nil {
			return err
		}
	}
	assign(&c.Role, p.role)
	assign(&c.Cleanup, p.cleanup)
	return c.checkFit()
}

func (p *patch) setRuntime(c *config) error {
	if p.runtime == nil || *p.runtime == c.Runtime {
		return nil
	}
	c.Runtime = *p.runtime
	return checkRuntime(c.Runtime, p.now)
}

func (p *patch) setArtifacts(c *config) (err error) {
	if p.artifacts != nil {
		c.ArtifactBucket, err = artifactLocation(*p.artifacts, p.region, p.name)
	}
	return err
}

func (p *patch) setSchedule(c *config) error {
	if p.schedule == nil {
		return nil
	}
	c.Expression = p.schedule.Expression
	assign(&c.Duration, p.schedule.DurationInSeconds)
	return nil
}

func (p *patch) setRun(c *config) error {
	schedule, err := parseSchedule(c.Expression)
	if err != nil {
		return err
	}
	asked := (*int32)(nil)
	if c.TimeoutAsked {
		asked = new(int32(c.Timeout / time.Second))
	}
	if p.run != nil {
		if err := p.setLimits(c); err != nil {
			return err
		}
		if p.run.TimeoutInSeconds != nil {
			asked = p.run.TimeoutInSeconds
		}
	}
	c.TimeoutAsked = asked != nil
	c.Timeout, err = timeoutFor(asked, schedule)
	return err
}

func (p *patch) setLimits(c *config) error {
	assign(&c.MemoryMB, p.run.MemoryInMB)
	assign(&c.StorageMB, p.run.EphemeralStorage)
	assign(&c.Tracing, p.run.ActiveTracing)
	if p.run.EnvironmentVariables != nil {
		c.Environment = p.run.EnvironmentVariables
	}
	if err := checkMemory(c.MemoryMB); err != nil {
		return err
	}
	return checkEnvironment(c.Environment)
}

func (p *patch) setRetention(c *config) error {
	assign(&c.SuccessDays, p.success)
	assign(&c.FailureDays, p.failure)
	return checkRetention(max(c.SuccessDays, c.FailureDays))
}

func assign[T any](dst *T, src *T) {
	if src != nil {
		*dst = *src
	}
}
