package client_test

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"strings"
	"testing"
	"time"

	"nephele.dev/nephele/client"
	"nephele.dev/nephele/nepheletest"
)

// session is one of the root user of a server that checks signatures.
func session(t *testing.T, srv *nepheletest.Server, opts ...client.Option) *client.Session {
	t.Helper()
	s, err := client.NewSession(t.Context(), append([]client.Option{client.WithConfig(srv.Config)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func clientOf(t *testing.T, s *client.Session, service string, opts ...client.ServiceOption) *client.Client {
	t.Helper()
	c, err := s.Client(service, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func call(t *testing.T, c *client.Client, operation string, input any) map[string]any {
	t.Helper()
	out, err := c.Call(t.Context(), operation, input)
	if err != nil {
		t.Fatalf("%s: %v", operation, err)
	}
	return out
}

// TestProtocols speaks each protocol of the services that are there, with
// signatures that are checked.
func TestProtocols(t *testing.T) {
	t.Parallel()
	s := session(t, nepheletest.Start(t, nepheletest.WithAuth()))
	for _, tt := range []struct{ service, protocol, operation, want string }{
		{"sts", "query", "GetCallerIdentity", "Arn"},
		{"sns", "query", "ListTopics", ""},
		{"sqs", "json", "ListQueues", ""},
		{"sqs", "query", "ListQueues", ""},
		{"cloudwatch", "smithy-rpc-v2-cbor", "DescribeAlarms", ""},
		{"cloudwatch", "json", "DescribeAlarms", ""},
		{"cloudwatch", "query", "DescribeAlarms", ""},
		{"logs", "json", "DescribeLogGroups", ""},
		{"events", "json", "ListRules", ""},
		{"synthetics", "rest-json", "DescribeCanaries", ""},
		{"s3", "rest-xml", "ListBuckets", "Owner"},
		{"iam", "query", "ListUsers", ""},
	} {
		c := clientOf(t, s, tt.service, client.WithProtocol(tt.protocol))
		r, err := c.Do(t.Context(), tt.operation, nil)
		if err != nil {
			t.Errorf("%s, %s: %v", tt.service, tt.protocol, err)
			continue
		}
		if r.RequestID == "" || r.Status != 200 || r.Attempts != 1 || tt.want != "" && r.Output[tt.want] == nil {
			t.Errorf("%s, %s: %+v", tt.service, tt.protocol, r)
		}
	}
}

// TestObjects sends and receives streams of every kind.
func TestObjects(t *testing.T) {
	t.Parallel()
	s := session(t, nepheletest.Start(t, nepheletest.WithAuth()))
	s3 := clientOf(t, s, "s3")
	call(t, s3, "create-bucket", map[string]any{"Bucket": "bucket"})
	big := bytes.Repeat([]byte("0123456789abcdef"), 150_000)
	seeker := strings.NewReader("skip this, send that")
	if _, err := seeker.Seek(11, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	for key, tt := range map[string]struct {
		body any
		want string
	}{
		"text":        {"hello", "hello"},
		"bytes":       {[]byte{0, 1, 2}, "\x00\x01\x02"},
		"none":        {nil, ""},
		"seeker":      {seeker, "send that"},
		"short pipe":  {io.MultiReader(strings.NewReader("abc")), "abc"},
		"long pipe":   {io.MultiReader(bytes.NewReader(big)), string(big)},
		"odd/k y+&é%": {"x", "x"},
	} {
		in := map[string]any{"Bucket": "bucket", "Key": key, "ChecksumAlgorithm": "CRC64NVME", "Metadata": map[string]string{"a": "b"}}
		if tt.body != nil {
			in["Body"] = tt.body
		}
		if out := call(t, s3, "PutObject", in); out["ETag"] == "" {
			t.Errorf("%s: %v", key, out)
		}
		out := call(t, s3, "GetObject", map[string]any{"Bucket": "bucket", "Key": key})
		body := out["Body"].(io.ReadCloser)
		have, err := io.ReadAll(body)
		if err != nil || string(have) != tt.want || body.Close() != nil {
			t.Errorf("%s: %d bytes, %v", key, len(have), err)
		}
		if _, ok := out["LastModified"].(time.Time); !ok || out["ContentLength"] != int64(len(tt.want)) || out["Metadata"].(map[string]any)["a"] != "b" {
			t.Errorf("%s: %v", key, out)
		}
	}
	listed := call(t, s3, "ListObjectsV2", map[string]any{"Bucket": "bucket", "Prefix": "odd/"})
	if k := listed["Contents"].([]any)[0].(map[string]any)["Key"]; k != "odd/k y+&é%" || listed["EncodingType"] != nil {
		t.Errorf("%v", listed)
	}
	for _, source := range []any{"bucket/odd/k y+&é%", map[string]any{"Bucket": "bucket", "Key": "odd/k y+&é%"}} {
		call(t, s3, "CopyObject", map[string]any{"Bucket": "bucket", "Key": "copy", "CopySource": source})
	}
	call(t, s3, "DeleteObjects", map[string]any{"Bucket": "bucket", "Delete": map[string]any{"Objects": []any{map[string]any{"Key": "copy"}}}})
}

// TestChecksums sends each checksum that S3 knows; the server compares it.
func TestChecksums(t *testing.T) {
	t.Parallel()
	s3 := clientOf(t, session(t, nepheletest.Start(t, nepheletest.WithAuth())), "s3")
	call(t, s3, "CreateBucket", map[string]any{"Bucket": "bucket"})
	for _, name := range []string{"CRC32", "CRC32C", "CRC64NVME", "MD5", "SHA1", "SHA256", "SHA512", "XXHASH64", "XXHASH3", "XXHASH128"} {
		out, err := s3.Call(t.Context(), "PutObject", map[string]any{"Bucket": "bucket", "Key": name, "Body": "summed", "ChecksumAlgorithm": name})
		if err != nil || out["Checksum"+name] == nil {
			t.Errorf("%s: %v, %v", name, out, err)
		}
	}
	_, err := s3.Call(t.Context(), "PutObject", map[string]any{"Bucket": "bucket", "Key": "k", "Body": "summed", "ChecksumAlgorithm": "SUM"})
	if err == nil || !strings.Contains(err.Error(), "Invalid value for parameter ChecksumAlgorithm, value: SUM, valid values: CRC32, ") {
		t.Error(err)
	}
	_, err = s3.Call(t.Context(), "PutObject", map[string]any{"Bucket": "bucket", "Key": "k", "Body": "summed", "ChecksumCRC32": "AAAAAA=="})
	if !client.HasCode(err, "BadDigest") {
		t.Errorf("a wrong checksum: %v", err)
	}
}

// TestEvents reads an event stream.
func TestEvents(t *testing.T) {
	t.Parallel()
	logs := clientOf(t, session(t, nepheletest.Start(t, nepheletest.WithAuth())), "logs")
	call(t, logs, "CreateLogGroup", map[string]any{"logGroupName": "g"})
	call(t, logs, "CreateLogStream", map[string]any{"logGroupName": "g", "logStreamName": "s"})
	group := call(t, logs, "DescribeLogGroups", nil)["logGroups"].([]any)[0].(map[string]any)
	if name := logs.StreamMember("start-live-tail"); name != "responseStream" {
		t.Fatalf("the stream is %q", name)
	}
	out := call(t, logs, "StartLiveTail", map[string]any{"logGroupIdentifiers": []any{group["logGroupArn"]}})
	sent := false
	for event, err := range out["responseStream"].(iter.Seq2[map[string]any, error]) {
		if err != nil {
			t.Fatal(err)
		}
		if !sent {
			call(t, logs, "PutLogEvents", map[string]any{"logGroupName": "g", "logStreamName": "s", "logEvents": []any{
				map[string]any{"timestamp": time.Now().UnixMilli(), "message": "hello"},
			}})
			sent = true
		}
		update, _ := event["sessionUpdate"].(map[string]any)
		if results, _ := update["sessionResults"].([]any); len(results) > 0 {
			if results[0].(map[string]any)["message"] != "hello" {
				t.Errorf("%v", results)
			}
			return
		}
	}
	t.Error("the stream ended")
}

// TestErrors holds what an error tells.
func TestErrors(t *testing.T) {
	t.Parallel()
	s := session(t, nepheletest.Start(t, nepheletest.WithAuth()))
	_, err := clientOf(t, s, "s3").Call(t.Context(), "GetObject", map[string]any{"Bucket": "none", "Key": "k"})
	e, ok := errors.AsType[*client.Error](err)
	if !ok || e.Code != "NoSuchBucket" || e.Status != 404 || e.RequestID == "" || e.HostID == "" || e.Attempts != 1 || e.Operation != "GetObject" {
		t.Errorf("%+v", e)
	}
	_, err = clientOf(t, s, "sqs").Call(t.Context(), "GetQueueUrl", map[string]any{"QueueName": "none"})
	if !client.HasCode(err, "QueueDoesNotExist") || !client.HasCode(err, "AWS.SimpleQueueService.NonExistentQueue") {
		t.Errorf("%v", err)
	}
}

// TestIAMDocuments come as what they stand for.
func TestIAMDocuments(t *testing.T) {
	t.Parallel()
	iam := clientOf(t, session(t, nepheletest.Start(t, nepheletest.WithAuth())), "iam")
	const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"synthetics.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	call(t, iam, "CreateRole", map[string]any{"RoleName": "r", "AssumeRolePolicyDocument": trust})
	out, err := client.Search("Roles[].AssumeRolePolicyDocument.Statement[].Principal.Service", call(t, iam, "ListRoles", nil))
	if err != nil || len(out.([]any)) == 0 || out.([]any)[0] != "synthetics.amazonaws.com" {
		t.Errorf("%v, %v", out, err)
	}
}
