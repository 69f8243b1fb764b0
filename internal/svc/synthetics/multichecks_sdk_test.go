package synthetics_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/synthetics"
	"github.com/aws/aws-sdk-go-v2/service/synthetics/types"

	"nephele.dev/nephele/nepheletest"
)

// TestMultiChecks: a blueprint runs from CreateCanary to its metrics. It reads a
// secret, signs a request as a role, and may not administer the server.
func TestMultiChecks(t *testing.T) {
	t.Parallel()
	server := nepheletest.Start(t)
	u := userOf(t, server)
	secrets := secretsmanager.NewFromConfig(server.Config)
	in := &secretsmanager.CreateSecretInput{Name: aws.String("login"), SecretString: aws.String(`{"user": "ann", "password": "hunter2-hunter2"}`)}
	if _, err := secrets.CreateSecret(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	config := strings.ReplaceAll(`{"variables": {"base": "URL"}, "steps": {
		"1": {"stepName": "signed", "checkerType": "HTTP", "url": "${base}/?Action=GetCallerIdentity&Version=2011-06-15", "httpMethod": "GET",
			"authentication": {"type": "SIGV4", "service": "sts", "region": "us-east-1", "roleArn": "arn:aws:iam::000000000000:role/other"},
			"assertions": [{"type": "STATUS_CODE", "operator": "EQUALS", "value": 200}],
			"extractors": [{"name": "account", "type": "BODY", "regex": "<Account>(\\d+)", "regexGroup": 1}]},
		"2": {"stepName": "secret", "checkerType": "HTTP", "url": "${base}/no-such-bucket-${account}/${AWS_SECRET:login:password}", "httpMethod": "GET",
			"assertions": [{"type": "STATUS_CODE", "operator": "IN_RANGE", "rangeMin": 400, "rangeMax": 499}]},
		"3": {"stepName": "admin", "checkerType": "HTTP", "url": "${base}/_nephele/reset", "httpMethod": "POST", "assertions": [{"type": "STATUS_CODE", "operator": "EQUALS", "value": 403}]},
		"4": {"stepName": "fails", "checkerType": "HTTP", "url": "${base}/${AWS_SECRET:none}", "httpMethod": "GET"}}}`, "URL", server.URL)
	run := u.once(t, &synthetics.CreateCanaryInput{
		Name: aws.String("checks"), RuntimeVersion: aws.String("syn-nodejs-5.1"),
		Code: &types.CanaryCodeInput{ZipFile: zipped(t, "blueprint-config.json", config), BlueprintTypes: []string{"multi-checks"}},
	})
	if reason := aws.ToString(run.Status.StateReason); run.Status.State != types.CanaryRunStateFailed || !strings.HasPrefix(reason, "fails: url: the secret none cannot be fetched: ResourceNotFoundException") {
		t.Errorf("%s %q", run.Status.State, reason)
	}
	files := u.artifacts(t, run)
	for name, b := range files {
		if bytes.Contains(b, []byte("hunter2")) {
			t.Errorf("%s tells the secret:\n%s", name, b)
		}
	}
	report := string(files["MultiChecksReport.json"])
	if strings.Count(report, `"failureReason": ""`) != 3 || !strings.Contains(report, "/no-such-bucket-000000000000/REDACTED") {
		t.Errorf("%d artifacts; checks:\n%s", len(files), report)
	}
	names := []string{"HttpRequestsReport.json", "SyntheticsReport-FAILED.json"}
	if slices.ContainsFunc(names, func(name string) bool { return files[name] == nil }) {
		t.Errorf("an artifact is missing: %d are there", len(files))
	}
}
