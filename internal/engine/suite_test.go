package engine_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
	"nephele.dev/nephele/internal/engine/enginetest"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

func TestMain(m *testing.M) {
	if os.Getenv(crashVariable) != "" {
		crashChild() // does not return
	}
	goleak.VerifyTestMain(m)
}

func TestSuite(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		enginetest.Suite(t, func(t *testing.T) *store.DB { return storetest.SQLite(t) })
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		enginetest.Suite(t, func(t *testing.T) *store.DB {
			return storetest.Open(t, store.Config{URL: storetest.PostgresURL(t)})
		})
	})
}
