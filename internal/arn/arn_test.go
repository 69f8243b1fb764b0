package arn_test

import (
	"errors"
	"strings"
	"testing"

	"nephele.dev/nephele/internal/arn"
)

const (
	acct   = "123456789012"
	region = "eu-west-1"
)

// TestForms builds an ARN of every form in use, compares it with how AWS writes
// it, reads it back and splits it.
func TestForms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ service, kind, id, want string }{
		{"synthetics", "canary", "shop", "arn:aws:synthetics:eu-west-1:123456789012:canary:shop"},
		{"synthetics", "group", "abc1234", "arn:aws:synthetics:eu-west-1:123456789012:group:abc1234"},
		{"rum", "appmonitor", "web", "arn:aws:rum:eu-west-1:123456789012:appmonitor/web"},
		{"ssm", "document", "Mine", "arn:aws:ssm:eu-west-1:123456789012:document/Mine"},
		{"ssm", "parameter", "plain", "arn:aws:ssm:eu-west-1:123456789012:parameter/plain"},
		{"ssm", "managed-instance", "mi-0123", "arn:aws:ssm:eu-west-1:123456789012:managed-instance/mi-0123"},
		{"cloudwatch", "alarm", "high: cpu", "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:high: cpu"},
		{"cloudwatch", "dashboard", "main", "arn:aws:cloudwatch::123456789012:dashboard/main"},
		{"logs", "log-group", "/aws/lambda/x:*", "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/x:*"},
		{"logs", "log-group", "g:log-stream:s", "arn:aws:logs:eu-west-1:123456789012:log-group:g:log-stream:s"},
		{"s3", "", "bucket", "arn:aws:s3:::bucket"},
		{"s3", "", "bucket/a/b:c", "arn:aws:s3:::bucket/a/b:c"},
		{"s3", "accesspoint", "ap", "arn:aws:s3:eu-west-1:123456789012:accesspoint/ap"},
		{"sns", "", "topic", "arn:aws:sns:eu-west-1:123456789012:topic"},
		{"sns", "", "topic:2bcfbf39", "arn:aws:sns:eu-west-1:123456789012:topic:2bcfbf39"},
		{"sqs", "", "queue.fifo", "arn:aws:sqs:eu-west-1:123456789012:queue.fifo"},
		{"iam", "role", "path/to/name", "arn:aws:iam::123456789012:role/path/to/name"},
		{"iam", "root", "", "arn:aws:iam::123456789012:root"},
		{"sts", "assumed-role", "name/session", "arn:aws:sts::123456789012:assumed-role/name/session"},
		{"events", "rule", "bus/name", "arn:aws:events:eu-west-1:123456789012:rule/bus/name"},
		{"cognito-identity", "identitypool", "eu-west-1:1-2", "arn:aws:cognito-identity:eu-west-1:123456789012:identitypool/eu-west-1:1-2"},
		{"kms", "key", "1234abcd", "arn:aws:kms:eu-west-1:123456789012:key/1234abcd"},
		{"kms", "alias", "aws/s3", "arn:aws:kms:eu-west-1:123456789012:alias/aws/s3"},
		{"secretsmanager", "secret", "a/b-AbCdEf", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a/b-AbCdEf"},
		{"lambda", "function", "f:live", "arn:aws:lambda:eu-west-1:123456789012:function:f:live"},
		{"autoscaling", "autoScalingGroup", "uuid:autoScalingGroupName/g", "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:uuid:autoScalingGroupName/g"},
		{"ec2", "instance", "i-0123", "arn:aws:ec2:eu-west-1:123456789012:instance/i-0123"},
		{"ec2", "image", "ami-0123", "arn:aws:ec2:eu-west-1::image/ami-0123"},
		{"elasticloadbalancing", "loadbalancer", "app/lb/50dc6c49", "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/lb/50dc6c49"},
		{"cloudformation", "stack", "s/uuid", "arn:aws:cloudformation:eu-west-1:123456789012:stack/s/uuid"},
		{"cloudfront", "distribution", "EDFDVBD6", "arn:aws:cloudfront::123456789012:distribution/EDFDVBD6"},
	} {
		a := arn.New(c.service, c.kind, region, acct, c.id)
		if a.String() != c.want {
			t.Errorf("New(%s, %s) = %s, want %s", c.service, c.kind, a, c.want)
		}
		if back, err := arn.Parse(c.want); err != nil || back != a {
			t.Errorf("Parse(%s) = %+v, %v", c.want, back, err)
		}
		if kind, id := a.Split(); kind != c.kind || id != c.id {
			t.Errorf("%s splits into %q and %q", a, kind, id)
		}
	}
}

func TestQuirks(t *testing.T) {
	t.Parallel()
	if a := arn.New("ssm", "parameter", region, acct, "/a/b").String(); a != "arn:aws:ssm:eu-west-1:123456789012:parameter/a/b" {
		t.Errorf("parameter with a leading slash: %s", a)
	}
	if a := arn.New("s3", "", "cn-north-1", acct, "b").String(); a != "arn:aws-cn:s3:::b" {
		t.Errorf("partition of China: %s", a)
	}
	if p := arn.Partition("us-gov-west-1"); p != "aws-us-gov" {
		t.Errorf("partition of GovCloud: %s", p)
	}
	if _, err := arn.Parse("arn:aws:iam::aws:policy/AdministratorAccess"); err != nil {
		t.Error(err)
	}
	if !arn.Is("arn:aws:s3:::b") || arn.Is("bucket") {
		t.Error("Is cannot tell an ARN from a name")
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "arn", "arn:aws:s3", "arn:aws:s3:::", "arn:::::x", "urn:aws:s3:::b", "arn:gcp:s3:::b", "arn:awsome:s3:::b",
		"arn:aws:S3:::b", "arn:aws:s3:us east:123456789012:b", "arn:aws:sns:us-east-1:1234:t",
		"arn:aws:sns:us-east-1:12345678901x:t", "arn:aws:s3:::a\nb", "arn:aws:s3:::a\xffb",
		"arn:aws:*:::b", "arn:aws:s3:::" + strings.Repeat("x", arn.MaxLength),
	} {
		if a, err := arn.Parse(s); !errors.Is(err, arn.ErrSyntax) {
			t.Errorf("Parse(%.60q) = %+v, %v", s, a, err)
		}
	}
}

// FuzzParse: what parses prints the same, and its resource is all in its parts.
func FuzzParse(f *testing.F) {
	f.Add("arn:aws:s3:::bucket/key")
	f.Add("arn:aws:iam::123456789012:role/path/name")
	f.Add("arn:aws:logs:eu-west-1:123456789012:log-group:g:*")
	f.Add("arn:aws-cn:sns:cn-north-1:123456789012:t:id")
	f.Add("arn:aws:iam::123456789012:root")
	f.Fuzz(func(t *testing.T, s string) {
		a, err := arn.Parse(s)
		if err != nil {
			return
		}
		if a.String() != s {
			t.Errorf("%q prints as %q", s, a)
		}
		kind, id := a.Split()
		if len(kind)+len(id) > len(a.Resource) || !strings.HasPrefix(a.Resource, kind) || !strings.HasSuffix(a.Resource, id) {
			t.Errorf("%q splits into %q and %q", a.Resource, kind, id)
		}
	})
}
