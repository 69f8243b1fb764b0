package door

import "nephele.dev/nephele/internal/shape"

const (
	kib = 1 << 10
	mib = 1 << 20

	// defaultLimit is how long a buffered body may be where limits says nothing.
	defaultLimit = 1 * mib
	// maxLimit is the largest of all.
	maxLimit = 70167211
)

// limits bounds bodies that are held in memory, in bytes as they come over the
// wire, by service or service:operation. AWS's quotas are on what is meant
// (1 MiB of log events); escapes of JSON and percent signs make it longer on
// its way, so the limits here are roomy and the services count exactly.
var limits = map[string]int64{
	"s3":                              8 * mib, // documents: 10,000 parts, 1,000 keys to delete
	"sqs":                             4 * mib, // 1 MiB in all, as a form
	"sns":                             2 * mib,
	"cloudformation":                  4 * mib, // 1 MB of template, as a form
	"ec2":                             2 * mib,
	"cloudfront":                      2 * mib,
	"rum":                             2 * mib,
	"events:PutEvents":                2 * mib,
	"logs:PutLogEvents":               6 * mib,  // 1,048,576 bytes of events
	"cloudwatch":                      4 * mib,  // 1 MB of PutMetricData, as a form
	"synthetics:CreateCanary":         16 * mib, // a ZIP file in base64
	"synthetics:UpdateCanary":         16 * mib,
	"lambda:CreateFunction":           maxLimit, // as AWS's own message has it: 50 MB in base64
	"lambda:UpdateFunctionCode":       maxLimit,
	"lambda:PublishLayerVersion":      maxLimit,
	"lambda:Invoke":                   6*mib + 100*kib,
	"ssm:PutInventory":                2 * mib,
	"cognitoidentity":                 256 * kib,
	"sts":                             256 * kib,
	"sts:AssumeRoleWithSAML":          512 * kib,
	"kms":                             256 * kib,
	"lambda:InvokeAsync":              256 * kib,
	"lambda:InvokeWithResponseStream": 6*mib + 100*kib,
}

// bodyLimit is how long a body may be. Either argument may be nil.
func bodyLimit(svc *shape.Service, op *shape.Operation) int64 {
	if svc == nil {
		return defaultLimit
	}
	if op != nil {
		if n, ok := limits[svc.Name+":"+op.Name]; ok {
			return n
		}
	}
	if n, ok := limits[svc.Name]; ok {
		return n
	}
	return defaultLimit
}
