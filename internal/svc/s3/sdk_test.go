package s3_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"nephele.dev/nephele/internal/store/storetest"
	"nephele.dev/nephele/nepheletest"
)

// eachServer runs f against a whole server: on SQLite without authentication,
// and on PostgreSQL with it.
func eachServer(t *testing.T, f func(t *testing.T, s *nepheletest.Server, c *sdk.Client)) {
	t.Helper()
	run := func(name string, options func(t *testing.T) []nepheletest.Option) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := nepheletest.Start(t, options(t)...)
			f(t, s, sdk.NewFromConfig(s.Config, func(o *sdk.Options) { o.UsePathStyle = true }))
		})
	}
	run("sqlite", func(*testing.T) []nepheletest.Option { return nil })
	run("postgres", func(t *testing.T) []nepheletest.Option {
		return []nepheletest.Option{nepheletest.WithPostgres(storetest.PostgresURL(t)), nepheletest.WithAuth()}
	})
}

func sdkCode(t testing.TB, err error, code string, status int) {
	t.Helper()
	var api smithy.APIError
	var resp *smithyhttp.ResponseError
	if !errors.As(err, &api) || !errors.As(err, &resp) || api.ErrorCode() != code || resp.HTTPStatusCode() != status {
		t.Errorf("error %v, want %s (%d)", err, code, status)
	}
}

func TestSDKObjects(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, _ *nepheletest.Server, c *sdk.Client) {
		ctx := t.Context()
		bucket := aws.String("bucket")
		must(c.CreateBucket(ctx, &sdk.CreateBucketInput{Bucket: bucket}))(t)
		for _, key := range []string{"plain", "with space/and+plus", "ключ/é%20/😀", "dots/../x", "a//b"} {
			put := must(c.PutObject(ctx, &sdk.PutObjectInput{
				Bucket: bucket, Key: &key, Body: strings.NewReader("body of " + key), Metadata: map[string]string{"who": "me"},
				ChecksumAlgorithm: types.ChecksumAlgorithmSha256,
			}))(t)
			got := must(c.GetObject(ctx, &sdk.GetObjectInput{Bucket: bucket, Key: &key, ChecksumMode: types.ChecksumModeEnabled}))(t)
			if body := content(t, got.Body); body != "body of "+key || *got.ETag != *put.ETag || got.Metadata["who"] != "me" ||
				*got.ChecksumSHA256 != *put.ChecksumSHA256 {
				t.Errorf("%s: %q %+v", key, body, got)
			}
		}
		part := must(c.GetObject(ctx, &sdk.GetObjectInput{Bucket: bucket, Key: aws.String("plain"), Range: aws.String("bytes=-5")}))(t)
		if body := content(t, part.Body); body != "plain" || *part.ContentRange != "bytes 8-12/13" {
			t.Errorf("range: %q, %s", body, *part.ContentRange)
		}
		_, err := c.GetObject(ctx, &sdk.GetObjectInput{Bucket: bucket, Key: aws.String("none")})
		if noKey, ok := errors.AsType[*types.NoSuchKey](err); !ok || noKey.ErrorMessage() != "The specified key does not exist." {
			t.Errorf("error %v", err)
		}
		_, err = c.HeadObject(ctx, &sdk.HeadObjectInput{Bucket: bucket, Key: aws.String("none")})
		sdkCode(t, err, "NotFound", 404)
		_, err = c.ListObjectsV2(ctx, &sdk.ListObjectsV2Input{Bucket: aws.String("no-bucket")})
		if _, ok := errors.AsType[*types.NoSuchBucket](err); !ok {
			t.Errorf("error %v", err)
		}
		_, err = c.DeleteBucket(ctx, &sdk.DeleteBucketInput{Bucket: bucket})
		sdkCode(t, err, "BucketNotEmpty", 409)
		emptyBucket(t, c, "bucket")
		must(c.DeleteBucket(ctx, &sdk.DeleteBucketInput{Bucket: bucket}))(t)
	})
}

