package synthetics

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/synthetics"

	"nephele.dev/nephele/conformance/internal/oracle"
	api "nephele.dev/nephele/internal/api/synthetics"
)

func TestEveryOperation(t *testing.T) {
	oracle.Run(t, api.Service(), func(c aws.Config) any { return synthetics.NewFromConfig(c) }, oracle.Options{})
}
