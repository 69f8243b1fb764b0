package synthetics

import (
	"errors"
	"fmt"
	"time"

	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"

	api "nephele.dev/nephele/internal/api/synthetics"
)

// canary is the stored form of a canary. Its key is (account, region, name).
type canary struct {
	ID     string // UUID, never used again
	Engine string // UUID in the names of the function, layer and log group
	Config config
	Staged *config // what UPDATING will put in place of Config

	State   api.CanaryState
	Reason  string
	Code    api.CanaryStateReasonCode
	Resume  api.CanaryState // where UPDATING leads back to
	Starts  int64           // number of starts; runs belong to one
	Started time.Time       // when the last start was accepted

	StopAsked bool // by StopCanary since the last start

	Primary  string   `json:",omitempty"` // the region that a replica belongs to
	Replicas []string `json:",omitempty"` // the regions of the replicas

	Layer  int64    `json:",omitempty"` // how often the code was replaced
	DryRun *dryNote `json:",omitempty"` // the latest

	Created  time.Time
	Modified time.Time
}

// config is what the user decides about a canary.
type config struct {
	Code           code
	ArtifactBucket string // "bucket/prefix"
	Role           string
	Expression     string
	Duration       int64 // seconds; 0 runs until stopped
	Timeout        time.Duration
	TimeoutAsked   bool // Timeout does not follow the schedule
	MemoryMB       int32
	StorageMB      int32
	Environment    map[string]string `json:",omitempty"` // in the clear: asked for, or stored before they were sealed
	Sealed         []byte            `json:",omitempty"` // the environment variables
	Tracing        bool              `json:",omitempty"`
	Encryption     encryption
	SuccessDays    int32
	FailureDays    int32
	Runtime        string
	Retries        int32    `json:",omitempty"`
	Browsers       []string `json:",omitempty"` // empty is Chrome
	Visual         []visual `json:",omitempty"` // one for each browser that has any
	Cleanup        api.ProvisionedResourceCleanupSetting
}

// ref names one canary, also after another took its name. It is the state of
// every work row.
type ref struct {
	Account, Region, Name, ID string
}

func (r ref) key() store.Key { return store.Key{Account: r.Account, Region: r.Region, ID: r.Name} }

func refOf(rec *store.Record[canary]) ref {
	return ref{Account: rec.Account, Region: rec.Region, Name: rec.ID, ID: rec.Doc.ID}
}

// keyFor is the key of the canary that a call names.
func keyFor(call *plane.Call, name string) store.Key {
	return store.Key{Account: call.Caller.Account, Region: call.Caller.Region, ID: name}
}

func canaryARN(k store.Key) string {
	return fmt.Sprintf("arn:aws:synthetics:%s:%s:canary:%s", k.Region, k.Account, k.ID)
}

// functionName is the name that AWS gives the canary's Lambda function; the
// log group follows from it.
func functionName(name, engineID string) string {
	return "cwsyn-" + name[:min(len(name), 21)] + "-" + engineID
}

func logGroup(rec *store.Record[canary], browser string) string {
	return "/aws/lambda/" + functionName(rec.ID, rec.Doc.engineID(browser))
}

// load returns the canary of that name or ResourceNotFoundException.
func (s *Service) load(tx *store.Tx, key store.Key) (*store.Record[canary], error) {
	rec, err := s.canaries.Get(tx, key)
	if errors.Is(err, store.ErrNotFound) {
		return nil, api.NewResourceNotFoundException("Canary not found: %s", key.ID)
	}
	return &rec, err
}

// loadRef returns the canary that r names, or nil when it is gone.
func (s *Service) loadRef(tx *store.Tx, r ref) (*store.Record[canary], error) {
	rec, err := s.canaries.Get(tx, r.key())
	if errors.Is(err, store.ErrNotFound) || err == nil && rec.Doc.ID != r.ID {
		return nil, nil
	}
	return &rec, err
}

// enter moves a canary to a transitional state and puts the flow that leaves it.
func (s *Service) enter(tx *store.Tx, rec *store.Record[canary], state api.CanaryState, code api.CanaryStateReasonCode) error {
	rec.Doc.Reason = ""
	if err := s.move(tx, rec, state, code, nil); err != nil {
		return err
	}
	return s.Engine.Put(tx, kindCanary, rec.Doc.ID, tx.Now(), refOf(rec))
}

// view is the canary as the API shows it.
func (s *Service) view(tx *store.Tx, rec *store.Record[canary]) (*api.Canary, error) {
	tags, err := s.canaries.Tags(tx, rec.Key)
	if err != nil {
		return nil, err
	}
	timeline, err := s.timeline(tx, rec)
	if err != nil {
		return nil, err
	}
	c, d := &rec.Doc.Config, &rec.Doc
	out := &api.Canary{
		Id: new(d.ID), Name: new(rec.ID),
		Code:                         c.Code.view(layerARN(rec)),
		ExecutionRoleArn:             new(c.Role),
		Schedule:                     &api.CanaryScheduleOutput{Expression: new(c.Expression), DurationInSeconds: new(c.Duration), RetryConfig: c.retryConfig()},
		RunConfig:                    c.runConfig(),
		SuccessRetentionPeriodInDays: new(c.SuccessDays),
		FailureRetentionPeriodInDays: new(c.FailureDays),
		Status:                       d.status(),
		Timeline:                     timeline,
		ArtifactS3Location:           new(c.ArtifactBucket),
		RuntimeVersion:               new(c.Runtime),
		ProvisionedResourceCleanup:   new(c.Cleanup),
		ArtifactConfig:               c.Encryption.view(),
		Tags:                         tags,
		DryRunConfig:                 d.DryRun.view(),
	}
	setEngine(out, rec)
	setVisualView(out, rec)
	out.MultiLocationConfig, err = s.viewLocations(tx, rec)
	return out, err
}

func (c *config) runConfig() *api.CanaryRunConfigOutput {
	return &api.CanaryRunConfigOutput{
		TimeoutInSeconds: new(int32(c.Timeout / time.Second)),
		MemoryInMB:       new(c.MemoryMB),
		ActiveTracing:    new(c.Tracing),
		EphemeralStorage: new(c.StorageMB),
	}
}

func (c *config) retryConfig() *api.RetryConfigOutput {
	if !c.runtime().DryRuns() {
		return nil
	}
	return &api.RetryConfigOutput{MaxRetries: new(c.Retries)}
}

func (d *canary) status() *api.CanaryStatus {
	st := &api.CanaryStatus{State: new(d.State)}
	if d.Reason != "" {
		st.StateReason = new(d.Reason)
	}
	if d.Code != "" {
		st.StateReasonCode = new(d.Code)
	}
	return st
}

// layerARN is the version of the layer that AWS makes of the canary's code. Each
// code that is put in force is a new one.
func layerARN(rec *store.Record[canary]) string {
	return fmt.Sprintf("arn:aws:lambda:%s:%s:layer:%s:%d", rec.Region, rec.Account, functionName(rec.ID, rec.Doc.Engine), rec.Doc.Layer+1)
}
