package s3

import (
	"context"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// write is an object on its way into a bucket.
type write struct {
	object
	bucket bucket // as it was found by prepare, and again by commit
	new    newObject
	cond   writeCondition
	owner  *string // expected, of the bucket
	began  bool    // there was an object when the write began
	expiry *string // x-amz-expiration of the answer
	event  string  // what is told of it
	reason string
}

// version is the version id that the answer to a write has.
func (w *write) version() *string {
	if w.bucket.Versioning != enabled {
		return nil
	}
	return &w.Version
}

// PutObject stores an object. The key shows the old object until the new one
// is durable as a whole.
func (s *Service) PutObject(ctx context.Context, in *api.PutObjectInput) (*api.PutObjectOutput, error) {
	if plane.FromContext(ctx).Form {
		return s.put(ctx, in, createdPost, "POST Object")
	}
	return s.put(ctx, in, createdPut, "PutObject")
}

// put is PutObject, for everything that stores an object from a request's body.
func (s *Service) put(ctx context.Context, in *api.PutObjectInput, event, reason string) (*api.PutObjectOutput, error) {
	w, b, err := newPut(ctx, in)
	if err != nil {
		return nil, err
	}
	w.event, w.reason = event, reason
	if err := s.prepare(ctx, w); err != nil {
		return nil, err
	}
	var st stored
	var err2 error
	if b.small() {
		st, err2 = take(b, defaultAlgorithm)
	} else {
		st, err2 = s.stream(ctx, b, defaultAlgorithm)
	}
	if err2 != nil {
		return nil, err2
	}
	if err := s.commit(ctx, w, st); err != nil {
		return nil, err
	}
	out := &api.PutObjectOutput{ETag: quoted(w.ETag), VersionId: w.version(), Expiration: w.expiry}
	setChecksum(out, w.Sum)
	setEncryption(out, w.Details.Encryption)
	return out, nil
}

// newPut checks a PutObject as far as it can be without looking at the bucket.
func newPut(ctx context.Context, in *api.PutObjectInput) (*write, body, *awserr.Error) {
	w := &write{
		object: object{Bucket: in.Bucket, Key: in.Key}, owner: in.ExpectedBucketOwner,
		cond: writeCondition{in.IfMatch, in.IfNoneMatch},
	}
	if err := checkKey(in.Key); err != nil {
		return nil, body{}, err
	}
	if in.WriteOffsetBytes != nil {
		return nil, body{}, errHeader("x-amz-write-offset-bytes")
	}
	var err *awserr.Error
	if w.new, w.Class, w.Details, err = readNew(in); err != nil {
		return nil, body{}, err
	}
	b := body{reader: in.Body, length: in.ContentLength, md5: in.ContentMD5, key: w.new.customer}
	b.claim, err = readClaim(ctx, in)
	return w, b, err
}

// prepare refuses a write before its bytes have come, where that is known, and
// settles what the bucket decides.
func (s *Service) prepare(ctx context.Context, w *write) error {
	return s.viewBucket(ctx, w.Bucket, w.owner, func(tx *store.Tx, b bucket) error {
		w.bucket = b
		if err := w.new.settle(tx, b, &w.Details); err != nil {
			return err
		}
		if w.cond.empty() {
			return nil
		}
		old, exists, err := findObject(tx, w.Bucket, w.Key)
		if err != nil {
			return err
		}
		w.began = exists
		return w.cond.check(w.Key, old, exists, false)
	})
}

// commit makes w, whose bytes are in st, the current object of its key. On
// error the bytes are deleted.
func (s *Service) commit(ctx context.Context, w *write, st stored) error {
	if st.overdue() {
		s.discard(ctx, st)
		return errTimeout()
	}
	w.Size, w.ETag, w.Sum, w.Data = st.size, st.etag, st.sum, st.data
	err := s.updateBucket(ctx, w.Bucket, w.owner, func(tx *store.Tx, b bucket) error {
		h, err := look(tx, b, w.Key)
		if err != nil {
			return err
		}
		if err := s.replace(tx, b, h, w); err != nil {
			return err
		}
		return writeSmall(tx, st)
	})
	if awserr.As(err) != nil {
		s.discard(ctx, st) // any other error may hide a commit that took place
	}
	return err
}

// replace makes w the current object, if its condition holds, and tells of it.
func (s *Service) replace(tx *store.Tx, b bucket, h history, w *write) error {
	if err := w.cond.check(w.Key, h.current, h.exists, w.began); err != nil {
		return err
	}
	w.bucket, w.Modified = b, tx.Now()
	if err := h.add(tx, b, &w.object); err != nil {
		return err
	}
	var err error
	if w.expiry, err = expiration(tx, b, w.object); err != nil {
		return err
	}
	return s.changed(tx, newEvent(tx, b, w.event, w.reason, w.object))
}
