package synthetics

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"nephele.dev/nephele/internal/api/secretsmanager"
	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
	"nephele.dev/nephele/internal/store"
)

// runRef is the state of a run's row, and of the one that publishes its metrics.
type runRef struct {
	Canary  ref
	RunID   string
	Publish *publication // what is left to do once the verdict is committed
}

// mission is a run that is to take place: the canary is as the run sees it,
// which for a dry run is with the configuration that is tried.
type mission struct {
	id  runRef
	r   *run
	rec *store.Record[canary]

	repeated bool // an earlier execution may have left something
}

// stepPublish puts a run's metrics.
func (s *Service) stepPublish(ctx context.Context, w *engine.Work) (engine.Next, error) {
	var id runRef
	if err := w.State(&id); err != nil || id.Publish == nil {
		return engine.Done(), err
	}
	return engine.Done(), s.publish(ctx, id)
}

// stepRun takes a run to its verdict. It begins with what is committed, so an
// interrupted one is repeated whole. Older versions left the metrics to it, too.
func (s *Service) stepRun(ctx context.Context, w *engine.Work) (engine.Next, error) {
	var id runRef
	if err := w.State(&id); err != nil {
		return engine.Next{}, err
	}
	if id.Publish != nil {
		return engine.Done(), s.publish(ctx, id)
	}
	m, err := s.loadRun(ctx, id)
	if err != nil || m == nil {
		return engine.Done(), err
	}
	if m.repeated = !m.r.Started.IsZero(); !m.repeated {
		if begun, err := s.beginRun(ctx, w, m); err != nil || !begun {
			return engine.Done(), err
		}
	}
	return s.executeRun(ctx, w, m)
}

// loadRun returns the run and its canary; nil when either is gone.
func (s *Service) loadRun(ctx context.Context, id runRef) (m *mission, err error) {
	err = s.DB.View(ctx, func(tx *store.Tx) error {
		m = nil
		r, err := getRun(tx, id.RunID)
		if err != nil || r == nil || r.State != runRunning {
			return err
		}
		rec, err := s.loadRef(tx, id.Canary)
		if err != nil || rec == nil {
			return err
		}
		if r.DryRunID != "" {
			if err := s.asDryRun(tx, rec, r.DryRunID); err != nil {
				return err // a dry run stays until its runs are over
			}
		}
		m = &mission{id: id, r: r, rec: rec}
		return nil
	})
	return m, err
}

// beginRun commits the start time. Artifact names follow from it, so that a
// repeated execution overwrites its own files. A run that was still waiting for
// a worker when its canary was stopped does not begin.
func (s *Service) beginRun(ctx context.Context, w *engine.Work, m *mission) (begun bool, err error) {
	err = w.Checkpoint(ctx, func(tx *store.Tx) error {
		begun = false
		rec, err := s.loadRef(tx, m.id.Canary)
		if err != nil || rec == nil {
			return err
		}
		if rec.Doc.abandons(m.r) {
			return deleteRun(tx, m.r.ID)
		}
		if err := s.protectStored(tx, rec); err != nil {
			return err
		}
		begun, m.r.Started = true, tx.Now()
		if m.r.MetricTime.IsZero() {
			m.r.MetricTime = m.r.Started
		}
		return updateRun(tx, m.r)
	})
	if err == nil && begun && m.r.Attempt == 0 && m.r.DryRunID == "" {
		s.began(m)
	}
	return begun, err
}

// abandons reports whether the canary was stopped since r fell due. Dry runs
// have nothing to do with its schedule.
func (d *canary) abandons(r *run) bool {
	return r.DryRunID == "" && (d.Starts != r.StartNo || d.StopAsked)
}

// maxKeepAttempts bounds how often a run is executed again because its results
// could not be saved: a script has effects on the site it visits.
const maxKeepAttempts = 2

