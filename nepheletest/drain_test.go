package nepheletest_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"nephele.dev/nephele/nepheletest"
)

// TestStopDrains stops a server in the middle of an upload: no more connections
// are taken, and the upload is answered.
func TestStopDrains(t *testing.T) {
	t.Parallel()
	srv := nepheletest.Start(t)
	if _, err := s3.NewFromConfig(srv.Config).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("bucket")}); err != nil {
		t.Fatal(err)
	}
	body, client := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, srv.URL+"/bucket/key", body)
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = 2
	req.Header.Set("Expect", "100-continue") // asked for by the handler's first read
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0")
	transport := &http.Transport{ExpectContinueTimeout: time.Minute}
	defer transport.CloseIdleConnections()
	status := make(chan int, 1)
	go func() {
		resp, err := transport.RoundTrip(req)
		if err != nil {
			t.Error(err)
			status <- 0
			return
		}
		_ = resp.Body.Close()
		status <- resp.StatusCode
	}()
	if _, err := client.Write([]byte("a")); err != nil {
		t.Fatal(err)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- srv.App().Stop(t.Context()) }()
	awaitRefusal(t, strings.TrimPrefix(srv.URL, "http://"))
	if _, err := client.Write([]byte("b")); err != nil {
		t.Fatal(err)
	}
	_ = client.Close()
	if got := <-status; got != http.StatusOK {
		t.Errorf("the upload is answered %d", got)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// awaitRefusal returns when nobody listens at addr any more.
func awaitRefusal(t *testing.T, addr string) {
	t.Helper()
	for {
		c, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
		if err != nil {
			return
		}
		_ = c.Close()
	}
}
