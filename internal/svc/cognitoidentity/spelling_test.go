package cognitoidentity

import (
	"testing"

	"nephele.dev/nephele/internal/plane"
)

// TestSpellings has resources that callers name be those that policies know,
// however they are written: a denial must not depend on the spelling.
func TestSpellings(t *testing.T) {
	t.Parallel()
	call := &plane.Call{Caller: plane.RootCaller("111122223333", "eu-west-1")}
	for _, tt := range []struct{ in, want string }{
		{"arn:aws:cognito-identity:eu-west-1:111122223333:identitypool/eu-west-1:p", "arn:aws:cognito-identity:eu-west-1:111122223333:identitypool/eu-west-1:p"},
		{"arn:aws:cognito-identity:us-east-1:444455556666:identitypool/eu-west-1:p", "arn:aws:cognito-identity:eu-west-1:111122223333:identitypool/eu-west-1:p"},
		{"nonsense", "nonsense"},
	} {
		if got := canonical(call, tt.in); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.in, got, tt.want)
		}
	}
}
