package v1cloudwatch

import (
	"errors"
	"net/http"
	"testing"

	awsv2 "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/awserr"
	"github.com/aws/aws-sdk-go/aws/credentials"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/cloudwatch"

	"nephele.dev/nephele/conformance/internal/oracle"
	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/shape"
)

func TestEveryOperation(t *testing.T) {
	oracle.Run(t, api.Service(), newClient, oracle.Options{Protocol: shape.Query, Suffix: "WithContext", Fault: fault})
}

func newClient(c awsv2.Config) any {
	s := session.Must(session.NewSession(&aws.Config{
		Region: new("us-east-1"), Endpoint: new("http://127.0.0.1"), MaxRetries: new(0),
		Credentials:             credentials.NewStaticCredentials("AKIDEXAMPLE", "secret", ""),
		DisableComputeChecksums: new(true),
	}))
	return cloudwatch.New(s, &aws.Config{HTTPClient: &http.Client{Transport: oracle.Transport(c)}})
}

func fault(err error) (code, message string, ok bool) {
	e, ok := errors.AsType[awserr.Error](err)
	if !ok {
		return "", "", false
	}
	return e.Code(), e.Message(), true
}
