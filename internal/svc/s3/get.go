package s3

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/blob"
	"nephele.dev/nephele/internal/store"
)

// read is what GetObject and HeadObject ask for.
type read struct {
	bucket, key    string
	owner, version *string
	cond           readCondition
	rng            *string
	part           *int32
	customer       *string // SSECustomerAlgorithm
	bytes          bool    // the bytes are wanted, which frozen classes do not give
}

// found is an object and the stretch of it that is asked for.
type found struct {
	object
	span    span
	partial bool // the answer is 206
	part    *api.ObjectPart
	pieces  []piece
}

// GetObject answers an object's bytes, or a range or part of them.
func (s *Service) GetObject(ctx context.Context, in *api.GetObjectInput) (*api.GetObjectOutput, error) {
	r := read{
		bucket: in.Bucket, key: in.Key, owner: in.ExpectedBucketOwner, version: in.VersionId,
		cond: readCondition{in.IfMatch, in.IfNoneMatch, in.IfModifiedSince, in.IfUnmodifiedSince, ""},
		rng:  in.Range, part: in.PartNumber, customer: in.SSECustomerAlgorithm, bytes: true,
	}
	f, content, err := s.openObject(ctx, r)
	if err != nil {
		return nil, err
	}
	d := &f.Details
	out := &api.GetObjectOutput{
		Body: content, AcceptRanges: new("bytes"), LastModified: &f.Modified, ContentLength: &f.span.length,
		ETag: quoted(f.ETag), Metadata: d.Metadata, StorageClass: classHeader(f.Class),
		ContentType:             or(in.ResponseContentType, d.ContentType),
		CacheControl:            or(in.ResponseCacheControl, d.CacheControl),
		ContentDisposition:      or(in.ResponseContentDisposition, d.ContentDisposition),
		ContentEncoding:         or(in.ResponseContentEncoding, d.ContentEncoding),
		ContentLanguage:         or(in.ResponseContentLanguage, d.ContentLanguage),
		Expires:                 d.Expires,
		WebsiteRedirectLocation: optional(d.Redirect),
	}
	if in.ResponseExpires != nil {
		out.Expires = in.ResponseExpires
	}
	f.describe(out, &out.ContentRange, &out.PartsCount, &out.TagCount, in.ChecksumMode)
	return out, nil
}

// HeadObject answers what GetObject would, without the bytes.
func (s *Service) HeadObject(ctx context.Context, in *api.HeadObjectInput) (*api.HeadObjectOutput, error) {
	r := read{
		bucket: in.Bucket, key: in.Key, owner: in.ExpectedBucketOwner, version: in.VersionId,
		cond: readCondition{in.IfMatch, in.IfNoneMatch, in.IfModifiedSince, in.IfUnmodifiedSince, ""},
		rng:  in.Range, part: in.PartNumber, customer: in.SSECustomerAlgorithm,
	}
	f, err := s.find(ctx, r)
	if err != nil {
		return nil, err
	}
	d := &f.Details
	out := &api.HeadObjectOutput{
		AcceptRanges: new("bytes"), LastModified: &f.Modified, ContentLength: &f.span.length,
		ETag: quoted(f.ETag), Metadata: d.Metadata, StorageClass: classHeader(f.Class),
		ContentType:             or(in.ResponseContentType, d.ContentType),
		CacheControl:            or(in.ResponseCacheControl, d.CacheControl),
		ContentDisposition:      or(in.ResponseContentDisposition, d.ContentDisposition),
		ContentEncoding:         or(in.ResponseContentEncoding, d.ContentEncoding),
		ContentLanguage:         or(in.ResponseContentLanguage, d.ContentLanguage),
		Expires:                 d.Expires,
		WebsiteRedirectLocation: optional(d.Redirect),
	}
	if in.ResponseExpires != nil {
		out.Expires = in.ResponseExpires
	}
	f.describe(out, &out.ContentRange, &out.PartsCount, &out.TagCount, in.ChecksumMode)
	return out, nil
}

// or returns the override, else the object's own value unless that is empty.
func or(override *string, own string) *string {
	if override != nil {
		return override
	}
	return optional(own)
}

