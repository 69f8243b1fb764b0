package policy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// with is a policy of one statement.
func with(statement string) string {
	return `{"Version":"2012-10-17","Statement":` + statement + `}`
}

// TestParseIdentity has the texts of IAM's MalformedPolicyDocument errors, and
// which of several faults it tells.
func TestParseIdentity(t *testing.T) {
	t.Parallel()
	const syntax = "Syntax errors in policy."
	for _, tt := range []struct{ text, want string }{
		{``, syntax},
		{`not json`, syntax},
		{`[]`, syntax},
		{`"x"`, syntax},
		{`{}`, syntax},
		{`{"Version":"2012-10-17"}`, syntax},
		{`{"Version":"2012-10-17","Statement":[]}`, syntax},
		{`{"Version":"2012-10-17","Statement":["a"]}`, syntax},
		{`{"Version":"2012-10-17","Statement":null}`, syntax},
		{`{"Version":"2013-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`, syntax},
		{`{"Version":20121017,"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`, syntax},
		{`{"version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`, syntax},
		{`{"Version":"2012-10-17","Id":{},"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`, syntax},
		{`{"Version":"2012-10-17","More":"","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`, syntax},
		{with(`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`) + `x`, syntax},
		{with(`{"Effect":"Allow","Effect":"Deny","Action":"s3:*","Resource":"*"}`), syntax},
		{with(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Bool":{"a:b":"true","a:b":"false"}}}`), syntax},
		{with(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Extra":1}`), syntax},
		{with(`{"Effect":"Allow","action":"s3:*","Resource":"*"}`), syntax},
		{with(`{"Effect":"Maybe","Action":"s3:*","Resource":"*"}`), syntax},
		{with(`{"Effect":["Allow"],"Action":"s3:*","Resource":"*"}`), syntax},
		{with(`{"Action":"s3:*","Resource":"*"}`), syntax},
		{with(`{"Effect":"Allow","Action":{},"Resource":"*"}`), syntax},
		{with(`{"Effect":"Allow","Action":[["s3:*"]],"Resource":"*"}`), syntax},
		{with(`{"Effect":"Allow","Action":5,"Resource":"*"}`), syntax},
		{with(`{"Effect":"Allow","Action":"s3:*","NotAction":"s3:*","Resource":"*"}`), syntax},
		{with(`{"Effect":"Allow","Action":"s3:*","Resource":"*","NotResource":[]}`), syntax},
		{with(`{"Effect":"Allow","Action":"s3:*","Resource":["a",{}]}`), syntax},
		{with(`{"Effect":"Allow","Sid":1,"Action":"s3:*","Resource":"*"}`), syntax},
		{with(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":[]}`), syntax},
		{with(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"a":"b"}}`), syntax},
		{with(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringIs":{"a:b":"c"}}}`), syntax},
		{with(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringLike":{"a:b":{}}}}`), syntax},
		{with(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringLike":{"a:b":[["c"]]}}}`), syntax},
		{with(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringLike":{"a:b":null}}}`), syntax},
		{with(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"NullIfExists":{"a:b":"true"}}}`), syntax},
		{with(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"NumericEquals":{"a:b":"ten"}}}`), syntax},
		{with(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"1.2.3"}}}`), syntax},
		{with(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"BinaryEquals":{"a:b":"%"}}}`), syntax},
		{with("{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"\xff\"}"), syntax},
		{strings.Repeat("[", 100), syntax},
		{with(strings.Repeat(" ", maxText) + `{}`), syntax},

		{`{"Statement":{"Effect":"allow","Resource":"*","Condition":{"StringIs":{"a:b":"c"}}}}`, syntax},

		{`{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`, "Policy document must be version 2012-10-17 or greater."},
		{`{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"x","Resource":"*"}}`, "Policy document must be version 2012-10-17 or greater."},
		{with(`{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}`), "Policy document should not specify a principal."},
		{with(`{"Effect":"Allow","NotPrincipal":{"AWS":"*"},"Action":"s3:*","Resource":"*"}`), "Policy document should not specify a principal."},

		{with(`{"Effect":"allow","Action":"s3:*","Resource":"*"}`), "The policy failed legacy parsing"},
		{with(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"DateLessThan":{"aws:CurrentTime":"soon"}}}`), "The policy failed legacy parsing"},
		{with(`{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3::bucket"}`), "The policy failed legacy parsing"},
		{with(`{"Effect":"Allow","Resource":"arn:aws:s3::bucket"}`), "The policy failed legacy parsing"},
		{with(`[{"Sid":"a","Effect":"Allow","Action":"s3:*","Resource":"*"},{"Sid":"a","Effect":"Allow","Action":"s3:*","Resource":"*"}]`), "Statement IDs (SID) in a single policy must be unique."},
		{with(`{"Sid":"not this","Effect":"Allow","Action":"s3:*","Resource":"*"}`), "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"},
		{with(`{"Effect":"Allow"}`), "Policy statement must contain actions."},
		{with(`{"Effect":"Allow","Resource":"adf"}`), "Policy statement must contain actions."},
		{with(`{"Effect":"Allow","Action":[],"Resource":"*"}`), "Policy statement must contain actions."},
		{with(`{"Effect":"Allow","Action":"s:3:x","Resource":"adf"}`), `Resource adf must be in ARN format or "*".`},
		{with(`{"Effect":"Allow","Action":"s3:*","Resource":""}`), `Resource  must be in ARN format or "*".`},
		{with(`{"Effect":"Allow","Action":"s3:*","NotResource":"adf"}`), `Resource adf must be in ARN format or "*".`},
		{with(`{"Effect":"Allow","Action":"s3:*","Resource":"a:b"}`), `Partition "b" is not valid for resource "arn:b:*:*:*:*".`},
		{with(`{"Effect":"Allow","Action":"s3:*","Resource":"a:b:c:d:e:f:g:h"}`), `Partition "b" is not valid for resource "arn:b:c:d:e:f:g:h".`},
		{with(`{"Effect":"Allow","Action":"s3:*","Resource":"aws:s3:::bucket"}`), `Partition "s3" is not valid for resource "arn:s3:::bucket:*".`},
		{with(`{"Effect":"Allow","Action":"s3:*","Resource":["arn:error:s3:::bucket","arn:error:s3::bucket"]}`), `Partition "error" is not valid for resource "arn:error:s3:::bucket".`},
		{with(`{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws"}`), "Resource vendor must be fully qualified and cannot contain regexes."},
		{with(`{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:iam:us-east-1:111122223333:user/a"}`), "IAM resource arn:aws:iam:us-east-1:111122223333:user/a cannot contain region information."},
		{with(`{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:iam:::bucket"}`), `IAM resource path must either be "*" or start with user/, federated-user/, role/, group/, instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/.`},
		{with(`{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:us-east-1::bucket"}`), "Resource arn:aws:s3:us-east-1::bucket can not contain region information."},
		{with(`{"Effect":"Allow","Action":"invalid","Resource":"*"}`), "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."},
		{with(`{"Effect":"Allow","NotAction":"","Resource":"*"}`), "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."},
		{with(`{"Effect":"Allow","Action":"s3:List:Bucket","Resource":"*"}`), "Actions/Condition can contain only one colon."},
		{with(`{"Effect":"Allow","Action":"a a:List","Resource":"*"}`), "Vendor a a is not valid"},
		{with(`{"Effect":"Allow","Action":":List","Resource":"*"}`), "Vendor  is not valid"},
		{with(`{"Effect":"Allow","Action":"s3:*"}`), "Policy statement must contain resources."},
		{with(`{"Effect":"Allow","Action":"s3:*","Resource":[]}`), "Policy statement must contain resources."},

		{with(`{"Effect":"Allow","Action":"*","Resource":"*"}`), ""},
		{with(`{"Effect":"Deny","NotAction":["s3:*","iam:Get*"],"NotResource":["arn:aws:s3:::a","arn:aws:sqs:*:*:${aws:username}"]}`), ""},
		{`{"Version":"2012-10-17","Id":"any id","Statement":{"Sid":"","Effect":"Allow","Action":"s3:*","Resource":"arn:aws:iam::*:*","Condition":{}}}`, ""},
		{with(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"NumericLessThan":{"s3:max-keys":10},"Bool":{"aws:SecureTransport":true},"foranyvalue:stringLIKE":{"aws:TagKeys":[]},"Whatever":{}}}`), ""},
	} {
		check(t, tt.text, Identity, tt.want)
	}
}

func check(t *testing.T, text string, use Usage, want string) {
	t.Helper()
	d, err := Parse(text, use)
	got := ""
	if err != nil {
		got = err.Error()
	} else if d.String() != text {
		t.Errorf("the text changed to %s", d)
	}
	if got != want {
		t.Errorf("%.200s\n got %s\nwant %s", text, got, want)
	}
}

func TestParseOther(t *testing.T) {
	t.Parallel()
	principal := func(p string) string {
		return with(`{"Effect":"Allow","Principal":` + p + `,"Action":"sts:AssumeRole"}`)
	}
	for _, tt := range []struct {
		use        Usage
		text, want string
	}{
		{SessionUse, `{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`, ""},
		{SessionUse, `{"Statement":{"Effect":"Allow","Action":"s3:*"}}`, "Policy statement must contain resources."},
		{ResourceUse, `{"Statement":{"Effect":"Allow","Principal":"*","Action":"SQS:*","Resource":"anything"}}`, ""},
		{ResourceUse, `{"Statement":{"Sid":"with spaces","Effect":"Allow","Principal":"*","Action":"SNS:*"}}`, ""},
		{ResourceUse, with(`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`), "Missing required field Principal"},
		{ResourceUse, with(`{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":[]}`), "Policy statement must contain resources."},
		{ResourceUse, with(`{"Effect":"Deny","NotPrincipal":{"AWS":"111122223333"},"Action":"s3:*","Resource":"*"}`), ""},
		{ResourceUse, with(`{"Effect":"Deny","Principal":"*","NotPrincipal":"*","Action":"s3:*","Resource":"*"}`), "Syntax errors in policy."},
		{TrustUse, `{"Version":"2008-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}`, ""},
		{TrustUse, with(`{"Effect":"Allow","Principal":"*","Action":["sts:TagSession","STS:*"]}`), ""},
		{TrustUse, with(`{"Effect":"Allow","Action":"sts:AssumeRole"}`), "Missing required field Principal"},
		{TrustUse, with(`{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}`), "Has prohibited field Resource"},
		{TrustUse, with(`{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","NotResource":"*"}`), "Has prohibited field NotResource"},
		{TrustUse, with(`{"Effect":"Deny","NotPrincipal":"*","Action":"sts:AssumeRole"}`), "Has prohibited field NotPrincipal"},
		{TrustUse, with(`{"Effect":"Allow","Principal":"*","Action":"s3:*"}`), "AssumeRole policy may only specify STS AssumeRole actions."},
		{TrustUse, with(`{"Effect":"Allow","Principal":"*","NotAction":"sts:TagSession"}`), "AssumeRole policy may only specify STS AssumeRole actions."},

		{TrustUse, principal(`{"AWS":["*","111122223333","arn:aws:iam::111122223333:root","arn:aws:iam::111122223333:user/a/b","arn:aws:iam::111122223333:role/r","arn:aws:sts::111122223333:assumed-role/r/s","arn:aws:sts::111122223333:federated-user/f","AIDAJQABLZS4A3QDU576Q"]}`), ""},
		{TrustUse, principal(`{"Federated":["accounts.google.com","arn:aws:iam::111122223333:oidc-provider/x"],"Service":["ec2.amazonaws.com","ecs-tasks.amazonaws.com"]}`), ""},
		{ResourceUse, principal(`{"CanonicalUser":"` + canonical + `"}`), ""},
		{TrustUse, principal(`"111122223333"`), `Invalid principal in policy: "111122223333"`},
		{TrustUse, principal(`{}`), "Syntax errors in policy."},
		{TrustUse, principal(`{"AWS":[]}`), "Syntax errors in policy."},
		{TrustUse, principal(`{"AWS":{}}`), "Syntax errors in policy."},
		{TrustUse, principal(`{"aws":"*"}`), "Syntax errors in policy."},
		{TrustUse, principal(`{"AWS":"mary"}`), `Invalid principal in policy: "AWS":"mary"`},
		{TrustUse, principal(`{"AWS":"arn:aws:iam::111122223333:user/*"}`), `Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:user/*"`},
		{TrustUse, principal(`{"AWS":"arn:aws:sts::111122223333:assumed-role/r/*"}`), `Invalid principal in policy: "AWS":"arn:aws:sts::111122223333:assumed-role/r/*"`},
		{TrustUse, principal(`{"AWS":"arn:aws:iam::111122223333:group/g"}`), `Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:group/g"`},
		{TrustUse, principal(`{"AWS":"111122223333:root"}`), `Invalid principal in policy: "AWS":"111122223333:root"`},
		{TrustUse, principal(`{"AWS":"${aws:username}"}`), `Invalid principal in policy: "AWS":"${aws:username}"`},
		{TrustUse, principal(`{"Service":"*"}`), `Invalid principal in policy: "SERVICE":"*"`},
		{TrustUse, principal(`{"Service":"lambda"}`), `Invalid principal in policy: "SERVICE":"lambda"`},
		{TrustUse, principal(`{"Federated":"*"}`), `Invalid principal in policy: "FEDERATED":"*"`},
		{ResourceUse, principal(`{"CanonicalUser":"x"}`), `Invalid principal in policy: "CANONICALUSER":"x"`},
	} {
		check(t, tt.text, tt.use, tt.want)
	}
}

// TestSpan has the places that IAM's policy simulator tells for such texts in
// the reference of the AWS CLI: 1:38 to 1:167 and 3:19 to 9:10.
func TestSpan(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text string
		want []Position
	}{
		{
			`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}`,
			[]Position{{1, 38}, {1, 167}},
		},
		{
			"{\n    \"Version\": \"2012-10-17\",\n    \"Statement\": [\n        {\n            \"Sid\": \"é\",\n            \"Effect\": \"Allow\",\n" +
				"            \"Principal\": \"*\",\n            \"Action\": \"*\"\n        }\n    ]\n}",
			[]Position{{3, 19}, {9, 10}},
		},
		{
			"{\"Statement\" : [ {\"Sid\":\"é\",\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"*\"} ,\n {\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"*\"}]}",
			[]Position{{1, 17}, {1, 74}, {1, 76}, {2, 48}},
		},
	} {
		use := ResourceUse
		if !strings.Contains(tt.text, "Principal") {
			use = Identity
		}
		d := parse(t, tt.text, use)
		var got []Position
		for i := range d.Statements() {
			start, end := d.Span(i)
			got = append(got, start, end)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Error(diff)
		}
	}
	d := parse(t, with(`{"Sid":"é","Effect":"Allow","Principal":"*","Action":"*"}`), ResourceUse)
	if d.Sid(0) != "é" || d.Statements() != 1 || d.Version() != "2012-10-17" {
		t.Errorf("%q, %d statements, version %s", d.Sid(0), d.Statements(), d.Version())
	}
}

func TestDocumentGrants(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		statement string
		want      bool
	}{
		{`{"Effect":"Allow","Action":"s3:Get*"}`, true},
		{`{"Effect":"Allow","Action":["sqs:*","S3:GetObject"]}`, true},
		{`{"Effect":"Allow","Action":"*"}`, true},
		{`{"Effect":"Deny","Action":"s3:*"}`, false},
		{`{"Effect":"Allow","Action":"s3express:*"}`, false},
		{`{"Effect":"Allow","NotAction":"iam:*"}`, true},
		{`{"Effect":"Allow","NotAction":["iam:*","S3:*"]}`, false},
		{`{"Effect":"Allow","NotAction":"s3:PutObject"}`, true},
	} {
		statement := strings.TrimSuffix(tt.statement, "}") + `,"Resource":"*"}`
		if got := parse(t, with(statement), Identity).Grants("s3"); got != tt.want {
			t.Errorf("%s: %v", statement, got)
		}
	}
}

// offset is where in a text a position is.
func offset(text string, p Position) int {
	lines := strings.SplitAfter(text, "\n")
	before := strings.Join(lines[:p.Line-1], "")
	return len(before) + len(string([]rune(lines[p.Line-1])[:p.Column-1]))
}

func FuzzParse(f *testing.F) {
	f.Add(benchStatement, uint8(Identity))
	f.Add(`{"Statement":[{"Sid":"x","Effect":"Deny","NotPrincipal":{"AWS":["1","*"]},"NotAction":"s3:*","NotResource":"a${b, 'c'}"}]}`, uint8(ResourceUse))
	f.Add(with(`{"Effect":"Allow","Principal":"*","Action":"sts:*","Condition":{"ForAllValues:ArnLikeIfExists":{"aws:SourceArn":["arn:*:${a:b}:*:*:?"]},"IpAddress":{"a":"::/0"},"Null":{"b":true},"DateEquals":{"c":0}}}`), uint8(TrustUse))
	f.Fuzz(func(t *testing.T, text string, use uint8) {
		d, err := Parse(text, Usage(use%4))
		if err != nil {
			return
		}
		if d.String() != text {
			t.Fatalf("the text changed to %q", d.String())
		}
		again := parse(t, d.String(), Usage(use%4))
		if diff := cmp.Diff(ContextKeys(d), ContextKeys(again)); diff != "" {
			t.Fatal(diff)
		}
		for i := range d.Statements() {
			start, end := d.Span(i)
			inside := strings.TrimLeft(text[offset(text, start):offset(text, end)], " \t\r\n{")
			if want := strings.TrimLeft(text[d.statements[i].start:d.statements[i].end], " \t\r\n{"); inside != want {
				t.Fatalf("statement %d from %v to %v: %q", i, start, end, inside)
			}
		}
		r := benchRequest()
		r.Resources[0].Policies = []*Document{d}
		a := Decide(r, &Policies{Identity: []*Document{d}})
		b := Decide(r, &Policies{Identity: []*Document{again}})
		if a.Effect != b.Effect || a.By != b.By {
			t.Fatalf("%+v, then %+v", a, b)
		}
	})
}
