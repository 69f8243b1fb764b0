package client_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"nephele.dev/nephele/client"
	"nephele.dev/nephele/nepheletest"
)

// notes makes a bucket, waits for it, fills it, pages through it and hands out a
// link.
func notes(ctx context.Context, s *client.Session, w io.Writer) error {
	s3, err := s.Client("s3")
	if err != nil {
		return err
	}
	bucket := map[string]any{"Bucket": "notes"}
	if _, err := s3.Call(ctx, "CreateBucket", bucket); err != nil {
		return err
	}
	exists, err := s3.Waiter("bucket_exists")
	if err != nil {
		return err
	}
	if _, err := exists.Wait(ctx, bucket); err != nil {
		return err
	}
	for _, key := range []string{"1", "2", "3"} {
		if _, err := s3.Call(ctx, "PutObject", map[string]any{"Bucket": "notes", "Key": key, "Body": "hello"}); err != nil {
			return err
		}
	}
	list, err := s3.Paginator("ListObjectsV2")
	if err != nil {
		return err
	}
	for key, err := range list.Paginate(bucket, client.PageSize(2)).Search(ctx, "Contents[].Key") {
		if err != nil {
			return err
		}
		fmt.Fprintln(w, key)
	}
	link, err := s3.Presign(ctx, "GetObject", map[string]any{"Bucket": "notes", "Key": "1"}, client.Expires(15*time.Minute))
	if err != nil {
		return err
	}
	fmt.Fprintln(w, link.URL)
	return nil
}

// The function notes does what these lines of `nephele call` do:
//
//	nephele call s3 CreateBucket --param Bucket=notes
//	nephele call s3 --wait bucket-exists --param Bucket=notes
//	nephele call s3 PutObject --param Bucket=notes --param Key=1 --param Body=hello
//	nephele call s3 ListObjectsV2 --param Bucket=notes --page-size 2 --query 'Contents[].Key'
//	nephele call s3 GetObject --param Bucket=notes --param Key=1 --presign --expires 15m
func Example() {
	ctx := context.Background()
	s, err := client.NewSession(ctx, client.WithEndpoint("http://127.0.0.1:4566"), client.WithStaticCredentials("test", "test", ""))
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := notes(ctx, s, os.Stdout); err != nil {
		fmt.Println(err)
	}
}

// TestExample runs the program, and fetches from its link.
func TestExample(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := notes(t.Context(), session(t, nepheletest.Start(t, nepheletest.WithAuth())), &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(out.String())
	if len(lines) != 4 || strings.Join(lines[:3], " ") != "1 2 3" {
		t.Fatalf("%v", lines)
	}
	if status, text := send(t, &client.Presigned{Method: "GET", URL: lines[3]}, "", nil); status != 200 || text != "hello" {
		t.Errorf("%d %s", status, text)
	}
}

// Search applies the query language of the AWS CLI to an output.
func ExampleSearch() {
	out := map[string]any{"Reservations": []any{
		map[string]any{"Id": "r-1", "Size": int64(3)},
		map[string]any{"Id": "r-2", "Size": int64(1)},
	}}
	small, err := client.Search("Reservations[?Size < `2`].Id | [0]", out)
	fmt.Println(small, err)
	// Output: r-2 <nil>
}

// Any of a service's names will do.
func ExampleSession_Client() {
	s, err := client.NewSession(context.Background(), client.WithRegion("eu-west-1"), client.WithAnonymous())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range []string{"logs", "CloudWatch Logs", "monitoring", "eventbridge"} {
		c, err := s.Client(name)
		if err != nil {
			fmt.Println(err)
			return
		}
		url, _ := c.Endpoint()
		fmt.Println(c.Service(), c.Protocol(), url)
	}
	// Output:
	// logs json https://logs.eu-west-1.amazonaws.com
	// logs json https://logs.eu-west-1.amazonaws.com
	// cloudwatch smithy-rpc-v2-cbor https://monitoring.eu-west-1.amazonaws.com
	// events json https://events.eu-west-1.amazonaws.com
}