// describe sets what depends on the stretch that was asked for. The object's
// checksum is told only with all its bytes, a part's with the part.
func (f *found) describe(out any, contentRange **string, parts, tags **int32, mode *api.ChecksumMode) {
	if f.partial {
		*contentRange = f.span.header(f.Size)
	}
	if f.part != nil && f.Parts > 0 {
		*parts = new(int32(f.Parts)) //nolint:gosec // at most 10,000
	}
	if n := len(f.Details.Tags); n > 0 {
		*tags = new(int32(n)) //nolint:gosec // at most 10
	}
	if mode == nil || *mode != "ENABLED" {
		return
	}
	if f.span.length == f.Size {
		setChecksum(out, f.Sum)
	}
}

// openObject finds an object and opens its bytes. A plain object that is
// replaced between the two is looked up again.
func (s *Service) openObject(ctx context.Context, r read) (*found, io.ReadCloser, error) {
	for attempt := 0; ; attempt++ {
		f, err := s.find(ctx, r)
		if err != nil {
			return nil, nil, err
		}
		content, err := s.openPieces(ctx, f.pieces)
		if errors.Is(err, blob.ErrNotFound) && attempt < 3 {
			continue
		}
		return f, content, err
	}
}

// find looks an object up, checks the request's conditions against it, and
// works out which of its bytes are meant.
func (s *Service) find(ctx context.Context, r read) (*found, error) {
	if r.customer != nil {
		return nil, errInvalidRequest("The encryption parameters are not applicable to this object.")
	}
	if err := checkKey(r.key); err != nil {
		return nil, err
	}
	var f *found
	err := s.viewBucket(ctx, r.bucket, r.owner, func(tx *store.Tx, _ bucket) error {
		if err := checkVersion(r.version); err != nil {
			return err
		}
		o, err := getObject(tx, r.bucket, r.key)
		if err != nil {
			return err
		}
		f = &found{object: o, span: span{0, o.Size}}
		return f.resolve(tx, r)
	})
	return f, err
}

func (f *found) resolve(tx *store.Tx, r read) error {
	unmodified, err := r.cond.check(f.object)
	if err != nil {
		return err
	}
	if unmodified {
		return errNotModified(f.object)
	}
	if r.bytes && slices.Contains(frozenClasses, f.Class) {
		return api.NewInvalidObjectState("The operation is not valid for the object's storage class").
			With("StorageClass", f.Class)
	}
	if err := f.stretch(tx, r); err != nil {
		return err
	}
	pieces, err2 := pieces(tx, f.object, f.span)
	f.pieces = pieces
	return err2
}

// stretch works out the span from the part number or the range.
func (f *found) stretch(tx *store.Tx, r read) error {
	if r.part != nil {
		if r.rng != nil {
			return errInvalidRequest("Cannot specify both Range header and partNumber query parameter")
		}
		return f.byPart(tx, int(*r.part))
	}
	if r.rng == nil {
		return nil
	}
	p, ok, err := parseRange(*r.rng, f.Size)
	if err != nil {
		return err
	}
	if ok {
		f.span, f.partial = p, true
	}
	return nil
}

// byPart selects a part's bytes. An object that was uploaded whole is its own
// part 1.
func (f *found) byPart(tx *store.Tx, number int) error {
	if number < 1 || number > maxParts {
		return errPartNumber(number)
	}
	f.part = &api.ObjectPart{}
	if number > max(f.Parts, 1) {
		return awserr.New("InvalidPartNumber", http.StatusRequestedRangeNotSatisfiable,
			"The requested partnumber is not satisfiable").
			With("PartNumberRequested", number).With("ActualPartCount", max(f.Parts, 1))
	}
	f.partial = f.Size > 0
	if f.Parts == 0 {
		return nil
	}
	row := tx.Row(`select start, size from s3_part where upload = ? and number = ?`, f.Data, number)
	return row.Scan(&f.span.offset, &f.span.length)
}

// errNotModified is the 304 of a conditional read.
func errNotModified(o object) *awserr.Error {
	return awserr.New("NotModified", http.StatusNotModified, "Not Modified").
		With("ETag", *quoted(o.ETag)).With("LastModified", o.Modified)
}
