package sns

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"nephele.dev/nephele/conformance/internal/oracle"
	api "nephele.dev/nephele/internal/api/sns"
)

func TestEveryOperation(t *testing.T) {
	oracle.Run(t, api.Service(), func(c aws.Config) any { return sns.NewFromConfig(c) }, oracle.Options{})
}
