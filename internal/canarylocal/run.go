package canarylocal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"nephele.dev/nephele/internal/canaryruntime"
	"nephele.dev/nephele/internal/sandbox"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

// Runner executes canaries. canaryrun.Runner is the real one.
type Runner interface {
	Run(ctx context.Context, job canaryrun.Job) (*canaryrun.Outcome, error)
}

// Options say how to run a project.
type Options struct {
	Dir      string // the project
	Manifest Manifest
	Out      string // where the run is kept; empty is below Dir
	Region   string // told to the script
	Egress   sandbox.EgressPolicy
	// Baseline is the directory of an earlier run to compare screenshots with.
	Baseline string
	// Secret resolves the secrets that a blueprint refers to.
	Secret   func(ctx context.Context, name string) (string, error)
	Progress func(canaryrun.Progress)
}

// Run is one run as it is kept, in run.json.
type Run struct {
	ID              string           `json:"id"`
	Canary          string           `json:"canary"`
	RuntimeVersion  string           `json:"runtimeVersion"`
	Browser         string           `json:"browser,omitempty"`
	Status          canaryrun.Status `json:"status"`
	StateReason     string           `json:"stateReason,omitempty"`
	StateReasonCode string           `json:"stateReasonCode,omitempty"`
	Started         time.Time        `json:"started"`
	Completed       time.Time        `json:"completed"`
	DurationMs      float64          `json:"durationMs"` // of the script, without launch, screenshots and upload
	Steps           []Step           `json:"steps"`
	// Screenshots were taken outside any step.
	Screenshots []canaryrun.Screenshot `json:"screenshots,omitempty"`
	Requests    *canaryrun.Requests    `json:"requests,omitempty"`
	Artifacts   []string               `json:"artifacts"`
	Usage       Usage                  `json:"usage"`
	Log         []string               `json:"-"`
	// Dir is where the run is kept.
	Dir string `json:"-"`
}

// Step is one step of a run.
type Step struct {
	Num           int                    `json:"num"`
	Name          string                 `json:"name"`
	Status        string                 `json:"status"`
	FailureReason string                 `json:"failureReason,omitempty"`
	DurationMs    float64                `json:"durationMs"`
	Screenshots   []canaryrun.Screenshot `json:"screenshots,omitempty"`
}

// Usage is what a run took.
type Usage struct {
	WallMs       float64 `json:"wallMs"`
	CPUMs        float64 `json:"cpuMs"`
	PeakMemoryMB int64   `json:"peakMemoryMB"`
}

// Files of a run besides its artifacts.
const (
	runFile = "run.json"
	logFile = "run.log"
)

// Execute runs the project once and keeps what it leaves.
func Execute(ctx context.Context, r Runner, o Options) (*Run, error) {
	m := o.Manifest
	v, _ := canaryruntime.ByName(m.RuntimeVersion)
	archive, err := Pack(o.Dir, v)
	if err != nil {
		return nil, err
	}
	job := canaryrun.Job{
		RunID: uuid.NewString(), CanaryName: m.Name, CanaryARN: "arn:aws:synthetics:" + o.Region + ":000000000000:canary:" + m.Name,
		RuntimeVersion: m.RuntimeVersion, Handler: m.Handler, Blueprint: m.Blueprint, Browser: m.Browser,
		Zip: bytes.NewReader(archive), Size: int64(len(archive)),
		Env: environment(m, o.Region), MemoryMB: m.MemoryInMB, DiskMB: m.EphemeralStorage,
		Timeout: time.Duration(m.TimeoutInSeconds) * time.Second, ActiveTracing: m.ActiveTracing,
		ArtifactS3Bucket: "local", ArtifactS3Key: m.Name,
		Egress: o.Egress, Secret: o.Secret, Progress: o.Progress,
	}
	if o.Baseline != "" {
		if job.Visual, err = baseline(o.Baseline); err != nil {
			return nil, err
		}
	}
	outcome, err := r.Run(ctx, job)
	if err != nil {
		return nil, err
	}
	defer outcome.Close()
	return keep(o, job, outcome)
}

// environment is what the script finds, as the service would set it.
func environment(m Manifest, region string) map[string]string {
	env := map[string]string{
		"AWS_REGION": region, "AWS_DEFAULT_REGION": region, "AWS_LAMBDA_FUNCTION_NAME": "cwsyn-" + m.Name + "-local",
	}
	maps.Copy(env, m.Environment)
	return env
}

// keep writes the run into a directory of its own.
func keep(o Options, job canaryrun.Job, outcome *canaryrun.Outcome) (*Run, error) {
	run := describe(job, outcome)
	dir, err := place(o, run)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	for _, a := range outcome.Artifacts {
		if err := keepFile(dir, outcome, a.Name); err != nil {
			return nil, fmt.Errorf("keeping %s: %w", a.Name, err)
		}
	}
	var log bytes.Buffer
	for _, l := range run.Log {
		log.WriteString(l + "\n")
	}
	if err := dir.WriteFile(logFile, log.Bytes(), 0o600); err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(run, "", "  ")
	if err != nil {
		return nil, err
	}
	return run, dir.WriteFile(runFile, text, 0o600)
}

