package synthetics_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/synthetics"
	"github.com/aws/aws-sdk-go-v2/service/synthetics/types"
	"github.com/aws/smithy-go"
)

// limit is one row of the limits: a request that is at it, or beyond.
type limit struct {
	what   string
	change func(*synthetics.CreateCanaryInput)
	code   string // "" when the request is accepted
	words  string // of the message
}

const invalid = "ValidationException"

func runConfig(change func(*types.CanaryRunConfigInput)) func(*synthetics.CreateCanaryInput) {
	return func(in *synthetics.CreateCanaryInput) {
		in.Schedule.Expression = aws.String("rate(1 hour)")
		in.RunConfig = &types.CanaryRunConfigInput{}
		change(in.RunConfig)
	}
}

func timeout(s int32) func(*synthetics.CreateCanaryInput) {
	return runConfig(func(c *types.CanaryRunConfigInput) { c.TimeoutInSeconds = &s })
}

func memory(mb int32) func(*synthetics.CreateCanaryInput) {
	return runConfig(func(c *types.CanaryRunConfigInput) { c.MemoryInMB = &mb })
}

func storage(mb int32) func(*synthetics.CreateCanaryInput) {
	return runConfig(func(c *types.CanaryRunConfigInput) { c.EphemeralStorage = &mb })
}

func variable(name, value string) func(*synthetics.CreateCanaryInput) {
	return runConfig(func(c *types.CanaryRunConfigInput) { c.EnvironmentVariables = map[string]string{name: value} })
}

func schedule(expression string) func(*synthetics.CreateCanaryInput) {
	return func(in *synthetics.CreateCanaryInput) { in.Schedule.Expression = &expression }
}

func lasts(s int64) func(*synthetics.CreateCanaryInput) {
	return func(in *synthetics.CreateCanaryInput) { in.Schedule.DurationInSeconds = &s }
}

func retention(days int32) func(*synthetics.CreateCanaryInput) {
	return func(in *synthetics.CreateCanaryInput) {
		in.SuccessRetentionPeriodInDays, in.FailureRetentionPeriodInDays = &days, &days
	}
}

func handler(runtime, handler string) func(*synthetics.CreateCanaryInput) {
	return func(in *synthetics.CreateCanaryInput) { in.RuntimeVersion, in.Code.Handler = &runtime, &handler }
}

func blueprint(runtime, kind string, handler *string) func(*synthetics.CreateCanaryInput) {
	return func(in *synthetics.CreateCanaryInput) {
		in.RuntimeVersion, in.Code.BlueprintTypes, in.Code.Handler = &runtime, []string{kind}, handler
	}
}

func traced(runtime string) func(*synthetics.CreateCanaryInput) {
	return func(in *synthetics.CreateCanaryInput) {
		in.RuntimeVersion, in.RunConfig = &runtime, &types.CanaryRunConfigInput{ActiveTracing: aws.Bool(true)}
	}
}

func encrypted(mode types.EncryptionMode, key string) func(*synthetics.CreateCanaryInput) {
	return func(in *synthetics.CreateCanaryInput) {
		e := &types.S3EncryptionConfig{EncryptionMode: mode}
		if key != "" {
			e.KmsKeyArn = &key
		}
		in.ArtifactConfig = &types.ArtifactConfigInput{S3Encryption: e}
	}
}

const someKey = "arn:aws:kms:us-east-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab"

func tagged(n int, key string) func(*synthetics.CreateCanaryInput) {
	return func(in *synthetics.CreateCanaryInput) {
		in.Tags = map[string]string{}
		for i := range n {
			in.Tags[key+strings.Repeat("x", i)] = "value"
		}
	}
}

