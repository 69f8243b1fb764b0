package iam

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/policy"
)

func TestPolicySize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"": 0, " \t\r\n": 0, "{ \"a\" :\n\t1 }": 7, "\"é\u00a0\"": 4} {
		if got := policySize(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

func TestContextKeysIn(t *testing.T) {
	t.Parallel()
	found := make(map[string]string)
	keysIn(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*",
		"Resource":["arn:aws:s3:::${aws:username}/${*}","arn:aws:s3:::${aws:PrincipalTag/team, 'none'}"],
		"Condition":{"StringLike":{"S3:Prefix":["a/${AWS:UserName}","b"]},"Bool":{"aws:SecureTransport":"true"}}}}`, found)
	want := map[string]string{
		"aws:username": "aws:username", "aws:principaltag/team": "aws:PrincipalTag/team",
		"s3:prefix": "S3:Prefix", "aws:securetransport": "aws:SecureTransport",
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Error(diff)
	}
}

func TestGrants(t *testing.T) {
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
		for _, text := range []string{tt.statement, "[" + tt.statement + "]"} {
			if got := grants(`{"Statement":`+text+`}`, "s3"); got != tt.want {
				t.Errorf("%s: %v", text, got)
			}
		}
	}
}

// FuzzTrial: every policy that parses splits into its statements, which stand
// where their positions say.
func FuzzTrial(f *testing.F) {
	for _, text := range []string{
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`,
		"{\n\"Statement\" : [ {\"Effect\":\"Deny\",\"Action\":\"é:x\",\"Resource\":\"*\"} ,\n {\"Sid\":\"2\",\"Effect\":\"Allow\",\"NotAction\":[\"s3:*\"],\"Resource\":\"*\"}\n]\n, \"Version\":\"2008-10-17\"}",
		`{"Version":"2012-10-17","Statement":[]}`,
		`{"Statement":null}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		whole, err := policy.Parse(text, policy.Identity)
		if err != nil {
			return
		}
		trial, err := newTrial("p", sourceIdentity, text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if len(trial.parts) != whole.Statements() {
			t.Fatalf("%s: %d parts, %d statements", text, len(trial.parts), whole.Statements())
		}
		_, spans, _ := statementSpans(text)
		for _, s := range spans {
			inside := strings.TrimLeft(text[s.start:s.end], " \t\r\n{")
			if whole := strings.TrimLeft(string(s.raw), " \t\r\n{"); inside != whole || !json.Valid(s.raw) {
				t.Errorf("%s: span %q, statement %q", text, inside, whole)
			}
		}
	})
}
