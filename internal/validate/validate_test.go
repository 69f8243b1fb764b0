package validate_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/api/ec2"
	"nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/api/lambda"
	"nephele.dev/nephele/internal/api/logs"
	"nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/api/secretsmanager"
	"nephele.dev/nephele/internal/api/sns"
	"nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/api/ssm"
	"nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/validate"
)

func TestMessages(t *testing.T) {
	t.Parallel()
	canary := func() *synthetics.CreateCanaryInput {
		return &synthetics.CreateCanaryInput{
			Name: "checkout", ArtifactS3Location: "s3://b/p", ExecutionRoleArn: "arn:aws:iam::123456789012:role/r",
			RuntimeVersion: "syn-nodejs-puppeteer-10.0",
			Code:           &synthetics.CanaryCodeInput{Handler: new("index.handler")},
			Schedule:       &synthetics.CanaryScheduleInput{Expression: "rate(5 minutes)"},
		}
	}
	tests := []struct {
		name string
		op   *shape.Operation
		in   any
		want string
	}{
		{
			"valid", synthetics.Service().Operation("CreateCanary"), canary(), "",
		},
		{
			"pattern", synthetics.Service().Operation("GetCanary"),
			&synthetics.GetCanaryInput{Name: "Not Lower"},
			"ValidationException: 1 validation error detected: Value 'Not Lower' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[0-9a-z_\\-]+$",
		},
		{
			"pattern before length", synthetics.Service().Operation("GetCanary"),
			&synthetics.GetCanaryInput{Name: ""},
			"ValidationException: 2 validation errors detected: Value '' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[0-9a-z_\\-]+$; " +
				"Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1",
		},
		{
			"logs have their own code", logs.Service().Operation("CreateLogGroup"),
			&logs.CreateLogGroupInput{LogGroupName: "a b"},
			"InvalidParameterException: 1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+",
		},
		{
			"range", logs.Service().Operation("DescribeLogGroups"),
			&logs.DescribeLogGroupsInput{Limit: new(int32(51))},
			"InvalidParameterException: 1 validation error detected: Value '51' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 50",
		},
		{
			"enum", ssm.Service().Operation("PutParameter"),
			&ssm.PutParameterInput{Name: "n", Value: "v", Type: new(ssm.ParameterType("Secret"))},
			"ValidationException: 1 validation error detected: Value 'Secret' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [String, StringList, SecureString]",
		},
		{
			"scalar elements at the list, all constraints", lambda.Service().Operation("CreateFunction"),
			&lambda.CreateFunctionInput{
				FunctionName: "f", Role: "arn:aws:iam::123456789012:role/r", Code: &lambda.FunctionCode{},
				Architectures: []lambda.Architecture{"m68k"},
			},
			"ValidationException: 1 validation error detected: Value '[m68k]' at 'architectures' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]",
		},
		{
			"elements of a list by number, values never shown", iam.Service().Operation("TagRole"),
			&iam.TagRoleInput{RoleName: "r", Tags: []*iam.Tag{{Key: "k", Value: "v"}, {Key: "#", Value: "v"}}},
			"ValidationError: 1 validation error detected: Value at 'tags.2.member.key' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+",
		},
		{
			"nested null", ssm.Service().Operation("AddTagsToResource"),
			&ssm.AddTagsToResourceInput{ResourceType: "Parameter", ResourceId: "x"},
			"ValidationException: 1 validation error detected: Value null at 'tags' failed to satisfy constraint: Member must not be null",
		},
		{
			"sensitive values are left out", secretsmanager.Service().Operation("PutSecretValue"),
			&secretsmanager.PutSecretValueInput{SecretId: "s", SecretString: new(strings.Repeat("x", 65537))},
			"ValidationException: 1 validation error detected: Value at 'secretString' failed to satisfy constraint: Member must have length less than or equal to 65536",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if err := validate.Input(tt.op, tt.in); err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestMaps(t *testing.T) {
	t.Parallel()
	op := synthetics.Service().Operation("TagResource")
	in := &synthetics.TagResourceInput{ResourceArn: "arn:aws:synthetics:us-east-1:123456789012:canary:c", Tags: map[string]string{
		"ok": strings.Repeat("v", 257), "aws:x": "1",
	}}
	err := validate.Input(op, in)
	if err == nil {
		t.Fatal("no violation")
	}
	msg := err.Error()
	for _, part := range []string{
		"2 validation errors detected: ",
		"at 'tags' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: ",
		"at 'tags' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 256",
		"Value '{aws:x=1, ok=vvv",
	} {
		if !strings.Contains(msg, part) {
			t.Errorf("%q is not in %q", part, msg)
		}
	}
}

func TestDecodedTrustsTheDecoder(t *testing.T) {
	t.Parallel()
	op := synthetics.Service().Operation("CreateCanary")
	in := &synthetics.CreateCanaryInput{Name: "n", ArtifactS3Location: "s3://b", ExecutionRoleArn: "", RuntimeVersion: "", Code: &synthetics.CanaryCodeInput{}}
	err := validate.Decoded(op, in, []string{"ExecutionRoleArn", "Schedule", "runtimeVersion", "Nowhere.1.member.Key"})
	want := []string{
		"Value null at 'executionRoleArn' failed to satisfy constraint: Member must not be null",
		"Value null at 'schedule' failed to satisfy constraint: Member must not be null",
		"Value null at 'runtimeVersion' failed to satisfy constraint: Member must not be null",
		"Value null at 'nowhere.1.member.key' failed to satisfy constraint: Member must not be null",
	}
	e := awserr.As(err)
	if e == nil || e.Status != 400 || e.Message != "4 validation errors detected: "+strings.Join(want, "; ") {
		t.Fatalf("got %v", err)
	}
}

func TestServicesWithTheirOwnWay(t *testing.T) {
	t.Parallel()
	if err := validate.Decoded(s3.Service().Operation("CreateBucket"), &s3.CreateBucketInput{}, []string{"bucket"}); err != nil {
		t.Errorf("S3 validates by itself: %v", err)
	}
	err := validate.Decoded(ec2.Service().Operation("CreateSubnet"), &ec2.CreateSubnetInput{}, []string{"vpcId"})
	if e := awserr.As(err); e == nil || e.Code != "MissingParameter" || e.Message != "The request must contain the parameter VpcId" {
		t.Errorf("EC2: %v", err)
	}
	err = validate.Decoded(sqs.Service().Operation("GetQueueUrl"), &sqs.GetQueueUrlInput{}, []string{"queueName"})
	if !awserr.Is(err, "MissingParameter") {
		t.Errorf("SQS: %v", err)
	}
	err = validate.Decoded(sns.Service().Operation("CreateTopic"), &sns.CreateTopicInput{}, []string{"name"})
	if !awserr.Is(err, "InvalidParameter") {
		t.Errorf("SNS: %v", err)
	}
}

func TestOutput(t *testing.T) {
	t.Parallel()
	op := synthetics.Service().Operation("ListTagsForResource")
	if got := validate.Output(op, &synthetics.ListTagsForResourceOutput{Tags: map[string]string{}}); got != nil {
		t.Errorf("an empty map: %q", got)
	}
	if got := validate.Output(op, &synthetics.ListTagsForResourceOutput{Tags: map[string]string{"": "v"}}); len(got) != 1 {
		t.Errorf("an empty key: %q", got)
	}
}

// TestManyViolations holds a message to a bounded size and a true count.
func TestManyViolations(t *testing.T) {
	t.Parallel()
	tags := make([]*iam.Tag, 5000)
	for i := range tags {
		tags[i] = &iam.Tag{Key: strings.Repeat("#", 200), Value: "v"}
	}
	err := validate.Input(iam.Service().Operation("TagRole"), &iam.TagRoleInput{RoleName: "r", Tags: tags})
	msg := err.Error()
	if !strings.Contains(msg, "10001 validation errors detected") || len(msg) > 64<<10 {
		t.Errorf("%d bytes: %.80s", len(msg), msg)
	}
}

func TestLongValuesAreCut(t *testing.T) {
	t.Parallel()
	err := validate.Input(logs.Service().Operation("CreateLogGroup"), &logs.CreateLogGroupInput{LogGroupName: strings.Repeat("é", 1<<20)})
	if n := len(err.Error()); n > 8<<10 {
		t.Errorf("a message of %d bytes", n)
	}
}

// A path holds the keys of maps, which are as long as the caller likes.
func TestLongPathsAreClipped(t *testing.T) {
	t.Parallel()
	key := strings.Repeat("k", 1<<20)
	in := &sns.PublishInput{Message: "m", MessageAttributes: map[string]*sns.MessageAttributeValue{key: {}}}
	err := validate.Decoded(sns.Service().Operation("Publish"), in, []string{"MessageAttributes." + key + ".member.DataType"})
	if e := awserr.As(err); e == nil || len(e.Message) > 10<<10 {
		t.Errorf("a message of %d bytes", len(e.Message))
	}
}
