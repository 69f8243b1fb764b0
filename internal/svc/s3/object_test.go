package s3_test

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
)

func TestBuckets(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.bucket(t, "first")
		w.bucket(t, "first") // one's own again: fine in us-east-1
		west := client(w.plane, account, "eu-west-1")
		other := client(w.plane, "111122223333", "us-east-1")
		config := func(region string) *api.CreateBucketConfiguration {
			return &api.CreateBucketConfiguration{LocationConstraint: new(api.BucketLocationConstraint(region))}
		}
		for _, c := range []struct {
			client api.Client
			name   string
			config *api.CreateBucketConfiguration
			code   string
			status int
		}{
			{w.Client, "Bad_Name", nil, "InvalidBucketName", 400},
			{other, "first", nil, "BucketAlreadyExists", 409},
			{west, "west", nil, "IllegalLocationConstraintException", 400},
			{west, "west", config("us-west-2"), "IllegalLocationConstraintException", 400},
			{w.Client, "east", config("us-east-1"), "InvalidLocationConstraint", 400},
			{w.Client, "east", config("mars-1"), "InvalidLocationConstraint", 400},
		} {
			_, err := c.client.CreateBucket(ctx, &api.CreateBucketInput{Bucket: c.name, CreateBucketConfiguration: c.config})
			_ = refused(t, c.code, c.status, err)
		}
		must(west.CreateBucket(ctx, &api.CreateBucketInput{Bucket: "west", CreateBucketConfiguration: config("EU")}))(t)
		_, err := west.CreateBucket(ctx, &api.CreateBucketInput{Bucket: "west", CreateBucketConfiguration: config("eu-west-1")})
		_ = refused(t, "BucketAlreadyOwnedByYou", 409, err)

		if l := must(w.GetBucketLocation(ctx, &api.GetBucketLocationInput{Bucket: "first"}))(t); l.LocationConstraint != nil {
			t.Errorf("location of us-east-1 is %v", *l.LocationConstraint)
		}
		if h := must(w.HeadBucket(ctx, &api.HeadBucketInput{Bucket: "west"}))(t); *h.BucketRegion != "eu-west-1" {
			t.Errorf("region %s", *h.BucketRegion)
		}
		_, err = other.HeadBucket(ctx, &api.HeadBucketInput{Bucket: "first"})
		_ = refused(t, "AccessDenied", 403, err)
		_, err = w.HeadBucket(ctx, &api.HeadBucketInput{Bucket: "first", ExpectedBucketOwner: new("111122223333")})
		_ = refused(t, "AccessDenied", 403, err)
		checkBucketPages(t, w)

		w.put(t, "first", "k", "v")
		_, err = w.DeleteBucket(ctx, &api.DeleteBucketInput{Bucket: "first"})
		_ = refused(t, "BucketNotEmpty", 409, err)
		must(w.DeleteBucket(ctx, &api.DeleteBucketInput{Bucket: "west"}))(t)
		_, err = w.DeleteBucket(ctx, &api.DeleteBucketInput{Bucket: "west"})
		_ = refused(t, "NoSuchBucket", 404, err)
	})
}

// checkBucketPages lists the buckets first and west one by one.
func checkBucketPages(t *testing.T, w *world) {
	t.Helper()
	var names []string
	in := &api.ListBucketsInput{MaxBuckets: new(int32(1))}
	for {
		out := must(w.ListBuckets(t.Context(), in))(t)
		for _, b := range out.Buckets {
			names = append(names, *b.Name+" "+*b.BucketRegion)
		}
		if in.ContinuationToken = out.ContinuationToken; in.ContinuationToken == nil {
			break
		}
	}
	if diff := cmp.Diff([]string{"first us-east-1", "west eu-west-1"}, names); diff != "" {
		t.Errorf("buckets (-want +got)\n%s", diff)
	}
}

