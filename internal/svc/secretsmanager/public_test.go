package secretsmanager

import (
	"fmt"
	"strings"
	"testing"

	api "nephele.dev/nephele/internal/api/secretsmanager"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store/storetest"
)

func TestPublicPolicies(t *testing.T) {
	t.Parallel()
	const actions = `"Action":"secretsmanager:GetSecretValue","Resource":"*"`
	allow := func(who, condition string) string {
		if condition != "" {
			condition = `,"Condition":` + condition
		}
		return `{"Version":"2012-10-17","Statement":[{"Sid":"S","Effect":"Allow",` + who + `,` + actions + condition + `}]}`
	}
	const all = `"Principal":"*"`
	for _, tt := range []struct {
		policy string
		public bool
	}{
		{allow(all, ""), true},
		{allow(`"Principal":{"AWS":"*"}`, ""), true},
		{allow(`"Principal":{"AWS":["arn:aws:iam::123456789012:root","*"]}`, ""), true},
		{allow(`"Principal":{"AWS":"arn:aws:iam::123456789012:root"}`, ""), false},
		{allow(`"Principal":{"AWS":"123456789012"}`, ""), false},
		{allow(`"Principal":{"Service":"rds.amazonaws.com"}`, ""), false},
		{strings.Replace(allow(all, ""), "Allow", "Deny", 1), false},
		{allow(`"NotPrincipal":{"AWS":"arn:aws:iam::123456789012:root"}`, ""), true},
		{allow(all, `{"StringEquals":{"aws:PrincipalAccount":"123456789012"}}`), false},
		{allow(all, `{"StringEquals":{"AWS:principalaccount":["123456789012","210987654321"]}}`), false},
		{allow(all, `{"StringEquals":{"aws:PrincipalOrgID":"o-abc"}}`), false},
		{allow(all, `{"StringLike":{"aws:PrincipalOrgID":"o-*"}}`), true},
		{allow(all, `{"StringNotEquals":{"aws:PrincipalAccount":"123456789012"}}`), true},
		{allow(all, `{"StringEqualsIfExists":{"aws:PrincipalAccount":"123456789012"}}`), true},
		{allow(all, `{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::123456789012:role/*"}}`), false},
		{allow(all, `{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/admin"}}`), true},
		{allow(all, `{"StringLike":{"aws:PrincipalArn":"*"}}`), true},
		{allow(all, `{"StringLike":{"aws:PrincipalArn":["arn:aws:iam::123456789012:role/x","*"]}}`), true},
		{allow(all, `{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-abc/r-1/*"}}`), false},
		{allow(all, `{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-*/r-1/*"}}`), true},
		{allow(all, `{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`), false},
		{allow(all, `{"IpAddress":{"aws:SourceIp":["2001:db8::/32","203.0.113.9"]}}`), false},
		{allow(all, `{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}`), true},
		{allow(all, `{"IpAddress":{"aws:SourceIp":["203.0.113.0/24","::/1"]}}`), true},
		{allow(all, `{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`), true},
		{allow(all, `{"Bool":{"aws:SecureTransport":"true"}}`), true},
		{allow(all, `{"Bool":{"aws:SecureTransport":true},"StringEquals":{"aws:SourceVpce":"vpce-1"}}`), false},
		{allow(all, `{"StringEquals":{"aws:PrincipalTag/team":"blue"}}`), true},
		{allow(all, `{"StringEquals":{"aws:PrincipalAccount":"${aws:PrincipalAccount}"}}`), true},
	} {
		if _, err := policy.Parse(tt.policy, policy.ResourceUse); err != nil {
			t.Errorf("%s: %v", tt.policy, err)
		}
		if got := len(broad(tt.policy)) > 0; got != tt.public {
			t.Errorf("public %t: %s", got, tt.policy)
		}
		// The same statement alone, behind a harmless one, is as public.
		one := tt.policy[strings.Index(tt.policy, "[")+1 : strings.LastIndex(tt.policy, "]")]
		for _, p := range []string{
			fmt.Sprintf(`{"Version":"2012-10-17","Statement":%s}`, one),
			fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*",%s},%s]}`, actions, one),
		} {
			if got := len(broad(p)) > 0; got != tt.public {
				t.Errorf("public %t: %s", got, p)
			}
		}
	}
}

func TestValidateResourcePolicy(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.SQLite(t))
	b.create(t, "s", "v")
	const public = "BLOCK_PUBLIC_POLICY: Statement number 1 of the resource policy grants broad access to the secret."
	const locked = "PREVENT_LOCKOUT: The resource policy denies you the permission to change the resource policy of the secret."
	for _, tt := range []struct{ statement, want string }{
		{`{"Effect":"Allow","Principal":{"AWS":"210987654321"},"Action":"secretsmanager:*","Resource":"*"}`, ""},
		{`{"Effect":"Allow","Principal":"*","Action":"secretsmanager:GetSecretValue","Resource":"*"}`, public},
		{`{"Effect":"Deny","Principal":"*","Action":"secretsmanager:*","Resource":"*"}`, locked},
		{`{"Effect":"Deny","Principal":"*","Action":"secretsmanager:GetSecretValue","Resource":"*"}`, ""},
		{`{"Effect":"Deny","Principal":{"AWS":"210987654321"},"Action":"secretsmanager:*","Resource":"*"}`, ""},
	} {
		for _, id := range []*string{nil, new("s")} {
			out, err := b.client.ValidateResourcePolicy(t.Context(), &api.ValidateResourcePolicyInput{
				SecretId: id, ResourcePolicy: `{"Version":"2012-10-17","Statement":[` + tt.statement + `]}`,
			})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range out.ValidationErrors {
				got = append(got, *e.CheckName+": "+*e.ErrorMessage)
			}
			if s := strings.Join(got, "; "); s != tt.want || *out.PolicyValidationPassed != (tt.want == "") {
				t.Errorf("%s: %t %s", tt.statement, *out.PolicyValidationPassed, s)
			}
		}
	}
}
