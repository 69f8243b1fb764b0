package app

import (
	"context"
	"crypto/rand"
	"errors"

	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/store"
)

// pageSecret is the key of pagination tokens. It is made once and kept in the
// database, so that replicas accept each other's tokens and a token outlives a
// restart. It guards positions in listings, nothing more.
type pageSecret struct{ Key []byte }

// openPages returns the sealer of this database.
func (a *App) openPages(ctx context.Context) (*page.Sealer, error) {
	secrets := store.NewCollection[pageSecret]("nephele.page-secret")
	at := store.Key{ID: "current"}
	var rec store.Record[pageSecret]
	read := func(tx *store.Tx) (err error) {
		rec, err = secrets.Get(tx, at)
		return err
	}
	err := a.db.View(ctx, read)
	if errors.Is(err, store.ErrNotFound) {
		key := make([]byte, 32)
		rand.Read(key)
		err = a.db.Update(ctx, func(tx *store.Tx) error {
			_, err := secrets.Create(tx, at, pageSecret{Key: key})
			return err
		})
		if err == nil || errors.Is(err, store.ErrExists) { // another replica may have been first
			err = a.db.View(ctx, read)
		}
	}
	if err != nil {
		return nil, err
	}
	return page.New(rec.Doc.Key)
}
