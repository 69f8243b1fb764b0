package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"nephele.dev/nephele/internal/config"
	"nephele.dev/nephele/internal/seal"
	"nephele.dev/nephele/internal/store"
)

// MasterKeyFile is the file below the data directory that keeps generated
// master keys.
const MasterKeyFile = "master-key"

// MasterKeys is the file that a configuration reads master keys from.
func MasterKeys(cfg config.Config) string {
	if cfg.MasterKeyFile != "" {
		return cfg.MasterKeyFile
	}
	return filepath.Join(cfg.Data, MasterKeyFile)
}

// openSeal opens the sealer. The first server on a new database makes a master
// key, if it was given none.
func (a *App) openSeal(ctx context.Context) error {
	ring, err := masterRing(a.cfg)
	if err != nil {
		return err
	}
	if ring == nil && a.cfg.MasterKeyLost {
		if ring, err = a.generateMaster(); err != nil {
			return err
		}
	}
	a.seal, err = seal.Open(ctx, a.db, seal.Options{Ring: ring, Generate: a.generateMaster, AcceptLoss: a.cfg.MasterKeyLost})
	if errors.Is(err, seal.ErrUnknownMaster) {
		return fmt.Errorf("%w; give it in %s or with --master-key-file, "+
			"or start with --master-key-lost to go on without what it sealed", err, MasterKeys(a.cfg))
	}
	return err
}

// masterRing is the ring that a configuration gives, nil for none. A file that
// is named must be there; that in the data directory is made when it is needed.
func masterRing(cfg config.Config) (*seal.Ring, error) {
	if cfg.MasterKey != "" {
		return seal.ParseRing(cfg.MasterKey)
	}
	ring, err := seal.ReadRing(MasterKeys(cfg))
	if errors.Is(err, fs.ErrNotExist) && cfg.MasterKeyFile == "" {
		return nil, nil //nolint:nilnil // a new data directory has none
	}
	return ring, err
}

func (a *App) generateMaster() (*seal.Ring, error) {
	a.log.Info("generated a master key; keep a copy elsewhere", "file", MasterKeys(a.cfg))
	return seal.Rotate(MasterKeys(a.cfg))
}

// MasterKeyStatus tells which master keys a server with this configuration
// has, and which ones its database is sealed under. The server may be running
// when the database is PostgreSQL.
func MasterKeyStatus(ctx context.Context, cfg config.Config) (_ seal.Status, err error) {
	ring, err := masterRing(cfg)
	if err != nil {
		return seal.Status{}, err
	}
	db, err := store.Open(ctx, store.Config{Dir: cfg.Data, URL: cfg.Database})
	if err != nil {
		return seal.Status{}, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return seal.Inspect(ctx, db, ring)
}