func TestPutAndGet(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.bucket(t, "bucket")
		expires := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
		put := must(w.PutObject(ctx, &api.PutObjectInput{
			Bucket: "bucket", Key: "dir/ключ", Body: strings.NewReader("0123456789"), ContentLength: new(int64(10)),
			ContentType: new("text/plain"), CacheControl: new("no-cache"), ContentDisposition: new("inline"),
			ContentEncoding: new("aws-chunked,gzip"), ContentLanguage: new("de"), Expires: &expires,
			Metadata: map[string]string{"Color": "blue"}, Tagging: new("a=1&b=%20"), StorageClass: new(api.StorageClass("STANDARD_IA")),
		}))(t)
		if *put.ETag != `"781e5e245d69b566979b86e28d23f2c7"` || *put.ChecksumCRC64NVME == "" || *put.ChecksumType != "FULL_OBJECT" {
			t.Errorf("put: %+v", put)
		}
		body, got := w.get(t, &api.GetObjectInput{Bucket: "bucket", Key: "dir/ключ", ChecksumMode: new(api.ChecksumMode("ENABLED"))})
		want := &api.GetObjectOutput{
			AcceptRanges: new("bytes"), ContentLength: new(int64(10)), ETag: put.ETag, ContentType: new("text/plain"),
			CacheControl: new("no-cache"), ContentDisposition: new("inline"), ContentEncoding: new("gzip"),
			ContentLanguage: new("de"), Expires: &expires, Metadata: map[string]string{"color": "blue"}, TagCount: new(int32(2)),
			StorageClass: new(api.StorageClass("STANDARD_IA")), ChecksumCRC64NVME: put.ChecksumCRC64NVME, ChecksumType: put.ChecksumType,
			ServerSideEncryption: new(api.ServerSideEncryption("AES256")),
		}
		got.Body, got.LastModified = nil, nil
		if diff := cmp.Diff(want, got); body != "0123456789" || diff != "" {
			t.Errorf("get %q (-want +got)\n%s", body, diff)
		}
		body, got = w.get(t, &api.GetObjectInput{
			Bucket: "bucket", Key: "dir/ключ", Range: new("bytes=2-4"), ResponseContentType: new("x/y"), VersionId: new("null"),
		})
		if body != "234" || *got.ContentRange != "bytes 2-4/10" || *got.ContentLength != 3 || *got.ContentType != "x/y" {
			t.Errorf("range %q: %+v", body, got)
		}
		head := must(w.HeadObject(ctx, &api.HeadObjectInput{Bucket: "bucket", Key: "dir/ключ"}))(t)
		if *head.ContentLength != 10 || head.ChecksumCRC64NVME != nil || *head.ETag != *put.ETag {
			t.Errorf("head: %+v", head)
		}
		// An empty object, of a caller inside that names no length.
		must(w.PutObject(ctx, &api.PutObjectInput{Bucket: "bucket", Key: "empty"}))(t)
		if body, got := w.get(t, &api.GetObjectInput{Bucket: "bucket", Key: "empty"}); body != "" || *got.ContentType != "binary/octet-stream" {
			t.Errorf("empty: %q %s", body, *got.ContentType)
		}
	})
}

func TestReadRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.bucket(t, "bucket")
		w.put(t, "bucket", "k", "0123456789")
		must(w.PutObject(t.Context(), &api.PutObjectInput{Bucket: "bucket", Key: "cold", StorageClass: new(api.StorageClass("GLACIER"))}))(t)
		for _, c := range []struct {
			in     api.GetObjectInput
			code   string
			status int
		}{
			{api.GetObjectInput{Bucket: "bucket", Key: "none"}, "NoSuchKey", 404},
			{api.GetObjectInput{Bucket: "other", Key: "k"}, "NoSuchBucket", 404},
			{api.GetObjectInput{Bucket: "Not_Valid", Key: "k"}, "InvalidBucketName", 400},
			{api.GetObjectInput{Bucket: "bucket", Key: strings.Repeat("k", 1025)}, "KeyTooLongError", 400},
			{api.GetObjectInput{Bucket: "bucket", Key: "k", Range: new("bytes=10-")}, "InvalidRange", 416},
			{api.GetObjectInput{Bucket: "bucket", Key: "k", PartNumber: new(int32(2))}, "InvalidPartNumber", 416},
			{api.GetObjectInput{Bucket: "bucket", Key: "k", PartNumber: new(int32(0))}, "InvalidArgument", 400},
			{api.GetObjectInput{Bucket: "bucket", Key: "k", VersionId: new("v1")}, "InvalidArgument", 400},
			{api.GetObjectInput{Bucket: "bucket", Key: "k", IfMatch: new("x")}, "PreconditionFailed", 412},
			{api.GetObjectInput{Bucket: "bucket", Key: "k", IfNoneMatch: new("*")}, "NotModified", 304},
			{api.GetObjectInput{Bucket: "bucket", Key: "cold"}, "InvalidObjectState", 403},
			{api.GetObjectInput{Bucket: "bucket", Key: "k", SSECustomerAlgorithm: new("AES256")}, "InvalidArgument", 400},
		} {
			_, err := w.GetObject(t.Context(), &c.in)
			_ = refused(t, c.code, c.status, err)
		}
		must(w.HeadObject(t.Context(), &api.HeadObjectInput{Bucket: "bucket", Key: "cold"}))(t)
	})
}

