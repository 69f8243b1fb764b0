package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/store"
)

// secretSize is the length of a server's secret in bytes.
const secretSize = 32

// secret is a random value that the servers on one database share. It seals
// page tokens; nothing that must stay hidden from a reader of the database.
type secret struct{ Bytes []byte }

var (
	secrets   = store.NewCollection[secret]("nephele.secret")
	secretKey = store.Key{ID: "page-tokens"}
)

// openPages makes the sealer of page tokens from the database's secret, which
// the first server on it invents.
func (a *App) openPages(ctx context.Context) error {
	fresh := make([]byte, secretSize)
	if _, err := rand.Read(fresh); err != nil {
		return err
	}
	shared, err := a.shareSecret(ctx, fresh)
	if errors.Is(err, store.ErrExists) { // another server was faster
		shared, err = a.shareSecret(ctx, fresh)
	}
	if err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	a.secret = shared
	a.pages, err = page.New(shared)
	return err
}

// shareSecret returns the database's secret, which becomes fresh when there is
// none.
func (a *App) shareSecret(ctx context.Context, fresh []byte) (shared []byte, err error) {
	err = a.db.Update(ctx, func(tx *store.Tx) error {
		r, err := secrets.Get(tx, secretKey)
		if errors.Is(err, store.ErrNotFound) {
			r, err = secrets.Create(tx, secretKey, secret{fresh})
		}
		shared = r.Doc.Bytes
		return err
	})
	return shared, err
}