var limits = []limit{
	{"name of 255", func(in *synthetics.CreateCanaryInput) { in.Name = aws.String(strings.Repeat("n", 255)) }, "", ""},
	{"name of 256", func(in *synthetics.CreateCanaryInput) { in.Name = aws.String(strings.Repeat("n", 256)) }, invalid, "less than or equal to 255"},
	{"name in capitals", func(in *synthetics.CreateCanaryInput) { in.Name = aws.String("Name") }, invalid, "regular expression"},

	{"timeout 3", timeout(3), "", ""},
	{"timeout 840", timeout(840), "", ""},
	{"timeout 2", timeout(2), invalid, "greater than or equal to 3"},
	{"timeout 841", timeout(841), invalid, "less than or equal to 840"},
	{"memory 960", memory(960), "", ""},
	{"memory 3008", memory(3008), "", ""},
	{"memory 896", memory(896), invalid, "greater than or equal to 960"},
	{"memory 3072", memory(3072), invalid, "less than or equal to 3008"},
	{"memory 1025", memory(1025), invalid, "multiple of 64"},
	{"storage 1024", storage(1024), "", ""},
	{"storage 10240", storage(10240), "", ""},
	{"storage 1023", storage(1023), invalid, "greater than or equal to 1024"},
	{"storage 10241", storage(10241), invalid, "less than or equal to 10240"},
	{"duration of a year", lasts(31622400), "", ""},
	{"duration over a year", lasts(31622401), invalid, "less than or equal to 31622400"},
	{"duration below 0", lasts(-1), invalid, "greater than or equal to 0"},
	{"retention 1", retention(1), "", ""},
	{"retention 455", retention(455), "", ""},
	{"retention 0", retention(0), invalid, "greater than or equal to 1"},
	{"retention 456", retention(456), invalid, "455"},
	{"retention 1025", retention(1025), invalid, "less than or equal to 1024"},

	{"rate of a minute", schedule("rate(1 minute)"), "", ""},
	{"rate of an hour", schedule("rate(1 hour)"), "", ""},
	{"rate of an hour in minutes", schedule("rate(60 minutes)"), "", ""},
	{"once", schedule("rate(0 hour)"), "", ""},
	{"cron", schedule("cron(0 10 ? * MON-FRI *)"), "", ""},
	{"rate over an hour", schedule("rate(61 minutes)"), invalid, "Invalid schedule expression"},
	{"cron of a year", schedule("cron(0 10 ? * MON-FRI 2030)"), invalid, "Invalid schedule expression"},
	{"cron with two days", schedule("cron(0 10 1 * MON *)"), invalid, "Invalid schedule expression"},

	{"variable of 4 KB", variable("KEY", strings.Repeat("v", 4093)), "", ""},
	{"variable over 4 KB", variable("KEY", strings.Repeat("v", 4094)), invalid, "4 KB"},
	{"variable of one letter", variable("K", ""), invalid, "regular expression"},
	{"variable with a digit first", variable("1KEY", ""), invalid, "regular expression"},
	{"reserved variable", variable("LAMBDA_TASK_ROOT", ""), invalid, "reserved"},
	{"reserved credentials", variable("AWS_SECRET_ACCESS_KEY", ""), invalid, "reserved"},

	{"handler in a folder", handler("syn-nodejs-puppeteer-10.0", "folder/file.fn"), "", ""},
	{"handler in a folder with a dot", handler("syn-nodejs-playwright-5.0", "a/b/file.spec.fn"), "", ""},
	{"handler of Python", handler("syn-python-selenium-6.0", "file.handler"), "", ""},
	{"handler of Java", handler("syn-nodejs-puppeteer-10.0", "Check::run"), invalid, "Invalid handler"},
	{"handler of Java in a package", handler("syn-nodejs-puppeteer-10.0", "com.Check::run"), invalid, "Invalid handler"},
	{"handler of 129", handler("syn-nodejs-puppeteer-10.0", strings.Repeat("h", 126)+".fn"), invalid, "less than or equal to 128"},
	{"handler without a function", handler("syn-nodejs-puppeteer-10.0", "file."), invalid, "regular expression"},
	{"no handler", handler("syn-nodejs-puppeteer-10.0", ""), invalid, "Handler is required"},

	{"multi-checks", blueprint("syn-nodejs-3.0", "multi-checks", nil), "", ""},
	{"multi-checks with a handler", blueprint("syn-nodejs-3.0", "multi-checks", aws.String("index.handler")), invalid, "together"},
	{"multi-checks in a browser", blueprint("syn-nodejs-puppeteer-10.0", "multi-checks", nil), invalid, "not supported for runtime version"},
	{"unknown blueprint", blueprint("syn-nodejs-3.0", "single-check", nil), invalid, "not supported for runtime version"},
	{"layers", func(in *synthetics.CreateCanaryInput) {
		in.Code.Dependencies = []types.Dependency{{Type: types.DependencyTypeLambdaLayer, Reference: aws.String("arn:aws:lambda:us-east-1:000000000000:layer:l:1")}}
	}, "NotImplemented", "Dependencies"},

	{"tracing", traced("syn-nodejs-puppeteer-10.0"), "", ""},
	{"tracing of an API script", traced("syn-nodejs-3.0"), "", ""},
	{"tracing of Python", traced("syn-python-selenium-6.0"), invalid, "Active tracing is not supported"},
	{"encryption by S3", encrypted(types.EncryptionModeSseS3, ""), "", ""},
	{"encryption by KMS", encrypted(types.EncryptionModeSseKms, someKey), "", ""},
	{"a key for S3", encrypted(types.EncryptionModeSseS3, someKey), invalid, "KmsKeyArn can only be specified"},
	{"a key and no mode", encrypted("", someKey), invalid, "KmsKeyArn can only be specified"},
	{"KMS and no key", encrypted(types.EncryptionModeSseKms, ""), invalid, "KmsKeyArn is required"},
	{"a key that is no ARN", encrypted(types.EncryptionModeSseKms, "alias/mine"), invalid, "regular expression"},
	{"a VPC", func(in *synthetics.CreateCanaryInput) {
		in.VpcConfig = &types.VpcConfigInput{SubnetIds: []string{"subnet-1"}, SecurityGroupIds: []string{"sg-1"}}
	}, "NotImplemented", "VpcConfig"},
	{"no VPC", func(in *synthetics.CreateCanaryInput) {
		in.VpcConfig = &types.VpcConfigInput{SubnetIds: []string{}, SecurityGroupIds: []string{}}
	}, "", ""},

	{"50 tags", tagged(50, "k"), "", ""},
	{"51 tags", tagged(51, "k"), invalid, "50"},
	{"reserved tag", tagged(1, "aws:k"), invalid, "regular expression"},
	{"reserved tag in capitals", tagged(1, "AWS:k"), invalid, "aws:"},
	{"tags to copy and none", func(in *synthetics.CreateCanaryInput) {
		in.ResourcesToReplicateTags = []types.ResourceToTag{types.ResourceToTagLambdaFunction}
	}, invalid, "Tags must be specified"},
	{"tags to copy", func(in *synthetics.CreateCanaryInput) {
		in.Tags, in.ResourcesToReplicateTags = map[string]string{"k": "v"}, []types.ResourceToTag{types.ResourceToTagLambdaFunction}
	}, "", ""},

	{"deprecated runtime", handler("syn-nodejs-puppeteer-7.0", "index.handler"), invalid, "Deprecated runtime version specified: syn-nodejs-puppeteer-7.0"},
	{"unknown runtime", handler("nodejs", "index.handler"), invalid, "Invalid runtime version specified"},
	{"runtime of Java", handler("syn-java-1.0", "Check::run"), "NotImplemented", "syn-java-1.0"},
}

