package canaryrun

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"nephele.dev/nephele/internal/canaryruntime"
	"nephele.dev/nephele/internal/sandbox"
	"nephele.dev/nephele/runtimes/nodejs"
)

// Where the runtime is in the box. Node.js looks for packages in node_modules
// of every directory up to the root, for require and import alike: so the
// library is at the root, and finds every script wherever it is.
const (
	boxRuntime = "/nephele/runtime"
	boxModules = "/node_modules"
)

// Defaults of a Job.
const (
	defaultMemoryMB = 1000
	defaultDiskMB   = 1024
	defaultTimeout  = 60 * time.Second
)

// Runner runs canaries. It is safe for concurrent use.
type Runner struct {
	o       Options
	node    tool
	browser tool // zero when there is none
	firefox tool // the same
	runtime *sandbox.Workspace
	scripts map[canaryruntime.Family]scriptRuntime
	natives *Native
}

// scriptRuntime is what scripts of one family need in the box.
type scriptRuntime struct {
	label   string            // for logs: "nodejs"
	argv    []string          // the launcher
	mounts  []sandbox.Mount   // read-only
	env     map[string]string // besides what every run has
	missing string            // why scripts of the family cannot run on this machine; empty when they can
}

// New finds Node.js and a browser and unpacks the script runtime. Without
// Node.js it fails with ErrNoRuntime; without a browser, scripts that open a
// page fail.
func New(o Options) (*Runner, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	node, f := findNode(context.Background(), o.Node)
	if !f.OK {
		return nil, fmt.Errorf("%w: %s: %s; %s", ErrNoRuntime, f.Check, f.Detail, f.Fix)
	}
	browser, f := findBrowser(o.Browser)
	if !f.OK {
		o.Logger.Warn("no browser for canaries", "detail", f.Detail, "fix", f.Fix)
	}
	firefox, _ := findFirefox(o.Firefox) // few canaries ask for it, and theirs say what is missing
	w, err := o.Sandbox.Workspace("runtime")
	if err != nil {
		return nil, err
	}
	if err := nodejs.Unpack(w.Code); err != nil {
		_ = w.Close()
		return nil, err
	}
	r := &Runner{natives: NewNative(NativeOptions{Logger: o.Logger}), o: o, node: node, browser: browser, firefox: firefox, runtime: w}
	script := r.nodeScripts()
	r.scripts = map[canaryruntime.Family]scriptRuntime{
		canaryruntime.Puppeteer: script, canaryruntime.Playwright: script, canaryruntime.NodeJS: script,
		canaryruntime.Selenium: r.pythonScripts(),
	}
	return r, nil
}

// nodeScripts is the runtime of the families of Node.js.
func (r *Runner) nodeScripts() scriptRuntime {
	mounts := []sandbox.Mount{
		{Host: r.runtime.Code, Box: boxRuntime},
		{Host: filepath.Join(r.runtime.Code, nodejs.Modules), Box: boxModules},
	}
	return scriptRuntime{
		label: "nodejs", argv: []string{r.node.box, filepath.Join(boxRuntime, nodejs.Main)},
		mounts: slices.Concat(mounts, r.node.mounts, r.browser.mounts, r.firefox.mounts),
	}
}

// Close removes the unpacked runtime. No run may be in progress.
func (r *Runner) Close() error { return r.runtime.Close() }

// Run runs job to its end. Whatever the script does is an Outcome; an error
// means that the run could not take place (ctx ended, the disk is full).
func (r *Runner) Run(ctx context.Context, job Job) (_ *Outcome, err error) {
	if job.MemoryMB <= 0 {
		job.MemoryMB = defaultMemoryMB
	}
	if job.DiskMB <= 0 {
		job.DiskMB = defaultDiskMB
	}
	if job.Timeout <= 0 {
		job.Timeout = defaultTimeout
	}
	if job.Blueprint != "" {
		return r.native(ctx, job)
	}
	w, err := r.o.Sandbox.Workspace(job.RunID)
	if err != nil {
		return nil, err
	}
	o := &Outcome{workspace: w, TestResult: "UNKNOWN", Started: time.Now().UTC().Truncate(time.Millisecond)}
	defer func() {
		if err != nil {
			_ = o.Close()
		}
	}()
	log := lineLog{progress: job.Progress}
	var used sandbox.Result
	switch err := errors.Join(checkEnv(job.Env), unzip(job.Zip, job.Size, w.Code)); {
	case errors.Is(err, ErrBadCode):
		o.fail(CanaryFailure, err.Error())
	case err != nil:
		return nil, fmt.Errorf("canary run: %w", err)
	default:
		if used, err = r.inBox(ctx, job, w, o, &log); err != nil {
			return nil, err
		}
	}
	o.Completed = time.Now().UTC().Truncate(time.Millisecond)
	o.Usage, o.LogsTruncated = used, used.OutputTruncated || log.dropped
	o.Logs = log.frame(o, job, used)
	return o, nil
}

