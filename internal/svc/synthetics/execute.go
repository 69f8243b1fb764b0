package synthetics

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
	"nephele.dev/nephele/internal/store"
)

// runRef is the state of a "synthetics.run" row.
type runRef struct {
	Canary  ref
	RunID   string
	Publish *publication // what is left to do once the verdict is committed
}

// stepRun takes a run one step on: to its start, to its verdict, to its
// metrics. Each step begins with what is committed, so an interrupted one is
// repeated whole.
func (s *Service) stepRun(ctx context.Context, w *engine.Work) (engine.Next, error) {
	var id runRef
	if err := w.State(&id); err != nil {
		return engine.Next{}, err
	}
	if id.Publish != nil {
		return engine.Done(), s.publish(ctx, id)
	}
	r, rec, err := s.loadRun(ctx, id)
	switch {
	case err != nil:
		return engine.Next{}, err
	case r == nil:
		return engine.Done(), nil
	case r.Started.IsZero():
		return s.beginRun(ctx, w, id, r)
	default:
		return s.executeRun(ctx, w, id, r, rec)
	}
}

// loadRun returns the run and its canary; no run when either is gone.
func (s *Service) loadRun(ctx context.Context, id runRef) (r *run, rec *store.Record[canary], err error) {
	err = s.DB.View(ctx, func(tx *store.Tx) (err error) {
		if r, err = getRun(tx, id.RunID); err != nil || r == nil {
			return err
		}
		rec, err = s.loadRef(tx, id.Canary)
		if rec == nil {
			r = nil
		}
		return err
	})
	return r, rec, err
}

// beginRun commits the start time. Artifact names follow from it, so that a
// repeated execution overwrites its own files. A run that was still waiting for
// a worker when its canary was stopped does not begin.
func (s *Service) beginRun(ctx context.Context, w *engine.Work, id runRef, r *run) (engine.Next, error) {
	return w.Commit(ctx, engine.Now(), func(tx *store.Tx) error {
		rec, err := s.loadRef(tx, id.Canary)
		if err != nil || rec == nil {
			return err
		}
		if rec.Doc.abandons(r) {
			return deleteRun(tx, r.ID) // the next step finds nothing to do
		}
		if err := s.protectStored(tx, rec); err != nil {
			return err
		}
		r.Started = tx.Now()
		return updateRun(tx, r)
	})
}

// abandons reports whether the canary was stopped since r fell due.
func (d *canary) abandons(r *run) bool { return d.Starts != r.StartNo || d.StopAsked }

// maxKeepAttempts bounds how often a run is executed again because its results
// could not be saved: a script has effects on the site it visits.
const maxKeepAttempts = 2

func (s *Service) executeRun(ctx context.Context, w *engine.Work, id runRef, r *run, rec *store.Record[canary]) (engine.Next, error) {
	work := dutyOf(rec, rec.Doc.Config.Role)
	id.Publish = &publication{Time: r.Started, duty: work}
	as, outcome, err := s.execute(ctx, r, rec, work)
	if outcome != nil {
		defer outcome.Close()
	}
	if ctx.Err() != nil {
		return engine.Next{}, ctx.Err() // the server stops: the run is repeated
	}
	if err != nil {
		s.Logger.Error("canary run could not take place", "canary", rec.ID, "run", r.ID, "error", err)
		r.fail(api.CanaryRunStateReasonCode(canaryrun.CanaryFailure), err.Error())
	} else {
		r.judge(outcome)
		r.Location = runPrefix(rec.Doc.Config.ArtifactBucket, r.Started)
		id.Publish.Metrics = measure(outcome)
		if err := s.keep(ctx, as, r, rec, outcome); err != nil && w.Attempt < maxKeepAttempts {
			return engine.Next{}, err
		} else if err != nil {
			s.Logger.Error("canary run could not be kept", "canary", rec.ID, "run", r.ID, "error", err)
			r.spoil("the server could not save them")
		}
	}
	return w.Commit(ctx, engine.Now().WithState(id), func(tx *store.Tx) error { return s.commitVerdict(tx, id, r) })
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
	archive, size, err := s.fetchCode(ctx, rec.Doc.Config.Code.Key)
	if err != nil {
		return nil, nil, err
	}
	defer archive.Close()
	job := s.job(r, rec, archive, size)
	job.Env = s.scriptEnvironment(refOf(rec), work, vars, as.credentials)
	outcome, err := s.Runner.Run(ctx, job)
	return as, outcome, err
}

func (s *Service) job(r *run, rec *store.Record[canary], archive io.ReaderAt, size int64) canaryrun.Job {
	c := &rec.Doc.Config
	bucket, key, _ := strings.Cut(runPrefix(c.ArtifactBucket, r.Started), "/")
	return canaryrun.Job{
		RunID: r.ID, CanaryName: rec.ID, CanaryARN: canaryARN(rec.Key),
		RuntimeVersion: c.Runtime, Handler: c.Code.Handler, Zip: archive, Size: size,
		MemoryMB: int(c.MemoryMB), DiskMB: int(c.StorageMB), Timeout: c.Timeout,
		ArtifactS3Bucket: bucket, ArtifactS3Key: key,
		Egress: s.Egress,
	}
}

// fetchCode copies the canary's archive to a nameless temporary file.
func (s *Service) fetchCode(ctx context.Context, key string) (_ *os.File, size int64, err error) {
	src, err := s.Blob.Open(ctx, key, 0, -1)
	if err != nil {
		return nil, 0, fmt.Errorf("open canary code: %w", err)
	}
	defer src.Close()
	f, err := scratch()
	if err != nil {
		return nil, 0, err
	}
	if size, err = io.Copy(f, src); err != nil {
		_ = f.Close()
		return nil, 0, fmt.Errorf("copy canary code: %w", err)
	}
	return f, size, nil
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

// commitVerdict records the run. One whose canary was stopped meanwhile is not
// kept; the end of a single run stops its canary.
func (s *Service) commitVerdict(tx *store.Tx, id runRef, r *run) error {
	rec, err := s.loadRef(tx, id.Canary)
	if err != nil || rec == nil {
		return err
	}
	d := &rec.Doc
	if d.abandons(r) {
		return deleteRun(tx, r.ID)
	}
	schedule, err := parseSchedule(d.Config.Expression)
	if err != nil {
		return err
	}
	if schedule.Once() && d.State == stateRunning {
		if err := s.stop(tx, rec); err != nil {
			return err
		}
	}
	if err := updateRun(tx, r); err != nil {
		return err
	}
	return s.emitRun(tx, rec, r)
}
