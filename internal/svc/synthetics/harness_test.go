package synthetics

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"nephele.dev/nephele/internal/api/all"
	"nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/api/events"
	"nephele.dev/nephele/internal/api/logs"
	"nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/api/sts"
	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/blob"
	"nephele.dev/nephele/internal/courier"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
	"nephele.dev/nephele/internal/seal"
	"nephele.dev/nephele/internal/store"
)

const (
	testAccount = "000000000000"
	testRegion  = "us-east-1"
	testRole    = "arn:aws:iam::000000000000:role/canary"
)

// bench is the service on a real store and engine, with stand-ins for the
// services it calls and for the sandbox.
type bench struct {
	*Service
	api    api.Client
	world  *world
	runner *standInRunner
}

// newBench builds the service. The engine is not started: tests that need time
// to pass call start.
func newBench(t *testing.T, db *store.DB) *bench {
	t.Helper()
	blobs, err := blob.Open(t.Context(), "mem://")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = blobs.Close() })
	pages, err := page.New([]byte("a secret of this test"))
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{
		Service: &Service{Deps: Deps{DB: db, Blob: blobs, Pages: pages, Seal: seal.NewEphemeral(), Bearer: noBearer}},
		world:   &world{objects: map[string][]byte{}, metrics: map[string]float64{}, tokens: map[string]bool{}}, runner: &standInRunner{},
	}
	b.boot()
	return b
}

// noBearer is asked about sessions where there are no roles.
func noBearer(context.Context, string, string) (plane.Caller, error) {
	return plane.Caller{}, errors.New("nobody was given a session")
}

// boot makes a service and an engine as a new process would: nothing that the
// former ones had in memory is left.
func (b *bench) boot() {
	d := b.Deps
	d.Logger, d.Runner = slog.New(slog.DiscardHandler), b.runner
	d.Engine = engine.New(d.DB, engine.Options{Lanes: map[string]int{LaneBrowser: 2}, Poll: time.Hour, Lease: time.Hour})
	p := plane.New(plane.Options{Logger: d.Logger})
	d.Plane = p
	d.Courier = courier.New(d.Engine, p, all.Services())
	b.Service = New(d)
	b.Flows(d.Engine)
	p.Register(api.Service(), b.Handlers())
	b.world.register(p)
	b.api = api.Client{Invoker: p.As(plane.RootCaller(testAccount, testRegion))}
}

func (b *bench) start(t *testing.T) {
	t.Helper()
	if err := b.Engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Engine.Stop(context.Background()) })
}

// world stands in for S3, Logs and CloudWatch and remembers what it was sent.
type world struct {
	mu      sync.Mutex
	objects map[string][]byte // by "bucket/key"
	written map[string]time.Time
	denied  error // answer of DeleteObjects
	lines   []string
	events  []*events.PutEventsRequestEntry
	emitted []string           // tokens of events
	metrics map[string]float64 // SampleCount of each "name|dimensions"
	tokens  map[string]bool
	refuse  error         // answer of PutLogEvents
	refused error         // answer of PutMetricData
	slow    time.Duration // between storing metrics and answering
}

func (w *world) register(p *plane.Plane) {
	p.Register(s3.Service(), s3.Handlers{
		PutObject: w.putObject, GetObject: w.getObject, ListObjectsV2: w.listObjects, DeleteObjects: w.deleteObjects,
	}.Table())
	p.Register(logs.Service(), logs.Handlers{
		CreateLogGroup: func(context.Context, *logs.CreateLogGroupInput) (*logs.CreateLogGroupOutput, error) {
			return &logs.CreateLogGroupOutput{}, nil
		},
		CreateLogStream: func(context.Context, *logs.CreateLogStreamInput) (*logs.CreateLogStreamOutput, error) {
			return &logs.CreateLogStreamOutput{}, nil
		},
		PutLogEvents: w.putLogEvents,
	}.Table())
	p.Register(cloudwatch.Service(), cloudwatch.Handlers{PutMetricData: w.putMetricData}.Table())
	p.Register(events.Service(), events.Handlers{PutEvents: w.putEvents}.Table())
	p.Register(sts.Service(), sts.Handlers{AssumeRole: func(context.Context, *sts.AssumeRoleInput) (*sts.AssumeRoleOutput, error) {
		return nil, awserr.New("AccessDenied", http.StatusForbidden, "There are no roles here.")
	}}.Table())
}

