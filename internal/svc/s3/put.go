package s3

import (
	"context"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/store"
)

// PutObject stores an object. The key shows the old object until the new one
// is durable as a whole.
func (s *Service) PutObject(ctx context.Context, in *api.PutObjectInput) (*api.PutObjectOutput, error) {
	o, b, err := newPut(ctx, in)
	if err != nil {
		return nil, err
	}
	cond := writeCondition{in.IfMatch, in.IfNoneMatch}
	if err := s.mayPut(ctx, in, cond); err != nil {
		return nil, err
	}
	st, err := s.stream(ctx, b, defaultAlgorithm)
	if err != nil {
		return nil, err
	}
	o.Size, o.ETag, o.Sum, o.Data = st.size, st.etag, st.sum, st.data
	if err := s.commitObject(ctx, &o, st, in.ExpectedBucketOwner, cond); err != nil {
		return nil, err
	}
	out := &api.PutObjectOutput{ETag: quoted(o.ETag)}
	setChecksum(out, o.Sum)
	return out, nil
}

// newPut checks a PutObject as far as it can be without looking at the bucket.
func newPut(ctx context.Context, in *api.PutObjectInput) (object, body, error) {
	o := object{Bucket: in.Bucket, Key: in.Key}
	fail := func(err *awserr.Error) (object, body, error) { return object{}, body{}, err }
	if err := checkKey(in.Key); err != nil {
		return fail(err)
	}
	refused := refusals{
		acl: in.ACL, grants: []*string{in.GrantFullControl, in.GrantRead, in.GrantReadACP, in.GrantWriteACP},
		encryption: in.ServerSideEncryption, customer: in.SSECustomerAlgorithm,
		kms: []*string{in.SSEKMSKeyId, in.SSEKMSEncryptionContext}, bucketKey: in.BucketKeyEnabled,
		lock:   in.ObjectLockMode != nil || in.ObjectLockRetainUntilDate != nil || in.ObjectLockLegalHoldStatus != nil,
		offset: in.WriteOffsetBytes,
	}
	if err := refused.check(); err != nil {
		return fail(err)
	}
	var err *awserr.Error
	if o.Class, err = storageClass(in.StorageClass); err != nil {
		return fail(err)
	}
	o.Details, err = settings{
		contentType: in.ContentType, cacheControl: in.CacheControl, disposition: in.ContentDisposition,
		encoding: in.ContentEncoding, language: in.ContentLanguage, redirect: in.WebsiteRedirectLocation,
		tagging: in.Tagging, expires: in.Expires, metadata: in.Metadata,
	}.details()
	if err != nil {
		return fail(err)
	}
	b := body{reader: in.Body, length: in.ContentLength, md5: in.ContentMD5}
	if b.claim, err = readClaim(ctx, in); err != nil {
		return fail(err)
	}
	return o, b, nil
}

// mayPut refuses a write before its bytes have come, where that is known.
func (s *Service) mayPut(ctx context.Context, in *api.PutObjectInput, cond writeCondition) error {
	return s.viewBucket(ctx, in.Bucket, in.ExpectedBucketOwner, func(tx *store.Tx, _ bucket) error {
		if cond.empty() {
			return nil
		}
		old, exists, err := findObject(tx, in.Bucket, in.Key)
		if err != nil {
			return err
		}
		return cond.check(in.Key, old, exists)
	})
}

// commitObject makes o, whose bytes are in st, the object of its key. On error
// the bytes are deleted.
func (s *Service) commitObject(ctx context.Context, o *object, st stored, owner *string, cond writeCondition) error {
	if st.overdue() {
		s.discard(ctx, st)
		return errTimeout()
	}
	err := s.updateBucket(ctx, o.Bucket, owner, func(tx *store.Tx, _ bucket) error {
		old, exists, err := findObject(tx, o.Bucket, o.Key)
		if err != nil {
			return err
		}
		if err := cond.check(o.Key, old, exists); err != nil {
			return err
		}
		o.Modified = tx.Now()
		return putObject(tx, *o, old, exists)
	})
	if awserr.As(err) != nil {
		s.discard(ctx, st) // any other error may hide a commit that took place
	}
	return err
}
