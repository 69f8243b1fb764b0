package nepheletest_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/synthetics"
	"github.com/aws/aws-sdk-go-v2/service/synthetics/types"
	"github.com/aws/smithy-go"

	"nephele.dev/nephele/internal/store/storetest"
	"nephele.dev/nephele/nepheletest"
)

// as is srv.Config with another access key.
func as(srv *nepheletest.Server, id, secret string) aws.Config {
	cfg := srv.Config.Copy()
	cfg.Credentials = credentials.NewStaticCredentialsProvider(id, secret, "")
	return cfg
}

// wantError fails unless err is an API error with the code, and returns it.
func wantError(t *testing.T, err error, code string) smithy.APIError {
	t.Helper()
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok || api.ErrorCode() != code {
		t.Fatalf("got %v, want %s", err, code)
	}
	return api
}

func TestCallerIdentity(t *testing.T) {
	t.Parallel()
	srv := nepheletest.Start(t, nepheletest.WithAccount("111122223333"))
	tests := []struct{ name, key, account string }{
		{"any key belongs to the configured account", "AKIAIOSFODNN7EXAMPLE", "111122223333"},
		{"a key of 12 digits is its account", "444455556666", "444455556666"},
		{"11 digits are any key", "44445555666", "111122223333"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out, err := sts.NewFromConfig(as(srv, tt.key, "any")).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
			if err != nil {
				t.Fatal(err)
			}
			if *out.Account != tt.account || *out.Arn != "arn:aws:iam::"+tt.account+":root" || *out.UserId != tt.account {
				t.Errorf("account %s, ARN %s, user %s", *out.Account, *out.Arn, *out.UserId)
			}
		})
	}
}

// TestNotImplemented asks for an operation that is not built in every protocol
// that the SDK speaks to us.
func TestNotImplemented(t *testing.T) {
	t.Parallel()
	srv := nepheletest.Start(t)
	calls := map[string]func(context.Context) error{
		"awsQuery sts:AssumeRoleWithSAML": func(ctx context.Context) error {
			_, err := sts.NewFromConfig(srv.Config).AssumeRoleWithSAML(ctx, &sts.AssumeRoleWithSAMLInput{
				RoleArn: aws.String("arn:aws:iam::000000000000:role/r"), PrincipalArn: aws.String("arn:aws:iam::000000000000:saml-provider/p"),
				SAMLAssertion: aws.String("PHNhbWw+"),
			})
			return err
		},
		"awsJson1_1 logs:DescribeExportTasks": func(ctx context.Context) error {
			_, err := cloudwatchlogs.NewFromConfig(srv.Config).DescribeExportTasks(ctx, &cloudwatchlogs.DescribeExportTasksInput{})
			return err
		},
		"cloudwatch:ListMetricStreams": func(ctx context.Context) error {
			_, err := cloudwatch.NewFromConfig(srv.Config).ListMetricStreams(ctx, &cloudwatch.ListMetricStreamsInput{})
			return err
		},
		"restXml s3:GetObjectTorrent": func(ctx context.Context) error {
			_, err := s3.NewFromConfig(srv.Config).GetObjectTorrent(ctx, &s3.GetObjectTorrentInput{Bucket: aws.String("bucket"), Key: aws.String("key")})
			return err
		},
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := wantError(t, call(t.Context()), "NotImplemented")
			op := name[strings.LastIndexByte(name, ' ')+1:]
			if want := "Nephele does not implement " + op + " yet."; api.ErrorMessage() != want {
				t.Errorf("message %q, want %q", api.ErrorMessage(), want)
			}
		})
	}
}

