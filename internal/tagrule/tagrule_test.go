package tagrule_test

import (
	"testing"

	"nephele.dev/nephele/internal/tagrule"
)

func TestReserved(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]bool{
		"aws:": true, "aws:name": true, "AWS:name": true, "aWs:x": true,
		"": false, "aws": false, "aws-name": false, "my:aws:x": false, "awſ:x": false,
	} {
		if got := tagrule.Reserved(key); got != want {
			t.Errorf("%q: %v", key, got)
		}
	}
}