func (w *world) putEvents(ctx context.Context, in *events.PutEventsInput) (*events.PutEventsOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if token := plane.Token(ctx); !slices.Contains(w.emitted, token) {
		w.emitted = append(w.emitted, token)
		w.events = append(w.events, in.Entries...)
	}
	return &events.PutEventsOutput{}, nil
}

func (w *world) putObject(_ context.Context, in *s3.PutObjectInput) (*s3.PutObjectOutput, error) {
	body, err := io.ReadAll(in.Body)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.objects[in.Bucket+"/"+in.Key] = body
	if w.written == nil {
		w.written = map[string]time.Time{}
	}
	w.written[in.Bucket+"/"+in.Key] = time.Now()
	return &s3.PutObjectOutput{}, nil
}

func (w *world) getObject(_ context.Context, in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
	w.mu.Lock()
	body, ok := w.objects[in.Bucket+"/"+in.Key]
	w.mu.Unlock()
	switch {
	case ok:
	case in.Key == "code.zip":
		body = testZip("exports.handler = async () => {};")
	default:
		return nil, s3.NewNoSuchKey("The specified key does not exist.")
	}
	return &s3.GetObjectOutput{Body: io.NopCloser(bytes.NewReader(body))}, nil
}

func (w *world) listObjects(_ context.Context, in *s3.ListObjectsV2Input) (*s3.ListObjectsV2Output, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := &s3.ListObjectsV2Output{}
	for _, name := range slices.Sorted(maps.Keys(w.objects)) {
		if key, ok := strings.CutPrefix(name, in.Bucket+"/"); ok && strings.HasPrefix(key, *in.Prefix) {
			out.Contents = append(out.Contents, &s3.Object{Key: new(key), LastModified: new(w.written[name])})
		}
	}
	return out, nil
}

func (w *world) deleteObjects(_ context.Context, in *s3.DeleteObjectsInput) (*s3.DeleteObjectsOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.denied != nil {
		return nil, w.denied
	}
	for _, o := range in.Delete.Objects {
		delete(w.objects, in.Bucket+"/"+o.Key)
	}
	return &s3.DeleteObjectsOutput{}, nil
}

func (w *world) putLogEvents(_ context.Context, in *logs.PutLogEventsInput) (*logs.PutLogEventsOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refuse != nil {
		return nil, w.refuse
	}
	for _, e := range in.LogEvents {
		w.lines = append(w.lines, e.Message)
	}
	return &logs.PutLogEventsOutput{}, nil
}

func (w *world) putMetricData(ctx context.Context, in *cloudwatch.PutMetricDataInput) (*cloudwatch.PutMetricDataOutput, error) {
	if err := w.record(plane.Token(ctx), in.MetricData); err != nil {
		return nil, err
	}
	if err := sleep(ctx, w.slow); err != nil {
		return nil, err
	}
	return &cloudwatch.PutMetricDataOutput{}, nil
}

// record counts metrics, those under one token once.
func (w *world) record(token string, data []*cloudwatch.MetricDatum) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refused != nil || token != "" && w.tokens[token] {
		return w.refused
	}
	if token != "" {
		w.tokens[token] = true
	}
	for _, d := range data {
		var dims []string
		for _, dim := range d.Dimensions {
			dims = append(dims, dim.Name+"="+dim.Value)
		}
		w.metrics[d.MetricName+"|"+strings.Join(dims, ",")]++
	}
	return nil
}

func (w *world) count(metric string) float64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.metrics[metric]
}