// TestNotImplementedEC2 speaks ec2Query by hand: its SDK takes minutes to compile.
func TestNotImplementedEC2(t *testing.T) {
	t.Parallel()
	srv := nepheletest.Start(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL, strings.NewReader("Action=DescribeVpcs&Version=2016-11-15"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=0")
	body, status := send(t, req)
	if status != 501 || !strings.Contains(body, "<Code>NotImplemented</Code>") || !strings.Contains(body, "ec2:DescribeVpcs") {
		t.Errorf("%d: %s", status, body)
	}
}

func send(t *testing.T, req *http.Request) (body string, status int) {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // read to its end
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b), resp.StatusCode
}

func get(t *testing.T, method, url string) (body string, status int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return send(t, req)
}

// TestValidation breaks constraints in every protocol that has them: the words
// are the same, the codes are the services' own.
func TestValidation(t *testing.T) {
	t.Parallel()
	srv := nepheletest.Start(t)
	tests := []struct {
		name, code, want string
		call             func(context.Context) error
	}{
		{
			"restJson1", "ValidationException",
			`1 validation error detected: Value 'Not Lower' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[0-9a-z_\-]+$`,
			func(ctx context.Context) error {
				_, err := synthetics.NewFromConfig(srv.Config).StartCanary(ctx, &synthetics.StartCanaryInput{Name: aws.String("Not Lower")})
				return err
			},
		},
		{
			"awsJson1_1", "InvalidParameterException",
			`1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+`,
			func(ctx context.Context) error {
				_, err := cloudwatchlogs.NewFromConfig(srv.Config).CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("a b")})
				return err
			},
		},
		{
			"rpcv2Cbor", "ValidationError",
			`2 validation errors detected: Value '' at 'namespace' failed to satisfy constraint: Member must satisfy regular expression pattern: [^:].*; Value '' at 'namespace' failed to satisfy constraint: Member must have length greater than or equal to 1`,
			func(ctx context.Context) error {
				_, err := cloudwatch.NewFromConfig(srv.Config).PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String("")})
				return err
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if api := wantError(t, tt.call(t.Context()), tt.code); api.ErrorMessage() != tt.want {
				t.Errorf("got  %s\nwant %s", api.ErrorMessage(), tt.want)
			}
		})
	}
}

