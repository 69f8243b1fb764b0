package policy

import "testing"

func TestAccount(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind   PrincipalKind
		action string
		want   Effect
	}{
		{Root, "s3:DeleteBucket", Allow},
		{Service, "logs:PutLogEvents", Allow},
		{User, "s3:GetObject", ImplicitDeny},
		{AssumedRole, "s3:GetObject", ImplicitDeny},
		{Anonymous, "s3:GetObject", ImplicitDeny},
		{User, "sts:GetCallerIdentity", Allow},
		{Anonymous, "sts:GetCallerIdentity", ImplicitDeny},
		{"Stranger", "s3:GetObject", ImplicitDeny},
	} {
		d, err := Account{}.Evaluate(t.Context(), Request{Principal: Principal{Kind: tt.kind}, Action: tt.action})
		if err != nil || d.Effect != tt.want {
			t.Errorf("%s, %s: %v, %v", tt.kind, tt.action, d.Effect, err)
		}
	}
}