// sleep waits, unless ctx ends before.
func sleep(ctx context.Context, d time.Duration) error {
	if d == 0 {
		return nil
	}
	wake := time.NewTimer(d)
	defer wake.Stop()
	select {
	case <-wake.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// standInRunner claims to take a second over every run, and passes it.
type standInRunner struct {
	mu    sync.Mutex
	jobs  []canaryrun.Job
	begun []time.Time
	fails error
	hold  chan struct{} // when set, runs wait for it to close
	takes time.Duration // that a run really takes

	takesOf func(canaryrun.Job) time.Duration // the same, by job

	judge func(canaryrun.Job, *canaryrun.Outcome) // changes the outcome
	seen  map[string]string                       // the screenshots that the last run was given
}

func (r *standInRunner) Run(ctx context.Context, job canaryrun.Job) (*canaryrun.Outcome, error) {
	r.mu.Lock()
	r.jobs = append(r.jobs, job)
	r.begun = append(r.begun, time.Now())
	fails, hold := r.fails, r.hold
	r.mu.Unlock()
	if fails != nil {
		return nil, fails
	}
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	takes := r.takes
	if r.takesOf != nil {
		takes = r.takesOf(job)
	}
	if err := sleep(ctx, takes); err != nil {
		return nil, err
	}
	if _, err := zip.NewReader(job.Zip, job.Size); err != nil {
		return nil, errors.New("code is not a zip archive")
	}
	now := time.Now().UTC()
	o := &canaryrun.Outcome{
		Status: canaryrun.Passed, TestResult: "PASSED", Started: now, Completed: now.Add(time.Second), Duration: time.Second,
		Report: r.report(), Steps: []canaryrun.StepMetric{{Name: "open", Passed: true, EmitSuccess: true, EmitDuration: true}},
		Logs: []canaryrun.LogLine{{Time: now, Message: "START"}},
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = map[string]string{}
	look(job, r.seen)
	if r.judge != nil {
		r.judge(job, o)
	}
	return o, nil
}

// failing has an outcome be a failure of the script.
func failing(o *canaryrun.Outcome) {
	o.Status, o.TestResult, o.StateReason, o.StateReasonCode = canaryrun.Failed, "FAILED", "it broke", canaryrun.CanaryFailure
}

// release lets runs that begin from now on go on at once.
func (r *standInRunner) release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hold = nil
}

func (r *standInRunner) report() *canaryrun.Report {
	var report canaryrun.Report
	report.Configuration.CanaryMetrics = everyMetric
	return &report
}

// everyMetric is the configuration of a script that switches nothing off.
var everyMetric = canaryrun.CanaryMetrics{
	FailedCanary: true, AggregatedFailedCanary: true, C2xx: true, C4xx: true, C5xx: true, FailedRequests: true,
	Aggregated2xx: true, Aggregated4xx: true, Aggregated5xx: true, AggregatedFailedRequests: true,
}

func (r *standInRunner) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.jobs)
}

func testZip(script string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create("nodejs/node_modules/index.js")
	if err == nil {
		_, err = f.Write([]byte(script))
	}
	if err := errors.Join(err, w.Close()); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// createInput is a valid request.
func createInput(name string) *api.CreateCanaryInput {
	return &api.CreateCanaryInput{
		Name: name, ArtifactS3Location: "s3://artifacts/here", ExecutionRoleArn: testRole,
		RuntimeVersion: "syn-nodejs-puppeteer-10.0", Schedule: &api.CanaryScheduleInput{Expression: "rate(5 minutes)"},
		Code: &api.CanaryCodeInput{Handler: new("index.handler"), ZipFile: testZip("exports.handler = async () => {};")},
	}
}

// put stores a canary in a given state, past all rules.
func (b *bench) put(t *testing.T, name string, state api.CanaryState) {
	t.Helper()
	key := store.Key{Account: testAccount, Region: testRegion, ID: name}
	conf, _, err := configOf(createInput(name), &plane.Call{Time: time.Now(), Caller: plane.RootCaller(testAccount, testRegion)})
	if err != nil {
		t.Fatal(err)
	}
	err = b.DB.Update(t.Context(), func(tx *store.Tx) error {
		_, err := b.canaries.Create(tx, key, canary{ID: newID(), Engine: newID(), Config: *conf, State: state, Resume: stateReady})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (b *bench) state(t *testing.T, name string) api.CanaryState {
	t.Helper()
	out, err := b.api.GetCanary(t.Context(), &api.GetCanaryInput{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return *out.Canary.Status.State
}

// call makes a call that has nothing but a canary's name.
func (b *bench) call(t *testing.T, operation, name string) {
	t.Helper()
	var err error
	switch operation {
	case "StartCanary":
		_, err = b.api.StartCanary(t.Context(), &api.StartCanaryInput{Name: name})
	case "StopCanary":
		_, err = b.api.StopCanary(t.Context(), &api.StopCanaryInput{Name: name})
	case "DeleteCanary":
		_, err = b.api.DeleteCanary(t.Context(), &api.DeleteCanaryInput{Name: name})
	default:
		err = errors.New("no such operation")
	}
	if err != nil {
		t.Fatalf("%s %s: %v", operation, name, err)
	}
}

// lastJob is the last run that was begun.
func (b *bench) lastJob() canaryrun.Job {
	b.runner.mu.Lock()
	defer b.runner.mu.Unlock()
	return b.runner.jobs[len(b.runner.jobs)-1]
}
