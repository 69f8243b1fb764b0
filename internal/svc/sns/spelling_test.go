package sns

import (
	"testing"
)

// TestSpellings has resources that callers name be those that policies know,
// however they are written: a denial must not depend on the spelling.
func TestSpellings(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, want string }{
		{"arn:aws:sns:eu-west-1:111122223333:t", "arn:aws:sns:eu-west-1:111122223333:t"},
		{"arn:aws-us-gov:sns:eu-west-1:111122223333:t", "arn:aws:sns:eu-west-1:111122223333:t"},
		{"arn:aws:sns:eu-west-1:111122223333:endpoint/GCM/a/b", "arn:aws:sns:eu-west-1:111122223333:endpoint/GCM/a/b"},
		{"nonsense", "nonsense"},
	} {
		if got := topicOf(tt.in); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.in, got, tt.want)
		}
	}
}