func (s *Service) executeRun(ctx context.Context, w *engine.Work, m *mission) (engine.Next, error) {
	r, rec := m.r, m.rec
	work := dutyOf(rec, rec.Doc.Config.Role)
	m.id.Publish = &publication{Time: r.measured(), Browser: r.Browser, Primary: rec.Doc.reportsTo(rec.Region), duty: work}
	as, outcome, err := s.execute(ctx, r, rec, work)
	if outcome != nil {
		defer outcome.Close()
	}
	if ctx.Err() != nil {
		return engine.Next{}, ctx.Err() // the server stops: the run is repeated
	}
	var baseline *visual
	if err != nil {
		s.Logger.Error("canary run could not take place", "canary", rec.ID, "run", r.ID, "error", err)
		r.fail(api.CanaryRunStateReasonCode(canaryrun.CanaryFailure), err.Error())
	} else {
		r.judge(outcome)
		r.Location = runPrefix(rec, r.Started, r.Browser)
		if baseline, err = s.save(ctx, as, m, outcome); err != nil && w.Attempt < maxKeepAttempts {
			return engine.Next{}, err
		} else if err != nil {
			s.Logger.Error("canary run could not be kept", "canary", rec.ID, "run", r.ID, "error", err)
			r.spoil("the server could not save them")
		}
		m.id.Publish.Metrics = measure(outcome, r)
	}
	again := rec.Doc.Config.retries(r)
	m.id.Publish.Metrics = append(m.id.Publish.Metrics, measureRetries(&rec.Doc.Config, r, outcome)...)
	s.pace.note(r.CanaryID, r.Completed.Sub(r.Started))
	publish := len(m.id.Publish.Metrics) > 0
	if publish && as != nil {
		s.handed.leave(r.ID, as)
	}
	return w.Commit(ctx, engine.Done(), func(tx *store.Tx) error {
		if err := s.commitVerdict(tx, m, baseline, again); err != nil || !publish {
			return err
		}
		return s.Engine.Put(tx, kindPublish, r.ID, tx.Now(), m.id)
	})
}

// save keeps what the run left, and the screenshots that later ones are to be
// compared with.
func (s *Service) save(ctx context.Context, as *actor, m *mission, o *canaryrun.Outcome) (*visual, error) {
	if err := s.clearLeavings(ctx, as, m, o); err != nil {
		return nil, err
	}
	if err := s.keep(ctx, as, m.r, m.rec, o); err != nil {
		return nil, err
	}
	return s.captureVisual(ctx, m.id.Canary, &m.rec.Doc.Config, m.r, o)
}

// execute runs the script in the sandbox, and tells who it acts as.
func (s *Service) execute(ctx context.Context, r *run, rec *store.Record[canary], work duty) (*actor, *canaryrun.Outcome, error) {
	if s.Runner == nil {
		return nil, nil, errors.New("this machine cannot run canaries; 'nephele doctor' says what it lacks")
	}
	as, err := s.actor(ctx, refOf(rec), work)
	if errors.Is(err, errNotAssumed) {
		return nil, nil, errors.New(errNotAssumed.Message)
	}
	if err != nil {
		return nil, nil, err
	}
	vars, err := s.environment(rec)
	if err != nil {
		return nil, nil, err
	}
	code, err := s.fetchBlob(ctx, rec.Doc.Config.Code.Key)
	if err != nil {
		return nil, nil, err
	}
	defer code.Close()
	baseline, done, err := s.openBaseline(ctx, &rec.Doc.Config, r.Browser)
	if err != nil {
		return nil, nil, err
	}
	defer done()
	job := s.job(r, rec, code)
	job.Env = s.scriptEnvironment(refOf(rec), work, vars, as.credentials)
	if job.ActiveTracing {
		job.Env["_X_AMZN_TRACE_ID"] = traceHeader(r.Started)
	}
	job.Visual, job.Secret = baseline, as.secret
	job.Assume = func(ctx context.Context, role string) (canaryrun.Credentials, error) {
		return s.assumeAs(ctx, as, role)
	}
	outcome, err := s.Runner.Run(ctx, job)
	return as, outcome, err
}

func (s *Service) job(r *run, rec *store.Record[canary], code *archive) canaryrun.Job {
	c := &rec.Doc.Config
	bucket, key, _ := strings.Cut(runPrefix(rec, r.Started, r.Browser), "/")
	return canaryrun.Job{
		RunID: r.ID, CanaryName: rec.ID, CanaryARN: canaryARN(rec.Key),
		RuntimeVersion: c.Runtime, Handler: c.Code.Handler, Zip: code, Size: code.size,
		Blueprint: c.Code.Blueprint, Browser: r.Browser, DryRun: r.DryRunID != "",
		MemoryMB: int(c.MemoryMB), DiskMB: int(c.StorageMB), Timeout: c.Timeout,
		ArtifactS3Bucket: bucket, ArtifactS3Key: key, S3EncryptionMode: string(c.Encryption.Mode), S3KmsKeyArn: c.Encryption.Key,
		ActiveTracing: c.Tracing,
		Egress:        s.Egress,
	}
}

// secret is the value of a secret in Secrets Manager, as the run's role may
// read it.
func (a *actor) secret(ctx context.Context, name string) (string, error) {
	out, err := secretsmanager.Client{Invoker: a.calls}.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: name})
	switch {
	case err != nil:
		return "", err
	case out.SecretString == nil:
		return "", fmt.Errorf("the secret %s has no text", name)
	}
	return *out.SecretString, nil
}

// archive is a blob to be read at random.
type archive struct {
	io.ReaderAt
	io.Closer
	size int64
}

