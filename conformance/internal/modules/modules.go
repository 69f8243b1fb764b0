// Package modules finds modules whose files are test data in the module cache.
package modules

import (
	"encoding/json"
	"os/exec"
	"testing"
)

// Dir returns the directory of a module version such as
// "github.com/aws/aws-sdk-go@v1.55.8", downloading it if need be.
func Dir(t testing.TB, version string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", version)
	cmd.Dir = t.TempDir() // outside this module: its go.mod does not list them all
	out, err := cmd.Output()
	var info struct{ Dir, Error string }
	if jsonErr := json.Unmarshal(out, &info); jsonErr != nil || info.Dir == "" {
		t.Fatalf("go mod download %s: %v %s", version, err, info.Error)
	}
	return info.Dir
}