// TestLimits takes every rule of CreateCanary to its limit, and beyond.
func TestLimits(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	for _, l := range limits {
		in := scripted(t, "limit", aws.String("arn:aws:iam::000000000000:role/canary"), "", nil)
		l.change(in)
		_, err := u.canaries.CreateCanary(t.Context(), in)
		if l.code == "" {
			if err == nil {
				_, err = u.canaries.DeleteCanary(t.Context(), &synthetics.DeleteCanaryInput{Name: in.Name})
			}
			if err != nil {
				t.Errorf("%s: %v", l.what, err)
			}
			continue
		}
		answer, ok := errors.AsType[smithy.APIError](err)
		if !ok || answer.ErrorCode() != l.code || !strings.Contains(answer.ErrorMessage(), l.words) {
			t.Errorf("%s: %v, want %s %q", l.what, err, l.code, l.words)
		}
	}
	list, err := u.canaries.DescribeCanaries(t.Context(), &synthetics.DescribeCanariesInput{})
	if err != nil || len(list.Canaries) != 0 {
		t.Errorf("refused requests left %d canaries, %v", len(list.Canaries), err)
	}
}

// stored is an archive of a file of n bytes that is not compressed.
func stored(t *testing.T, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.CreateHeader(&zip.FileHeader{Name: "nodejs/node_modules/index.js", Method: zip.Store})
	if err == nil {
		_, err = f.Write(make([]byte, n))
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestCodeSizes: an archive in the request may have 10 MB, one in S3 50 MB.
func TestCodeSizes(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	u.store(t, "large.zip", stored(t, 50<<20-1000))
	u.store(t, "huge.zip", stored(t, 50<<20))
	for _, test := range []struct {
		name string
		code types.CanaryCodeInput
		want string
	}{
		{"inline", types.CanaryCodeInput{ZipFile: stored(t, 9_999_000)}, ""},
		{"inline-over", types.CanaryCodeInput{ZipFile: stored(t, 10_000_000)}, invalid},
		{"large", types.CanaryCodeInput{S3Bucket: aws.String("artifacts"), S3Key: aws.String("large.zip")}, ""},
		{"huge", types.CanaryCodeInput{S3Bucket: aws.String("artifacts"), S3Key: aws.String("huge.zip")}, "RequestEntityTooLargeException"},
		{"none", types.CanaryCodeInput{S3Bucket: aws.String("artifacts"), S3Key: aws.String("none.zip")}, invalid},
	} {
		in := scripted(t, test.name, aws.String("arn:aws:iam::000000000000:role/canary"), "", nil)
		test.code.Handler = in.Code.Handler
		in.Code = &test.code
		_, err := u.canaries.CreateCanary(t.Context(), in)
		switch answer, ok := errors.AsType[smithy.APIError](err); {
		case test.want == "" && err != nil, test.want != "" && (!ok || answer.ErrorCode() != test.want):
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		case test.want == "RequestEntityTooLargeException":
			answered(t, test.name, err, test.want, 413)
		}
	}
}

func (u *user) store(t *testing.T, key string, body []byte) {
	t.Helper()
	_, err := u.objects.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("artifacts"), Key: &key, Body: bytes.NewReader(body)})
	if err != nil {
		t.Fatal(err)
	}
}

