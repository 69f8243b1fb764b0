package door_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awscloudwatch "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	awssts "github.com/aws/aws-sdk-go-v2/service/sts"
	awssynthetics "github.com/aws/aws-sdk-go-v2/service/synthetics"
	"github.com/aws/smithy-go"

	"nephele.dev/nephele/internal/door"
)

// config is that of an SDK client of the house. An empty endpoint leaves AWS's
// own host names in place.
func (h *house) config(endpoint, key, secret, token string) aws.Config {
	c := aws.Config{
		Region: "us-west-2", HTTPClient: h.client(), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(key, secret, token),
	}
	if endpoint != "" {
		c.BaseEndpoint = &endpoint
	}
	return c
}

// endpoints are the ways in: plain and TLS at loopback, and TLS under the host
// names that AWS has.
func (h *house) endpoints() map[string]string {
	return map[string]string{"plain": h.url(), "tls": h.tlsURL(), "aws": ""}
}

func TestGoSDK(t *testing.T) {
	t.Parallel()
	for mode, change := range map[string]func(*door.Options){"off": nil, "on": withAuth} {
		h := open(t, change)
		for name, endpoint := range h.endpoints() {
			for key, token := range map[string]string{accessKey: "", "ASIAIOSFODNN7EXAMPLE": "token"} {
				t.Run(mode+" "+name+" "+key, func(t *testing.T) {
					t.Parallel()
					exerciseSDK(t, h, h.config(endpoint, key, secretKey, token))
				})
			}
		}
	}
}

