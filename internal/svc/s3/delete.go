package s3

import (
	"context"
	"time"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// deletion is one key to delete and what it must be for that.
type deletion struct {
	key     string
	version *string
	etag    *string
	date    *time.Time
	size    *int64
}

// DeleteObject deletes a key. Deleting what is not there succeeds.
func (s *Service) DeleteObject(ctx context.Context, in *api.DeleteObjectInput) (*api.DeleteObjectOutput, error) {
	if err := checkKey(in.Key); err != nil {
		return nil, err
	}
	d := deletion{in.Key, in.VersionId, in.IfMatch, in.IfMatchLastModifiedTime, in.IfMatchSize}
	return &api.DeleteObjectOutput{}, s.updateBucket(ctx, in.Bucket, in.ExpectedBucketOwner,
		func(tx *store.Tx, _ bucket) error { return d.run(tx, in.Bucket) })
}

// run deletes the object if it is as d wants it.
func (d deletion) run(tx *store.Tx, bucket string) error {
	if err := checkVersion(d.version); err != nil {
		return err
	}
	o, exists, err := findObject(tx, bucket, d.key)
	switch {
	case err != nil:
		return err
	case !exists && d.etag != nil:
		return errNoSuchKey(d.key)
	case !exists:
		return nil
	case d.etag != nil && !matchesETag(*d.etag, o.ETag):
		return errPrecondition("If-Match")
	case d.date != nil && !o.Modified.Truncate(time.Second).Equal(d.date.Truncate(time.Second)):
		return errPrecondition("x-amz-if-match-last-modified-time")
	case d.size != nil && *d.size != o.Size:
		return errPrecondition("x-amz-if-match-size")
	}
	return deleteObject(tx, o)
}

// DeleteObjects deletes up to 1000 keys, and says for each how it went.
func (s *Service) DeleteObjects(ctx context.Context, in *api.DeleteObjectsInput) (*api.DeleteObjectsOutput, error) {
	if err := checkDelete(ctx, in); err != nil {
		return nil, err
	}
	quiet := value(in.Delete.Quiet, false)
	var out *api.DeleteObjectsOutput
	err := s.updateBucket(ctx, in.Bucket, in.ExpectedBucketOwner, func(tx *store.Tx, _ bucket) error {
		out = &api.DeleteObjectsOutput{}
		for _, id := range in.Delete.Objects {
			if err := deleteOne(tx, in.Bucket, id, quiet, out); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

func checkDelete(ctx context.Context, in *api.DeleteObjectsInput) *awserr.Error {
	if in.Delete == nil || len(in.Delete.Objects) == 0 || len(in.Delete.Objects) > maxDelete {
		return errMalformedXML()
	}
	h := plane.FromContext(ctx).Header
	if h == nil || h.Get("Content-MD5") != "" || h.Get("X-Amz-Sdk-Checksum-Algorithm") != "" || h.Get("X-Amz-Trailer") != "" {
		return nil
	}
	for name := range algorithms {
		if h.Get(sumHeader(name)) != "" {
			return nil
		}
	}
	return errInvalidRequest("Missing required header for this request: Content-MD5 OR x-amz-checksum-*")
}

// deleteOne deletes one of many. What the client did wrong goes into out; an
// error is ours and fails the whole.
func deleteOne(tx *store.Tx, bucket string, id *api.ObjectIdentifier, quiet bool, out *api.DeleteObjectsOutput) error {
	var err error
	if refused := checkKey(id.Key); refused != nil {
		err = refused
	} else {
		err = deletion{id.Key, id.VersionId, id.ETag, id.LastModifiedTime, id.Size}.run(tx, bucket)
	}
	if e := awserr.As(err); e != nil {
		out.Errors = append(out.Errors, &api.Error{Key: &id.Key, VersionId: id.VersionId, Code: &e.Code, Message: &e.Message})
		return nil //nolint:nilerr // it is told in out
	}
	if err == nil && !quiet {
		out.Deleted = append(out.Deleted, &api.DeletedObject{Key: &id.Key, VersionId: id.VersionId})
	}
	return err
}
