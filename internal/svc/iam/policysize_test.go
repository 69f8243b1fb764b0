package iam

import "testing"

func TestPolicySize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"": 0, " \t\r\n": 0, "{ \"a\" :\n\t1 }": 7, "\"é\u00a0\"": 4} {
		if got := policySize(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