// TestMissingMembers sends what no SDK would.
func TestMissingMembers(t *testing.T) {
	t.Parallel()
	srv := nepheletest.Start(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+"/canary",
		strings.NewReader(`{"Name":"c","Code":{},"ArtifactS3Location":"s3://b","RuntimeVersion":null}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/synthetics/aws4_request, SignedHeaders=host, Signature=0")
	body, status := send(t, req)
	for _, path := range []string{"executionRoleArn", "schedule", "runtimeVersion"} {
		if !strings.Contains(body, "Value null at '"+path+"' failed to satisfy constraint: Member must not be null") {
			t.Errorf("%s is not reported", path)
		}
	}
	if status != 400 || !strings.Contains(body, "3 validation errors detected") {
		t.Errorf("%d: %s", status, body)
	}
}

// createCanary makes a canary that is never started.
func createCanary(ctx context.Context, client *synthetics.Client, name string) error {
	_, err := client.CreateCanary(ctx, createInput(name))
	return err
}

func TestReset(t *testing.T) {
	t.Parallel()
	srv := nepheletest.Start(t)
	client := synthetics.NewFromConfig(srv.Config)
	resets := map[string]func(){
		"in process": func() { srv.Reset(t) },
		"over HTTP": func() {
			if body, status := get(t, http.MethodPost, srv.URL+"/_nephele/reset"); status != 200 && status != 204 {
				t.Fatalf("%d: %s", status, body)
			}
		},
	}
	for name, reset := range resets {
		if err := createCanary(t.Context(), client, "doomed"); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		reset()
		if d := time.Since(begin); d > 2*time.Second {
			t.Errorf("%s: took %v", name, d)
		}
		out, err := client.DescribeCanaries(t.Context(), &synthetics.DescribeCanariesInput{})
		if err != nil || len(out.Canaries) != 0 {
			t.Fatalf("%s: %d canaries left, error %v", name, len(out.Canaries), err)
		}
	}
}

// TestResetIsAtomic creates canaries while the server is reset over and over:
// whatever a caller is told exists is found until the next reset, and nothing
// fails but what a reset explains.
func TestResetIsAtomic(t *testing.T) {
	t.Parallel()
	srv := nepheletest.Start(t)
	client := synthetics.NewFromConfig(srv.Config)
	done := make(chan error, 4)
	for worker := range cap(done) {
		go func() {
			for i := range 10 {
				name := string(rune('a'+worker)) + string(rune('a'+i))
				if err := createCanary(t.Context(), client, name); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range 5 {
		srv.Reset(t)
	}
	for range cap(done) {
		if err := <-done; err != nil {
			t.Errorf("a call beside a reset: %v", err)
		}
	}
	srv.Reset(t)
	out, err := client.DescribeCanaries(t.Context(), &synthetics.DescribeCanariesInput{})
	if err != nil || len(out.Canaries) != 0 {
		t.Fatalf("%d canaries left, error %v", len(out.Canaries), err)
	}
}

// TestSettle finds a canary ready when its creation is answered.
func TestSettle(t *testing.T) {
	t.Parallel()
	srv := nepheletest.Start(t)
	client := synthetics.NewFromConfig(srv.Config)
	if err := createCanary(t.Context(), client, "settled"); err != nil {
		t.Fatal(err)
	}
	out, err := client.GetCanary(t.Context(), &synthetics.GetCanaryInput{Name: aws.String("settled")})
	if err != nil {
		t.Fatal(err)
	}
	if state := out.Canary.Status.State; state == types.CanaryStateCreating {
		t.Error("the canary is still being created")
	}
}

// TestPostgres runs a server on PostgreSQL through the same motions.
func TestPostgres(t *testing.T) {
	t.Parallel()
	srv := nepheletest.Start(t, nepheletest.WithPostgres(storetest.PostgresURL(t)))
	client := synthetics.NewFromConfig(srv.Config)
	for range 2 {
		if err := createCanary(t.Context(), client, "c"); err != nil {
			t.Fatal(err)
		}
		srv.Reset(t)
	}
	body, status := get(t, http.MethodGet, srv.URL+"/_nephele/health")
	if status != 200 || !strings.Contains(strings.ToLower(body), "postgres") {
		t.Errorf("%d %s", status, body)
	}
}

// TestResetCutsUploads resets a server while a client takes its time.
func TestResetCutsUploads(t *testing.T) {
	t.Parallel()
	srv := nepheletest.Start(t)
	if _, err := s3.NewFromConfig(srv.Config).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("bucket")}); err != nil {
		t.Fatal(err)
	}
	body, client := io.Pipe()
	defer client.Close() //nolint:errcheck // never fails
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, srv.URL+"/bucket/key", body)
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = 1 << 20
	req.Header.Set("Expect", "100-continue") // asked for by the handler's first read
	http1 := &http.Transport{ExpectContinueTimeout: time.Minute}
	defer http1.CloseIdleConnections()
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0")
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		if resp, err := http1.RoundTrip(req); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode < 400 {
				t.Errorf("half an upload is answered %d", resp.StatusCode)
			}
		}
	}()
	if _, err := client.Write(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	srv.Reset(t)
	if d := time.Since(begin); d > 5*time.Second {
		t.Errorf("the upload held the reset for %v", d)
	}
	_ = client.CloseWithError(io.ErrUnexpectedEOF)
	<-answered
}

func TestHealthAndMetrics(t *testing.T) {
	t.Parallel()
	srv := nepheletest.Start(t)
	body, status := get(t, http.MethodGet, srv.URL+"/_nephele/health")
	if status != 200 || !json.Valid([]byte(body)) {
		t.Errorf("health: %d %s", status, body)
	}
	if _, err := sts.NewFromConfig(srv.Config).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}); err != nil {
		t.Fatal(err)
	}
	body, status = get(t, http.MethodGet, srv.URL+"/_nephele/metrics")
	for _, want := range []string{
		`nephele_requests_total{code="",operation="GetCallerIdentity",service="sts",status="200"} 1`,
		`nephele_engine_lane_slots{lane="canary"}`,
		"process_resident_memory_bytes", "go_goroutines",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("metrics: no %s (status %d)", want, status)
		}
	}
}

func TestServersShareNothing(t *testing.T) {
	t.Parallel()
	one, two := nepheletest.Start(t), nepheletest.Start(t)
	if err := createCanary(t.Context(), synthetics.NewFromConfig(one.Config), "mine"); err != nil {
		t.Fatal(err)
	}
	out, err := synthetics.NewFromConfig(two.Config).DescribeCanaries(t.Context(), &synthetics.DescribeCanariesInput{})
	if err != nil || len(out.Canaries) != 0 {
		t.Errorf("%d canaries, error %v", len(out.Canaries), err)
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	srv := nepheletest.Start(t)
	cfg := srv.Config.Copy()
	cfg.BaseEndpoint = aws.String("https" + strings.TrimPrefix(srv.URL, "http"))
	cfg.HTTPClient = srv.TLSClient(t)
	if _, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}); err != nil {
		t.Error(err)
	}
}

// BenchmarkStart is from nothing to the first answered request.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		srv := nepheletest.Start(b)
		if _, err := sts.NewFromConfig(srv.Config).GetCallerIdentity(b.Context(), &sts.GetCallerIdentityInput{}); err != nil {
			b.Fatal(err)
		}
	}
}
