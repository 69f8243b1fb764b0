package s3_test

import (
	"io"
	"strings"
	"testing"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
)

// interrupting is a body in whose middle something else happens.
type interrupting struct {
	io.Reader
	f func()
}

func (r *interrupting) Read(p []byte) (int, error) {
	if r.f != nil {
		r.f()
		r.f = nil
	}
	return r.Reader.Read(p)
}

// What happens to a key while a conditional write streams decides the write.
func TestConditionalWriteRaces(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.bucket(t, "bucket")
		remove := func() { must(w.DeleteObject(ctx, &api.DeleteObjectInput{Bucket: "bucket", Key: "k"}))(t) }
		for _, c := range []struct {
			name    string
			before  bool // there is an object
			match   bool // If-Match, else If-None-Match
			between func()
			code    string
			status  int
		}{
			{"match", true, true, nil, "", 0},
			{"match, deleted meanwhile", true, true, remove, "ConditionalRequestConflict", 409},
			{"match, replaced meanwhile", true, true, func() { w.put(t, "bucket", "k", "other") }, "PreconditionFailed", 412},
			{"none", false, false, nil, "", 0},
			{"none, put meanwhile", false, false, func() { w.put(t, "bucket", "k", "other") }, "PreconditionFailed", 412},
		} {
			remove()
			in := &api.PutObjectInput{Bucket: "bucket", Key: "k", Body: &interrupting{strings.NewReader("new"), c.between}}
			if c.before {
				in.IfMatch = w.put(t, "bucket", "k", "old").ETag
			}
			if !c.match {
				in.IfMatch, in.IfNoneMatch = nil, new("*")
			}
			_, err := w.PutObject(ctx, in)
			if e := awserr.As(err); (c.code == "") != (err == nil) || e != nil && (e.Code != c.code || e.Status != c.status) {
				t.Errorf("%s: %v, want %s", c.name, err, c.code)
			}
		}
	})
}

// A delete marker is nothing to conditions; a multipart upload keeps them too.
func TestConditionsAndMarkers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.bucket(t, "bucket")
		w.enableVersions(t, "bucket")
		etag := w.put(t, "bucket", "k", "v").ETag
		must(w.DeleteObject(ctx, &api.DeleteObjectInput{Bucket: "bucket", Key: "k"}))(t)
		_, err := w.PutObject(ctx, &api.PutObjectInput{Bucket: "bucket", Key: "k", IfMatch: etag})
		_ = refused(t, "NoSuchKey", 404, err)
		_, err = w.DeleteObject(ctx, &api.DeleteObjectInput{Bucket: "bucket", Key: "k", IfMatch: etag})
		_ = refused(t, "NoSuchKey", 404, err)
		must(w.PutObject(ctx, &api.PutObjectInput{Bucket: "bucket", Key: "k", IfNoneMatch: new("*")}))(t)

		up := must(w.CreateMultipartUpload(ctx, &api.CreateMultipartUploadInput{Bucket: "bucket", Key: "k"}))(t)
		list := w.parts(t, up, []int32{1}, [][]byte{[]byte("part")})
		in := &api.CompleteMultipartUploadInput{
			Bucket: "bucket", Key: "k", UploadId: *up.UploadId, MultipartUpload: &api.CompletedMultipartUpload{Parts: list}, IfNoneMatch: new("*"),
		}
		_, err = w.CompleteMultipartUpload(ctx, in)
		_ = refused(t, "PreconditionFailed", 412, err)
		in.IfNoneMatch, in.MpuObjectSize = nil, new(int64(5))
		_, err = w.CompleteMultipartUpload(ctx, in)
		_ = refused(t, "InvalidRequest", 400, err)
		in.MpuObjectSize = new(int64(4))
		first := must(w.CompleteMultipartUpload(ctx, in))(t)
		w.put(t, "bucket", "k", "newer")
		again := must(w.CompleteMultipartUpload(ctx, in))(t)
		if *again.VersionId != *first.VersionId || *again.ETag != *first.ETag {
			t.Errorf("completed as %s, then as %s", *first.VersionId, *again.VersionId)
		}
		if body, _ := w.get(t, &api.GetObjectInput{Bucket: "bucket", Key: "k"}); body != "newer" {
			t.Errorf("completing again brought back %q", body)
		}
	})
}

func (w *world) enableVersions(t testing.TB, bucket string) {
	t.Helper()
	must(w.PutBucketVersioning(t.Context(), &api.PutBucketVersioningInput{
		Bucket: bucket, VersioningConfiguration: &api.VersioningConfiguration{Status: new(api.BucketVersioningStatus("Enabled"))},
	}))(t)
}

func TestVersioningRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.bucket(t, "bucket")
		for _, c := range []struct {
			config *api.VersioningConfiguration
			code   string
			status int
		}{
			{nil, "MalformedXML", 400},
			{&api.VersioningConfiguration{}, "IllegalVersioningConfigurationException", 400},
			{&api.VersioningConfiguration{Status: new(api.BucketVersioningStatus("On"))}, "MalformedXML", 400},
			{&api.VersioningConfiguration{Status: new(api.BucketVersioningStatus("Enabled")), MFADelete: new(api.MFADelete("Enabled"))}, "NotImplemented", 501},
		} {
			_, err := w.PutBucketVersioning(t.Context(), &api.PutBucketVersioningInput{Bucket: "bucket", VersioningConfiguration: c.config})
			_ = refused(t, c.code, c.status, err)
		}
		if out := must(w.GetBucketVersioning(t.Context(), &api.GetBucketVersioningInput{Bucket: "bucket"}))(t); out.Status != nil {
			t.Errorf("status %s", *out.Status)
		}
		_, err := w.ListObjectVersions(t.Context(), &api.ListObjectVersionsInput{Bucket: "bucket", VersionIdMarker: new("null")})
		_ = refused(t, "InvalidArgument", 400, err)
		_, err = w.ListObjectVersions(t.Context(), &api.ListObjectVersionsInput{Bucket: "bucket", KeyMarker: new("k"), VersionIdMarker: new("?")})
		_ = refused(t, "InvalidArgument", 400, err)
	})
}
