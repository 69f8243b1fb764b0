package synthetics

import (
	"testing"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/plane"
)

// TestSpellings has resources that callers name be those that policies know,
// however they are written: a denial must not depend on the spelling.
func TestSpellings(t *testing.T) {
	t.Parallel()
	call := &plane.Call{Caller: plane.RootCaller("111122223333", "eu-west-1")}
	for _, tt := range []struct{ in, want string }{
		{"arn:aws:synthetics:eu-west-1:111122223333:canary:c", "arn:aws:synthetics:eu-west-1:111122223333:canary:c"},
		{"arn:aws-cn:synthetics:eu-west-1:111122223333:canary:c", "arn:aws:synthetics:eu-west-1:111122223333:canary:c"},
		{"nonsense", "nonsense"},
	} {
		if got := new(Service).concernedTags(call, &api.TagResourceInput{ResourceArn: tt.in})[0]; got != tt.want {
			t.Errorf("%s: %s, want %s", tt.in, got, tt.want)
		}
		call.Operation = operationNamed("ListAssociatedGroups")
		if got := new(Service).Needs(call, &api.ListAssociatedGroupsInput{ResourceArn: tt.in})[0].Resources[0]; got != tt.want {
			t.Errorf("groups of %s: %s, want %s", tt.in, got, tt.want)
		}
	}
}
