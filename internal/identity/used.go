package identity

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"nephele.dev/nephele/internal/store"
)

// Use is a use of an access key or a role.
type Use struct {
	At      time.Time // UTC
	Service string    // signing name, such as "s3"
	Region  string
}

// usedEvery is how long uses are gathered before they are written down.
const usedEvery = 30 * time.Second

// usage gathers uses.
type usage struct {
	flush func(context.Context) error

	mu      sync.Mutex
	uses    map[string]Use
	timer   *time.Timer // nil while nothing is gathered
	stopped bool
}

// Used notes that an access key or role (by its unique id) is used. It is
// cheap: uses are written down in batches.
func (d *Directory) Used(id string, use Use) {
	u := &d.used
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.stopped {
		return
	}
	if u.uses == nil {
		u.uses = make(map[string]Use)
	}
	u.uses[id] = use
	if u.timer == nil {
		u.timer = time.AfterFunc(usedEvery, func() {
			_ = u.flush(context.Background()) // what could not be written is gathered again
		})
	}
}

// take hands out what is gathered.
func (u *usage) take() map[string]Use {
	u.mu.Lock()
	defer u.mu.Unlock()
	uses := u.uses
	u.uses = nil
	if u.timer != nil {
		u.timer.Stop()
		u.timer = nil
	}
	return uses
}

// restore gathers again what could not be written.
func (d *Directory) restore(uses map[string]Use) {
	for id, use := range uses {
		if now, ok := d.gathered(id); !ok || now.At.Before(use.At) {
			d.Used(id, use)
		}
	}
}

func (d *Directory) gathered(id string) (Use, bool) {
	d.used.mu.Lock()
	defer d.used.mu.Unlock()
	use, ok := d.used.uses[id]
	return use, ok
}

func (u *usage) stop() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.stopped = true
	if u.timer != nil {
		u.timer.Stop()
	}
}

// Flush writes down what Used has gathered.
func (d *Directory) Flush(ctx context.Context) error {
	uses := d.used.take()
	if len(uses) == 0 {
		return nil
	}
	err := d.db.Update(ctx, func(tx *store.Tx) error {
		for _, id := range slices.Sorted(maps.Keys(uses)) {
			use := uses[id]
			_, err := tx.Exec(`insert into iam_last_used (id, at, service, region) values (?, ?, ?, ?)
				on conflict (id) do update set at = excluded.at, service = excluded.service, region = excluded.region
				where iam_last_used.at < excluded.at`, id, store.Micros(use.At), use.Service, use.Region)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		d.restore(uses)
		return fmt.Errorf("write down uses of keys and roles: %w", err)
	}
	return nil
}

// LastUsed is the last use of an access key or role; false if there was none.
func (d *Directory) LastUsed(tx *store.Tx, id string) (Use, bool, error) {
	var at int64
	var use Use
	err := tx.Row("select at, service, region from iam_last_used where id = ?", id).Scan(&at, &use.Service, &use.Region)
	switch {
	case err == nil:
		use.At = store.FromMicros(at)
	case !errors.Is(err, store.ErrNotFound):
		return Use{}, false, err
	}
	if now, ok := d.gathered(id); ok && now.At.After(use.At) {
		use = now
	}
	return use, !use.At.IsZero(), nil
}

// Unused forgets the uses of a key or role that is deleted.
func (d *Directory) Unused(tx *store.Tx, id string) error {
	_, err := tx.Exec("delete from iam_last_used where id = ?", id)
	return err
}
