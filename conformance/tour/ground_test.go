package tour

import (
	"os/exec"
	"regexp"
	"testing"
)

// TestGround runs the blocks of docs/ground.md, in order, against one server.
func TestGround(t *testing.T) {
	t.Parallel()
	need(t, "bash", "aws", "curl", "python3")
	if out, err := exec.CommandContext(t.Context(), "python3", "-c", "import boto3").CombinedOutput(); err != nil {
		t.Skipf("the page needs boto3: %s", out)
	}
	n := arrive(t, build(t))
	const page = "docs/ground.md"
	shell := blocks(t, page, "sh")
	want := [][]string{
		{`(?m)^2$`, `(?m)^index\.html\tTrue$`, `(?m)^true$`, `(?m)^ObjectCreated:Put$`, `(?s)<h1>two</h1>.*<h1>two</h1>`, `(?m)^same$`},
		{
			`ops@example\.com`, `Subscription Confirmation`, `(?m)^OK$`, `(?m)^Threshold Crossed$`,
			`Successfully executed action arn:aws:sns:us-east-1:000000000000:trouble`, `(?m)^twice\t190(\.0)?$`, `(?m)^PNG`,
		},
		{`(?m)^\{"path":"/pay","ms":900\}$`, `(?m)^1150(\.0)?$`, `(?m)^Complete$`, `(?m)^/pay\t1\t900$`, `(?m)^/cart\t2\t250$`},
		{`(?m)^0$`, `(?m)^"?order 2 is worth 250"?$`, `(?m)^true$`},
	}
	if len(shell) != len(want) {
		t.Fatalf("%s has %d blocks of sh, want %d", page, len(shell), len(want))
	}
	for i, code := range shell {
		check(t, n.bash(t, code), want[i])
	}
	python := blocks(t, page, "python")
	if len(python) != 1 {
		t.Fatalf("%s has %d blocks of python, want 1", page, len(python))
	}
	out := n.bash(t, "eval \"$(bin/nephele env)\"\npython3 - <<'PY'\n"+python[0]+"PY\n")
	check(t, out, []string{
		`(?m)^from the topic: big news$`, `(?m)^from the bucket: "a/b\.json"$`, `(?m)^from the alarm: "cold"$`,
		`(?m)^from the log: \{'who': 'ann', 'n': '2'\}$`,
	})
}

// check looks for patterns in what a block printed.
func check(t *testing.T, out string, patterns []string) {
	t.Helper()
	for _, p := range patterns {
		if !regexp.MustCompile(p).MatchString(out) {
			t.Errorf("the page does not print %s, but\n%s", p, out)
		}
	}
}