// checkEnv refuses variables that no process can have.
func checkEnv(env map[string]string) error {
	for name, value := range env {
		if name == "" || strings.ContainsAny(name, "=\x00") || strings.Contains(value, "\x00") {
			return fmt.Errorf("%w: environment variable %.100q", ErrBadCode, name)
		}
	}
	return nil
}

// inBox runs the script and reads what it left.
func (r *Runner) inBox(ctx context.Context, job Job, w *sandbox.Workspace, o *Outcome, log *lineLog) (sandbox.Result, error) {
	spec, err := r.spec(job, w)
	if errors.Is(err, ErrNoRuntime) {
		o.fail(CanaryFailure, err.Error())
		return sandbox.Result{}, nil
	}
	if err != nil {
		return sandbox.Result{}, err
	}
	stdout, stderr := &lineWriter{log: log}, &lineWriter{log: log}
	spec.Stdout, spec.Stderr = stdout, stderr
	used, err := r.o.Sandbox.Run(ctx, spec)
	if err != nil {
		return used, fmt.Errorf("canary run: %w", err)
	}
	stdout.flush()
	stderr.flush()
	o.TimedOut, o.OutOfMemory = used.TimedOut, used.OutOfMemory
	o.EphemeralUsedPercent = 100 * float64(used.DiskUsed) / float64(int64(spec.DiskMB)<<20)
	dir, err := os.OpenRoot(w.Out)
	if err != nil {
		return used, fmt.Errorf("canary run: %w", err)
	}
	defer dir.Close()
	o.judge(dir, job, used, stderr.last)
	// A run that was cut off keeps its logs alone: the rest may be half written.
	keep := func(name string) bool { return !o.TimedOut || strings.HasSuffix(name, "-log.txt") }
	if o.Artifacts, err = listArtifacts(dir, keep); err != nil {
		return used, fmt.Errorf("canary run: %w", err)
	}
	return used, nil
}

// judge decides how the run ended: first by what the sandbox saw, then by the
// verdict that the launcher left.
func (o *Outcome) judge(dir *os.Root, job Job, used sandbox.Result, lastError string) {
	o.Duration = used.Wall
	switch {
	case used.TimedOut:
		o.fail(CanaryFailure, fmt.Sprintf("No test result returned. Task timed out after %.2f seconds", job.Timeout.Seconds()))
		return
	case used.OutOfMemory:
		o.fail(CanaryFailure, fmt.Sprintf("No test result returned. The canary ran out of memory (%d MB)", job.MemoryMB))
		return
	}
	verdict, err := readResult(dir)
	if err == nil {
		o.take(verdict)
		return
	}
	how := fmt.Sprintf("exit code %d", used.ExitCode)
	if used.Signal != "" {
		how = "signal: " + used.Signal
	}
	if !errors.Is(err, fs.ErrNotExist) {
		how += "; " + err.Error()
	}
	if lastError != "" {
		how += "; " + lastError
	}
	o.fail(CanaryFailure, fmt.Sprintf("No test result returned. The canary's process ended early (%s)", how))
}

// event is what AWS's runtime gets as the invocation's input.
type event struct {
	CanaryName    string   `json:"canaryName"`
	Artifacts     location `json:"artifactS3Location"`
	Handler       string   `json:"customerCanaryHandlerName"`
	S3Encryption  string   `json:"s3EncryptionMode,omitempty"`
	S3KmsKeyArn   string   `json:"s3KmsKeyArn,omitempty"`
	ActiveTracing bool     `json:"activeTracing"`
	RunID         string   `json:"canaryRunId"`
}

type location struct {
	Bucket string `json:"s3Bucket"`
	Key    string `json:"s3Key"`
}

// orders is what the launcher is told (runtimes/nodejs/src/main.js).
type orders struct {
	Event          event  `json:"event"`
	CanaryARN      string `json:"canaryArn"`
	RuntimeVersion string `json:"runtimeVersion"`
	Family         string `json:"family"`      // "syn-nodejs-puppeteer"
	BrowserType    string `json:"browserType"` // "CHROME", "FIREFOX"; empty where there is no browser
	Major          int    `json:"major"`       // of the runtime version
	Minor          int    `json:"minor"`
	DryRun         bool   `json:"dryRun"`
	Visual         []told `json:"visual,omitempty"`
	Progress       bool   `json:"progress"` // tell what happens on standard output (progressMark)
	HeadlessShell  bool   `json:"headlessShell"`
	BrowserSandbox bool   `json:"browserSandbox"`
	RootLevelCode  bool   `json:"rootLevelCode"`
	HandlerOnly    bool   `json:"handlerOnly"`
	TimeoutInMs    int64  `json:"timeoutInMs"`
	MemoryInMB     int    `json:"memoryInMB"`
}

