package identity

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const several = `{
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": ["a", "b\/c"], "Service": "a"}, "Action": "a",
     "Condition": {"StringEquals": {"AWS": "a"}}},
    {"Effect": "Deny", "NotPrincipal": {"aws": "a"}, "Action": {"Principal": {"AWS": "a"}}},
    {"Effect": "Allow", "Principal": "*", "Action": "b"}
  ],
  "Principal": {"AWS": "a"}
}`

func TestPrincipals(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff([]string{"a", "b/c", "a", "*"}, Principals(several)); diff != "" {
		t.Error(diff)
	}
	one := `{"Statement":{"Principal":{"AWS":"x"}}}`
	if diff := cmp.Diff([]string{"x"}, Principals(one)); diff != "" {
		t.Error(diff)
	}
}

// TestRewrite replaces principals, and those alone.
func TestRewrite(t *testing.T) {
	t.Parallel()
	got := rewritePrincipals(several, map[string]string{"a": `"A`, "b/c": "d"})
	want := strings.NewReplacer(`["a", "b\/c"]`, `["\"A", "d"]`, `"aws": "a"}, "Act`, `"aws": "\"A"}, "Act`).Replace(several)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := rewritePrincipals(several, nil); got != several {
		t.Errorf("nothing was to be replaced: %s", got)
	}
}

// FuzzRewrite demands that a text that is no JSON does no harm, and that JSON
// stays JSON without the principal that is replaced.
func FuzzRewrite(f *testing.F) {
	f.Add(several)
	f.Add(`{"Statement":[{"Principal":{"AWS":"a"}},]}`)
	f.Add(`]}`)
	f.Add(`"a"`)
	f.Fuzz(func(t *testing.T, text string) {
		got := rewritePrincipals(text, map[string]string{"a": "\"other\""})
		if !json.Valid([]byte(text)) {
			return
		}
		if !json.Valid([]byte(got)) {
			t.Fatalf("%q became %q", text, got)
		}
		for _, p := range Principals(got) {
			if p == "a" {
				t.Errorf("%q became %q", text, got)
			}
		}
	})
}

func TestSplitARN(t *testing.T) {
	t.Parallel()
	for arn, want := range map[string]string{
		"arn:aws:iam::123456789012:user/a/b/c":              "123456789012 user c",
		"arn:aws:iam::123456789012:root":                    "123456789012 root ",
		"arn:aws:iam::aws:policy/service-role/X":            "aws policy X",
		"arn:aws:iam::123456789012:oidc-provider/host/path": "123456789012 oidc-provider host/path",
		"arn:aws:sts::123456789012:assumed-role/r/s":        "",
		"arn:aws:iam::123456789012:user/":                   "",
		"arn:aws:iam::123456789012:user":                    "",
		"arn:aws:iam::123456789012":                         "",
		"":                                                  "",
	} {
		account, kind, name, ok := SplitARN(arn)
		if got := account + " " + kind + " " + name; ok != (want != "") || ok && got != want {
			t.Errorf("SplitARN(%q) = %q, %v", arn, got, ok)
		}
	}
}
