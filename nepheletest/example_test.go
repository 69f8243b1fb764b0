package nepheletest_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sts"

	"nephele.dev/nephele/nepheletest"
)

// A test starts a server of its own and points any SDK client at it.
func Example() {
	test := func(t *testing.T) {
		t.Parallel()
		server := nepheletest.Start(t)
		client := sts.NewFromConfig(server.Config)

		who, err := client.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := *who.Arn, "arn:aws:iam::000000000000:root"; got != want {
			t.Errorf("I am %s, want %s", got, want)
		}
	}
	_ = test
}
