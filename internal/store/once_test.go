package store_test

import (
	"errors"
	"testing"

	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

func TestOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		abort := errors.New("abort")
		try := func(token string, end error) (first bool) {
			err := db.Update(t.Context(), func(tx *store.Tx) (err error) {
				if first, err = store.Once(tx, token); err != nil {
					return err
				}
				return end
			})
			if !errors.Is(err, end) {
				t.Fatal(err)
			}
			return first
		}
		if !try("a", abort) {
			t.Error("a new token is not new")
		}
		if !try("a", nil) {
			t.Error("a token of a transaction that was rolled back is remembered")
		}
		if try("a", nil) {
			t.Error("a token is new twice")
		}
		if !try("b", nil) {
			t.Error("another token is not new")
		}
	})
}