func exerciseSDK(t *testing.T, h *house, cfg aws.Config) {
	ctx := t.Context()
	id, err := awssts.NewFromConfig(cfg).GetCallerIdentity(ctx, &awssts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	creds, err := cfg.Credentials.Retrieve(ctx)
	if err != nil || *id.Account != account || !strings.HasPrefix(*id.UserId, "us-west-2 "+creds.AccessKeyID+" 127.0.0.1 http") {
		t.Errorf("caller %s %s", *id.Account, *id.UserId)
	}
	canary, err := awssynthetics.NewFromConfig(cfg).GetCanary(ctx, &awssynthetics.GetCanaryInput{Name: aws.String("c-1")})
	if err != nil || *canary.Canary.Name != "c-1" {
		t.Errorf("GetCanary: %v", err)
	}
	_, err = awscloudwatch.NewFromConfig(cfg).PutMetricData(ctx, &awscloudwatch.PutMetricDataInput{
		Namespace: aws.String("N"), MetricData: []cwtypes.MetricDatum{{MetricName: aws.String("m"), Value: aws.Float64(1)}},
	})
	if err != nil {
		t.Errorf("PutMetricData: %v", err)
	}
	for _, pathStyle := range []bool{true, false} {
		client := awss3.NewFromConfig(cfg, func(o *awss3.Options) { o.UsePathStyle = pathStyle })
		exerciseS3(t, h, client)
	}
}

func exerciseS3(t *testing.T, h *house, client *awss3.Client) {
	ctx := t.Context()
	big := bytes.Repeat([]byte("0123456789abcdef"), 20<<10)
	for _, algorithm := range []s3types.ChecksumAlgorithm{"", "CRC32", "CRC32C", "SHA1", "SHA256", "CRC64NVME"} {
		key := aws.String("a dir/k+ü&" + string(algorithm))
		put := &awss3.PutObjectInput{Bucket: aws.String("a-bucket"), Key: key, Body: bytes.NewReader(big), ChecksumAlgorithm: algorithm}
		if _, err := client.PutObject(ctx, put); err != nil {
			t.Errorf("PutObject %s: %v", algorithm, err)
			continue
		}
		got, err := client.GetObject(ctx, &awss3.GetObjectInput{Bucket: put.Bucket, Key: key})
		if err != nil {
			t.Errorf("GetObject %s: %v", algorithm, err)
			continue
		}
		body, err := io.ReadAll(got.Body)
		if err != nil || !bytes.Equal(body, big) {
			t.Errorf("%d bytes came back, %v", len(body), err)
		}
	}
	if endpoint := client.Options().BaseEndpoint; endpoint == nil || strings.HasPrefix(*endpoint, "https") { // the SDK streams over TLS alone
		key := aws.String("a stream")
		put := &awss3.PutObjectInput{Bucket: aws.String("a-bucket"), Key: key, Body: io.MultiReader(bytes.NewReader(big)), ContentLength: aws.Int64(int64(len(big)))}
		if _, err := client.PutObject(ctx, put); err != nil {
			t.Errorf("PutObject of a stream: %v", err)
		}
	}
	_, err := client.GetObject(ctx, &awss3.GetObjectInput{Bucket: aws.String("a-bucket"), Key: aws.String("nothing")})
	if _, ok := errors.AsType[*s3types.NoSuchKey](err); !ok {
		t.Errorf("GetObject of nothing: %v", err)
	}
	exercisePresigned(t, h, client)
}

func exercisePresigned(t *testing.T, h *house, client *awss3.Client) {
	presigned := awss3.NewPresignClient(client)
	in := &awss3.PutObjectInput{Bucket: aws.String("a-bucket"), Key: aws.String("pre signed")}
	put, err := presigned.PresignPutObject(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(put.Method, put.URL, strings.NewReader("by a link"))
	if err != nil {
		t.Fatal(err)
	}
	if status := send(t, h, r).StatusCode; status != http.StatusOK {
		t.Errorf("presigned put: %d", status)
	}
	get, err := presigned.PresignGetObject(t.Context(), &awss3.GetObjectInput{Bucket: in.Bucket, Key: in.Key})
	if err != nil {
		t.Fatal(err)
	}
	r, err = http.NewRequest(get.Method, get.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp := send(t, h, r); resp.body != "by a link" {
		t.Errorf("presigned get: %d %q", resp.StatusCode, resp.body)
	}
}

// response is one whose body has been read.
type response struct {
	*http.Response
	body string
}

func send(t testing.TB, h *house, r *http.Request) response {
	t.Helper()
	client := h.client()
	defer client.CloseIdleConnections()
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response{resp, string(body)}
}

// Each service has its own word for each thing that is wrong.
func TestRefusalsBySDK(t *testing.T) {
	t.Parallel()
	h := open(t, withAuth)
	for _, c := range []struct {
		name, key, secret, token                 string
		query, rest, cbor, s3                    string
		queryStatus, restStatus, cborStatus, s3s int
	}{
		{
			name: "wrong secret", key: accessKey, secret: "wrong",
			query: "SignatureDoesNotMatch", rest: "InvalidSignatureException", cbor: "InvalidSignatureException", s3: "SignatureDoesNotMatch",
			queryStatus: 403, restStatus: 403, cborStatus: 400, s3s: 403,
		},
		{
			name: "unknown key", key: "AKIANOBODYNOBODYAAAA", secret: secretKey,
			query: "InvalidClientTokenId", rest: "UnrecognizedClientException", cbor: "UnrecognizedClientException", s3: "InvalidAccessKeyId",
			queryStatus: 403, restStatus: 403, cborStatus: 400, s3s: 403,
		},
		{
			name: "expired token", key: "ASIAIOSFODNN7EXAMPLE", secret: secretKey, token: "expired",
			query: "ExpiredToken", rest: "ExpiredTokenException", cbor: "ExpiredTokenException", s3: "ExpiredToken",
			queryStatus: 403, restStatus: 403, cborStatus: 400, s3s: 400,
		},
		{
			name: "wrong token", key: "ASIAIOSFODNN7EXAMPLE", secret: secretKey, token: "other",
			query: "InvalidClientTokenId", rest: "UnrecognizedClientException", cbor: "UnrecognizedClientException", s3: "InvalidToken",
			queryStatus: 403, restStatus: 403, cborStatus: 400, s3s: 400,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			cfg := h.config(h.url(), c.key, c.secret, c.token)
			_, err := awssts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
			expectCode(t, err, c.query, c.queryStatus)
			_, err = awssynthetics.NewFromConfig(cfg).GetCanary(ctx, &awssynthetics.GetCanaryInput{Name: aws.String("c")})
			expectCode(t, err, c.rest, c.restStatus)
			_, err = awscloudwatch.NewFromConfig(cfg).PutMetricData(ctx, &awscloudwatch.PutMetricDataInput{Namespace: aws.String("N")})
			expectCode(t, err, c.cbor, c.cborStatus)
			_, err = awss3.NewFromConfig(cfg).PutObject(ctx, &awss3.PutObjectInput{
				Bucket: aws.String("b-b"), Key: aws.String("k"), Body: strings.NewReader("x"),
			})
			expectCode(t, err, c.s3, c.s3s)
		})
	}
	if _, ok := h.object("b-b/k"); ok {
		t.Error("a refused object was stored")
	}
}

func expectCode(t *testing.T, err error, code string, status int) {
	t.Helper()
	var api smithy.APIError
	var http interface{ HTTPStatusCode() int }
	if !errors.As(err, &api) || !errors.As(err, &http) {
		t.Errorf("error %v, want %s", err, code)
		return
	}
	if api.ErrorCode() != code || http.HTTPStatusCode() != status || api.ErrorMessage() == "" {
		t.Errorf("%s %d %q, want %s %d", api.ErrorCode(), http.HTTPStatusCode(), api.ErrorMessage(), code, status)
	}
}

func TestSessions(t *testing.T) {
	t.Parallel()
	h := open(t, withAuth)
	out, err := awssts.NewFromConfig(h.config(h.url(), "ASIAIOSFODNN7EXAMPLE", secretKey, "token")).GetCallerIdentity(t.Context(), nil)
	if err != nil || !strings.Contains(*out.Arn, "assumed-role/r/s") {
		t.Errorf("identity %v, %v", out, err)
	}
}

// With auth=off the account is the access key if that can be one.
func TestAccountsWithoutAuth(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	for key, want := range map[string]string{"test": account, "999999999999": "999999999999", "99999999999x": account} {
		out, err := awssts.NewFromConfig(h.config(h.url(), key, "x", "")).GetCallerIdentity(context.Background(), nil)
		if err != nil || *out.Account != want {
			t.Errorf("%s: %v, %v", key, out, err)
		}
	}
}

const pythonCalls = `
import boto3, io, socket, sys
from botocore.config import Config

# Not every resolver knows the names below localhost (RFC 6761).
resolve = socket.getaddrinfo
socket.getaddrinfo = lambda host, *a, **kw: resolve("127.0.0.1", *a, **kw)

for endpoint in sys.argv[1:]:
    def client(name, **kw):
        return boto3.client(name, endpoint_url=endpoint, config=Config(retries={"total_max_attempts": 1}, **kw))
    assert client("sts").get_caller_identity()["Account"] == "123456789012"
    assert client("ssm").get_parameter(Name="/a/b")["Parameter"]["Name"] == "/a/b"
    assert client("synthetics").get_canary(Name="c-1")["Canary"]["Name"] == "c-1"
    client("cloudwatch").put_metric_data(Namespace="N", MetricData=[{"MetricName": "m", "Value": 1.0, "Dimensions": [{"Name": "n" * 200, "Value": str(i) * 50}]} for i in range(100)])
    for style in ("path", "virtual"):
        s3 = client("s3", s3={"addressing_style": style})
        for key in ("a b/c+d", "k:ü~'()*!,;=@&$"):
            for algorithm in ("CRC32", "SHA256", "SHA1"):
                s3.put_object(Bucket="py-bucket", Key=key, Body=io.BytesIO(b"x" * 100000), ChecksumAlgorithm=algorithm)
            assert s3.get_object(Bucket="py-bucket", Key=key)["Body"].read() == b"x" * 100000
        s3.delete_objects(Bucket="py-bucket", Delete={"Objects": [{"Key": "k"}]})
        try:
            s3.get_object(Bucket="py-bucket", Key="absent")
            raise SystemExit("no error")
        except s3.exceptions.NoSuchKey as e:
            assert e.response["ResponseMetadata"]["RequestId"]
print("ok")
`

func TestBoto3AndCLI(t *testing.T) {
	t.Parallel()
	for _, need := range [][]string{{"python3", "-c", "import boto3"}, {"aws", "--version"}} {
		if err := exec.Command(need[0], need[1:]...).Run(); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%v: %v", need, err)
			}
			t.Skipf("%v: %v (pip install boto3 awscli)", need, err)
		}
	}
	h := open(t, withAuth)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, h.authority.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "AWS_ACCESS_KEY_ID="+accessKey, "AWS_SECRET_ACCESS_KEY="+secretKey, "AWS_DEFAULT_REGION=us-west-2",
		"AWS_CA_BUNDLE="+ca, "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=/nonexistent", "AWS_SHARED_CREDENTIALS_FILE=/nonexistent")
	run := func(name string, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Env = env
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		return string(out)
	}
	local := "http://localhost:" + h.addr[strings.LastIndexByte(h.addr, ':')+1:]
	if out := run("python3", "-c", pythonCalls, local, h.tlsURL()); !strings.Contains(out, "ok") {
		t.Errorf("boto3: %s", out)
	}
	file := filepath.Join(t.TempDir(), "upload")
	if err := os.WriteFile(file, bytes.Repeat([]byte("cli"), 50000), 0o600); err != nil {
		t.Fatal(err)
	}
	run("aws", "--endpoint-url", h.tlsURL(), "s3api", "put-object", "--bucket", "cli-bucket", "--key", "k", "--body", file)
	if got, _ := h.object("cli-bucket/k"); len(got) != 150000 {
		t.Errorf("the CLI's object has %d bytes", len(got))
	}
}
