package events

import (
	"testing"
)

// TestSpellings has resources that callers name be those that policies know,
// however they are written: a denial must not depend on the spelling.
func TestSpellings(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, want string }{
		{"arn:aws:events:eu-west-1:111122223333:event-bus/b", "arn:aws:events:eu-west-1:111122223333:event-bus/b"},
		{"arn:aws:events:eu-west-1:111122223333:event-bus:b", "arn:aws:events:eu-west-1:111122223333:event-bus/b"},
		{"arn:aws:events:eu-west-1:111122223333:rule/r", "arn:aws:events:eu-west-1:111122223333:rule/r"},
		{"arn:aws:events:eu-west-1:111122223333:rule/default/r", "arn:aws:events:eu-west-1:111122223333:rule/r"},
		{"arn:aws-cn:events:eu-west-1:111122223333:rule:b/r", "arn:aws:events:eu-west-1:111122223333:rule/b/r"},
		{"nonsense", "nonsense"},
	} {
		if got := canonical(tt.in); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.in, got, tt.want)
		}
	}
}
