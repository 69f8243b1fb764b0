package tour

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestIdentity runs the blocks of docs/identity.md, in order, against one
// server, and then its program in Go.
func TestIdentity(t *testing.T) {
	t.Parallel()
	need(t, "bash", "aws", "curl", "python3")
	n := arrive(t, build(t), "NEPHELE_AUTH=on")
	const page = "docs/identity.md"
	shell := blocks(t, page, "sh")
	want := printedByIdentity()
	if len(shell) != len(want) {
		t.Fatalf("%s has %d blocks of sh, want %d", page, len(shell), len(want))
	}
	for i, code := range shell {
		// The page's second server has a port of its own.
		check(t, n.bash(t, strings.ReplaceAll(code, "127.0.0.1:4576", freeAddr(t))), want[i])
	}
	programs := blocks(t, page, "go")
	if len(programs) != 1 {
		t.Fatalf("%s has %d blocks of Go, want 1", page, len(programs))
	}
	n.compile(t, "hello", programs[0])
	check(t, n.bash(t, "eval \"$(bin/nephele env)\"\n./hello\n"), []string{
		`(?m)^user ann\nuser cleo$`, `(?m)^GET http://\S+/letters/a\?\S*X-Amz-Expires=900\S*X-Amz-Signature=`,
		`(?m)^The user with name nobody cannot be found\.$`,
	})
}

// printedByIdentity is what the page's blocks of sh print, in order.
func printedByIdentity() [][]string {
	const ann, refused = `User: arn:aws:iam::000000000000:user/ann is not authorized to perform: `, `(?m)^An error occurred \(`
	const courier = `User: arn:aws:sts::000000000000:assumed-role/courier/delivery is not authorized to perform: `
	return [][]string{
		{ // A user, and what she may
			`(?m)^arn:aws:iam::000000000000:root$`, `(?m)^all is well$`, `(?m)^ann$`,
			ann + `s3:ListBucket on resource: "arn:aws:s3:::reports" because no identity-based policy allows the s3:ListBucket action`,
			ann + `s3:DeleteObject on resource: "arn:aws:s3:::reports/today.txt"`,
		},
		{ // Limits
			ann + `s3:ListBucket on resource: "arn:aws:s3:::reports" with an explicit deny in an identity-based policy`,
			`(?m)^s3:GetObject\texplicitDeny\tuser_ann_not-today\niam:GetUser\tallowed\tgroup_auditors_look\niam:CreateUser\timplicitDeny\tNone$`,
			ann + `iam:ListUsers on resource: \S+ because no permissions boundary allows the iam:ListUsers action\nann\n`,
		},
		{ // A role for an hour
			ann + `sts:AssumeRole on resource: arn:aws:iam::000000000000:role/courier`,
			`(?m)^arn:aws:sts::000000000000:assumed-role/courier/delivery$`, `(?m) 23 red/note\.txt$`,
			courier + `s3:GetObject on resource: "arn:aws:s3:::reports/red/note.txt" because no session policy allows the s3:GetObject action`,
			courier + `s3:PutObject on resource: "arn:aws:s3:::reports/blue/note.txt" because no identity-based policy allows`,
		},
		{ // Letting others in
			`(?m)^36\n0\n36\nlet in$`, `BlockPublicPolicy`, `(?m)^to whom it may concern$`, `<Code>AccessDenied</Code>`,
		},
		{ // Keys
			`(?m)^ON_DEMAND\nmeet me at noon$`, refused + `InvalidCiphertextException\)`, ann + `kms:Decrypt on resource: arn:aws:kms:`,
			`(?m)^64\narn:aws:kms:us-east-1:000000000000:key/`, refused + `DisabledException\)`,
		},
		{ // Secrets
			`(?m)^AWSCURRENT\ntwo\none\nAWSCURRENT\tAWSPREVIOUS\nshop/database$`,
			refused + `InvalidRequestException\) .*: You can't perform this operation on the secret because it was marked for deletion\.$`,
			`(?m)^shop/database\ntwo$`,
		},
		{ // Guests
			`(?m)^arn:aws:sts::000000000000:assumed-role/guest/CognitoIdentityCredentials\ncounted$`,
			`not authorized to perform: iam:ListUsers on resource: \S+ because no session policy allows the iam:ListUsers action`,
		},
		{ // The master key
			`(?m)^gold is here$`, `(?m)^[0-9a-f]{16}  seals and opens  [1-9]\d* data keys\n[0-9a-f]{16}  opens            0 data keys$`,
			`alone is left in`, `the database is sealed under another master key`, refused + `DecryptionFailure\)`,
			`(?m)^silver\ngold is here\nsilver is new$`,
		},
		{ // nephele call
			`(?m)^UserExists +--wait$`, `(?m)^    "UserName": "",$`, `(?m)^arn:aws:iam::000000000000:user/cleo$`, `(?m)^5$`,
			`(?m)^dear cleo$`, refused + `NoSuchEntity\)`, `(?m)^status 254$`,
		},
	}
}

// compile builds a program that stands in the clone.
func (n *newcomer) compile(t *testing.T, name, program string) {
	t.Helper()
	source := filepath.Join(n.tmp, name+".go")
	if err := os.WriteFile(source, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(n.dir, name), source)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
}