// A refused write leaves neither an object nor a blob.
func TestPutRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.bucket(t, "bucket")
		w.put(t, "bucket", "there", "old")
		sum := sha256.Sum256([]byte("other"))
		other := base64.StdEncoding.EncodeToString(sum[:])
		in := func(f func(*api.PutObjectInput)) *api.PutObjectInput {
			p := &api.PutObjectInput{Bucket: "bucket", Key: "k", Body: strings.NewReader("body")}
			f(p)
			return p
		}
		for _, c := range []struct {
			name   string
			in     *api.PutObjectInput
			code   string
			status int
		}{
			{"bucket", in(func(p *api.PutObjectInput) { p.Bucket = "nowhere" }), "NoSuchBucket", 404},
			{"key", in(func(p *api.PutObjectInput) { p.Key = "a\x00" }), "InvalidURI", 400},
			{"long", in(func(p *api.PutObjectInput) { p.ContentLength = new(int64(5<<30 + 1)) }), "EntityTooLarge", 400},
			{"short body", in(func(p *api.PutObjectInput) { p.ContentLength = new(int64(5)) }), "IncompleteBody", 400},
			{"torn body", in(func(p *api.PutObjectInput) { p.Body = failing{io.ErrUnexpectedEOF} }), "IncompleteBody", 400},
			{"door's refusal", in(func(p *api.PutObjectInput) { p.Body = failing{awserr.New("XAmzContentSHA256Mismatch", 400, "no")} }), "XAmzContentSHA256Mismatch", 400},
			{"md5 form", in(func(p *api.PutObjectInput) { p.ContentMD5 = new("zz") }), "InvalidDigest", 400},
			{"md5", in(func(p *api.PutObjectInput) { p.ContentMD5 = new("AAAAAAAAAAAAAAAAAAAAAA==") }), "BadDigest", 400},
			{"sha256", in(func(p *api.PutObjectInput) { p.ChecksumSHA256 = &other }), "BadDigest", 400},
			{"sha256 form", in(func(p *api.PutObjectInput) { p.ChecksumSHA256 = new("AA==") }), "InvalidRequest", 400},
			{"two sums", in(func(p *api.PutObjectInput) { p.ChecksumSHA256, p.ChecksumCRC32 = &other, new("AAAAAA==") }), "InvalidRequest", 400},
			{"xxhash", in(func(p *api.PutObjectInput) { p.ChecksumXXHASH3 = new("AAAAAAAAAAA=") }), "BadDigest", 400},
			{"if none", in(func(p *api.PutObjectInput) { p.Key, p.IfNoneMatch = "there", new("*") }), "PreconditionFailed", 412},
			{"if match", in(func(p *api.PutObjectInput) { p.Key, p.IfMatch = "there", new(`"x"`) }), "PreconditionFailed", 412},
			{"if match nothing", in(func(p *api.PutObjectInput) { p.IfMatch = new(`"x"`) }), "NoSuchKey", 404},
			{"acl", in(func(p *api.PutObjectInput) { p.ACL = new(api.ObjectCannedACL("public-read")) }), "AccessControlListNotSupported", 400},
			{"sse", in(func(p *api.PutObjectInput) { p.ServerSideEncryption = new(api.ServerSideEncryption("ROT13")) }), "InvalidArgument", 400},
			{"lock", in(func(p *api.PutObjectInput) { p.ObjectLockMode = new(api.ObjectLockMode("GOVERNANCE")) }), "InvalidRequest", 400},
			{"class", in(func(p *api.PutObjectInput) { p.StorageClass = new(api.StorageClass("COLD")) }), "InvalidStorageClass", 400},
			{"metadata", in(func(p *api.PutObjectInput) { p.Metadata = map[string]string{"a": strings.Repeat("x", 2048)} }), "MetadataTooLarge", 400},
			{"tags", in(func(p *api.PutObjectInput) { p.Tagging = new("a=1&a=2") }), "InvalidTag", 400},
		} {
			_, err := w.PutObject(t.Context(), c.in)
			t.Log(c.name)
			_ = refused(t, c.code, c.status, err)
		}
		if n := w.blobCount(t); n != 1 {
			t.Errorf("%d blobs are left", n)
		}
		if body, _ := w.get(t, &api.GetObjectInput{Bucket: "bucket", Key: "there"}); body != "old" {
			t.Errorf("the old object reads %q", body)
		}
	})
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// An error of ours in the middle of an upload is not shown to the client.
func TestUploadFault(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.bucket(t, "bucket")
		_, err := w.PutObject(t.Context(), &api.PutObjectInput{Bucket: "bucket", Key: "k", Body: failing{errors.New("disk on fire")}})
		if e := refused(t, "InternalError", 500, err); strings.Contains(e.Message, "fire") {
			t.Errorf("message %q", e.Message)
		}
	})
}

