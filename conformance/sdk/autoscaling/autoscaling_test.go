package autoscaling

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"

	"nephele.dev/nephele/conformance/internal/oracle"
	api "nephele.dev/nephele/internal/api/autoscaling"
)

func TestEveryOperation(t *testing.T) {
	oracle.Run(t, api.Service(), func(c aws.Config) any { return autoscaling.NewFromConfig(c) }, oracle.Options{})
}
