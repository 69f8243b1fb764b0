package synthetics

import (
	"strings"
	"testing"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

func TestCreateCanaryRules(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*api.CreateCanaryInput)
		code   string
		words  string
	}{
		"deprecated runtime": {func(in *api.CreateCanaryInput) { in.RuntimeVersion = "syn-nodejs-puppeteer-6.2" }, "ValidationException", "Deprecated runtime version specified"},
		"unknown runtime":    {func(in *api.CreateCanaryInput) { in.RuntimeVersion = "node" }, "ValidationException", "Invalid runtime version specified"},
		"unbuilt runtime":    {func(in *api.CreateCanaryInput) { in.RuntimeVersion = "syn-java-1.0" }, "NotImplemented", "syn-java-1.0"},
		"rate too slow":      {func(in *api.CreateCanaryInput) { in.Schedule.Expression = "rate(2 hours)" }, "ValidationException", "Invalid schedule expression"},
		"timeout over period": {func(in *api.CreateCanaryInput) {
			in.Schedule.Expression = "rate(1 minute)"
			in.RunConfig = &api.CanaryRunConfigInput{TimeoutInSeconds: new(int32(61))}
		}, "ValidationException", "Run timeout cannot be greater than 60 seconds for the chosen frequency"},
		"memory step": {func(in *api.CreateCanaryInput) {
			in.RunConfig = &api.CanaryRunConfigInput{MemoryInMB: new(int32(1001))}
		}, "ValidationException", "multiple of 64"},
		"memory too small": {func(in *api.CreateCanaryInput) {
			in.RunConfig = &api.CanaryRunConfigInput{MemoryInMB: new(int32(64))}
		}, "ValidationException", "Member must have value greater than or equal to 960"},
		"reserved variable": {func(in *api.CreateCanaryInput) {
			in.RunConfig = &api.CanaryRunConfigInput{EnvironmentVariables: map[string]string{"AWS_REGION": "x"}}
		}, "ValidationException", "reserved"},
		"large environment": {func(in *api.CreateCanaryInput) {
			in.RunConfig = &api.CanaryRunConfigInput{EnvironmentVariables: map[string]string{"BIG": strings.Repeat("x", 4096)}}
		}, "ValidationException", "4 KB"},
		"location without scheme": {func(in *api.CreateCanaryInput) { in.ArtifactS3Location = "artifacts" }, "ValidationException", "s3://"},
		"bucket with period":      {func(in *api.CreateCanaryInput) { in.ArtifactS3Location = "s3://a.b" }, "ValidationException", "period"},
		"no code":                 {func(in *api.CreateCanaryInput) { in.Code.ZipFile = nil }, "ValidationException", "Code must be specified"},
		"two codes":               {func(in *api.CreateCanaryInput) { in.Code.S3Bucket, in.Code.S3Key = new("b"), new("k") }, "ValidationException", "not both"},
		"half a location":         {func(in *api.CreateCanaryInput) { in.Code.ZipFile, in.Code.S3Bucket = nil, new("b") }, "ValidationException", "both required"},
		"missing object":          {func(in *api.CreateCanaryInput) { in.Code = s3Code("missing.zip") }, "ValidationException", "The specified key does not exist."},
		"not a zip":               {func(in *api.CreateCanaryInput) { in.Code.ZipFile = []byte("hello") }, "ValidationException", "Could not unzip uploaded file"},
		"no handler":              {func(in *api.CreateCanaryInput) { in.Code.Handler = nil }, "ValidationException", "Handler is required"},
		"retention":               {func(in *api.CreateCanaryInput) { in.FailureRetentionPeriodInDays = new(int32(456)) }, "ValidationException", "455"},
		"IPv6 in a VPC": {func(in *api.CreateCanaryInput) {
			in.VpcConfig = &api.VpcConfigInput{Ipv6AllowedForDualStack: new(true)}
		}, "NotImplemented", "VpcConfig"},
		"tags to copy and none": {func(in *api.CreateCanaryInput) { in.ResourcesToReplicateTags = []api.ResourceToTag{"lambda-function"} }, "ValidationException", "Tags must be specified"},
		"name": {
			func(in *api.CreateCanaryInput) { in.Name = "Hello" }, "ValidationException",
			`Value 'Hello' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[0-9a-z_\-]+$`,
		},
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db)
		for name, test := range tests {
			in := createInput("rules")
			test.change(in)
			_, err := b.api.CreateCanary(t.Context(), in)
			answer := awserr.As(err)
			if answer == nil || answer.Code != test.code || !strings.Contains(answer.Message, test.words) {
				t.Errorf("%s: got %v, want %s %q", name, err, test.code, test.words)
			}
		}
		out, err := b.api.DescribeCanaries(t.Context(), &api.DescribeCanariesInput{})
		if err != nil || len(out.Canaries) != 0 {
			t.Errorf("refused requests left %d canaries (%v)", len(out.Canaries), err)
		}
	})
}

func s3Code(key string) *api.CanaryCodeInput {
	return &api.CanaryCodeInput{Handler: new("index.handler"), S3Bucket: new("code"), S3Key: new(key)}
}

func TestCreateCanaryDefaults(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db)
		in := createInput("defaults")
		in.Schedule.Expression, in.ArtifactS3Location, in.Code = "rate(1 hour)", "s3://bare", s3Code("code.zip")
		out, err := b.api.CreateCanary(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		c := out.Canary
		if *c.Status.State != "CREATING" || *c.Status.StateReasonCode != "CREATE_PENDING" {
			t.Errorf("status %s %s", *c.Status.State, *c.Status.StateReasonCode)
		}
		if *c.RunConfig.TimeoutInSeconds != 840 || *c.RunConfig.MemoryInMB != 1000 || *c.RunConfig.EphemeralStorage != 1024 {
			t.Errorf("run config %+v", c.RunConfig)
		}
		if *c.SuccessRetentionPeriodInDays != 31 || *c.ArtifactS3Location != "bare/canary/us-east-1/defaults" {
			t.Errorf("retention %d, location %s", *c.SuccessRetentionPeriodInDays, *c.ArtifactS3Location)
		}
		_, err = b.api.CreateCanary(t.Context(), in)
		if answer := awserr.As(err); answer == nil || answer.Code != "ValidationException" || answer.Message != "Canary name already exists" {
			t.Errorf("second create: %v", err)
		}
	})
}
