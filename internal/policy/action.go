package policy

import "strings"

// prefixes are the IAM prefixes of services that are not their signing name.
var prefixes = map[string]string{
	"cloudwatch": "cloudwatch", // signs as "monitoring"
}

// renamed are the operations whose IAM action has another name, by prefix
// (Service Authorization Reference). All others are actions of their own name.
var renamed = map[string]map[string]string{
	"s3": s3Actions,
	"sqs": {
		"ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
		"DeleteMessageBatch":           "DeleteMessage",
		"SendMessageBatch":             "SendMessage",
	},
	"sns": {"PublishBatch": "Publish"},
	"kms": {"ReEncrypt": "ReEncryptFrom"}, // and ReEncryptTo on the other key
	"lambda": {
		"GetLayerVersionByArn":     "GetLayerVersion",
		"Invoke":                   "InvokeFunction",
		"InvokeWithResponseStream": "InvokeFunction",
	},
}

// s3Actions are those of Amazon S3, whose actions speak of what a request
// touches. An object's version in the request makes some of them the
// "...Version" action (VersionAction).
var s3Actions = map[string]string{
	"CompleteMultipartUpload":                     "PutObject",
	"CopyObject":                                  "PutObject",
	"CreateBucketMetadataConfiguration":           "CreateBucketMetadataTableConfiguration",
	"CreateMultipartUpload":                       "PutObject",
	"DeleteBucketAnalyticsConfiguration":          "PutAnalyticsConfiguration",
	"DeleteBucketCors":                            "PutBucketCORS",
	"DeleteBucketEncryption":                      "PutEncryptionConfiguration",
	"DeleteBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
	"DeleteBucketInventoryConfiguration":          "PutInventoryConfiguration",
	"DeleteBucketLifecycle":                       "PutLifecycleConfiguration",
	"DeleteBucketMetadataConfiguration":           "DeleteBucketMetadataTableConfiguration",
	"DeleteBucketMetricsConfiguration":            "PutMetricsConfiguration",
	"DeleteBucketOwnershipControls":               "PutBucketOwnershipControls",
	"DeleteBucketReplication":                     "PutReplicationConfiguration",
	"DeleteBucketTagging":                         "PutBucketTagging",
	"DeleteObjects":                               "DeleteObject",
	"DeletePublicAccessBlock":                     "PutBucketPublicAccessBlock",
	"GetBucketAccelerateConfiguration":            "GetAccelerateConfiguration",
	"GetBucketAnalyticsConfiguration":             "GetAnalyticsConfiguration",
	"GetBucketCors":                               "GetBucketCORS",
	"GetBucketEncryption":                         "GetEncryptionConfiguration",
	"GetBucketIntelligentTieringConfiguration":    "GetIntelligentTieringConfiguration",
	"GetBucketInventoryConfiguration":             "GetInventoryConfiguration",
	"GetBucketLifecycle":                          "GetLifecycleConfiguration",
	"GetBucketLifecycleConfiguration":             "GetLifecycleConfiguration",
	"GetBucketMetadataConfiguration":              "GetBucketMetadataTableConfiguration",
	"GetBucketMetricsConfiguration":               "GetMetricsConfiguration",
	"GetBucketNotificationConfiguration":          "GetBucketNotification",
	"GetBucketReplication":                        "GetReplicationConfiguration",
	"GetObjectLockConfiguration":                  "GetBucketObjectLockConfiguration",
	"GetPublicAccessBlock":                        "GetBucketPublicAccessBlock",
	"HeadBucket":                                  "ListBucket",
	"HeadObject":                                  "GetObject",
	"ListBucketAnalyticsConfigurations":           "GetAnalyticsConfiguration",
	"ListBucketIntelligentTieringConfigurations":  "GetIntelligentTieringConfiguration",
	"ListBucketInventoryConfigurations":           "GetInventoryConfiguration",
	"ListBucketMetricsConfigurations":             "GetMetricsConfiguration",
	"ListBuckets":                                 "ListAllMyBuckets",
	"ListDirectoryBuckets":                        "ListAllMyDirectoryBuckets",
	"ListMultipartUploads":                        "ListBucketMultipartUploads",
	"ListObjectVersions":                          "ListBucketVersions",
	"ListObjects":                                 "ListBucket",
	"ListObjectsV2":                               "ListBucket",
	"ListParts":                                   "ListMultipartUploadParts",
	"PutBucketAccelerateConfiguration":            "PutAccelerateConfiguration",
	"PutBucketAnalyticsConfiguration":             "PutAnalyticsConfiguration",
	"PutBucketCors":                               "PutBucketCORS",
	"PutBucketEncryption":                         "PutEncryptionConfiguration",
	"PutBucketIntelligentTieringConfiguration":    "PutIntelligentTieringConfiguration",
	"PutBucketInventoryConfiguration":             "PutInventoryConfiguration",
	"PutBucketLifecycle":                          "PutLifecycleConfiguration",
	"PutBucketLifecycleConfiguration":             "PutLifecycleConfiguration",
	"PutBucketMetricsConfiguration":               "PutMetricsConfiguration",
	"PutBucketNotificationConfiguration":          "PutBucketNotification",
	"PutBucketReplication":                        "PutReplicationConfiguration",
	"PutObjectLockConfiguration":                  "PutBucketObjectLockConfiguration",
	"PutPublicAccessBlock":                        "PutBucketPublicAccessBlock",
	"SelectObjectContent":                         "GetObject",
	"UploadPart":                                  "PutObject",
	"UploadPartCopy":                              "PutObject",
}

// versioned are the S3 actions that have a sister for requests that name a
// version of the object.
var versioned = map[string]bool{
	"s3:DeleteObject": true, "s3:DeleteObjectTagging": true, "s3:GetObject": true, "s3:GetObjectAcl": true,
	"s3:GetObjectAttributes": true, "s3:GetObjectTagging": true, "s3:GetObjectTorrent": true,
	"s3:PutObjectAcl": true, "s3:PutObjectTagging": true,
}

// Action is the IAM action that allows an operation, for example
// "synthetics:CreateCanary". service is the name of the generated package.
func Action(service, signingName, operation string) string {
	prefix := signingName
	if p, ok := prefixes[service]; ok {
		prefix = p
	}
	if a, ok := renamed[prefix][operation]; ok {
		operation = a
	}
	return prefix + ":" + operation
}

// VersionAction is the action of a request that names a version of an object:
// "s3:GetObjectVersion" for "s3:GetObject". Actions without such a sister are
// returned as they are.
func VersionAction(action string) string {
	if !versioned[action] {
		return action
	}
	for _, suffix := range []string{"Acl", "Attributes", "Tagging", "Torrent"} {
		if rest, ok := strings.CutSuffix(action, suffix); ok {
			return rest + "Version" + suffix
		}
	}
	return action + "Version"
}
