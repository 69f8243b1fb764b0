package canaryrun

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"nephele.dev/nephele/internal/sandbox"
)

// Options configure New.
type Options struct {
	// Sandbox runs the scripts. Required.
	Sandbox sandbox.Sandbox
	// Node is the path of node; empty looks it up.
	Node string
	// Browser is the path of a Chromium; empty looks for
	// chromium-headless-shell, then chromium and Chrome.
	Browser string
	// Firefox is the path of a Firefox; empty looks it up.
	Firefox string
	// Python is the path of a python3 with Selenium; empty looks it up.
	Python string
	// OnDial is that of sandbox.Options, for the connections of blueprints,
	// which are made outside the sandbox.
	OnDial func(run string, local, remote sandbox.Addr) (release func())
	Logger *slog.Logger
}

// Job is one run of one canary.
type Job struct {
	// RunID is the canary run's id, a UUID.
	RunID      string
	CanaryName string
	CanaryARN  string
	// RuntimeVersion such as "syn-nodejs-puppeteer-10.0", told to the script.
	RuntimeVersion string
	// Handler is Code.Handler: "file.fn" or "folder/file.fn".
	Handler string
	// Zip is the code archive, Size bytes long.
	Zip  io.ReaderAt
	Size int64
	// Browser is the browser type to run, "CHROME" or "FIREFOX". Empty is CHROME.
	Browser string
	// Blueprint is Code.BlueprintTypes: "multi-checks" executes the archive's
	// JSON natively, without a process of its own; Handler is empty then.
	Blueprint string
	// Visual asks for comparisons with an earlier run; nil for none.
	Visual *Visual
	// DryRun tells the script's event that the run is a dry run.
	DryRun bool
	// Secret resolves the names of secrets that a blueprint refers to, as the
	// run's role; nil refuses them.
	Secret func(ctx context.Context, name string) (string, error)
	// Assume assumes a role as the run's role, for requests that a blueprint
	// signs; nil refuses them.
	Assume func(ctx context.Context, roleARN string) (Credentials, error)
	// Progress is told of what the script does while it runs: for people who
	// watch, not for verdicts, for a script can make it up. May be nil.
	Progress func(Progress)
	// Env is the canary's environment, credentials included.
	Env      map[string]string
	MemoryMB int
	DiskMB   int
	Timeout  time.Duration
	// Artifact location and encryption as told to the script in its event.
	ArtifactS3Bucket, ArtifactS3Key string
	S3EncryptionMode, S3KmsKeyArn   string
	ActiveTracing                   bool
	Egress                          sandbox.EgressPolicy
}

// Credentials are those of a role's session.
type Credentials struct {
	AccessKeyID, SecretAccessKey, SessionToken string
}

// Visual is what the screenshots of a run are compared with.
type Visual struct {
	Baselines []Baseline
}

// Baseline is a screenshot of the run that others are compared with.
type Baseline struct {
	Name   string // the screenshot's name as BaseScreenshots has it
	Ignore []Area // parts that do not count
	Open   func() (io.ReadCloser, error)
}

// Area is a rectangle of a screenshot, in pixels from its upper left corner.
type Area struct {
	X1, Y1, X2, Y2 int
}

// Progress is something that happened in a run.
type Progress struct {
	Event string    `json:"event"` // "step-started", "step-ended", "screenshot"
	Step  string    `json:"step,omitempty"`
	Num   int       `json:"num,omitempty"`   // the step's number, from 1
	Pass  bool      `json:"pass,omitempty"`  // of "step-ended"
	Error string    `json:"error,omitempty"` // of a step that failed
	Ms    float64   `json:"ms,omitempty"`    // of "step-ended"
	File  string    `json:"file,omitempty"`  // of "screenshot"
	Time  time.Time `json:"-"`
}

// Status of a canary run.
type Status string

// The two verdicts.
const (
	Passed Status = "PASSED"
	Failed Status = "FAILED"
)

// State reason codes of the Synthetics API (CanaryRunStatus).
const (
	CanaryFailure    = "CANARY_FAILURE"
	ExecutionFailure = "EXECUTION_FAILURE"
)

// Outcome is what a run left. Close it when the artifacts are taken.
type Outcome struct {
	Status Status
	// StateReason and StateReasonCode are empty when the run passed.
	StateReason     string
	StateReasonCode string
	// TestResult is the verdict of the script alone: PASSED, FAILED or UNKNOWN.
	TestResult           string
	TimedOut             bool
	OutOfMemory          bool
	Started, Completed   time.Time
	Duration             time.Duration // of the script, without launch, screenshots and upload
	Report               *Report       // nil when the script never reported (timeout, crash)
	Steps                []StepMetric  // every step, whether or not the report shows it
	Artifacts            []Artifact    // ordered by Name; SyntheticsReport and log file included
	Logs                 []LogLine     // in order, the START, END and REPORT lines included
	LogsTruncated        bool
	Usage                sandbox.Result
	EphemeralUsedPercent float64
	// Visual counts the comparisons; nil when none was made.
	Visual *VisualOutcome

	workspace *sandbox.Workspace
	files     map[string][]byte // artifacts of runs that had no workspace
}

// VisualOutcome counts a run's comparisons with its baseline.
type VisualOutcome struct {
	Comparisons int `json:"comparisons"`
	Matching    int `json:"matching"` // within the variance threshold
}

