package modules

// Services are the service modules of the AWS SDK for Go v2 by the name of our
// generated package. They need no newer core than the one that go.mod names.
// EC2 is here for its snapshots alone: compiling it takes 3 GB.
var Services = map[string]string{
	"autoscaling":     "autoscaling@v1.79.4",
	"cloudformation":  "cloudformation@v1.82.5",
	"cloudfront":      "cloudfront@v1.73.0",
	"cloudwatch":      "cloudwatch@v1.75.5",
	"cognitoidentity": "cognitoidentity@v1.34.0",
	"ec2":             "ec2@v1.344.1",
	"elb":             "elasticloadbalancing@v1.41.8",
	"elbv2":           "elasticloadbalancingv2@v1.63.8",
	"events":          "eventbridge@v1.55.9",
	"iam":             "iam@v1.64.8",
	"kms":             "kms@v1.62.4",
	"lambda":          "lambda@v1.114.2",
	"logs":            "cloudwatchlogs@v1.92.0",
	"rum":             "rum@v1.31.2",
	"s3":              "s3@v1.114.8",
	"secretsmanager":  "secretsmanager@v1.50.10",
	"sns":             "sns@v1.47.9",
	"sqs":             "sqs@v1.52.10",
	"ssm":             "ssm@v1.81.4",
	"sts":             "sts@v1.51.8",
	"synthetics":      "synthetics@v1.43.0",
}

// Path is the module path before the service's name.
const Path = "github.com/aws/aws-sdk-go-v2/service/"
