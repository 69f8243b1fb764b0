package boto3

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"nephele.dev/nephele/nepheletest"
)

// TestCanaries takes a canary through its life on a server that checks
// signatures and permissions, with the role that AWS's CDK makes for canaries.
func TestCanaries(t *testing.T) {
	t.Parallel()
	if err := exec.CommandContext(t.Context(), "python3", "-c", "import boto3").Run(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("no boto3: pip install boto3")
		}
		t.Skip("no boto3: pip install boto3")
	}
	const script = "testdata/canaries.py"
	if _, err := os.Stat(script); err != nil { // also tells Go that results depend on it
		t.Fatal(err)
	}
	srv := nepheletest.Start(t, nepheletest.WithAuth(), nepheletest.WithSettle(50*time.Millisecond))
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "python3", script, srv.URL)
	cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID="+nepheletest.RootAccessKeyID, "AWS_SECRET_ACCESS_KEY="+nepheletest.RootSecretAccessKey,
		"AWS_DEFAULT_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=/nonexistent", "AWS_SHARED_CREDENTIALS_FILE=/nonexistent")
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) } // so that it says where it was
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.HasSuffix(string(out), "ok\n") {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
