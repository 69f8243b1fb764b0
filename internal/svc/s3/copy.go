package s3

import (
	"context"
	"io"
	"net/url"
	"strings"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
)

// source is where a copy comes from.
type source struct {
	read
	text string // as the request had it
}

// newSource reads x-amz-copy-source: [/]bucket/key[?versionId=id], escaped.
func newSource(text string, cond readCondition, owner *string) (source, *awserr.Error) {
	path, query, _ := strings.Cut(text, "?")
	bad := errInvalidArgument("x-amz-copy-source", text, "Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
	path, err := url.PathUnescape(path)
	if err != nil {
		return source{}, bad
	}
	name, key, ok := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if !ok || name == "" || key == "" {
		return source{}, bad
	}
	s := source{read{bucket: name, key: key, cond: cond, owner: owner, bytes: true}, text}
	if q, err := url.ParseQuery(query); err == nil && q.Has("versionId") {
		s.version = new(q.Get("versionId"))
	}
	return s, nil
}

// open finds the source and opens it. A condition that a read would answer
// with "not modified" fails a copy.
func (s *Service) open(ctx context.Context, src source) (*found, io.ReadCloser, error) {
	f, r, err := s.openObject(ctx, src.read)
	if awserr.Is(err, "MethodNotAllowed") {
		return nil, nil, errInvalidRequest("The source of a copy request may not specifically refer to a delete marker by version id.")
	}
	if awserr.Is(err, "InvalidObjectState") {
		return nil, nil, api.NewObjectNotInActiveTierError(
			"The source object of the COPY operation is not in the active tier and is only stored in Amazon S3 Glacier.")
	}
	if awserr.Is(err, "NotModified") {
		condition := "If-Modified-Since"
		if src.cond.ifNoneMatch != nil {
			condition = "If-None-Match"
		}
		return nil, nil, errPrecondition(src.cond.prefix + condition)
	}
	return f, r, err
}

// CopyObject makes an object of another's bytes, with the same or new settings.
func (s *Service) CopyObject(ctx context.Context, in *api.CopyObjectInput) (*api.CopyObjectOutput, error) {
	w, src, err := newCopy(in)
	if err != nil {
		return nil, err
	}
	if err := s.prepare(ctx, w); err != nil {
		return nil, err
	}
	f, r, err2 := s.open(ctx, src)
	if err2 != nil {
		return nil, err2
	}
	defer r.Close()
	if err := mayCopy(in, w, src, f.object); err != nil {
		return nil, err
	}
	if err := s.mayCopyTags(ctx, in, &src, f); err != nil {
		return nil, err
	}
	w.inherit(in, f)
	c := claim{algorithm: string(value(in.ChecksumAlgorithm, ""))}
	st, err2 := s.stream(ctx, body{reader: r, length: &f.Size, claim: c, key: w.new.customer}, copyAlgorithm(f.Sum))
	if err2 != nil {
		return nil, err2
	}
	if err := s.commit(ctx, w, st); err != nil {
		return nil, err
	}
	result := &api.CopyObjectResult{ETag: quoted(w.ETag), LastModified: &w.Modified}
	setChecksum(result, w.Sum)
	out := &api.CopyObjectOutput{
		CopyObjectResult: result, VersionId: w.version(), CopySourceVersionId: f.bucket.shown(f.object), Expiration: w.expiry,
	}
	setEncryption(out, w.Details.Encryption)
	return out, nil
}

// inherit takes over what the request does not replace. Access, encryption,
// class and website redirect are never inherited.
func (w *write) inherit(in *api.CopyObjectInput, f *found) {
	own := w.Details
	if value(in.MetadataDirective, "COPY") == "COPY" {
		w.Details = f.Details
		w.Details.Tags, w.Details.Redirect, w.Details.SumAsked = own.Tags, own.Redirect, false
		w.Details.Encryption, w.Details.ACL = own.Encryption, own.ACL
	}
	if value(in.TaggingDirective, "COPY") == "COPY" {
		w.Details.Tags = f.Details.Tags
	}
}

// copyAlgorithm keeps the source's kind of checksum.
func copyAlgorithm(c checksum) string {
	if _, ok := algorithms[c.Algorithm]; ok {
		return c.Algorithm
	}
	return defaultAlgorithm
}

// newCopy checks a CopyObject as far as it can be without its source.
func newCopy(in *api.CopyObjectInput) (*write, source, *awserr.Error) {
	w := &write{
		object: object{Bucket: in.Bucket, Key: in.Key}, owner: in.ExpectedBucketOwner,
		cond: writeCondition{in.IfMatch, in.IfNoneMatch}, event: createdCopy, reason: "CopyObject",
	}
	src, err := newSource(in.CopySource, readCondition{
		in.CopySourceIfMatch, in.CopySourceIfNoneMatch, in.CopySourceIfModifiedSince,
		in.CopySourceIfUnmodifiedSince, "x-amz-copy-source-",
	}, in.ExpectedSourceBucketOwner)
	if err != nil {
		return w, src, err
	}
	steps := []func() *awserr.Error{
		func() *awserr.Error { return checkKey(in.Key) },
		func() *awserr.Error { return checkAlgorithm(string(value(in.ChecksumAlgorithm, ""))) },
		func() *awserr.Error { return checkDirectives(in) },
		func() (err *awserr.Error) { w.new, w.Class, w.Details, err = readNew(in); return err },
		func() (err *awserr.Error) {
			src.customer, err = newCustomerKey(in.CopySourceSSECustomerAlgorithm, in.CopySourceSSECustomerKey, in.CopySourceSSECustomerKeyMD5)
			return err
		},
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return w, src, err
		}
	}
	return w, src, nil
}

