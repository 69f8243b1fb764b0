package s3

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"nephele.dev/nephele/conformance/internal/oracle"
	api "nephele.dev/nephele/internal/api/s3"
)

func TestEveryOperation(t *testing.T) {
	oracle.Run(t, api.Service(), func(c aws.Config) any {
		return s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true })
	}, oracle.Options{
		Skip: map[string]string{"ListDirectoryBuckets": "the SDK wants an S3 Express session"},
		Unions: []any{
			&types.AnalyticsFilterMemberPrefix{}, &types.MetricsFilterMemberPrefix{}, &types.ObjectEncryptionMemberSSEKMS{},
		},
		// The SDK computes, checks or sends these itself.
		Drop: []string{
			"ChecksumAlgorithm", "ChecksumMode", "ChecksumCRC32", "ChecksumCRC32C", "ChecksumCRC64NVME", "ChecksumSHA1",
			"ChecksumSHA256", "ChecksumSHA512", "ChecksumMD5", "ChecksumXXHASH64", "ChecksumXXHASH3", "ChecksumXXHASH128",
			"ContentMD5", "ContentLength", "SSECustomerAlgorithm", "SSECustomerKey", "SSECustomerKeyMD5",
			"CopySourceSSECustomerAlgorithm", "CopySourceSSECustomerKey", "CopySourceSSECustomerKeyMD5",
		},
	})
}
