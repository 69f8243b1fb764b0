package policy

import (
	"fmt"
	"strings"
	"testing"
)

const benchStatement = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::b/${aws:username}/*","Condition":{"StringEquals":{"aws:RequestedRegion":"us-east-1"}}}]}`

// benchPolicies are twenty policies of ten statements on several services, of
// which the last allows.
func benchPolicies(b *testing.B) []*Document {
	var docs []*Document
	for i := range 20 {
		var s []string
		for j := range 10 {
			service := []string{"ec2", "s3", "sqs", "logs", "s3"}[(i+j)%5]
			s = append(s, fmt.Sprintf(`{"Sid":"s%d","Effect":%q,"Action":["%s:Get*","%s:ListThings","%s:DescribeThings"],"Resource":"arn:aws:%s:::thing-%d-%d/*","Condition":{"StringLike":{"aws:PrincipalTag/team":"t*"}}}`,
				j, []string{"Allow", "Deny"}[j%2], service, service, service, service, i, j))
		}
		docs = append(docs, parse(b, `{"Version":"2012-10-17","Statement":[`+strings.Join(s, ",")+`]}`, Identity))
	}
	return append(docs, parse(b, benchStatement, Identity))
}

func benchRequest() *Request {
	return &Request{
		Principal: Principal{Kind: User, Account: "111122223333", ARN: "arn:aws:iam::111122223333:user/mary"},
		Action:    "s3:GetObject",
		Resources: []Resource{{ARN: "arn:aws:s3:::b/mary/key"}},
		Keys:      Keys{"aws:requestedregion": {"us-east-1"}, "aws:sourceip": {"127.0.0.1"}},
	}
}

func BenchmarkDecide(b *testing.B) {
	for _, bb := range []struct {
		name string
		docs []*Document
	}{
		{"one statement", []*Document{parse(b, benchStatement, Identity)}},
		{"20 policies of 10", benchPolicies(b)},
	} {
		b.Run(bb.name, func(b *testing.B) {
			r, own := benchRequest(), &Policies{Identity: bb.docs}
			b.ReportAllocs()
			for b.Loop() {
				if d := Decide(r, own); d.Effect != Allow {
					b.Fatalf("%+v", d)
				}
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(benchStatement, Identity); err != nil {
			b.Fatal(err)
		}
	}
}