// StepMetric is what a step contributes to metrics.
type StepMetric struct {
	Name     string
	Passed   bool
	Duration time.Duration
	// EmitSuccess and EmitDuration are the step's stepSuccessMetric and
	// stepDurationMetric settings.
	EmitSuccess, EmitDuration bool
}

// Artifact is a file that the run left.
type Artifact struct {
	Name        string // slash-separated, relative
	Size        int64
	ContentType string
}

// LogLine is one log event.
type LogLine struct {
	Time    time.Time
	Message string
}

// Report is the SyntheticsReport of a run.
type Report struct {
	CanaryName            string        `json:"canaryName"`
	StartTime             string        `json:"startTime"`
	EndTime               string        `json:"endTime"`
	TimeSpentInResetInMs  int64         `json:"timeSpentInResetInMs"`
	TimeSpentInLaunchInMs int64         `json:"timeSpentInLaunchInMs"`
	TimeSpentInSetUpInMs  int64         `json:"timeSpentInSetUpInMs"`
	ExecutionStatus       string        `json:"executionStatus"`
	ExecutionError        string        `json:"executionError"`
	CustomerScript        Script        `json:"customerScript"`
	Configuration         Configuration `json:"configuration"`
}

// Configuration is the configuration part of a Report, as far as the service
// acts on it.
type Configuration struct {
	CanaryMetrics CanaryMetrics `json:"canaryMetricsConfiguration"`
	StepMetrics   struct {
		Success  bool `json:"stepSuccessMetric"`
		Duration bool `json:"stepDurationMetric"`
	} `json:"stepMetricsConfiguration"`
}

// CanaryMetrics says which of a run's metrics are published: those of the
// canary, and those aggregated over all canaries.
type CanaryMetrics struct {
	FailedCanary             bool `json:"failedCanaryMetric"`
	AggregatedFailedCanary   bool `json:"aggregatedFailedCanaryMetric"`
	C2xx                     bool `json:"_2xxMetric"`
	C4xx                     bool `json:"_4xxMetric"`
	C5xx                     bool `json:"_5xxMetric"`
	FailedRequests           bool `json:"failedRequestsMetric"`
	Aggregated2xx            bool `json:"aggregated2xxMetric"`
	Aggregated4xx            bool `json:"aggregated4xxMetric"`
	Aggregated5xx            bool `json:"aggregated5xxMetric"`
	AggregatedFailedRequests bool `json:"aggregatedFailedRequestsMetric"`
	// Of comparisons with a baseline; a script starts with the first alone.
	VisualSuccessPercent   bool `json:"visualMonitoringSuccessPercentMetric"`
	VisualTotalComparisons bool `json:"visualMonitoringTotalComparisonsMetric"`
}

// Script is the customerScript part of a Report.
type Script struct {
	StartTime        string   `json:"startTime"`
	EndTime          string   `json:"endTime"`
	Status           string   `json:"status"`
	FailureReason    string   `json:"failureReason"`
	MetricsPublished bool     `json:"metricsPublished"`
	Requests         Requests `json:"requests"`
	Steps            []Step   `json:"steps"`
	// NonStepScreenshots were taken outside any step.
	NonStepScreenshots []Screenshot `json:"nonStepScreenshots"`
}

// Requests counts the browser's requests by status class.
type Requests struct {
	C2xx   int64 `json:"_2xx"`
	C3xx   int64 `json:"_3xx"`
	C4xx   int64 `json:"_4xx"`
	C5xx   int64 `json:"_5xx"`
	Failed int64 `json:"failed"`
}

// Step is one executeStep.
type Step struct {
	StepNum          int          `json:"stepNum"`
	StepName         string       `json:"stepName"`
	StartTime        string       `json:"startTime"`
	EndTime          string       `json:"endTime"`
	Status           string       `json:"status"`
	FailureReason    string       `json:"failureReason"`
	MetricsPublished bool         `json:"metricsPublished"`
	SourceURL        string       `json:"sourceUrl"`
	DestinationURL   string       `json:"destinationUrl"`
	Screenshots      []Screenshot `json:"screenshots"`
	// HTTPRequestNum is the request's place in HttpRequestsReport.json, from 1;
	// 0 when the step is not an HTTP step.
	HTTPRequestNum int `json:"httpRequestNum,omitempty"`
}

// Screenshot is a picture taken for a step.
type Screenshot struct {
	FileName string `json:"fileName"`
	PageURL  string `json:"pageUrl"`
	Error    string `json:"error,omitempty"`
	// VisualTest is the comparison with the baseline; nil when there was none.
	VisualTest *VisualTest `json:"visualTestResult,omitempty"`
}

// VisualTest is the comparison of one screenshot with its baseline.
type VisualTest struct {
	Status          string  `json:"status"`                       // PASSED, FAILED, or ERROR
	VariancePercent float64 `json:"variancePercentage"`           // of the pixels that count
	Threshold       float64 `json:"varianceThresholdPercentage"`  // above it the status is FAILED
	Baseline        string  `json:"baselineFileName,omitempty"`   // an artifact: the picture compared with
	Difference      string  `json:"differenceFileName,omitempty"` // an artifact: the picture with the difference highlighted
	Picture         []byte  `json:"-"`                            // the difference itself, of Runner.Compare
	Error           string  `json:"error,omitempty"`
}

// ErrNoRuntime is returned by New where Node.js is missing or too old.
var ErrNoRuntime = errors.New("the machine lacks what canaries need")

// ErrBadCode is what CheckCode says of an archive that cannot be a canary's.
var ErrBadCode = errors.New("the code archive cannot be used")
