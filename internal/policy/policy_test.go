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

func TestMessage(t *testing.T) {
	t.Parallel()
	mary := Principal{Kind: User, ARN: "arn:aws:iam::123456789012:user/mary"}
	for _, tt := range []struct {
		r    Request
		d    Decision
		want string
	}{
		{
			Request{Principal: mary, Action: "s3:GetObject", Resources: []Resource{{ARN: "arn:aws:s3:::b/k"}}},
			Decision{},
			"User: arn:aws:iam::123456789012:user/mary is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::b/k because no identity-based policy allows the s3:GetObject action",
		},
		{
			Request{Principal: mary, Action: "s3:GetObject"},
			Decision{Effect: ExplicitDeny},
			"User: arn:aws:iam::123456789012:user/mary is not authorized to perform: s3:GetObject with an explicit deny in an identity-based policy",
		},
		{
			Request{Principal: mary, Action: "s3:GetObject", Resources: []Resource{{ARN: "a"}, {ARN: "b"}}},
			Decision{Effect: ExplicitDeny, By: ResourceBased, Resource: "b"},
			"User: arn:aws:iam::123456789012:user/mary is not authorized to perform: s3:GetObject on resource: b with an explicit deny in a resource-based policy",
		},
		{
			Request{Action: "s3:GetObject"},
			Decision{By: Boundary},
			"User: anonymous is not authorized to perform: s3:GetObject because no permissions boundary allows the s3:GetObject action",
		},
	} {
		if got := Message(tt.r, tt.d); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

func TestAction(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ service, signing, op, want string }{
		{"synthetics", "synthetics", "CreateCanary", "synthetics:CreateCanary"},
		{"cloudwatch", "monitoring", "PutMetricData", "cloudwatch:PutMetricData"},
		{"s3", "s3", "ListObjectsV2", "s3:ListBucket"},
		{"s3", "s3", "PutObject", "s3:PutObject"},
		{"elbv2", "elasticloadbalancing", "CreateRule", "elasticloadbalancing:CreateRule"},
	} {
		if got := Action(tt.service, tt.signing, tt.op); got != tt.want {
			t.Errorf("%s:%s: %s", tt.service, tt.op, got)
		}
	}
}