// TestArtifactsAreEncrypted as the canary says, in S3's own words.
func TestArtifactsAreEncrypted(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	for name, test := range map[string]struct {
		mode types.EncryptionMode
		key  string
		want string
	}{
		"plain":  {"", "", "AES256"},
		"by-s3":  {types.EncryptionModeSseS3, "", "AES256"},
		"by-kms": {types.EncryptionModeSseKms, someKey, "aws:kms"},
	} {
		in := scripted(t, name, nil, "exports.handler = async () => {};", nil)
		if test.mode != "" {
			encrypted(test.mode, test.key)(in)
		}
		run := u.once(t, in)
		bucket, prefix, _ := strings.Cut(*run.ArtifactS3Location, "/")
		got, err := u.objects.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: aws.String(prefix + "/SyntheticsReport-PASSED.json")})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, got.Body)
		if string(got.ServerSideEncryption) != test.want || aws.ToString(got.SSEKMSKeyId) != test.key {
			t.Errorf("%s: %s %s", name, got.ServerSideEncryption, aws.ToString(got.SSEKMSKeyId))
		}
		c, err := u.canaries.GetCanary(t.Context(), &synthetics.GetCanaryInput{Name: &name})
		if err != nil {
			t.Fatal(err)
		}
		if how := c.Canary.ArtifactConfig; test.mode == "" && how != nil || test.mode != "" && (how == nil || how.S3Encryption.EncryptionMode != test.mode || aws.ToString(how.S3Encryption.KmsKeyArn) != test.key) {
			t.Errorf("%s: shown as %+v", name, how)
		}
	}
}

// TestTracing: a script whose canary traces finds a trace that began with its run.
func TestTracing(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	in := scripted(t, "traced", nil, `exports.handler = async () => {
  if (!/^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=1$/.test(process.env._X_AMZN_TRACE_ID)) throw new Error('trace ' + process.env._X_AMZN_TRACE_ID);
};`, nil)
	in.RunConfig.ActiveTracing = aws.Bool(true)
	if run := u.once(t, in); run.Status.State != types.CanaryRunStatePassed {
		t.Errorf("run %s: %s", run.Status.State, aws.ToString(run.Status.StateReason))
	}
	c, err := u.canaries.GetCanary(t.Context(), &synthetics.GetCanaryInput{Name: in.Name})
	if err != nil || !aws.ToBool(c.Canary.RunConfig.ActiveTracing) {
		t.Errorf("shown as %+v, %v", c, err)
	}
}
