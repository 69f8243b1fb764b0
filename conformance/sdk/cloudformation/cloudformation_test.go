package cloudformation

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"nephele.dev/nephele/conformance/internal/oracle"
	api "nephele.dev/nephele/internal/api/cloudformation"
)

func TestEveryOperation(t *testing.T) {
	oracle.Run(t, api.Service(), func(c aws.Config) any { return cloudformation.NewFromConfig(c) }, oracle.Options{})
}
