package s3

import (
	"context"
	"net/http"
	"time"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

// deletion is one key or version to delete and what it must be for that.
type deletion struct {
	key     string
	version *string
	etag    *string
	date    *time.Time
	size    *int64
}

// DeleteObject deletes a key, or one version of it for good. Deleting what is
// not there succeeds.
func (s *Service) DeleteObject(ctx context.Context, in *api.DeleteObjectInput) (*api.DeleteObjectOutput, error) {
	if err := checkKey(in.Key); err != nil {
		return nil, err
	}
	d := deletion{in.Key, in.VersionId, in.IfMatch, in.IfMatchLastModifiedTime, in.IfMatchSize}
	var r removal
	err := s.updateBucket(ctx, in.Bucket, in.ExpectedBucketOwner, func(tx *store.Tx, b bucket) (err error) {
		r, err = s.remove(tx, b, d)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &api.DeleteObjectOutput{VersionId: in.VersionId}
	if r.made {
		out.VersionId = &r.Version
	}
	if r.Marker {
		out.DeleteMarker = new(true)
	}
	return out, nil
}

// remove does what d says and tells of it.
func (s *Service) remove(tx *store.Tx, b bucket, d deletion) (removal, error) {
	r, err := d.run(tx, b)
	switch {
	case err != nil:
		return r, err
	case r.made:
		return r, s.removed(tx, b, removedMarker, "DeleteObject", r.object)
	case r.permanent:
		return r, s.removed(tx, b, removedDelete, "DeleteObject", r.object)
	}
	return r, nil
}

// run deletes the current object or the version, if it is as d wants it.
func (d deletion) run(tx *store.Tx, b bucket) (removal, error) {
	if err := checkVersion(d.version); err != nil {
		return removal{}, err
	}
	if d.version == nil {
		h, err := look(tx, b, d.key)
		if err != nil {
			return removal{}, err
		}
		if err := d.check(h.current, h.exists); err != nil {
			return removal{}, err
		}
		return h.deleteCurrent(tx, b, d.key)
	}
	o, exists, err := findVersion(tx, b.Name, d.key, *d.version)
	if err != nil {
		return removal{}, err
	}
	if err := d.check(o, exists); err != nil || !exists {
		return removal{}, err
	}
	return removal{object: o, permanent: true}, deleteVersion(tx, o)
}

// check compares what is to be deleted with what it must be.
func (d deletion) check(o object, exists bool) error {
	switch {
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
	return nil
}

// DeleteObjects deletes up to 1000 keys or versions, and says for each how it
// went.
func (s *Service) DeleteObjects(ctx context.Context, in *api.DeleteObjectsInput) (*api.DeleteObjectsOutput, error) {
	if err := checkDelete(ctx, in); err != nil {
		return nil, err
	}
	may, err := s.mayDelete(ctx, in)
	if err != nil {
		return nil, err
	}
	quiet := value(in.Delete.Quiet, false)
	var out *api.DeleteObjectsOutput
	err = s.updateBucket(ctx, in.Bucket, in.ExpectedBucketOwner, func(tx *store.Tx, b bucket) error {
		out = &api.DeleteObjectsOutput{}
		for i, id := range in.Delete.Objects {
			if err := s.deleteOne(tx, b, id, may[i], quiet, out); err != nil {
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
	if h == nil || hasDigest(h) {
		return nil
	}
	return errInvalidRequest("Missing required header for this request: Content-MD5 OR x-amz-checksum-*")
}

// hasDigest reports whether a request announces a digest of its body.
func hasDigest(h http.Header) bool {
	if h.Get("Content-MD5") != "" || h.Get("X-Amz-Sdk-Checksum-Algorithm") != "" || h.Get("X-Amz-Trailer") != "" {
		return true
	}
	for name := range algorithms {
		if h.Get(sumHeader(name)) != "" {
			return true
		}
	}
	return false
}

// deleteOne deletes one of many, unless it is refused. What the client did
// wrong goes into out; an error is ours and fails the whole.
func (s *Service) deleteOne(tx *store.Tx, b bucket, id *api.ObjectIdentifier, refusal error, quiet bool, out *api.DeleteObjectsOutput) error {
	var err error
	var r removal
	if refused := checkKey(id.Key); refused != nil {
		err = refused
	} else if checkVersion(id.VersionId) != nil {
		err = errNoSuchVersion(id.Key, *id.VersionId) // what S3 says here of an id that cannot be
	} else if err = refusal; err == nil {
		r, err = s.remove(tx, b, deletion{id.Key, id.VersionId, id.ETag, id.LastModifiedTime, id.Size})
	}
	if e := awserr.As(err); e != nil {
		out.Errors = append(out.Errors, &api.Error{Key: &id.Key, VersionId: id.VersionId, Code: &e.Code, Message: &e.Message})
		return nil //nolint:nilerr // it is told in out
	}
	if err != nil || quiet {
		return err
	}
	done := &api.DeletedObject{Key: &id.Key, VersionId: id.VersionId}
	if r.Marker {
		done.DeleteMarker, done.DeleteMarkerVersionId = new(true), &r.Version
	}
	out.Deleted = append(out.Deleted, done)
	return nil
}

// mayDelete asks for each of many objects, and returns the refusals.
func (s *Service) mayDelete(ctx context.Context, in *api.DeleteObjectsInput) ([]error, error) {
	refusals := make([]error, len(in.Delete.Objects))
	for i, id := range in.Delete.Objects {
		need := policy.Need{Action: "s3:DeleteObject", Resources: []string{objectARN(in.Bucket, id.Key)}, Keys: policy.Keys{}}
		if id.VersionId != nil {
			need.Action, need.Keys[versionKey] = "s3:DeleteObjectVersion", []string{*id.VersionId}
		}
		if id.ETag != nil {
			need.Keys["s3:if-match"] = []string{*id.ETag}
		}
		if refusals[i] = s.authorize(ctx, need); refusals[i] != nil && awserr.As(refusals[i]) == nil {
			return nil, refusals[i]
		}
	}
	return refusals, nil
}
