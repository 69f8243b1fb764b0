package s3_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"nephele.dev/nephele/nepheletest"
)

func versionedBucket(t testing.TB, c *sdk.Client, name string) *string {
	t.Helper()
	must(c.CreateBucket(t.Context(), &sdk.CreateBucketInput{Bucket: &name}))(t)
	setVersioning(t, c, name, types.BucketVersioningStatusEnabled)
	return &name
}

func setVersioning(t testing.TB, c *sdk.Client, name string, status types.BucketVersioningStatus) {
	t.Helper()
	must(c.PutBucketVersioning(t.Context(), &sdk.PutBucketVersioningInput{
		Bucket: &name, VersioningConfiguration: &types.VersioningConfiguration{Status: status},
	}))(t)
}

// The life of a versioned object, as an SDK sees it.
func TestSDKVersions(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, _ *nepheletest.Server, c *sdk.Client) {
		ctx := t.Context()
		bucket, key := versionedBucket(t, c, "bucket"), aws.String("k")
		put := func(body string) *string {
			return must(c.PutObject(ctx, &sdk.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader(body)}))(t).VersionId
		}
		get := func(version *string) (string, *sdk.GetObjectOutput) {
			out := must(c.GetObject(ctx, &sdk.GetObjectInput{Bucket: bucket, Key: key, VersionId: version}))(t)
			return content(t, out.Body), out
		}
		first, second := put("one"), put("two")
		if body, out := get(nil); body != "two" || *out.VersionId != *second {
			t.Errorf("current %q, version %s", body, *out.VersionId)
		}
		if body, _ := get(first); body != "one" {
			t.Errorf("first version %q", body)
		}
		tagVersion(t, c, bucket, key, first)
		del := must(c.DeleteObject(ctx, &sdk.DeleteObjectInput{Bucket: bucket, Key: key}))(t)
		if !*del.DeleteMarker {
			t.Error("no delete marker")
		}
		_, err := c.HeadObject(ctx, &sdk.HeadObjectInput{Bucket: bucket, Key: key})
		sdkCode(t, err, "NotFound", 404)
		_, err = c.GetObject(ctx, &sdk.GetObjectInput{Bucket: bucket, Key: key, VersionId: del.VersionId})
		sdkCode(t, err, "MethodNotAllowed", 405)
		_, err = c.DeleteBucket(ctx, &sdk.DeleteBucketInput{Bucket: bucket})
		sdkCode(t, err, "BucketNotEmpty", 409)
		if text := err.Error(); !strings.Contains(text, "You must delete all versions in the bucket.") {
			t.Errorf("error %s", text)
		}

		out := must(c.DeleteObjects(ctx, &sdk.DeleteObjectsInput{Bucket: bucket, Delete: &types.Delete{Objects: []types.ObjectIdentifier{
			{Key: key, VersionId: del.VersionId}, {Key: key, VersionId: first}, {Key: aws.String("new")},
		}}}))(t)
		if len(out.Deleted) != 3 || !*out.Deleted[0].DeleteMarker || *out.Deleted[0].DeleteMarkerVersionId != *del.VersionId ||
			out.Deleted[1].DeleteMarker != nil || !*out.Deleted[2].DeleteMarker {
			t.Errorf("deleted %+v", out.Deleted)
		}
		if body, _ := get(nil); body != "two" {
			t.Errorf("the object came back as %q", body)
		}
		emptyVersions(t, c, bucket)
		must(c.DeleteBucket(ctx, &sdk.DeleteBucketInput{Bucket: bucket}))(t)
	})
}

// tagVersion tags a version that is not the current one.
func tagVersion(t testing.TB, c *sdk.Client, bucket, key, version *string) {
	t.Helper()
	tags := &types.Tagging{TagSet: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}
	must(c.PutObjectTagging(t.Context(), &sdk.PutObjectTaggingInput{Bucket: bucket, Key: key, VersionId: version, Tagging: tags}))(t)
	got := must(c.GetObjectTagging(t.Context(), &sdk.GetObjectTaggingInput{Bucket: bucket, Key: key, VersionId: version}))(t)
	now := must(c.GetObjectTagging(t.Context(), &sdk.GetObjectTaggingInput{Bucket: bucket, Key: key}))(t)
	if len(got.TagSet) != 1 || len(now.TagSet) != 0 || *got.VersionId != *version {
		t.Errorf("tags %v of the version, %v of the object", got.TagSet, now.TagSet)
	}
	attributes := must(c.GetObjectAttributes(t.Context(), &sdk.GetObjectAttributesInput{
		Bucket: bucket, Key: key, VersionId: version, ObjectAttributes: []types.ObjectAttributes{types.ObjectAttributesObjectSize},
	}))(t)
	if *attributes.VersionId != *version || *attributes.ObjectSize != 3 {
		t.Errorf("attributes %+v", attributes)
	}
}