// place makes the run's directory. The project may come from anywhere: what it
// has below its own directory leads nowhere else. A directory that was named has
// to be empty or a run's, for artifacts have what names a script likes.
func place(o Options, run *Run) (*os.Root, error) {
	if run.Dir = o.Out; run.Dir != "" {
		if err := os.MkdirAll(run.Dir, 0o755); err != nil {
			return nil, err
		}
		entries, err := os.ReadDir(run.Dir)
		if err != nil {
			return nil, err
		}
		if _, err := os.Lstat(filepath.Join(run.Dir, runFile)); err != nil && len(entries) > 0 {
			return nil, fmt.Errorf("%s holds something else than a run: nothing there is overwritten", run.Dir)
		}
		return os.OpenRoot(run.Dir)
	}
	below := filepath.Join(kept, "runs", run.Started.Format("20060102T150405.000Z"))
	run.Dir = filepath.Join(o.Dir, below)
	project, err := os.OpenRoot(o.Dir)
	if err != nil {
		return nil, err
	}
	defer project.Close()
	if err := project.MkdirAll(below, 0o755); err != nil {
		return nil, err
	}
	return project.OpenRoot(below)
}

// keepFile copies an artifact. Its name is the script's choice and cannot lead
// out of dir.
func keepFile(dir *os.Root, outcome *canaryrun.Outcome, name string) error {
	src, err := outcome.Open(name)
	if err != nil {
		return err
	}
	defer src.Close()
	if err := dir.MkdirAll(filepath.Dir(filepath.FromSlash(name)), 0o755); err != nil {
		return err
	}
	f, err := dir.OpenFile(filepath.FromSlash(name), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, src)
	return errors.Join(err, f.Close())
}

// describe tells of a run what is worth keeping.
func describe(job canaryrun.Job, o *canaryrun.Outcome) *Run {
	run := &Run{
		ID: job.RunID, Canary: job.CanaryName, RuntimeVersion: job.RuntimeVersion, Browser: job.Browser,
		Status: o.Status, StateReason: o.StateReason, StateReasonCode: o.StateReasonCode,
		Started: o.Started, Completed: o.Completed, DurationMs: ms(o.Duration), Artifacts: []string{}, Steps: []Step{},
		Usage: Usage{WallMs: ms(o.Usage.Wall), CPUMs: ms(o.Usage.CPU), PeakMemoryMB: o.Usage.PeakMemory >> 20},
	}
	if o.Status != canaryrun.Failed {
		run.StateReason, run.StateReasonCode = "", ""
	}
	for _, a := range o.Artifacts {
		run.Artifacts = append(run.Artifacts, a.Name)
	}
	for _, l := range o.Logs {
		run.Log = append(run.Log, l.Message)
	}
	if o.Report == nil {
		return run
	}
	run.Requests, run.Screenshots = &o.Report.CustomerScript.Requests, o.Report.CustomerScript.NonStepScreenshots
	for _, s := range o.Report.CustomerScript.Steps {
		run.Steps = append(run.Steps, Step{
			Num: s.StepNum, Name: s.StepName, Status: s.Status, FailureReason: s.FailureReason,
			DurationMs: between(s.StartTime, s.EndTime), Screenshots: s.Screenshots,
		})
	}
	return run
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// between is the time from one stamp of a report to another, in milliseconds;
// zero when the script made them up.
func between(start, end string) float64 {
	a, err1 := time.Parse(time.RFC3339Nano, start)
	b, err2 := time.Parse(time.RFC3339Nano, end)
	if err1 != nil || err2 != nil || b.Before(a) {
		return 0
	}
	return ms(b.Sub(a))
}

// Open reads a run that was kept: the run's directory, or the name of one of
// the project's runs; "last" is the newest and "previous" the one before.
func Open(project, name string) (*Run, error) {
	dir, err := find(project, name)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(dir, runFile))
	if err != nil {
		return nil, fmt.Errorf("%s is not a run: %w", name, err)
	}
	run := &Run{Dir: dir}
	if err := json.Unmarshal(text, run); err != nil {
		return nil, fmt.Errorf("%s is not a run: %w", name, err)
	}
	return run, nil
}

func find(project, name string) (string, error) {
	runs := filepath.Join(project, kept, "runs")
	back := map[string]int{"last": 1, "previous": 2}[name]
	if back == 0 {
		if _, err := os.Stat(filepath.Join(runs, name, runFile)); err == nil {
			return filepath.Join(runs, name), nil
		}
		return name, nil
	}
	entries, err := os.ReadDir(runs) // in order of name, which is that of time
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if len(entries) < back {
		return "", fmt.Errorf("%s has %d runs: there is no %s one", project, len(entries), name)
	}
	return filepath.Join(runs, entries[len(entries)-back].Name()), nil
}

// maxBaselines bounds the pictures of a baseline.
const maxBaselines = 200

// baseline makes a run's screenshots what another is compared with.
func baseline(dir string) (*canaryrun.Visual, error) {
	base, err := Open("", dir)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(base.Dir)
	if err != nil {
		return nil, err
	}
	_ = root.Close()
	v := &canaryrun.Visual{}
	for _, name := range base.pictures() {
		if len(v.Baselines) == maxBaselines {
			break
		}
		v.Baselines = append(v.Baselines, canaryrun.Baseline{
			Name: name, Open: func() (io.ReadCloser, error) { return os.OpenInRoot(base.Dir, name) },
		})
	}
	if len(v.Baselines) == 0 {
		return nil, fmt.Errorf("the run %s has no screenshots to compare with", dir)
	}
	return v, nil
}

// shots are the screenshots of a run, those of its steps first.
func (r *Run) shots() (all []canaryrun.Screenshot) {
	for _, s := range r.Steps {
		all = append(all, s.Screenshots...)
	}
	return append(all, r.Screenshots...)
}

// pictures are the files of a run's screenshots.
func (r *Run) pictures() (names []string) {
	for _, shot := range r.shots() {
		if shot.FileName != "" && shot.Error == "" && filepath.IsLocal(shot.FileName) {
			names = append(names, shot.FileName)
		}
	}
	return names
}
