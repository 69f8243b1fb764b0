package console_test

import (
	"os/exec"
	"regexp"
	"testing"
)

// TestUnits runs the tests of functions that need no browser: *.test.ts below
// src, which go generate bundles into one file.
func TestUnits(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "node", "--test", "--test-reporter=tap", "dist/unit.mjs").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !regexp.MustCompile(`(?m)^# pass [1-9]\d+$`).Match(out) {
		t.Errorf("fewer tests than there should be:\n%s", out)
	}
}
