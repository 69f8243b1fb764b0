package nepheletest_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/synthetics"
	"github.com/aws/aws-sdk-go-v2/service/synthetics/types"

	"nephele.dev/nephele/internal/app"
	"nephele.dev/nephele/internal/config"
	"nephele.dev/nephele/nepheletest"
)

func createInput(name string) *synthetics.CreateCanaryInput {
	return &synthetics.CreateCanaryInput{
		Name:               aws.String(name),
		ArtifactS3Location: aws.String("s3://artifacts"),
		ExecutionRoleArn:   aws.String("arn:aws:iam::000000000000:role/canary"),
		RuntimeVersion:     aws.String("syn-nodejs-puppeteer-13.1"),
		Schedule:           &types.CanaryScheduleInput{Expression: aws.String("rate(5 minutes)")},
		Code:               &types.CanaryCodeInput{Handler: aws.String("index.handler"), ZipFile: emptyZip},
	}
}

// emptyZip is the end-of-directory record of an archive without entries.
var emptyZip = append([]byte("PK\x05\x06"), make([]byte, 18)...)

func TestAuth(t *testing.T) {
	t.Parallel()
	srv := nepheletest.Start(t, nepheletest.WithAuth())
	who := func(cfg aws.Config) error {
		_, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		return err
	}
	list := func(cfg aws.Config) error {
		_, err := synthetics.NewFromConfig(cfg).DescribeCanaries(t.Context(), &synthetics.DescribeCanariesInput{})
		return err
	}
	stranger := as(srv, "AKIAIOSFODNN7EXAMPLE", nepheletest.RootSecretAccessKey)
	forger := as(srv, nepheletest.RootAccessKeyID, "not the secret")

	if err := who(srv.Config); err != nil {
		t.Errorf("root, query: %v", err)
	}
	if err := list(srv.Config); err != nil {
		t.Errorf("root, rest-json: %v", err)
	}
	_ = wantError(t, who(stranger), "InvalidClientTokenId")
	_ = wantError(t, list(stranger), "UnrecognizedClientException")
	_ = wantError(t, who(forger), "SignatureDoesNotMatch")
	_ = wantError(t, list(forger), "InvalidSignatureException")
}

func TestAuthHasNoReset(t *testing.T) {
	t.Parallel()
	srv := nepheletest.Start(t, nepheletest.WithAuth())
	if body, status := get(t, http.MethodPost, srv.URL+"/_nephele/reset"); status < 400 {
		t.Errorf("%d: %s", status, body)
	}
	if body, status := get(t, http.MethodGet, srv.URL+"/_nephele/health"); status != 200 {
		t.Errorf("health: %d: %s", status, body)
	}
}

func TestUnsignedRequest(t *testing.T) {
	t.Parallel()
	srv := nepheletest.Start(t, nepheletest.WithAuth())
	body, status := get(t, http.MethodGet, srv.URL+"/?Action=GetCallerIdentity&Version=2011-06-15")
	if status != 403 || !strings.Contains(body, "MissingAuthenticationToken") {
		t.Errorf("%d: %s", status, body)
	}
}

// TestGeneratedRootCredentials are made once, readable by the owner alone.
func TestGeneratedRootCredentials(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var first string
	for range 2 {
		t.Run("start", func(t *testing.T) {
			srv := nepheletest.Start(t, nepheletest.WithConfig(func(c *config.Config) { c.Auth, c.Data = config.AuthOn, dir }))
			id, secret, err := app.RootCredentials(dir)
			if err != nil {
				t.Fatal(err)
			}
			if first != "" && id+secret != first {
				t.Error("the credentials changed")
			}
			first = id + secret
			info, err := os.Stat(filepath.Join(dir, app.RootFile))
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("mode %v, error %v", info.Mode(), err)
			}
			if _, err := sts.NewFromConfig(as(srv, id, secret)).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}); err != nil {
				t.Error(err)
			}
		})
	}
}
