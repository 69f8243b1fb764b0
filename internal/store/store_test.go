package store_test

import (
	"errors"
	"testing"

	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
)

type thing struct{ Name string }

func TestCollectionRoundTrip(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := store.NewCollection[thing]("test.thing")
		k := store.Key{Account: "1", Region: "r", ID: "a"}
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			if _, err := c.Create(tx, k, thing{"x\x00<"}); err != nil {
				return err
			}
			if _, err := c.Create(tx, k, thing{"y"}); !errors.Is(err, store.ErrExists) {
				t.Errorf("second Create: %v", err)
			}
			r, err := c.Get(tx, k)
			if err != nil {
				return err
			}
			r.Doc.Name = "z"
			return errors.Join(c.Put(tx, &r), c.SetTags(tx, k, map[string]string{"a": "b"}))
		})
		if err != nil {
			t.Fatal(err)
		}
		err = db.View(t.Context(), func(tx *store.Tx) error {
			got, err := c.ByTag(tx, "1", "r", "a", []string{"b", "c"})
			if err != nil || len(got) != 1 || got[0].Doc.Name != "z" || got[0].Version != 2 {
				t.Errorf("ByTag: %v, %v", got, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
		err = db.View(t.Context(), func(tx *store.Tx) error {
			_, err := c.Get(tx, k)
			return err
		})
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("after Reset: %v", err)
		}
	})
}
