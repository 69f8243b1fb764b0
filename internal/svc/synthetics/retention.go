package synthetics

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/store"
)

// retentionEvery is how often old runs are removed.
const retentionEvery = 24 * time.Hour

// retentionBatch is how many runs go in one step. The artifacts of each take a
// listing and a deletion.
const retentionBatch = 100

// stepRetention removes runs that are older than the canary keeps them: first
// their artifacts, as the canary's role, then what is known of them. It goes on
// until none is left.
func (s *Service) stepRetention(ctx context.Context, w *engine.Work) (engine.Next, error) {
	var r ref
	if err := w.State(&r); err != nil {
		return engine.Next{}, err
	}
	var rec *store.Record[canary]
	var old []run
	err := s.DB.View(ctx, func(tx *store.Tx) (err error) {
		if rec, err = s.loadRef(tx, r); err == nil && rec != nil {
			old, err = expiredRuns(tx, rec, tx.Now())
		}
		return err
	})
	if err != nil || rec == nil {
		return engine.Done(), err
	}
	if err := s.deleteArtifacts(ctx, rec, old); err != nil {
		return engine.Next{}, err
	}
	next := engine.At(w.Due.Add(retentionEvery))
	if len(old) == retentionBatch {
		next = engine.Now()
	}
	return w.Commit(ctx, next, func(tx *store.Tx) error {
		for i := range old {
			if err := deleteRun(tx, old[i].ID); err != nil {
				return err
			}
		}
		rec, err := s.loadRef(tx, r)
		if err != nil || rec == nil {
			return err
		}
		days := max(rec.Doc.Config.SuccessDays, rec.Doc.Config.FailureDays)
		return s.forgetDryRuns(tx, rec, tx.Now().AddDate(0, 0, -int(days)), false)
	})
}

// expiredRuns are some of the runs that a canary no longer keeps.
func expiredRuns(tx *store.Tx, rec *store.Record[canary], now time.Time) (old []run, err error) {
	days := map[string]int32{string(runPassed): rec.Doc.Config.SuccessDays, string(runFailed): rec.Doc.Config.FailureDays}
	for state, keep := range days {
		some, err := store.All(store.Query(tx, scanRun, `select doc from canary_run where canary_id = ? and state = ? and scheduled < ?
			order by scheduled limit ?`, rec.Doc.ID, state, store.Micros(now.AddDate(0, 0, -int(keep))), retentionBatch-len(old)))
		if err != nil {
			return nil, err
		}
		old = append(old, some...)
	}
	return old, nil
}

// deleteArtifacts removes what runs have left in S3. What the role may not
// delete, or what is in a bucket that is gone, is left to the user.
func (s *Service) deleteArtifacts(ctx context.Context, rec *store.Record[canary], old []run) error {
	if len(old) == 0 {
		return nil
	}
	as, err := s.actor(ctx, refOf(rec), dutyOf(rec, rec.Doc.Config.Role))
	if errors.Is(err, errNotAssumed) {
		s.Logger.Warn("artifacts of old canary runs stay, for the canary's role cannot be assumed", "canary", rec.ID, "runs", len(old))
		return nil
	}
	if err != nil {
		return err
	}
	objects := s3.Client{Invoker: as.calls}
	for i := range old {
		if old[i].Location == "" {
			continue
		}
		end := old[i].Completed.Add(keepTime)
		err := deleteBelow(ctx, objects, old[i].Location, func(o *s3.Object) bool { return o.LastModified.Before(end) })
		switch {
		case refusal(err) != nil:
			s.Logger.Warn("artifacts of an old canary run stay", "canary", rec.ID, "run", old[i].ID, "location", old[i].Location, "error", err)
		case err != nil:
			return err
		}
	}
	return nil
}

// keepTime is how long after its end a run may still be writing artifacts. What
// lies below its prefix and is younger is somebody else's.
const keepTime = time.Hour

// deleteBelow deletes those objects below "bucket/prefix" that are of no use any
// more. It is asked of objects with a time only.
func deleteBelow(ctx context.Context, objects s3.Client, location string, useless func(*s3.Object) bool) error {
	bucket, prefix, _ := strings.Cut(location, "/")
	list := &s3.ListObjectsV2Input{Bucket: bucket, Prefix: new(prefix + "/")}
	for {
		out, err := objects.ListObjectsV2(ctx, list)
		if err != nil {
			return err
		}
		in := &s3.DeleteObjectsInput{Bucket: bucket, Delete: &s3.Delete{Quiet: new(true)}}
		for _, o := range out.Contents {
			if o.LastModified != nil && useless(o) {
				in.Delete.Objects = append(in.Delete.Objects, &s3.ObjectIdentifier{Key: *o.Key})
			}
		}
		if err := deleteAll(ctx, objects, in); err != nil || out.NextContinuationToken == nil {
			return err
		}
		list.ContinuationToken = out.NextContinuationToken
	}
}

func deleteAll(ctx context.Context, objects s3.Client, in *s3.DeleteObjectsInput) error {
	if len(in.Delete.Objects) == 0 {
		return nil
	}
	out, err := objects.DeleteObjects(ctx, in)
	if err == nil && len(out.Errors) > 0 {
		err = refusedDelete(out.Errors[0])
	}
	return err
}

// refusedDelete is the answer on one object as an error. A fault of the server's
// own is none of the user's.
func refusedDelete(e *s3.Error) error {
	code, message := "", ""
	assign(&code, e.Code)
	assign(&message, e.Message)
	if code == "InternalError" {
		return errors.New("delete artifacts: " + message)
	}
	return awserr.New(code, http.StatusForbidden, "%s", message)
}
