package synthetics

import (
	"context"
	"slices"
	"strings"

	"nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

// clearLeavings deletes what an earlier execution of a run has left and the one
// that counts has not: a report with another verdict, screenshots of other steps.
// The role need not be able to; the log then tells.
func (s *Service) clearLeavings(ctx context.Context, as *actor, m *mission, o *canaryrun.Outcome) error {
	if !m.repeated {
		return nil
	}
	err := deleteOthers(ctx, s3.Client{Invoker: as.calls}, m.r.Location, o)
	if refusal(err) == nil {
		return err
	}
	s.Logger.Warn("artifacts of an interrupted execution of a canary run stay", "canary", m.rec.ID, "run", m.r.ID, "error", err)
	return nil
}

// deleteOthers deletes the objects below "bucket/prefix" that are older than an
// execution and will not be overwritten by it.
func deleteOthers(ctx context.Context, objects s3.Client, location string, o *canaryrun.Outcome) error {
	bucket, prefix, _ := strings.Cut(location, "/")
	list := &s3.ListObjectsV2Input{Bucket: bucket, Prefix: new(prefix + "/")}
	for {
		out, err := objects.ListObjectsV2(ctx, list)
		if err != nil {
			return err
		}
		in := &s3.DeleteObjectsInput{Bucket: bucket, Delete: &s3.Delete{Quiet: new(true)}}
		for _, there := range out.Contents {
			mine := func(a canaryrun.Artifact) bool { return prefix+"/"+a.Name == *there.Key }
			if there.LastModified != nil && there.LastModified.Before(o.Started) && !slices.ContainsFunc(o.Artifacts, mine) {
				in.Delete.Objects = append(in.Delete.Objects, &s3.ObjectIdentifier{Key: *there.Key})
			}
		}
		if len(in.Delete.Objects) > 0 {
			deleted, err := objects.DeleteObjects(ctx, in)
			if err == nil && len(deleted.Errors) > 0 {
				err = refusedDelete(deleted.Errors[0])
			}
			if err != nil {
				return err
			}
		}
		if out.NextContinuationToken == nil {
			return nil
		}
		list.ContinuationToken = out.NextContinuationToken
	}
}