// emptyBucket deletes page by page.
func emptyBucket(t testing.TB, c *sdk.Client, bucket string) {
	t.Helper()
	p := sdk.NewListObjectsV2Paginator(c, &sdk.ListObjectsV2Input{Bucket: &bucket, MaxKeys: aws.Int32(2)})
	for p.HasMorePages() {
		page := must(p.NextPage(t.Context()))(t)
		var ids []types.ObjectIdentifier
		for _, o := range page.Contents {
			ids = append(ids, types.ObjectIdentifier{Key: o.Key})
		}
		out := must(c.DeleteObjects(t.Context(), &sdk.DeleteObjectsInput{Bucket: &bucket, Delete: &types.Delete{Objects: ids}}))(t)
		if len(out.Deleted) != len(ids) || len(out.Errors) > 0 {
			t.Errorf("deleted %d of %d: %v", len(out.Deleted), len(ids), out.Errors)
		}
	}
}

func TestSDKMultipart(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, _ *nepheletest.Server, c *sdk.Client) {
		ctx := t.Context()
		bucket, key := aws.String("bucket"), aws.String("big")
		must(c.CreateBucket(ctx, &sdk.CreateBucketInput{Bucket: bucket}))(t)
		up := must(c.CreateMultipartUpload(ctx, &sdk.CreateMultipartUploadInput{
			Bucket: bucket, Key: key, ChecksumAlgorithm: types.ChecksumAlgorithmCrc32,
		}))(t)
		whole := pattern(5*mib+100, 9)
		var list []types.CompletedPart
		for i, b := range [][]byte{whole[:5*mib], whole[5*mib:]} {
			out := must(c.UploadPart(ctx, &sdk.UploadPartInput{
				Bucket: bucket, Key: key, UploadId: up.UploadId, PartNumber: aws.Int32(int32(i + 1)), Body: bytes.NewReader(b),
				ChecksumAlgorithm: types.ChecksumAlgorithmCrc32,
			}))(t)
			list = append(list, types.CompletedPart{PartNumber: aws.Int32(int32(i + 1)), ETag: out.ETag, ChecksumCRC32: out.ChecksumCRC32})
		}
		done := must(c.CompleteMultipartUpload(ctx, &sdk.CompleteMultipartUploadInput{
			Bucket: bucket, Key: key, UploadId: up.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: list},
		}))(t)
		if !strings.HasSuffix(*done.ChecksumCRC32, "-2") || done.ChecksumType != types.ChecksumTypeComposite {
			t.Errorf("checksum %s %s", *done.ChecksumCRC32, done.ChecksumType)
		}
		got := must(c.GetObject(ctx, &sdk.GetObjectInput{Bucket: bucket, Key: key}))(t)
		if body := content(t, got.Body); body != string(whole) {
			t.Errorf("%d bytes came back", len(body))
		}
	})
}

func TestPresigned(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, _ *nepheletest.Server, c *sdk.Client) {
		ctx := t.Context()
		must(c.CreateBucket(ctx, &sdk.CreateBucketInput{Bucket: aws.String("bucket")}))(t)
		p := sdk.NewPresignClient(c)
		in := &sdk.PutObjectInput{Bucket: aws.String("bucket"), Key: aws.String("a/b c"), ContentType: aws.String("text/plain")}
		put := must(p.PresignPutObject(ctx, in))(t)
		req := must(http.NewRequestWithContext(ctx, put.Method, put.URL, strings.NewReader("signed")))(t)
		req.Header = put.SignedHeader.Clone()
		req.Header.Del("Host")
		if resp := do(t, req); resp.StatusCode != 200 {
			t.Fatalf("put: %s %s", resp.Status, resp.body)
		}
		get := must(p.PresignGetObject(ctx, &sdk.GetObjectInput{
			Bucket: aws.String("bucket"), Key: aws.String("a/b c"), ResponseContentDisposition: aws.String(`attachment; filename="x"`),
		}))(t)
		resp := do(t, must(http.NewRequestWithContext(ctx, http.MethodGet, get.URL, nil))(t))
		if resp.body != "signed" || resp.Header.Get("Content-Disposition") != `attachment; filename="x"` {
			t.Errorf("get: %s %q %v", resp.Status, resp.body, resp.Header)
		}
	})
}

type response struct {
	*http.Response
	body string
}

func do(t testing.TB, req *http.Request) response {
	t.Helper()
	resp := must(http.DefaultTransport.RoundTrip(req))(t)
	defer resp.Body.Close()
	return response{resp, string(must(io.ReadAll(resp.Body))(t))}
}