// told is a baseline as the launcher is told of it.
type told struct {
	Name   string `json:"name"`
	File   string `json:"file"`   // in the box
	Ignore []Area `json:"ignore"` // see Area
}

// boxBaseline is where the baseline of a run's screenshots is in the box.
const boxBaseline = "/nephele/baseline"

// spec describes the box of a run.
func (r *Runner) spec(job Job, w *sandbox.Workspace) (sandbox.Spec, error) {
	v, ok := canaryruntime.Parse(job.RuntimeVersion)
	script, known := r.scripts[v.Family]
	if !ok || !known {
		return sandbox.Spec{}, fmt.Errorf("%w: scripts of the runtime version %q are not executed here", ErrNoRuntime, job.RuntimeVersion)
	}
	if script.missing != "" {
		return sandbox.Spec{}, fmt.Errorf("%w: %s", ErrNoRuntime, script.missing)
	}
	browser, err := r.browserOf(job, v)
	if err != nil {
		return sandbox.Spec{}, err
	}
	baseline, mounts, err := placeBaseline(job.Visual, w)
	if err != nil {
		return sandbox.Spec{}, err
	}
	orders, err := json.Marshal(r.orders(job, v, baseline, browser))
	if err != nil {
		return sandbox.Spec{}, fmt.Errorf("canary run: %w", err)
	}
	env := map[string]string{"TZ": "UTC", "LANG": "en_US.UTF-8"}
	maps.Copy(env, job.Env)
	maps.Copy(env, map[string]string{
		"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": sandbox.BoxHome, "TMPDIR": sandbox.BoxOut,
		"NEPHELE_RUN": string(orders), "NEPHELE_CODE": sandbox.BoxCode, "NEPHELE_OUT": sandbox.BoxOut,
		"NEPHELE_PROXY": sandbox.BoxProxy, "NEPHELE_BROWSER": browser.box,
	})
	maps.Copy(env, script.env)
	return sandbox.Spec{
		ID: job.RunID, Runtime: script.label, Env: env, CodeDir: w.Code, OutDir: w.Out, Argv: script.argv,
		Mounts:   append(mounts, script.mounts...),
		MemoryMB: job.MemoryMB, DiskMB: job.DiskMB, Timeout: job.Timeout, Egress: job.Egress,
	}, nil
}

// browserOf is the browser of a run. A Firefox that is not there ends the run
// before it begins; without a Chromium, scripts that open a page fail.
func (r *Runner) browserOf(job Job, v canaryruntime.Version) (tool, error) {
	switch {
	case !v.HasBrowser():
		return tool{}, nil
	case job.Browser != "FIREFOX":
		return r.browser, nil
	case !slices.Contains(v.Browsers(), job.Browser) || v.Family == canaryruntime.Selenium:
		return tool{}, fmt.Errorf("%w: %s runs in CHROME only, and the run's browser is FIREFOX", ErrNoRuntime, v.Name)
	case r.firefox.host == "":
		_, f := findFirefox(r.o.Firefox)
		return tool{}, fmt.Errorf("%w: the run's browser is FIREFOX, and no Firefox is installed; %s", ErrNoRuntime, f.Fix)
	}
	return r.firefox, nil
}

func (r *Runner) orders(job Job, v canaryruntime.Version, baseline []told, browser tool) orders {
	o := orders{
		Event: event{
			CanaryName: job.CanaryName, Handler: job.Handler, RunID: job.RunID, ActiveTracing: job.ActiveTracing,
			Artifacts:    location{job.ArtifactS3Bucket, job.ArtifactS3Key},
			S3Encryption: job.S3EncryptionMode, S3KmsKeyArn: job.S3KmsKeyArn,
		},
		CanaryARN: job.CanaryARN, RuntimeVersion: job.RuntimeVersion,
		Family: string(v.Family), Major: v.Major, Minor: v.Minor, DryRun: job.DryRun, Visual: baseline, Progress: job.Progress != nil,
		HeadlessShell: browser.isHeadlessShell(), BrowserSandbox: r.o.Sandbox.Level().BrowserSandbox,
		RootLevelCode: v.RootLevelCode(), HandlerOnly: v.HandlerOnly(),
		TimeoutInMs: job.Timeout.Milliseconds(), MemoryInMB: job.MemoryMB,
	}
	if v.HasBrowser() {
		o.BrowserType = cmp.Or(job.Browser, "CHROME")
	}
	return o
}
