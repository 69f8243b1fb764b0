package app_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"nephele.dev/nephele/internal/app"
	"nephele.dev/nephele/nepheletest"
)

// TestBoto3Sessions lets boto3 sign as root, as a user and as a session, over
// plain HTTP and TLS: the two protect bodies differently.
func TestBoto3Sessions(t *testing.T) {
	t.Parallel()
	if err := exec.CommandContext(t.Context(), "python3", "-c", "import boto3").Run(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("no boto3: pip install boto3")
		}
		t.Skip("no boto3: pip install boto3")
	}
	srv := nepheletest.Start(t, nepheletest.WithAuth())
	_, port, err := net.SplitHostPort(hostOf(srv))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "python3", "testdata/sessions.py", srv.URL, "https://localhost:"+port)
	cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID="+nepheletest.RootAccessKeyID, "AWS_SECRET_ACCESS_KEY="+nepheletest.RootSecretAccessKey,
		"AWS_CA_BUNDLE="+filepath.Join(srv.Data, app.CAFile), "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=/nonexistent", "AWS_SHARED_CREDENTIALS_FILE=/nonexistent")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "ok ") {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