// What no SDK shows: statuses, headers and the elements of an error.
func TestWire(t *testing.T) {
	t.Parallel()
	s := nepheletest.Start(t)
	c := sdk.NewFromConfig(s.Config, func(o *sdk.Options) { o.UsePathStyle = true })
	must(c.CreateBucket(t.Context(), &sdk.CreateBucketInput{Bucket: aws.String("bucket")}))(t)
	put := must(c.PutObject(t.Context(), &sdk.PutObjectInput{Bucket: aws.String("bucket"), Key: aws.String("k"), Body: strings.NewReader("0123456789")}))(t)
	const scope = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
	for _, c := range []struct {
		method, path string
		header       http.Header
		status       int
		has          []string // parts of the body
		headers      map[string]string
	}{
		{"GET", "/bucket/k", nil, 200, []string{"0123456789"}, map[string]string{
			"ETag": *put.ETag, "Accept-Ranges": "bytes", "Content-Length": "10", "Content-Type": "application/octet-stream",
		}},
		{"GET", "/bucket/k", http.Header{"Range": {"bytes=3-4"}}, 206, []string{"34"}, map[string]string{"Content-Range": "bytes 3-4/10"}},
		{"HEAD", "/bucket/k", http.Header{"Range": {"bytes=3-4"}}, 206, nil, map[string]string{"Content-Length": "2"}},
		{"GET", "/bucket/k", http.Header{"If-None-Match": {*put.ETag}}, 304, nil, map[string]string{"ETag": *put.ETag}},
		{"GET", "/bucket/k", http.Header{"Range": {"bytes=30-"}}, 416, []string{
			"<Code>InvalidRange</Code>", "<RangeRequested>bytes=30-</RangeRequested>", "<ActualObjectSize>10</ActualObjectSize>",
		}, nil},
		{"GET", "/bucket/none", nil, 404, []string{
			"<Code>NoSuchKey</Code>", "<Key>none</Key>", "<RequestId>", "<HostId>",
		}, map[string]string{"Content-Type": "application/xml"}},
		{"GET", "/nowhere", nil, 404, []string{"<Code>NoSuchBucket</Code>", "<BucketName>nowhere</BucketName>"}, nil},
		{"HEAD", "/nowhere", nil, 404, nil, nil},
		{"HEAD", "/bucket", nil, 200, nil, map[string]string{"X-Amz-Bucket-Region": "us-east-1"}},
		{"GET", "/bucket?location", nil, 200, []string{`<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></LocationConstraint>`}, nil},
		{"GET", "/bucket?versioning", nil, 200, []string{"<VersioningConfiguration"}, nil},
		{"GET", "/bucket?list-type=2", nil, 200, []string{
			"<ListBucketResult", "<Name>bucket</Name>", "<KeyCount>1</KeyCount>", "<MaxKeys>1000</MaxKeys>", "<IsTruncated>false</IsTruncated>",
		}, nil},
		{"GET", "/bucket?abac", nil, 501, []string{"<Code>NotImplemented</Code>"}, nil},
		{"GET", "/bucket?policy", nil, 404, []string{"<Code>NoSuchBucketPolicy</Code>"}, nil},
		{"DELETE", "/bucket/none", nil, 204, nil, nil},
	} {
		req := must(http.NewRequestWithContext(t.Context(), c.method, s.URL+c.path, nil))(t)
		if c.header != nil {
			req.Header = c.header
		}
		req.Header.Set("Authorization", scope)
		resp := do(t, req)
		if resp.StatusCode != c.status {
			t.Errorf("%s %s: %s", c.method, c.path, resp.Status)
		}
		for _, part := range c.has {
			if !strings.Contains(resp.body, part) {
				t.Errorf("%s %s: no %s in %s", c.method, c.path, part, resp.body)
			}
		}
		for name, want := range c.headers {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s %s: %s is %q, want %q", c.method, c.path, name, got, want)
			}
		}
	}
}

