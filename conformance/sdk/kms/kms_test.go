package kms

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"nephele.dev/nephele/conformance/internal/oracle"
	api "nephele.dev/nephele/internal/api/kms"
)

func TestEveryOperation(t *testing.T) {
	oracle.Run(t, api.Service(), func(c aws.Config) any { return kms.NewFromConfig(c) }, oracle.Options{})
}