// smallBlob is what is rather kept in memory for the length of a run than in a file.
const smallBlob = 256 << 10

// fetchBlob makes an archive ready to be read, in memory or in a nameless
// temporary file.
func (s *Service) fetchBlob(ctx context.Context, key string) (*archive, error) {
	src, err := s.Blob.Open(ctx, key, 0, -1)
	if err != nil {
		return nil, fmt.Errorf("open archive: %w", err)
	}
	defer src.Close()
	var head bytes.Buffer
	n, err := io.Copy(&head, io.LimitReader(src, smallBlob))
	if err != nil {
		return nil, fmt.Errorf("read archive: %w", err)
	}
	if n < smallBlob {
		return &archive{bytes.NewReader(head.Bytes()), io.NopCloser(nil), n}, nil
	}
	f, err := scratch()
	if err != nil {
		return nil, err
	}
	n, err = io.Copy(f, io.MultiReader(&head, src))
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("copy archive: %w", err)
	}
	return &archive{f, f, n}, nil
}

// judge takes over the verdict.
func (r *run) judge(o *canaryrun.Outcome) {
	r.State, r.Completed = api.CanaryRunState(o.Status), o.Completed
	r.Reason, r.ReasonCode = o.StateReason, api.CanaryRunStateReasonCode(o.StateReasonCode)
	r.TestResult = "UNKNOWN" // what a script makes up otherwise
	if o.TestResult == string(canaryrun.Passed) || o.TestResult == string(canaryrun.Failed) {
		r.TestResult = api.CanaryRunTestResult(o.TestResult)
	}
}

// fail is the verdict on a run that left no outcome.
func (r *run) fail(code api.CanaryRunStateReasonCode, reason string) {
	r.State, r.Completed = runFailed, time.Now().UTC()
	r.Reason, r.ReasonCode, r.TestResult = short(reason), code, "UNKNOWN"
}

// spoil marks a run whose results could not be saved, unless the script itself
// failed, which takes precedence.
func (r *run) spoil(why string) {
	if r.ReasonCode == "" {
		r.State, r.ReasonCode = runFailed, canaryrun.ExecutionFailure
		r.Reason = short("Unable to upload artifacts to S3, Exception: " + why)
	}
}

// short is a reason within the API's limit of 1024 characters.
func short(reason string) string {
	const longest = 1024
	if runes := []rune(reason); len(runes) > longest {
		return string(runes[:longest])
	}
	return reason
}

// commitVerdict records the run, and what follows from it: another attempt, the
// end of a dry run or of a canary that runs once, a baseline. A run whose canary
// was stopped meanwhile is not kept.
func (s *Service) commitVerdict(tx *store.Tx, m *mission, baseline *visual, again bool) error {
	rec, err := s.loadRef(tx, m.id.Canary)
	if err != nil || rec == nil {
		return err
	}
	if rec.Doc.abandons(m.r) {
		return deleteRun(tx, m.r.ID)
	}
	if err := updateRun(tx, m.r); err != nil {
		return err
	}
	if err := s.commitBaseline(tx, rec, m.r, baseline); err != nil {
		return err
	}
	if m.r.DryRunID != "" {
		return s.endDryRun(tx, rec, m.r.DryRunID)
	}
	if again {
		if err := s.retry(tx, rec, m.r); err != nil {
			return err
		}
	}
	if err := s.stopAfter(tx, rec); err != nil {
		return err
	}
	return s.emitRun(tx, rec, m.r)
}

// stopAfter stops a canary that runs once when the last of its runs is over.
func (s *Service) stopAfter(tx *store.Tx, rec *store.Record[canary]) error {
	schedule, err := parseSchedule(rec.Doc.Config.Expression)
	if err != nil || !schedule.Once() || rec.Doc.State != stateRunning {
		return err
	}
	if busy, err := runInProgress(tx, rec.Doc.ID, rec.Doc.Starts); err != nil || busy {
		return err
	}
	return s.stop(tx, rec)
}

// commitBaseline puts the screenshots of a run in force as the baseline that
// was waited for, wherever it is still waited for.
func (s *Service) commitBaseline(tx *store.Tx, rec *store.Record[canary], r *run, got *visual) error {
	if got == nil {
		return nil
	}
	if r.DryRunID != "" {
		dry, err := s.getDryRun(tx, rec, r.DryRunID)
		if err != nil || !dry.Doc.Config.settleVisual(got) {
			return err
		}
		return s.dryRuns.Put(tx, dry)
	}
	settled := rec.Doc.Config.settleVisual(got)
	if rec.Doc.Staged != nil && rec.Doc.Staged.settleVisual(got) {
		settled = true
	}
	if !settled {
		return nil
	}
	return s.canaries.Put(tx, rec)
}
