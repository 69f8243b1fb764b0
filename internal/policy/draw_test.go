package policy

import (
	"encoding/json"

	"pgregory.net/rapid"
)

func drawDocuments(t *rapid.T, label string, most int, use Usage) []*Document {
	var docs []*Document
	for range rapid.IntRange(0, most).Draw(t, label) {
		text := drawPolicy(t, use)
		d, err := Parse(text, use)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		docs = append(docs, d)
	}
	return docs
}

// drawPolicy makes the text of a valid policy.
func drawPolicy(t *rapid.T, use Usage) string {
	p := map[string]any{}
	version := "2012-10-17"
	if use != Identity {
		version = one(t, "version", "2012-10-17", "2012-10-17", "2008-10-17", "")
	}
	if version != "" {
		p["Version"] = version
	}
	var statements []any
	for range rapid.IntRange(1, 3).Draw(t, "statements") {
		statements = append(statements, drawStatement(t, use))
	}
	p["Statement"] = statements
	if len(statements) == 1 && chance(t, "single", 50) {
		p["Statement"] = statements[0]
	}
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func drawStatement(t *rapid.T, use Usage) map[string]any {
	s := map[string]any{"Effect": one(t, "effect", "Allow", "Allow", "Allow", "Deny")}
	if use == TrustUse {
		s["Action"] = some(t, "action", 1, 2, "sts:AssumeRole", "sts:*", "STS:assumerole", "sts:TagSession")
	} else {
		s[one(t, "element", "Action", "Action", "Action", "NotAction")] = some(t, "action", 1, 2,
			"*", "s3:*", "s3:Get*", "S3:getobject", "sqs:Send?essage", "sts:AssumeRole", "kms:*", "s3:PutObject", "*:*", "iam:Get*")
		if use != ResourceUse || chance(t, "has resource", 80) {
			s[one(t, "element", "Resource", "Resource", "Resource", "NotResource")] = drawResources(t)
		}
	}
	if use == ResourceUse || use == TrustUse {
		element := "Principal"
		if use == ResourceUse && chance(t, "NotPrincipal", 15) {
			element = "NotPrincipal"
		}
		s[element] = drawPrincipals(t)
	}
	if chance(t, "conditions", 40) {
		s["Condition"] = drawConditions(t)
	}
	return s
}

func drawResources(t *rapid.T) any {
	list := some(t, "resource", 1, 2,
		"*", "*", "arn:aws:s3:::b/*", "arn:aws:s3:::b", "arn:aws:s3:::b/${aws:username}/k", "arn:aws:s3:::b/${aws:PrincipalTag/team, 'red'}/?",
		"arn:aws:sqs", "arn:aws:kms:*:${aws:PrincipalAccount}", "arn:aws:sqs:*:111111111111:*", "arn:aws:s3:::*/k", "arn:aws:iam::*:role/t?rget", "arn:aws:kms:us-east-1:${aws:PrincipalAccount}:key/*",
		"arn:aws:s3:::b/${aws:ResourceTag/team}/k", "arn:aws:s3:::b/m${?}ry/k", "arn:aws:s3:::b/${aws:TagKeys}/k")
	if len(list) == 1 {
		return list[0]
	}
	return list
}

func drawPrincipals(t *rapid.T) any {
	if chance(t, "everyone", 12) {
		return "*"
	}
	p := map[string]any{}
	if chance(t, "AWS", 85) {
		p["AWS"] = some(t, "AWS", 1, 4,
			accountA, "arn:aws:iam::"+accountA+":root", "arn:aws:iam::"+accountB+":root", "arn:aws:iam::"+accountA+":user/staff/mary",
			"arn:aws:iam::"+accountB+":user/staff/mary", "AIDAAAAAAAAAAAAAAAAAA", "AROAAAAAAAAAAAAAAAAAA",
			"arn:aws:iam::"+accountA+":role/path/r", "arn:aws:sts::"+accountA+":assumed-role/r/s", "arn:aws:sts::"+accountB+":assumed-role/r/s",
			"arn:aws:sts::"+accountA+":federated-user/fred", "arn:aws:iam::"+accountB+":role/path/r")
	}
	if len(p) == 0 || chance(t, "Service", 25) {
		p["Service"] = one(t, "Service", "sns.amazonaws.com", "s3.amazonaws.com")
	}
	if chance(t, "Federated", 20) {
		p["Federated"] = one(t, "Federated", "cognito-identity.amazonaws.com", "accounts.google.com")
	}
	if chance(t, "CanonicalUser", 10) {
		p["CanonicalUser"] = canonical
	}
	return p
}

// drawConditions takes operators and keys that go together mostly, and any
// value of the operator's kind.
func drawConditions(t *rapid.T) map[string]any {
	families := []struct {
		operators, keys []string
		values          []any
	}{
		{
			[]string{
				"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike", "stringlike",
			},
			[]string{"s3:prefix", "aws:TagKeys", "aws:RequestTag/team", "aws:PrincipalTag/team", "aws:username", "AWS:userid", "aws:PrincipalType", "aws:ResourceAccount", "aws:ResourceTag/team", "aws:PrincipalServiceName", "aws:SourceIdentity", "idp.example:sub", "aws:PrincipalAccount"},
			[]any{"mary/*", "", "red", "team", "m?ry", "${aws:username}", "${aws:PrincipalTag/Team}", "${aws:username, 'mary'}*", "*", "MARY", "home/${*}", accountA, "User", "cost", "AROA*", "${aws:PrincipalAccount}"},
		},
		{
			[]string{"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals"},
			[]string{"s3:max-keys", "aws:RequestTag/team"},
			[]any{10, "11.5", "-3", 0},
		},
		{
			[]string{"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals"},
			[]string{"aws:CurrentTime", "aws:TokenIssueTime", "s3:prefix"},
			[]any{"2026-01-02T03:04:05Z", "2026-01-01", "1767323045", "2026-01-02T04:04:05+01:00", 0},
		},
		{[]string{"Bool"}, []string{"aws:SecureTransport", "aws:MultiFactorAuthPresent", "aws:PrincipalIsAWSService"}, []any{true, "false", "TRUE"}},
		{[]string{"BinaryEquals"}, []string{"x:bytes"}, []any{"aGVsbG8=", "Ynll"}},
		{
			[]string{"IpAddress", "NotIpAddress"},
			[]string{"aws:SourceIp", "s3:prefix"},
			[]any{"203.0.113.0/24", "2001:DB8::/32", "10.0.0.1", "0.0.0.0/0", "::/0"},
		},
		{
			[]string{"ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"},
			[]string{"aws:SourceArn", "aws:PrincipalArn"},
			[]any{"arn:aws:s*:*:*:*", "arn:aws:sns:us-east-1:*:t", "arn:aws:iam::111111111111:*", "*", "arn:aws:iam::${aws:PrincipalAccount}:user/*/${aws:username}", "arn:*", "arn:aws:s3:::b"},
		},
		{[]string{"Null"}, []string{"aws:TagKeys", "aws:TokenIssueTime", "aws:PrincipalTag/team", "aws:username", "s3:prefix"}, []any{true, "false"}},
	}
	out := map[string]any{}
	for range rapid.IntRange(1, 2).Draw(t, "operators") {
		f := rapid.SampledFrom(families).Draw(t, "family")
		op := one(t, "operator", f.operators...)
		if op != "Null" {
			op = one(t, "set", "", "", "", "ForAllValues:", "ForAnyValue:") + op + one(t, "suffix", "", "", "IfExists")
		}
		values := rapid.SliceOfN(rapid.SampledFrom(f.values), 1, 3).Draw(t, "values")
		key := one(t, "key", f.keys...)
		if len(values) == 1 && chance(t, "one value", 50) {
			out[op] = map[string]any{key: values[0]}
		} else {
			out[op] = map[string]any{key: values}
		}
	}
	return out
}