func TestDelete(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.bucket(t, "bucket")
		etag := w.put(t, "bucket", "a", "1").ETag
		w.put(t, "bucket", "b", "2")
		_, err := w.DeleteObject(ctx, &api.DeleteObjectInput{Bucket: "bucket", Key: "a", IfMatch: new("nope")})
		_ = refused(t, "PreconditionFailed", 412, err)
		must(w.DeleteObject(ctx, &api.DeleteObjectInput{Bucket: "bucket", Key: "a", IfMatch: etag}))(t)
		must(w.DeleteObject(ctx, &api.DeleteObjectInput{Bucket: "bucket", Key: "a"}))(t)
		out := must(w.DeleteObjects(ctx, &api.DeleteObjectsInput{Bucket: "bucket", Delete: &api.Delete{Objects: []*api.ObjectIdentifier{
			{Key: "b"}, {Key: "never"}, {Key: "b", VersionId: new("v")},
		}}}))(t)
		if len(out.Deleted) != 2 || len(out.Errors) != 1 || *out.Errors[0].Code != "NoSuchVersion" {
			t.Errorf("deleted %d, errors %d", len(out.Deleted), len(out.Errors))
		}
		_, err = w.DeleteObjects(ctx, &api.DeleteObjectsInput{Bucket: "bucket", Delete: &api.Delete{}})
		_ = refused(t, "MalformedXML", 400, err)
		many := make([]*api.ObjectIdentifier, 1001)
		for i := range many {
			many[i] = &api.ObjectIdentifier{Key: "k"}
		}
		_, err = w.DeleteObjects(ctx, &api.DeleteObjectsInput{Bucket: "bucket", Delete: &api.Delete{Objects: many}})
		_ = refused(t, "MalformedXML", 400, err)
		must(w.DeleteBucket(ctx, &api.DeleteBucketInput{Bucket: "bucket"}))(t)
	})
}

func TestCopy(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.bucket(t, "from")
		w.bucket(t, "into")
		must(w.PutObject(ctx, &api.PutObjectInput{
			Bucket: "from", Key: "a b", Body: strings.NewReader("payload"), ContentType: new("text/x"),
			Metadata: map[string]string{"m": "1"}, Tagging: new("t=1"),
		}))(t)
		must(w.CopyObject(ctx, &api.CopyObjectInput{Bucket: "into", Key: "c", CopySource: "/from/a%20b"}))(t)
		body, got := w.get(t, &api.GetObjectInput{Bucket: "into", Key: "c"})
		if body != "payload" || *got.ContentType != "text/x" || got.Metadata["m"] != "1" || *got.TagCount != 1 {
			t.Errorf("copy %q: %+v", body, got)
		}
		replace := api.MetadataDirective("REPLACE")
		must(w.CopyObject(ctx, &api.CopyObjectInput{
			Bucket: "into", Key: "c", CopySource: "into/c", MetadataDirective: &replace, ContentType: new("text/y"),
			TaggingDirective: new(api.TaggingDirective("REPLACE")), ChecksumAlgorithm: new(api.ChecksumAlgorithm("SHA256")),
		}))(t)
		body, got = w.get(t, &api.GetObjectInput{Bucket: "into", Key: "c", ChecksumMode: new(api.ChecksumMode("ENABLED"))})
		if body != "payload" || *got.ContentType != "text/y" || got.Metadata != nil || got.TagCount != nil || got.ChecksumSHA256 == nil {
			t.Errorf("replaced %q: %+v", body, got)
		}
		for _, c := range []struct {
			in     api.CopyObjectInput
			code   string
			status int
		}{
			{api.CopyObjectInput{CopySource: "into/c"}, "InvalidRequest", 400},
			{api.CopyObjectInput{CopySource: "into"}, "InvalidArgument", 400},
			{api.CopyObjectInput{CopySource: "from/none"}, "NoSuchKey", 404},
			{api.CopyObjectInput{CopySource: "nowhere/a"}, "NoSuchBucket", 404},
			{api.CopyObjectInput{CopySource: "from/a%20b", CopySourceIfMatch: new("x")}, "PreconditionFailed", 412},
			{api.CopyObjectInput{CopySource: "from/a%20b", CopySourceIfNoneMatch: new("*")}, "PreconditionFailed", 412},
			{api.CopyObjectInput{CopySource: "from/a%20b", IfNoneMatch: new("*")}, "PreconditionFailed", 412},
			{api.CopyObjectInput{CopySource: "from/a%20b", MetadataDirective: new(api.MetadataDirective("X"))}, "InvalidArgument", 400},
		} {
			c.in.Bucket, c.in.Key = "into", "c"
			_, err := w.CopyObject(ctx, &c.in)
			_ = refused(t, c.code, c.status, err)
		}
	})
}