// A body that is cut off leaves no object, whatever its length said.
func TestTornUpload(t *testing.T) {
	t.Parallel()
	s := nepheletest.Start(t)
	c := sdk.NewFromConfig(s.Config, func(o *sdk.Options) { o.UsePathStyle = true })
	must(c.CreateBucket(t.Context(), &sdk.CreateBucketInput{Bucket: aws.String("bucket")}))(t)
	p := sdk.NewPresignClient(c)
	put := must(p.PresignPutObject(t.Context(), &sdk.PutObjectInput{Bucket: aws.String("bucket"), Key: aws.String("torn")}))(t)
	r, w := io.Pipe()
	req := must(http.NewRequestWithContext(t.Context(), http.MethodPut, put.URL, r))(t)
	req.ContentLength = 100
	go func() {
		fmt.Fprint(w, "half")
		w.CloseWithError(errors.New("the client dies"))
	}()
	if resp, err := http.DefaultTransport.RoundTrip(req); err == nil {
		resp.Body.Close()
		t.Errorf("a torn upload was answered %s", resp.Status)
	}
	list := must(c.ListObjectsV2(t.Context(), &sdk.ListObjectsV2Input{Bucket: aws.String("bucket")}))(t)
	if len(list.Contents) != 0 {
		t.Error("a torn upload left an object")
	}
}

// Reset leaves nothing, and the service works on.
func TestReset(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, s *nepheletest.Server, c *sdk.Client) {
		for range 2 {
			must(c.CreateBucket(t.Context(), &sdk.CreateBucketInput{Bucket: aws.String("bucket")}))(t)
			must(c.PutObject(t.Context(), &sdk.PutObjectInput{Bucket: aws.String("bucket"), Key: aws.String("k"), Body: strings.NewReader("v")}))(t)
			s.Reset(t)
			if l := must(c.ListBuckets(t.Context(), &sdk.ListBucketsInput{}))(t); len(l.Buckets) != 0 {
				t.Errorf("%d buckets survive", len(l.Buckets))
			}
		}
	})
}

// Trailing checksums come with TLS alone: the SDK streams without hashing first.
func TestTrailer(t *testing.T) {
	t.Parallel()
	s := nepheletest.Start(t, nepheletest.WithAuth())
	cfg := s.Config.Copy()
	cfg.BaseEndpoint = aws.String(strings.Replace(s.URL, "http://", "https://", 1))
	cfg.HTTPClient = s.TLSClient(t)
	c := sdk.NewFromConfig(cfg, func(o *sdk.Options) { o.UsePathStyle = true })
	must(c.CreateBucket(t.Context(), &sdk.CreateBucketInput{Bucket: aws.String("bucket")}))(t)
	put := must(c.PutObject(t.Context(), &sdk.PutObjectInput{
		Bucket: aws.String("bucket"), Key: aws.String("k"), Body: io.MultiReader(strings.NewReader("streamed")),
		ContentLength: aws.Int64(8), ChecksumAlgorithm: types.ChecksumAlgorithmCrc32c,
	}))(t)
	head := must(c.HeadObject(t.Context(), &sdk.HeadObjectInput{Bucket: aws.String("bucket"), Key: aws.String("k"), ChecksumMode: types.ChecksumModeEnabled}))(t)
	if *head.ContentLength != 8 || *head.ChecksumCRC32C != *put.ChecksumCRC32C || head.ContentEncoding != nil {
		t.Errorf("head %+v", head)
	}
	if since := time.Since(*head.LastModified); since > time.Minute || since < -time.Minute {
		t.Errorf("modified %v ago", since)
	}
}

// botocore expects "100 Continue" before an empty body too, and loses its place
// on the connection when a final answer comes instead.
func TestExpectationBeforeNothing(t *testing.T) {
	t.Parallel()
	s := nepheletest.Start(t)
	c := sdk.NewFromConfig(s.Config, func(o *sdk.Options) { o.UsePathStyle = true })
	must(c.CreateBucket(t.Context(), &sdk.CreateBucketInput{Bucket: aws.String("bucket")}))(t)
	conn := must(net.Dial("tcp", strings.TrimPrefix(s.URL, "http://")))(t)
	defer conn.Close()
	put := must(sdk.NewPresignClient(c).PresignPutObject(t.Context(), &sdk.PutObjectInput{Bucket: aws.String("bucket"), Key: aws.String("k")}))(t)
	fmt.Fprintf(conn, "PUT %s HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n",
		strings.TrimPrefix(put.URL, s.URL), strings.TrimPrefix(s.URL, "http://"))
	answer := string(must(io.ReadAll(conn))(t))
	if !strings.HasPrefix(answer, "HTTP/1.1 100 Continue\r\n") || !strings.Contains(answer, "HTTP/1.1 200 OK\r\n") {
		t.Errorf("answer %q", answer)
	}
}
