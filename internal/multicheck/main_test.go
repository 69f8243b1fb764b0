package multicheck_test

import (
	"testing"

	"go.uber.org/goleak"
)

// Runs leave no goroutine behind, however they end.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