func TestTagging(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.bucket(t, "bucket")
		w.put(t, "bucket", "k", "v")
		tags := &api.Tagging{TagSet: []*api.Tag{{Key: "b", Value: "2"}, {Key: "a", Value: "1"}}}
		must(w.PutObjectTagging(ctx, &api.PutObjectTaggingInput{Bucket: "bucket", Key: "k", Tagging: tags}))(t)
		got := must(w.GetObjectTagging(ctx, &api.GetObjectTaggingInput{Bucket: "bucket", Key: "k"}))(t)
		if diff := cmp.Diff([]*api.Tag{{Key: "a", Value: "1"}, {Key: "b", Value: "2"}}, got.TagSet); diff != "" {
			t.Errorf("tags (-want +got)\n%s", diff)
		}
		must(w.DeleteObjectTagging(ctx, &api.DeleteObjectTaggingInput{Bucket: "bucket", Key: "k"}))(t)
		if got := must(w.GetObjectTagging(ctx, &api.GetObjectTaggingInput{Bucket: "bucket", Key: "k"}))(t); len(got.TagSet) != 0 {
			t.Errorf("%d tags left", len(got.TagSet))
		}
		if body, _ := w.get(t, &api.GetObjectInput{Bucket: "bucket", Key: "k"}); body != "v" {
			t.Errorf("body %q", body)
		}
		_, err := w.GetBucketTagging(ctx, &api.GetBucketTaggingInput{Bucket: "bucket"})
		_ = refused(t, "NoSuchTagSet", 404, err)
		must(w.PutBucketTagging(ctx, &api.PutBucketTaggingInput{Bucket: "bucket", Tagging: tags}))(t)
		if got := must(w.GetBucketTagging(ctx, &api.GetBucketTaggingInput{Bucket: "bucket"}))(t); len(got.TagSet) != 2 {
			t.Errorf("%d bucket tags", len(got.TagSet))
		}
		must(w.DeleteBucketTagging(ctx, &api.DeleteBucketTaggingInput{Bucket: "bucket"}))(t)
	})
}

// What a service puts as itself belongs to the account it acts in.
func TestServiceCaller(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.bucket(t, "bucket")
		inside := api.Client{Invoker: w.plane.AsService("synthetics.amazonaws.com", account, "us-east-1")}
		must(inside.PutObject(t.Context(), &api.PutObjectInput{Bucket: "bucket", Key: "k", Body: strings.NewReader("v")}))(t)
		anonymous := api.Client{Invoker: w.plane.As(plane.Caller{Kind: plane.Anonymous, Region: "us-east-1"})}
		_, err := anonymous.GetObject(t.Context(), &api.GetObjectInput{Bucket: "bucket", Key: "k"})
		_ = refused(t, "AccessDenied", 403, err)
		_, err = anonymous.GetObject(t.Context(), &api.GetObjectInput{Bucket: "bucket", Key: "k", ResponseContentType: new("text/html")})
		_ = refused(t, "InvalidRequest", 400, err)
	})
}