// emptyVersions deletes every version page by page, as tools do.
func emptyVersions(t testing.TB, c *sdk.Client, bucket *string) {
	t.Helper()
	p := sdk.NewListObjectVersionsPaginator(c, &sdk.ListObjectVersionsInput{Bucket: bucket, MaxKeys: aws.Int32(2)})
	for p.HasMorePages() {
		page := must(p.NextPage(t.Context()))(t)
		var ids []types.ObjectIdentifier
		for _, v := range page.Versions {
			ids = append(ids, types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
		}
		for _, v := range page.DeleteMarkers {
			ids = append(ids, types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
		}
		if len(ids) == 0 {
			continue
		}
		out := must(c.DeleteObjects(t.Context(), &sdk.DeleteObjectsInput{Bucket: bucket, Delete: &types.Delete{Objects: ids, Quiet: aws.Bool(true)}}))(t)
		if len(out.Errors) > 0 {
			t.Errorf("errors %v", out.Errors)
		}
	}
}

// Versions that are deleted while they are listed do not hide others.
func TestEmptyManyVersions(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, _ *nepheletest.Server, c *sdk.Client) {
		name := "bucket"
		must(c.CreateBucket(t.Context(), &sdk.CreateBucketInput{Bucket: &name}))(t)
		put := func(key string) {
			must(c.PutObject(t.Context(), &sdk.PutObjectInput{Bucket: &name, Key: &key, Body: strings.NewReader("v")}))(t)
		}
		for i := range 3 {
			put(fmt.Sprint("k", i))
		}
		setVersioning(t, c, name, types.BucketVersioningStatusEnabled)
		for i := range 9 {
			put(fmt.Sprint("k", i%3))
		}
		setVersioning(t, c, name, types.BucketVersioningStatusSuspended)
		put("k1")
		must(c.DeleteObject(t.Context(), &sdk.DeleteObjectInput{Bucket: &name, Key: aws.String("k2")}))(t)
		emptyVersions(t, c, &name)
		must(c.DeleteBucket(t.Context(), &sdk.DeleteBucketInput{Bucket: &name}))(t)
	})
}

// Headers that no SDK shows.
func TestVersionHeaders(t *testing.T) {
	t.Parallel()
	s := nepheletest.Start(t)
	c := sdk.NewFromConfig(s.Config, func(o *sdk.Options) { o.UsePathStyle = true })
	bucket := versionedBucket(t, c, "bucket")
	put := must(c.PutObject(t.Context(), &sdk.PutObjectInput{Bucket: bucket, Key: aws.String("k"), Body: strings.NewReader("v")}))(t)
	del := must(c.DeleteObject(t.Context(), &sdk.DeleteObjectInput{Bucket: bucket, Key: aws.String("k")}))(t)
	for _, x := range []struct {
		method, query string
		status        int
		headers       map[string]string
		has           string
	}{
		{"GET", "", 404, map[string]string{"x-amz-delete-marker": "true", "x-amz-version-id": *del.VersionId}, "<Code>NoSuchKey</Code>"},
		{"HEAD", "", 404, map[string]string{"x-amz-delete-marker": "true", "x-amz-version-id": *del.VersionId}, ""},
		{
			"GET", "?versionId=" + *del.VersionId, 405,
			map[string]string{"x-amz-delete-marker": "true", "Allow": "DELETE", "x-amz-version-id": *del.VersionId},
			"<Method>GET</Method><ResourceType>DeleteMarker</ResourceType>",
		},
		{"HEAD", "?versionId=" + *del.VersionId, 405, map[string]string{"x-amz-delete-marker": "true"}, ""},
		{"GET", "?versionId=" + *put.VersionId, 200, map[string]string{"x-amz-version-id": *put.VersionId, "x-amz-server-side-encryption": "AES256"}, "v"},
		{"GET", "?versionId=null", 404, nil, "<Code>NoSuchVersion</Code>"},
		{"GET", "?versionId=nonsense", 400, nil, "<Message>Invalid version id specified</Message>"},
	} {
		req := must(http.NewRequestWithContext(t.Context(), x.method, s.URL+"/bucket/k"+x.query, nil))(t)
		req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0")
		resp := do(t, req)
		if resp.StatusCode != x.status || !strings.Contains(resp.body, x.has) {
			t.Errorf("%s %s: %s %s", x.method, x.query, resp.Status, resp.body)
		}
		if x.status == 405 && resp.Header.Get("Last-Modified") == "" {
			t.Error("a delete marker without its date")
		}
		for name, want := range x.headers {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s %s: %s is %q, want %q", x.method, x.query, name, got, want)
			}
		}
	}
}
