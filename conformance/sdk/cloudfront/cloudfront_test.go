package cloudfront

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"nephele.dev/nephele/conformance/internal/oracle"
	api "nephele.dev/nephele/internal/api/cloudfront"
)

func TestEveryOperation(t *testing.T) {
	oracle.Run(t, api.Service(), func(c aws.Config) any { return cloudfront.NewFromConfig(c) }, oracle.Options{
		Unions: []any{&types.CaCertificatesBundleSourceMemberCaCertificatesBundleS3Location{}},
	})
}
