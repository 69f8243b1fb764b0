package policy

import (
	"slices"
	"testing"
)

// TestConditions has the rules of the IAM User Guide, "Condition operators" and
// "Set operators for multi-valued context keys".
func TestConditions(t *testing.T) {
	t.Parallel()
	who := Principal{
		Kind: User, Account: "111122223333", ARN: "arn:aws:iam::111122223333:user/mary", ID: "AIDAMARYMARYMARYMARY",
		Tags: map[string]string{"team": "red"},
	}
	for _, tt := range []struct {
		condition string
		keys      Keys
		want      bool
	}{
		{`{"StringEquals":{"k":"v"}}`, Keys{"k": {"v"}}, true},
		{`{"StringEquals":{"K":"v"}}`, Keys{"k": {"v"}}, true},
		{`{"StringEquals":{"k":"v"}}`, Keys{"k": {"V"}}, false},
		{`{"StringEquals":{"k":"*"}}`, Keys{"k": {"v"}}, false},
		{`{"StringEquals":{"k":["u","v"]}}`, Keys{"k": {"v"}}, true},
		{`{"StringEquals":{"k":[]}}`, Keys{"k": {"v"}}, false},
		{`{"StringEquals":{"k":"v"}}`, nil, false},
		{`{"StringEquals":{"k":"v","l":"w"}}`, Keys{"k": {"v"}}, false},
		{`{"StringEquals":{"k":"v"},"StringLike":{"l":"w*"}}`, Keys{"k": {"v"}, "l": {"www"}}, true},
		{`{"StringNotEquals":{"k":"v"}}`, Keys{"k": {"w"}}, true},
		{`{"StringNotEquals":{"k":["v","w"]}}`, Keys{"k": {"w"}}, false},
		{`{"StringNotEquals":{"k":"v"}}`, nil, true},
		{`{"StringEqualsIgnoreCase":{"k":"vÉ"}}`, Keys{"k": {"Vé"}}, true},
		{`{"StringNotEqualsIgnoreCase":{"k":"v"}}`, Keys{"k": {"V"}}, false},
		{`{"StringLike":{"k":["a*","b?"]}}`, Keys{"k": {"bc"}}, true},
		{`{"StringNotLike":{"k":["a*","b?"]}}`, Keys{"k": {"bc"}}, false},
		{`{"StringNotLike":{"k":"a*"}}`, nil, true},
		{`{"StringEqualsIfExists":{"k":"v"}}`, nil, true},
		{`{"StringEqualsIfExists":{"k":"v"}}`, Keys{"k": {"w"}}, false},

		{`{"StringEquals":{"k":"${aws:username}"}}`, Keys{"k": {"mary"}}, true},
		{`{"StringEquals":{"aws:PrincipalTag/Team":"${k}"}}`, Keys{"k": {"red"}}, true},
		{`{"StringEquals":{"aws:username":"${aws:PrincipalTag/team}"}}`, nil, false},
		{`{"StringNotEquals":{"k":"${aws:PrincipalTag/none}"}}`, Keys{"k": {"w"}}, false},
		{`{"StringNotEquals":{"k":"${aws:PrincipalTag/none}"}}`, nil, true},
		{`{"StringEquals":{"k":["w","${aws:PrincipalTag/none}"]}}`, Keys{"k": {"w"}}, false},
		{`{"StringEqualsIgnoreCase":{"k":"${aws:username}/${aws:PrincipalTag/team}"}}`, Keys{"k": {"Mary/Red"}}, true},

		{`{"NumericEquals":{"k":"10"}}`, Keys{"k": {"10.0"}}, true},
		{`{"NumericNotEquals":{"k":10}}`, Keys{"k": {"11"}}, true},
		{`{"NumericNotEquals":{"k":10}}`, Keys{"k": {"no number"}}, true},
		{`{"NumericLessThan":{"k":10}}`, Keys{"k": {"9.99"}}, true},
		{`{"NumericLessThan":{"k":10}}`, Keys{"k": {"10"}}, false},
		{`{"NumericLessThanEquals":{"k":10}}`, Keys{"k": {"10"}}, true},
		{`{"NumericGreaterThan":{"k":"9007199254740992"}}`, Keys{"k": {"9007199254740993"}}, true},
		{`{"NumericGreaterThanEquals":{"k":-1.5}}`, Keys{"k": {"-1.5"}}, true},
		{`{"NumericGreaterThan":{"k":1}}`, Keys{"k": {"0x10"}}, false},

		{`{"DateLessThan":{"k":"2026-01-02T00:00:00Z"}}`, Keys{"k": {"2026-01-01T23:59:59Z"}}, true},
		{`{"DateLessThan":{"k":"2026-01-02"}}`, Keys{"k": {"2026-01-01T23:59:59Z"}}, true},
		{`{"DateEquals":{"k":"2026-01-02T01:00:00+01:00"}}`, Keys{"k": {"2026-01-02T00:00:00Z"}}, true},
		{`{"DateEquals":{"k":"1767312000"}}`, Keys{"k": {"2026-01-02T00:00Z"}}, true},
		{`{"DateGreaterThanEquals":{"k":"2026-01"}}`, Keys{"k": {"2026-01-01T00:00:00.000Z"}}, true},
		{`{"DateGreaterThan":{"k":"2026-01-01"}}`, Keys{"k": {"never"}}, false},
		{`{"DateNotEquals":{"k":"2026-01-01"}}`, Keys{"k": {"20260101T000000Z"}}, false},

		{`{"Bool":{"k":true}}`, Keys{"k": {"True"}}, true},
		{`{"Bool":{"k":"false"}}`, Keys{"k": {"true"}}, false},
		{`{"Bool":{"k":"false"}}`, nil, false},
		{`{"BoolIfExists":{"k":"false"}}`, nil, true},
		{`{"BinaryEquals":{"k":"aGVsbG8="}}`, Keys{"k": {"hello"}}, true},
		{`{"BinaryEquals":{"k":"aGVsbG8="}}`, Keys{"k": {"aGVsbG8="}}, false},

		{`{"IpAddress":{"k":"203.0.113.0/24"}}`, Keys{"k": {"203.0.113.255"}}, true},
		{`{"IpAddress":{"k":"203.0.113.7/24"}}`, Keys{"k": {"203.0.114.0"}}, false},
		{`{"IpAddress":{"k":"203.0.113.7"}}`, Keys{"k": {"203.0.113.7"}}, true},
		{`{"IpAddress":{"k":"203.0.113.7"}}`, Keys{"k": {"::ffff:203.0.113.7"}}, true},
		{`{"IpAddress":{"k":"2001:DB8:1234:5678::/64"}}`, Keys{"k": {"2001:db8:1234:5678::1"}}, true},
		{`{"IpAddress":{"k":"0.0.0.0/0"}}`, Keys{"k": {"2001:db8::1"}}, false},
		{`{"NotIpAddress":{"k":["10.0.0.0/8","192.168.0.0/16"]}}`, Keys{"k": {"192.168.1.1"}}, false},
		{`{"NotIpAddress":{"k":"10.0.0.0/8"}}`, nil, true},

		{`{"ArnLike":{"k":"arn:aws:sns:*:111122223333:a*"}}`, Keys{"k": {"arn:aws:sns:us-east-1:111122223333:ab:c"}}, true},
		{`{"ArnLike":{"k":"arn:aws:sns:*:t"}}`, Keys{"k": {"arn:aws:sns:us-east-1:111122223333:t"}}, false},
		{`{"ArnLike":{"k":"arn:aws:s3:*:*:*"}}`, Keys{"k": {"arn:aws:s3:::b"}}, true},
		{`{"ArnLike":{"k":"arn:*:s3:::b"}}`, Keys{"k": {"arn:aws:x:s3:::b"}}, false},
		{`{"ArnEquals":{"k":"arn:aws:s3:::b*"}}`, Keys{"k": {"arn:aws:s3:::bucket"}}, true},
		{`{"ArnLike":{"k":"arn:aws:iam::*:user/${aws:username}"}}`, Keys{"k": {"arn:aws:iam::111122223333:user/mary"}}, true},
		{`{"ArnLike":{"k":"*"}}`, Keys{"k": {"arn:aws:s3:::b"}}, true},
		{`{"ArnNotLike":{"k":"arn:aws:s3:::b"}}`, Keys{"k": {"no arn"}}, true},
		{`{"ArnNotEquals":{"k":"arn:aws:s3:::b"}}`, Keys{"k": {"arn:aws:s3:::b"}}, false},

		{`{"Null":{"k":"true"}}`, nil, true},
		{`{"Null":{"k":"true"}}`, Keys{"k": {"v"}}, false},
		{`{"Null":{"k":false}}`, Keys{"k": {"v"}}, true},
		{`{"Null":{"k":"true"}}`, Keys{"k": {}}, true},
		{`{"Null":{"aws:username":"false"}}`, nil, true},
		{`{"Null":{"aws:TokenIssueTime":"true"}}`, nil, true},

		{`{"ForAllValues:StringEquals":{"k":["a","b"]}}`, Keys{"k": {"a", "b"}}, true},
		{`{"ForAllValues:StringEquals":{"k":["a","b"]}}`, Keys{"k": {"a", "c"}}, false},
		{`{"ForAllValues:StringEquals":{"k":["a","b"]}}`, nil, true},
		{`{"ForAllValues:StringEquals":{"k":["a","b"]}}`, Keys{"k": {""}}, true},
		{`{"ForAllValues:StringNotLike":{"k":["a*","b"]}}`, Keys{"k": {"c", "d"}}, true},
		{`{"ForAllValues:StringNotLike":{"k":["a*","b"]}}`, Keys{"k": {"c", "ab"}}, false},
		{`{"ForAnyValue:StringLike":{"k":["a*"]}}`, Keys{"k": {"c", "ab"}}, true},
		{`{"ForAnyValue:StringLike":{"k":["a*"]}}`, Keys{"k": {"c"}}, false},
		{`{"ForAnyValue:StringLike":{"k":["a*"]}}`, nil, false},
		{`{"ForAnyValue:StringLike":{"k":["*"]}}`, Keys{"k": {""}}, false},
		{`{"ForAnyValue:StringNotEquals":{"k":["a"]}}`, Keys{"k": {"a", "b"}}, true},
		{`{"ForAnyValue:StringNotEquals":{"k":["a"]}}`, Keys{"k": {"a"}}, false},
		{`{"ForAnyValue:StringNotEquals":{"k":["a"]}}`, nil, false},
		{`{"ForAnyValue:StringEqualsIfExists":{"k":["a"]}}`, nil, false},
		{`{"foranyvalue:stringequalsIFEXISTS":{"k":["a"]}}`, Keys{"k": {"a"}}, true},
	} {
		d := parse(t, with(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":`+tt.condition+`}`), Identity)
		r := &Request{Principal: who, Action: "s3:GetObject", Keys: tt.keys}
		if got := Decide(r, &Policies{Identity: []*Document{d}}).Effect == Allow; got != tt.want {
			t.Errorf("%s with %v: %v", tt.condition, tt.keys, got)
		}
	}
}

// TestOldVersion has policy variables as plain text, in a policy of the older
// version.
func TestOldVersion(t *testing.T) {
	t.Parallel()
	d := parse(t, `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"k":"${aws:username}"}}}}`, SessionUse)
	who := Principal{Kind: User, ARN: "arn:aws:iam::111122223333:user/mary"}
	for value, want := range map[string]Effect{"mary": ImplicitDeny, "${aws:username}": Allow} {
		r := &Request{Principal: who, Action: "s3:GetObject", Keys: Keys{"k": {value}}}
		if got := Decide(r, &Policies{Identity: []*Document{d}}); got.Effect != want {
			t.Errorf("%s: %v", value, got.Effect)
		}
	}
}

func TestMissing(t *testing.T) {
	t.Parallel()
	d := parse(t, with(`[
		{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:RequestTag/Team":"a"},"Bool":{"aws:SecureTransport":true}}},
		{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::${aws:PrincipalTag/Dept}"},
		{"Effect":"Allow","Action":"sqs:*","Resource":"*","Condition":{"Null":{"k":true},"StringEquals":{"l":"${m}"}}}]`), Identity)
	r := &Request{Principal: Principal{Kind: User}, Action: "s3:GetObject"}
	got := Simulate(r, &Policies{Identity: []*Document{d}})[0]
	want := []string{"aws:RequestTag/Team", "aws:SecureTransport", "aws:PrincipalTag/Dept"}
	if !slices.Equal(got.Missing, want) {
		t.Errorf("missing %q", got.Missing)
	}
	if keys := ContextKeys(d, d); !slices.Equal(keys, []string{
		"aws:RequestTag/Team", "aws:SecureTransport", "aws:PrincipalTag/Dept", "k", "l", "m",
	}) {
		t.Errorf("context keys %q", keys)
	}
}

// TestContextKeys names each key once and as first spelled; escapes and a
// variable without a name are no keys.
func TestContextKeys(t *testing.T) {
	t.Parallel()
	d := parse(t, with(`{"Effect":"Allow","Action":"s3:*",
		"Resource":["arn:aws:s3:::${aws:username}/${*}","arn:aws:s3:::${aws:PrincipalTag/team, 'none'}"],
		"Condition":{"StringLike":{"S3:Prefix":["a/${AWS:UserName}","${}b"]},"Bool":{"aws:SecureTransport":"true"}}}`), Identity)
	want := []string{"aws:username", "aws:PrincipalTag/team", "S3:Prefix", "aws:SecureTransport"}
	if got := ContextKeys(d); !slices.Equal(got, want) {
		t.Errorf("context keys %q", got)
	}
}
