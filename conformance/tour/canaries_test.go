package tour

import (
	"os"
	"path/filepath"
	"testing"
)

// TestCanaries runs the blocks of docs/canaries.md, each against a server of its own.
func TestCanaries(t *testing.T) {
	t.Parallel()
	need(t, "bash", "aws", "zip")
	bin := build(t)
	needCanaries(t, bin)
	const page = "docs/canaries.md"
	shell := blocks(t, page, "sh")
	want := []struct {
		name     string
		patterns []string
	}{
		{"laptop", []string{
			`(?m)^ +✓ 1 open `, `(?m)^PASSED in .*: 1 steps, 2 screenshots`, `02-open-succeeded\.png differs by 0\.00 %`,
			`≠ 02-open-succeeded\.png differs by 99\.\d+ % \(threshold 1\.00 %\): 02-open-succeeded\.difference\.png`,
			`(?m)^FAILED in `, `(?m)^CANARY_FAILURE: Visual variance: 1 of 2 `, `(?ms)^the run: 1$.*^the difference: 1$`,
			`(?m)^02-open-succeeded\.baseline\.png$`, `(?m)^results\.har\.html$`, `(?m)^SyntheticsReport-FAILED\.json$`,
			`<testsuite name="look" tests="1" failures="0"`,
		}},
		{"schedule", []string{
			`(?m)^FAILED\tVisual variance: 1 of 2 screenshots differ from the baseline: 02-open-succeeded\.png`,
			`(?ms)^PASSED\t$.*^FAILED\t.*^dry run: PASSED$.*^PASSED\t$`,
			`(?m)^front-artifacts/canary/us-east-1/front/\d{4}/\d\d/\d\d/\d\d/[-\d]+/CHROME$`, `(?m)^02-open-succeeded\.difference\.png$`,
			`(?m)^shop$`,
		}},
		{"places", []string{`(?m)^InSync$`, `(?m)^us-east-1\tPASSED$`, `(?m)^eu-west-1\tPASSED$`}},
	}
	if len(shell) != len(want) {
		t.Fatalf("%s has %d blocks of sh, want %d", page, len(shell), len(want))
	}
	for i, code := range shell {
		t.Run(want[i].name, func(t *testing.T) {
			t.Parallel()
			n := arrive(t, bin)
			for _, dir := range []string{filepath.Dir(n.tmp), n.tmp} { // scripts run as another user below it
				if err := os.Chmod(dir, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			check(t, n.bash(t, code), want[i].patterns)
		})
	}
}
