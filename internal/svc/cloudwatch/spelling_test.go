package cloudwatch

import (
	"testing"
)

// TestSpellings has resources that callers name be those that policies know,
// however they are written: a denial must not depend on the spelling.
func TestSpellings(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, want string }{
		{"arn:aws:cloudwatch:eu-west-1:111122223333:alarm:a", "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:a"},
		{"arn:aws:cloudwatch:eu-west-1:111122223333:alarm/a", "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:a"},
		{"arn:aws-cn:cloudwatch:eu-west-1:111122223333:alarm:a", "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:a"},
		{"arn:aws:cloudwatch::111122223333:dashboard:d", "arn:aws:cloudwatch::111122223333:dashboard/d"},
		{"arn:aws:cloudwatch:eu-west-1:111122223333:insight-rule/r", "arn:aws:cloudwatch:eu-west-1:111122223333:insight-rule/r"},
		{"nonsense", "nonsense"},
	} {
		if got := canonical(tt.in); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.in, got, tt.want)
		}
	}
}