func checkDirectives(in *api.CopyObjectInput) *awserr.Error {
	if d := value(in.MetadataDirective, "COPY"); d != "COPY" && d != "REPLACE" {
		return errInvalidArgument("x-amz-metadata-directive", string(d), "Unknown metadata directive.")
	}
	if d := value(in.TaggingDirective, "COPY"); d != "COPY" && d != "REPLACE" {
		return errInvalidArgument("x-amz-tagging-directive", string(d), "Unknown tagging directive.")
	}
	return nil
}

// mayCopy refuses sources that are too big, and copies that change nothing.
func mayCopy(in *api.CopyObjectInput, w *write, src source, o object) *awserr.Error {
	if o.Size > maxPut {
		return errInvalidRequest("The specified copy source is larger than the maximum allowable size for a copy source: %d", int64(maxPut))
	}
	same := src.bucket == in.Bucket && src.key == in.Key && src.version == nil
	changed := value(in.MetadataDirective, "COPY") == "REPLACE" || in.WebsiteRedirectLocation != nil ||
		value(in.TaggingDirective, "COPY") == "REPLACE" || in.ChecksumAlgorithm != nil || w.new.isEncryption() ||
		in.StorageClass != nil && string(*in.StorageClass) != o.Class
	if same && !changed {
		return errInvalidRequest("This copy request is illegal because it is trying to copy an object to itself without " +
			"changing the object's metadata, storage class, website redirect location or encryption attributes.")
	}
	return nil
}

// UploadPartCopy makes a part of an object's bytes or a range of them.
func (s *Service) UploadPartCopy(ctx context.Context, in *api.UploadPartCopyInput) (*api.UploadPartCopyOutput, error) {
	src, err := newSource(in.CopySource, readCondition{
		in.CopySourceIfMatch, in.CopySourceIfNoneMatch, in.CopySourceIfModifiedSince,
		in.CopySourceIfUnmodifiedSince, "x-amz-copy-source-",
	}, in.ExpectedSourceBucketOwner)
	if err != nil {
		return nil, err
	}
	key, err := newCustomerKey(in.SSECustomerAlgorithm, in.SSECustomerKey, in.SSECustomerKeyMD5)
	if err != nil {
		return nil, err
	}
	src.customer, err = newCustomerKey(in.CopySourceSSECustomerAlgorithm, in.CopySourceSSECustomerKey, in.CopySourceSSECustomerKeyMD5)
	if err != nil {
		return nil, err
	}
	t := target{in.Bucket, in.Key, in.UploadId, int(in.PartNumber), in.ExpectedBucketOwner}
	u, err2 := s.checkTarget(ctx, t, body{key: key})
	if err2 != nil {
		return nil, err2
	}
	src.rng = in.CopySourceRange
	f, r, err2 := s.open(ctx, src)
	if err2 != nil {
		return nil, err2
	}
	defer r.Close()
	if err := checkCopyRange(in.CopySourceRange, f); err != nil {
		return nil, err
	}
	p, sum, err2 := s.storePart(ctx, u, t, body{reader: r, length: &f.span.length, key: key})
	if err2 != nil {
		return nil, err2
	}
	result := &api.CopyPartResult{ETag: quoted(p.ETag), LastModified: &p.Modified}
	setChecksum(result, checksum{Algorithm: sum.Algorithm, Value: sum.Value})
	out := &api.UploadPartCopyOutput{CopyPartResult: result, CopySourceVersionId: f.bucket.shown(f.object)}
	setEncryption(out, u.Details.Encryption)
	return out, nil
}

// checkCopyRange is stricter than a read's range: both ends must be given and
// lie inside the source.
func checkCopyRange(text *string, f *found) *awserr.Error {
	if text == nil {
		if f.Size > maxPut {
			return errTooLarge(f.Size)
		}
		return nil
	}
	first, last, ok := strings.Cut(strings.TrimPrefix(*text, "bytes="), "-")
	from, ok1 := parseOffset(first)
	to, ok2 := parseOffset(last)
	if !ok || !ok1 || !ok2 || !f.partial || !strings.HasPrefix(*text, "bytes=") {
		return errInvalidArgument("x-amz-copy-source-range", *text,
			"The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "+
				"zero-based offsets of the first and last bytes to copy")
	}
	if to >= f.Size || to < from {
		return errInvalidArgument("x-amz-copy-source-range", *text, "Range specified is not valid for source object of size: %d", f.Size)
	}
	if f.span.length > maxPut {
		return errTooLarge(f.span.length)
	}
	return nil
}
