package policy

import "testing"

func TestMessage(t *testing.T) {
	t.Parallel()
	mary := Principal{Kind: User, Account: "123456789012", ARN: "arn:aws:iam::123456789012:user/mary"}
	session := Principal{Kind: AssumedRole, Account: "123456789012", ARN: "arn:aws:sts::123456789012:assumed-role/r/s"}
	managed := []Match{{Document: &Document{Name: "arn:aws:iam::123456789012:policy/p"}}}
	secret := []Resource{{ARN: "arn:aws:secretsmanager:us-east-1:123456789012:secret:s"}}
	foreign := []Resource{{ARN: "arn:aws:secretsmanager:us-east-1:999999999999:secret:s"}}
	role := []Resource{{ARN: "arn:aws:iam::999999999999:role/r"}}
	for _, tt := range []struct {
		r    Request
		d    Decision
		want string
	}{
		{
			Request{Principal: mary, Action: "s3:GetObject", Resources: []Resource{{ARN: "arn:aws:s3:::b/k"}}},
			Decision{},
			`User: arn:aws:iam::123456789012:user/mary is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::b/k" because no identity-based policy allows the s3:GetObject action`,
		},
		{
			Request{Principal: mary, Action: "s3:GetObject"},
			Decision{Effect: ExplicitDeny},
			"User: arn:aws:iam::123456789012:user/mary is not authorized to perform: s3:GetObject with an explicit deny in an identity-based policy",
		},
		{
			Request{Principal: mary, Action: "sqs:SendMessage", Resources: []Resource{{ARN: "a"}, {ARN: "b"}}},
			Decision{Effect: ExplicitDeny, By: ResourceBased, Resource: "b", Matched: managed},
			"User: arn:aws:iam::123456789012:user/mary is not authorized to perform: sqs:SendMessage on resource: b with an explicit deny in a resource-based policy",
		},
		{
			Request{Action: "s3:GetObject"},
			Decision{By: Boundary},
			"User: anonymous is not authorized to perform: s3:GetObject because no permissions boundary allows the s3:GetObject action",
		},
		{
			Request{Principal: session, Action: "secretsmanager:ListSecrets", Resources: []Resource{{ARN: "*"}}},
			Decision{By: SessionPolicy, Resource: "*"},
			"User: arn:aws:sts::123456789012:assumed-role/r/s is not authorized to perform: secretsmanager:ListSecrets because no session policy allows the secretsmanager:ListSecrets action",
		},
		{
			Request{Principal: session, Action: "secretsmanager:GetSecretValue", Resources: secret},
			Decision{Effect: ExplicitDeny, By: SessionPolicy},
			"User: arn:aws:sts::123456789012:assumed-role/r/s is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:us-east-1:123456789012:secret:s with an explicit deny in a session policy",
		},
		{
			Request{Principal: mary, Action: "secretsmanager:GetSecretValue", Resources: secret},
			Decision{Effect: ExplicitDeny, By: Boundary, Matched: managed},
			"User: arn:aws:iam::123456789012:user/mary is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:us-east-1:123456789012:secret:s with an explicit deny in a permissions boundary: arn:aws:iam::123456789012:policy/p",
		},
		{
			Request{Principal: mary, Action: "secretsmanager:GetSecretValue", Resources: foreign},
			Decision{Effect: ExplicitDeny, By: IdentityBased, Matched: managed},
			"User: arn:aws:iam::123456789012:user/mary is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:us-east-1:999999999999:secret:s with an explicit deny in an identity-based policy",
		},
		{
			Request{Principal: mary, Action: "secretsmanager:GetSecretValue", Resources: foreign},
			Decision{By: ResourceBased},
			"User: arn:aws:iam::123456789012:user/mary is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:us-east-1:999999999999:secret:s because no resource-based policy allows the secretsmanager:GetSecretValue action",
		},
		{
			Request{Principal: mary, Action: "sts:AssumeRole", Resources: role},
			Decision{By: TrustPolicy},
			"User: arn:aws:iam::123456789012:user/mary is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::999999999999:role/r because no role trust policy allows the sts:AssumeRole action",
		},
		{
			Request{Principal: mary, Action: "sts:AssumeRole", Resources: role},
			Decision{Effect: ExplicitDeny, By: TrustPolicy},
			"User: arn:aws:iam::123456789012:user/mary is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::999999999999:role/r with an explicit deny in the role trust policy",
		},
		{
			Request{Principal: Principal{Kind: WebIdentity, ARN: "idp"}, Action: "sts:AssumeRoleWithWebIdentity", Resources: role},
			Decision{By: TrustPolicy},
			"Not authorized to perform sts:AssumeRoleWithWebIdentity",
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
		{"elbv2", "elasticloadbalancing", "CreateRule", "elasticloadbalancing:CreateRule"},
		{"cognitoidentity", "cognito-identity", "GetId", "cognito-identity:GetId"},
		{"logs", "logs", "StartQuery", "logs:StartQuery"},
		{"sns", "sns", "PublishBatch", "sns:Publish"},
		{"sns", "sns", "Subscribe", "sns:Subscribe"},
		{"sqs", "sqs", "DeleteMessageBatch", "sqs:DeleteMessage"},
		{"kms", "kms", "ReEncrypt", "kms:ReEncryptFrom"},
		{"lambda", "lambda", "Invoke", "lambda:InvokeFunction"},
		{"iam", "iam", "SimulateCustomPolicy", "iam:SimulateCustomPolicy"},
		{"s3", "s3", "ListObjectsV2", "s3:ListBucket"},
		{"s3", "s3", "PutObject", "s3:PutObject"},
		{"s3", "s3", "DeleteBucketLifecycle", "s3:PutLifecycleConfiguration"},
		{"s3", "s3", "GetBucketCors", "s3:GetBucketCORS"},
		{"s3", "s3", "GetBucketNotificationConfiguration", "s3:GetBucketNotification"},
		{"s3", "s3", "DeleteBucketWebsite", "s3:DeleteBucketWebsite"},
		{"s3", "s3", "GetObjectLockConfiguration", "s3:GetBucketObjectLockConfiguration"},
	} {
		if got := Action(tt.service, tt.signing, tt.op); got != tt.want {
			t.Errorf("%s:%s: %s", tt.service, tt.op, got)
		}
	}
}

func TestVersionAction(t *testing.T) {
	t.Parallel()
	for action, want := range map[string]string{
		"s3:GetObject":           "s3:GetObjectVersion",
		"s3:DeleteObjectTagging": "s3:DeleteObjectVersionTagging",
		"s3:PutObjectAcl":        "s3:PutObjectVersionAcl",
		"s3:GetObjectRetention":  "s3:GetObjectRetention",
		"s3:PutObject":           "s3:PutObject",
	} {
		if got := VersionAction(action); got != want {
			t.Errorf("%s: %s", action, got)
		}
	}
}
