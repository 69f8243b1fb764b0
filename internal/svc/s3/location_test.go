package s3_test

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"nephele.dev/nephele/nepheletest"
)

// TestCompleteLocation checks the location that the end of a multipart upload
// names, for both ways of naming the bucket.
func TestCompleteLocation(t *testing.T) {
	t.Parallel()
	s := nepheletest.Start(t)
	addr := strings.TrimPrefix(s.URL, "http://")
	_, port, _ := net.SplitHostPort(addr)
	web := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", addr)
	}}}
	for name, path := range map[string]bool{"path": true, "virtual": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := "http://s3.localhost:" + port
			c := sdk.NewFromConfig(s.Config, func(o *sdk.Options) {
				o.UsePathStyle, o.HTTPClient, o.BaseEndpoint = path, web, &base
			})
			bucket, key := aws.String("bucket-"+name), aws.String("a key")
			must(c.CreateBucket(t.Context(), &sdk.CreateBucketInput{Bucket: bucket}))(t)
			id := must(c.CreateMultipartUpload(t.Context(), &sdk.CreateMultipartUploadInput{Bucket: bucket, Key: key}))(t).UploadId
			part := must(c.UploadPart(t.Context(), &sdk.UploadPartInput{
				Bucket: bucket, Key: key, UploadId: id, PartNumber: aws.Int32(1), Body: strings.NewReader("text"),
			}))(t)
			done := must(c.CompleteMultipartUpload(t.Context(), &sdk.CompleteMultipartUploadInput{
				Bucket: bucket, Key: key, UploadId: id,
				MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: part.ETag}}},
			}))(t)
			if want := base + "/" + *bucket + "/a%20key"; aws.ToString(done.Location) != want {
				t.Errorf("the upload is at %s, want %s", aws.ToString(done.Location), want)
			}
		})
	}
}
