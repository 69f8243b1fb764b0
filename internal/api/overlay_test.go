package api_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"nephele.dev/nephele/internal/api/all"
	"nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/api/ec2"
	"nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/shape"
)

// TestTranslatedPatterns tries the patterns that were translated by hand.
func TestTranslatedPatterns(t *testing.T) {
	t.Parallel()
	label := strings.Repeat("a", 63)
	for _, c := range []struct{ service, shape, match, refuse string }{
		{"synthetics", "TagKey", "team a aw aws awsome AWS: a:b", "aws: aws:x t~am"},
		{"rum", "TagKey", "team aws-x aw:s", "aws:team"},
		{"rum", "AppMonitorName", "web #1 -.x", ".web w*b"},
		{
			"rum", "AppMonitorDomain",
			"localhost 10.0.255.1 example.com *.example.com a-b.co shop.example.co.uk example.* x.y.c 1.example.12 " + label + ".com",
			"example *.com. a..b.com -a.com a-.com *.*.com exa*mple.com a.-b.com 1.2 a.b *. " + label + "a.com",
		},
		{"iam", "accountAliasType", "abc a-b-c a1b", "a -abc abc- a--b Abc"},
		{"lambda", "Alias", "live 1a a1 _ v-2", "1 12 a.b"},
		{"lambda", "FunctionUrlQualifier", "live 1a", "12 a!"},
		{"lambda", "S3Bucket", "bucket my.bucket", "bucket. buck/et"},
		{"lambda", "CollectionName", "s sys system systemx systems.x people _a", "system. system.users $x .a"},
		{"ssm", "StringDateTime", "2024 2024-05-06 2024-05-06T07:08:09Z 20240506T0708Z 2024-W05-1 2024-123 2024-05-06T07-08:00", "20 2024-13 2024-05-06T25:00 2024-05-06T07:61 202405 x"},
		{"ec2", "SecretArn", "arn:aws:secretsmanager:us-east-1:123456789012:secret:a/b-AbCdEf", "arn:aws:s3:::b"},
	} {
		re := regexp.MustCompile(findShape(t, c.service, c.shape).RE2)
		for v := range strings.FieldsSeq(c.match) {
			if !re.MatchString(v) {
				t.Errorf("%s %s refuses %q", c.service, c.shape, v)
			}
		}
		for v := range strings.FieldsSeq(c.refuse) {
			if re.MatchString(v) {
				t.Errorf("%s %s takes %q", c.service, c.shape, v)
			}
		}
	}
	blank := regexp.MustCompile(findShape(t, "ssm", "OpsItemTitle").RE2)
	colon := regexp.MustCompile(findShape(t, "rum", "DimensionName").RE2)
	if blank.MatchString("  ") || !blank.MatchString(" a ") || colon.MatchString(":a") || !colon.MatchString(" :a") || colon.MatchString(" ") {
		t.Error("a pattern about blanks is translated wrongly")
	}
}

func findShape(t *testing.T, service, name string) *shape.Shape {
	t.Helper()
	for _, svc := range all.Services() {
		for _, s := range svc.Shapes() {
			if svc.Name == service && s.Name == name {
				return s
			}
		}
	}
	t.Fatalf("%s has no shape %s", service, name)
	return nil
}

func TestAnonymous(t *testing.T) {
	t.Parallel()
	var have []string
	for _, svc := range all.Services() {
		for _, op := range svc.Operations() {
			if op.Anonymous {
				have = append(have, svc.Name+":"+op.Name)
			}
		}
	}
	want := []string{
		"cognitoidentity:GetCredentialsForIdentity", "cognitoidentity:GetId", "cognitoidentity:GetOpenIdToken",
		"cognitoidentity:UnlinkIdentity", "rum:PutRumEvents", "sns:ConfirmSubscription", "sns:Unsubscribe", "ssm:RegisterManagedInstance",
		"sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity",
	}
	if !slices.Equal(have, want) {
		t.Errorf("anonymous operations %q, want %q", have, want)
	}
}

// TestSQSQuery wants the names of the query protocol that SQS left behind.
func TestSQSQuery(t *testing.T) {
	t.Parallel()
	svc := sqs.Service()
	if !svc.Speaks(shape.Query) || !svc.Speaks(shape.JSON10) || !svc.QueryCompatible {
		t.Errorf("protocols %v", svc.Protocols)
	}
	create := svc.Operation("CreateQueue")
	attrs := create.Input.Member("Attributes")
	if attrs.QueryName != "Attribute" || attrs.WireName != "Attributes" || !attrs.Shape.Flattened ||
		attrs.Shape.Key.WireName != "Name" || attrs.Shape.Value.WireName != "Value" || create.OutputWrapper != "CreateQueueResult" {
		t.Errorf("CreateQueue: %+v of %+v", attrs, attrs.Shape)
	}
	if tags := create.Input.Member("tags"); tags.QueryName != "Tag" || tags.Shape.Key.WireName != "Key" {
		t.Errorf("tags: %+v", tags)
	}
	gone := svc.Error("QueueDoesNotExist")
	if gone == nil || gone != svc.Error("AWS.SimpleQueueService.NonExistentQueue") || gone.Error.QueryCode == "" {
		t.Errorf("QueueDoesNotExist: %+v", gone)
	}
	for _, s := range svc.Shapes() {
		for _, m := range s.Members {
			if m.Shape.Kind != shape.List && m.Shape.Kind != shape.Map {
				continue
			}
			if flat := m.Flattened || m.Shape.Flattened; m.QueryName == "" || !flat {
				t.Errorf("%s.%s has no flattened query name", s.Name, m.Name)
			}
		}
	}
}

func TestQueryNamesOfEC2(t *testing.T) {
	t.Parallel()
	run := ec2.Service().Operation("RunInstances").Input
	for member, want := range map[string][2]string{
		"ImageId":               {"ImageId", "ImageId"},
		"SecurityGroups":        {"SecurityGroup", "SecurityGroup"},
		"EbsOptimized":          {"EbsOptimized", "ebsOptimized"},
		"ClientToken":           {"ClientToken", "clientToken"},
		"PrivateDnsNameOptions": {"PrivateDnsNameOptions", "PrivateDnsNameOptions"},
	} {
		m := run.Member(member)
		if m.QueryName != want[0] || m.WireName != want[1] {
			t.Errorf("%s: query name %s, wire name %s, want %v", member, m.QueryName, m.WireName, want)
		}
	}
}

func TestOtherOverlays(t *testing.T) {
	t.Parallel()
	if cw := cloudwatch.Service(); !slices.Equal(cw.Protocols, []shape.Protocol{shape.CBOR, shape.JSON10, shape.Query}) {
		t.Errorf("CloudWatch speaks %v", cw.Protocols)
	}
	get := synthetics.Service().Operation("GetCanary")
	if !slices.Contains(get.Errors, synthetics.Service().Error(synthetics.ErrResourceNotFoundException)) {
		t.Error("GetCanary cannot say that there is no canary")
	}
	for _, op := range s3.Service().Operations() {
		body := 0
		for _, m := range op.Output.Members {
			if m.Location == shape.Body {
				body++
			}
		}
		if body > 0 && op.Output.Payload == "" && op.Output.XMLName == "" {
			t.Errorf("s3 %s: the answer has no root element", op.Name)
		}
	}
	if op := s3.Service().Operation("GetBucketLocation"); !op.UnwrappedOutput || op.Output.XMLName != "LocationConstraint" {
		t.Errorf("GetBucketLocation: %+v", op)
	}
}
