package policy

import "strings"

// prefixes are the IAM prefixes of services that are not their signing name.
var prefixes = map[string]string{
	"cloudwatch": "cloudwatch", // signs as "monitoring"
}

// s3Actions are the S3 operations whose IAM action has another name
// (Service Authorization Reference, "Actions defined by Amazon S3").
var s3Actions = map[string]string{
	"CompleteMultipartUpload": "PutObject",
	"CopyObject":              "PutObject",
	"CreateMultipartUpload":   "PutObject",
	"DeleteObjects":           "DeleteObject",
	"HeadBucket":              "ListBucket",
	"HeadObject":              "GetObject",
	"ListBuckets":             "ListAllMyBuckets",
	"ListMultipartUploads":    "ListBucketMultipartUploads",
	"ListObjects":             "ListBucket",
	"ListObjectsV2":           "ListBucket",
	"ListObjectVersions":      "ListBucketVersions",
	"ListParts":               "ListMultipartUploadParts",
	"UploadPart":              "PutObject",
	"UploadPartCopy":          "PutObject",
}

// Action is the IAM action that allows an operation, for example
// "synthetics:CreateCanary". service is the name of the generated package.
func Action(service, signingName, operation string) string {
	prefix := signingName
	if p, ok := prefixes[service]; ok {
		prefix = p
	}
	if service == "s3" {
		if a, ok := s3Actions[operation]; ok {
			operation = a
		}
		operation = strings.TrimSuffix(operation, "V2")
	}
	return prefix + ":" + operation
}
