package s3

import (
	"context"
	"errors"
	"io"
	"net/http"
	"reflect"
	"slices"
	"time"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/blob"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// read is what GetObject and HeadObject ask for.
type read struct {
	bucket, key    string
	owner, version *string
	cond           readCondition
	rng            *string
	part           *int32
	customer       *customerKey
	bytes          bool // the bytes are wanted, which frozen classes do not give
}

// found is an object and the stretch of it that is asked for.
type found struct {
	object
	bucket  bucket
	span    span
	partial bool  // the answer is 206
	part    *part // that was asked for by its number
	pieces  []piece
	expiry  *string // x-amz-expiration
}

// newRead reads what GetObject and HeadObject have in common.
func newRead(ctx context.Context, in *readInput) (read, *awserr.Error) {
	r := read{
		bucket: in.Bucket, key: in.Key, owner: in.ExpectedBucketOwner, version: in.VersionId,
		cond: readCondition{in.IfMatch, in.IfNoneMatch, in.IfModifiedSince, in.IfUnmodifiedSince, ""},
		rng:  in.Range, part: in.PartNumber,
	}
	if in.overrides() && plane.FromContext(ctx).Caller.Kind == plane.Anonymous {
		return r, errInvalidRequest("Request specific response headers cannot be used for anonymous GET requests.")
	}
	var err *awserr.Error
	r.customer, err = newCustomerKey(in.SSECustomerAlgorithm, in.SSECustomerKey, in.SSECustomerKeyMD5)
	return r, err
}

// readInput are the members of both inputs, under their names.
type readInput struct {
	Bucket, Key                                                 string
	ExpectedBucketOwner, VersionId, IfMatch, IfNoneMatch, Range *string
	IfModifiedSince, IfUnmodifiedSince                          *time.Time
	PartNumber                                                  *int32
	SSECustomerAlgorithm, SSECustomerKey, SSECustomerKeyMD5     *string
	ResponseContentType, ResponseCacheControl                   *string
	ResponseContentDisposition, ResponseContentEncoding         *string
	ResponseContentLanguage                                     *string
	ResponseExpires                                             *time.Time
	ChecksumMode                                                *api.ChecksumMode
}

// overrides reports whether the request sets headers of the answer.
func (in *readInput) overrides() bool {
	return in.ResponseContentType != nil || in.ResponseCacheControl != nil || in.ResponseContentDisposition != nil ||
		in.ResponseContentEncoding != nil || in.ResponseContentLanguage != nil || in.ResponseExpires != nil
}

// GetObject answers an object's bytes, or a range or part of them.
func (s *Service) GetObject(ctx context.Context, in *api.GetObjectInput) (*api.GetObjectOutput, error) {
	var i readInput
	gather(&i, in)
	r, err := newRead(ctx, &i)
	if err != nil {
		return nil, err
	}
	r.bytes = true
	f, content, err2 := s.openObject(ctx, r)
	if err2 != nil {
		return nil, err2
	}
	out := &api.GetObjectOutput{Body: content, Expiration: f.expiry}
	scatter(out, f.answer(&i))
	f.describe(out, i.ChecksumMode)
	return out, nil
}

// HeadObject answers what GetObject would, without the bytes.
func (s *Service) HeadObject(ctx context.Context, in *api.HeadObjectInput) (*api.HeadObjectOutput, error) {
	var i readInput
	gather(&i, in)
	r, err := newRead(ctx, &i)
	if err != nil {
		return nil, err
	}
	f, err2 := s.find(ctx, r)
	if err2 != nil {
		return nil, err2
	}
	out := &api.HeadObjectOutput{Expiration: f.expiry}
	scatter(out, f.answer(&i))
	f.describe(out, i.ChecksumMode)
	return out, nil
}

// readOutput are the members of both outputs, under their names.
type readOutput struct {
	AcceptRanges, ETag, VersionId, ContentRange               *string
	LastModified, Expires                                     *time.Time
	ContentLength                                             *int64
	Metadata                                                  map[string]string
	StorageClass                                              *api.StorageClass
	ContentType, CacheControl, ContentDisposition             *string
	ContentEncoding, ContentLanguage, WebsiteRedirectLocation *string
	PartsCount, TagCount                                      *int32
}

// scatter is gather the other way round.
func scatter(out any, from *readOutput) {
	to, v := reflect.ValueOf(out).Elem(), reflect.ValueOf(from).Elem()
	for i := range v.NumField() {
		to.FieldByName(v.Type().Field(i).Name).Set(v.Field(i))
	}
}

// answer tells of the object and of the stretch that was asked for.
func (f *found) answer(in *readInput) *readOutput {
	d := &f.Details
	out := &readOutput{
		AcceptRanges: new("bytes"), LastModified: &f.Modified, ContentLength: &f.span.length,
		ETag: quoted(f.ETag), Metadata: d.Metadata, StorageClass: classHeader(f.Class),
		ContentType:             or(in.ResponseContentType, d.ContentType),
		CacheControl:            or(in.ResponseCacheControl, d.CacheControl),
		ContentDisposition:      or(in.ResponseContentDisposition, d.ContentDisposition),
		ContentEncoding:         or(in.ResponseContentEncoding, d.ContentEncoding),
		ContentLanguage:         or(in.ResponseContentLanguage, d.ContentLanguage),
		Expires:                 d.Expires,
		WebsiteRedirectLocation: optional(d.Redirect),
		VersionId:               f.bucket.shown(f.object),
	}
	if in.ResponseExpires != nil {
		out.Expires = in.ResponseExpires
	}
	if f.partial {
		out.ContentRange = f.span.header(f.Size)
	}
	if f.part != nil && f.Parts > 0 {
		out.PartsCount = new(int32(f.Parts)) //nolint:gosec // at most 10,000
	}
	if n := len(d.Tags); n > 0 {
		out.TagCount = new(int32(n)) //nolint:gosec // at most 10
	}
	return out
}

// or returns the override, else the object's own value unless that is empty.
func or(override *string, own string) *string {
	if override != nil {
		return override
	}
	return optional(own)
}

// describe sets encryption and checksum. The object's checksum is told only
// with all its bytes, a part's with the part.
func (f *found) describe(out any, mode *api.ChecksumMode) {
	setEncryption(out, f.Details.Encryption)
	switch {
	case mode == nil || *mode != "ENABLED":
	case f.part != nil && f.Parts > 0:
		if f.Sum.Type == composite {
			setChecksum(out, checksum{f.Sum.Algorithm, composite, f.part.Sum})
		}
	case f.span.length == f.Size:
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
		content, err := s.openPieces(ctx, f.pieces, r.customer)
		if errors.Is(err, blob.ErrNotFound) && attempt < 3 {
			continue
		}
		return f, content, err
	}
}

// find looks an object up, checks the request's conditions against it, and
// works out which of its bytes are meant.
func (s *Service) find(ctx context.Context, r read) (*found, error) {
	var f *found
	err := s.viewBucket(ctx, r.bucket, r.owner, func(tx *store.Tx, b bucket) error {
		o, err := chosen(tx, b, r.key, r.version)
		if err != nil {
			return err
		}
		f = &found{object: o, bucket: b, span: span{0, o.Size}}
		return f.resolve(tx, r)
	})
	return f, s.hide(ctx, r.bucket, err)
}

// chosen returns the object that a request means: the current one of the key,
// or the version that it names.
func chosen(tx *store.Tx, b bucket, key string, version *string) (object, error) {
	if err := checkKey(key); err != nil {
		return object{}, err
	}
	if err := checkVersion(version); err != nil {
		return object{}, err
	}
	if version == nil {
		h, err := look(tx, b, key)
		switch {
		case err != nil:
			return object{}, err
		case h.marked:
			return object{}, errNoSuchKey(key).WithHeader(markerHeader, "true").WithHeader(versionHeader, h.current.Version)
		case !h.exists:
			return object{}, errNoSuchKey(key)
		}
		return h.current, nil
	}
	o, ok, err := findVersion(tx, b.Name, key, *version)
	switch {
	case err != nil:
		return object{}, err
	case !ok:
		return object{}, errNoSuchVersion(key, *version)
	case o.Marker:
		return object{}, errIsMarker(tx, o)
	}
	return o, nil
}

// Headers that say what a version is.
const (
	markerHeader  = "x-amz-delete-marker"
	versionHeader = "x-amz-version-id"
)

// errIsMarker refuses everything but the deletion of a delete marker.
func errIsMarker(tx *store.Tx, o object) *awserr.Error {
	err := awserr.New("MethodNotAllowed", http.StatusMethodNotAllowed, "The specified method is not allowed against this resource.").
		With("ResourceType", "DeleteMarker").
		WithHeader(markerHeader, "true").WithHeader(versionHeader, o.Version).WithHeader("Allow", http.MethodDelete).
		WithHeader("Last-Modified", o.Modified.UTC().Format(http.TimeFormat))
	if op := plane.FromContext(tx.Context()).Operation; op != nil {
		err = err.With("Method", op.Method)
	}
	return err
}

// shown is the version id that answers have: none where there never were
// versions.
func (b bucket) shown(o object) *string {
	if b.Versioning == "" {
		return nil
	}
	return &o.Version
}

func (f *found) resolve(tx *store.Tx, r read) error {
	if err := r.customer.opens(f.Details.Encryption); err != nil {
		return err
	}
	unmodified, err := r.cond.check(f.object)
	if err != nil {
		return err
	}
	if unmodified {
		return f.notModified()
	}
	if r.bytes && slices.Contains(frozenClasses, f.Class) {
		return api.NewInvalidObjectState("The operation is not valid for the object's storage class").
			With("StorageClass", f.Class)
	}
	if err := f.stretch(tx, r); err != nil {
		return err
	}
	var err2 error
	if f.expiry, err2 = f.expires(tx); err2 != nil {
		return err2
	}
	f.pieces, err2 = pieces(tx, f.object, f.span)
	return err2
}

// expires is when lifecycle rules expire the object; versions that are not
// current have no such time.
func (f *found) expires(tx *store.Tx) (*string, error) {
	if !f.Retired.IsZero() {
		return nil, nil
	}
	return expiration(tx, f.bucket, f.object)
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
	f.part = &part{}
	if number > max(f.Parts, 1) {
		return awserr.New("InvalidPartNumber", http.StatusRequestedRangeNotSatisfiable,
			"The requested partnumber is not satisfiable").
			With("PartNumberRequested", number).With("ActualPartCount", max(f.Parts, 1))
	}
	f.partial = f.Size > 0
	if f.Parts == 0 {
		return nil
	}
	p, err := scanPart(tx.Row(`select `+partRead+` from s3_part where upload = ? and number = ?`, f.Data, number))
	f.part, f.span = &p, span{p.Start, p.Size}
	return err
}

// notModified is the 304 of a conditional read.
func (f *found) notModified() *awserr.Error {
	err := awserr.New("NotModified", http.StatusNotModified, "Not Modified").
		With("ETag", *quoted(f.ETag)).With("LastModified", f.Modified)
	if id := f.bucket.shown(f.object); id != nil {
		err = err.WithHeader(versionHeader, *id)
	}
	return err
}
