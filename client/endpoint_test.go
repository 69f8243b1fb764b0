package client_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"nephele.dev/nephele/client"
)

// TestEndpoints compares the endpoint and the scope of every service in five
// partitions' regions with AWS's: each line of the file has service, region, URL,
// signing name and signing region.
func TestEndpoints(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/endpoints.txt")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(data)) {
		f := strings.Fields(line)
		if f[0] == "cloudfront" && (strings.HasPrefix(f[1], "us-gov") || strings.HasPrefix(f[1], "eusc")) {
			continue // CloudFront is not there
		}
		n++
		s, requests := recording(t, client.WithRegion(f[1]))
		c := clientOf(t, s, f[0])
		if have, err := c.Endpoint(); have != f[2] || err != nil {
			t.Errorf("%s in %s: have %s, %v; want %s", f[0], f[1], have, err, f[2])
		}
		_, _ = c.Call(t.Context(), c.Operations()[0], nil)
		for _, r := range *requests {
			if scope := "/" + f[4] + "/" + f[3] + "/aws4_request"; !strings.Contains(r.Header.Get("Authorization"), scope) {
				t.Errorf("%s in %s is signed %s, want %s", f[0], f[1], r.Header.Get("Authorization"), scope)
			}
		}
	}
	if n < 100 {
		t.Errorf("only %d endpoints were compared", n)
	}
}

// TestBucketAddress puts buckets into host names where that can be.
func TestBucketAddress(t *testing.T) {
	t.Parallel()
	aws := []client.Option{client.WithRegion("eu-west-1")}
	local := append(aws, client.WithEndpoint("http://127.0.0.1:4566/prefix"))
	for _, tt := range []struct {
		opts        []client.Option
		bucket, key string
		want        string
	}{
		{aws, "bucket", "a/b c", "https://bucket.s3.eu-west-1.amazonaws.com/a/b%20c"},
		{aws, "with.dots", "k", "https://s3.eu-west-1.amazonaws.com/with.dots/k"},
		{aws, "Capital", "k", "https://s3.eu-west-1.amazonaws.com/Capital/k"},
		{append(aws, client.WithPathStyle(true)), "bucket", "k", "https://s3.eu-west-1.amazonaws.com/bucket/k"},
		{local, "bucket", "k", "http://127.0.0.1:4566/prefix/bucket/k"},
		{append(local, client.WithPathStyle(false)), "bucket", "bucket/k", "http://bucket.127.0.0.1:4566/prefix/bucket/k"},
	} {
		s, requests := recording(t, tt.opts...)
		_, _ = clientOf(t, s, "s3").Call(t.Context(), "DeleteObject", map[string]any{"Bucket": tt.bucket, "Key": tt.key})
		if len(*requests) != 1 || (*requests)[0].URL.String() != tt.want || (*requests)[0].Host != (*requests)[0].URL.Host {
			t.Errorf("%s/%s: %v, want %s", tt.bucket, tt.key, (*requests)[0].URL, tt.want)
		}
	}
	s, requests := recording(t, aws...)
	_, err := clientOf(t, s, "s3").Call(t.Context(), "ListBuckets", nil)
	if err != nil || (*requests)[0].URL.String() != "https://s3.eu-west-1.amazonaws.com/" {
		t.Errorf("%v, %v", (*requests)[0].URL, err)
	}
}

func TestNoEndpoint(t *testing.T) {
	t.Parallel()
	none, _ := recording(t)
	if _, err := clientOf(t, none, "sns").Call(t.Context(), "ListTopics", nil); !errors.Is(err, client.ErrNoRegion) {
		t.Errorf("without a region: %v", err)
	}
	if u, err := clientOf(t, none, "iam").Endpoint(); u != "https://iam.amazonaws.com" || err != nil {
		t.Errorf("IAM needs no region: %s, %v", u, err)
	}
	bad, _ := recording(t, client.WithRegion("eu-west-1/x"))
	if _, err := clientOf(t, bad, "sns").Endpoint(); err == nil {
		t.Error("a region that is no part of a host name is taken")
	}
	for _, u := range []string{"127.0.0.1:4566", "ftp://host", "http://", "::"} {
		s, _ := recording(t, client.WithEndpoint(u))
		if _, err := clientOf(t, s, "sns").Endpoint(); err == nil {
			t.Errorf("%q is taken for an endpoint", u)
		}
	}
	fips, _ := recording(t, client.WithRegion("us-east-1"), client.WithEnvironment(environment("AWS_USE_FIPS_ENDPOINT=true")))
	if _, err := clientOf(t, fips, "sns").Endpoint(); err == nil {
		t.Error("an endpoint without FIPS stands in for one with it")
	}
}

// TestHostPrefix puts the prefixes of operations before AWS's names alone.
func TestHostPrefix(t *testing.T) {
	t.Parallel()
	const id = "01234567-89ab-cdef-0123-456789abcdef"
	for endpoint, want := range map[string]string{"": "dataplane.rum.eu-west-1.amazonaws.com", "http://127.0.0.1:4566": "127.0.0.1:4566"} {
		s, requests := recording(t, client.WithRegion("eu-west-1"), client.WithEndpoint(endpoint))
		_, err := clientOf(t, s, "rum").Call(t.Context(), "PutRumEvents", map[string]any{
			"Id": id, "BatchId": id, "AppMonitorDetails": map[string]any{}, "UserDetails": map[string]any{},
			"RumEvents": []any{map[string]any{"id": id, "timestamp": 1, "type": "t", "details": `{"a":1}`}},
		})
		if err != nil || len(*requests) != 1 || (*requests)[0].URL.Host != want {
			t.Errorf("%v, %v, want %s", err, *requests, want)
		}
	}
}
