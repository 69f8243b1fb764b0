package identity

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"nephele.dev/nephele/internal/seal"
	"nephele.dev/nephele/internal/store"
)

var (
	// ErrNotFound says that there is no such principal, key or provider.
	ErrNotFound = errors.New("identity: not found")
	// ErrGone says that the principal of a session or key does not exist any
	// more, or that its name belongs to another one by now.
	ErrGone = errors.New("identity: the principal is gone")
)

// Directory looks up principals and what they are granted. It is safe for
// concurrent use.
type Directory struct {
	db     *store.DB
	sealer *seal.Sealer
	cancel context.CancelFunc

	shelves sync.Map // *shelf by account; "" is for what depends on several
	aws     sync.Map // *policy.Document by ARN: AWS's own policies
	used    usage

	checked atomic.Int64 // when epochs were last read, in microseconds
	mu      sync.Mutex
	epochs  map[string]int64 // by account, as they were read
}

// channel is where changes are noticed; the payload is the account.
const channel = "identity"

// freshFor is how long a server may miss a change whose notice was lost.
const freshFor = time.Second

// New returns a Directory over db, which opens access keys with s. Close it.
func New(db *store.DB, s *seal.Sealer) *Directory {
	ctx, cancel := context.WithCancel(context.Background())
	d := &Directory{db: db, sealer: s, cancel: cancel, epochs: make(map[string]int64)}
	d.used.flush = d.Flush
	db.Listen(ctx, channel, func(account string) {
		if account == "" { // notices were lost
			d.Reset()
			return
		}
		d.forget(account)
	})
	return d
}

// Close writes down what Used has gathered, and ends the Directory.
func (d *Directory) Close(ctx context.Context) error {
	d.cancel()
	d.used.stop()
	return d.Flush(ctx)
}

// Reset forgets everything that is remembered. What Used has gathered is
// dropped as well.
func (d *Directory) Reset() {
	d.shelves.Range(func(_, s any) bool {
		s.(*shelf).clear()
		return true
	})
	d.used.take()
}

// Changed is called in every transaction that changes records of an account,
// before or after it does.
func (d *Directory) Changed(tx *store.Tx, account string) error {
	_, err := tx.Exec(`insert into iam_epoch (account, changed) values (?, ?)
		on conflict (account) do update set changed = excluded.changed`, account, store.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("note a change of identities: %w", err)
	}
	tx.OnCommit(func() { d.forget(account) })
	tx.Notify(channel, account)
	return nil
}

// forget drops what is remembered of an account, and of many.
func (d *Directory) forget(account string) {
	d.shelf(account).clear()
	d.shelf("").clear()
}

func (d *Directory) shelf(account string) *shelf {
	if s, ok := d.shelves.Load(account); ok {
		return s.(*shelf)
	}
	s, _ := d.shelves.LoadOrStore(account, &shelf{})
	return s.(*shelf)
}

// recall returns what is remembered under k, or loads it. Errors are not
// remembered.
func recall[T any](ctx context.Context, d *Directory, account string, k entryKey, load func(tx *store.Tx) (*T, error)) (*T, error) {
	if err := d.refresh(ctx); err != nil {
		return nil, err
	}
	var state uint64
	if s, ok := d.shelves.Load(account); ok { // accounts in keys that nobody has get none
		var v any
		if v, state = s.(*shelf).find(k); v != nil {
			return v.(*T), nil
		}
	}
	var loaded *T
	err := d.db.View(ctx, func(tx *store.Tx) (err error) {
		loaded, err = load(tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	d.shelf(account).put(k, state, loaded)
	return loaded, nil
}

// refresh sees to it that what is remembered counts for freshFor at most,
// where other servers write to the database.
func (d *Directory) refresh(ctx context.Context) error {
	if d.db.Dialect() == store.SQLite {
		return nil
	}
	now, last := store.Micros(time.Now()), d.checked.Load()
	if now-last < freshFor.Microseconds() || !d.checked.CompareAndSwap(last, now) {
		return nil
	}
	if err := d.readEpochs(ctx); err != nil {
		d.checked.Store(last) // the next one tries again
		return fmt.Errorf("look for changed identities: %w", err)
	}
	return nil
}

// epoch is when an account changed.
type epoch struct {
	account string
	changed int64
}

func (d *Directory) readEpochs(ctx context.Context) error {
	var all []epoch
	err := d.db.View(ctx, func(tx *store.Tx) (err error) {
		all, err = store.All(store.Query(tx, func(r store.Row) (e epoch, err error) {
			err = r.Scan(&e.account, &e.changed)
			return e, err
		}, "select account, changed from iam_epoch"))
		return err
	})
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range all {
		if d.epochs[e.account] != e.changed {
			d.epochs[e.account] = e.changed
			d.forget(e.account)
		}
	}
	return nil
}

// Key is an access key with its secret and its user.
type Key struct {
	ID      string
	Secret  seal.Secret
	Account string
	User    User
	Active  bool
}

// KeyPurpose is what the secrets of access keys are sealed for, bound to their
// account and id.
const KeyPurpose = "iam.accesskey"

// AccessKey returns an active access key; others are not found.
func (d *Directory) AccessKey(ctx context.Context, id string) (Key, error) {
	account, ok := keyAccount(id)
	if !ok {
		return Key{}, ErrNotFound
	}
	c, err := recall(ctx, d, account, entryKey{keyEntry, id}, func(tx *store.Tx) (*Key, error) {
		return d.key(tx, account, id)
	})
	if err != nil {
		return Key{}, err
	}
	return *c, nil
}

func (d *Directory) key(tx *store.Tx, account, id string) (*Key, error) {
	k, err := AccessKeys.Get(tx, store.Key{Account: account, ID: id})
	if err != nil || !k.Doc.Active {
		return nil, missing(err)
	}
	u, err := Users.Get(tx, store.Key{Account: account, ID: k.Doc.User})
	if err != nil {
		return nil, missing(err)
	}
	secret, err := d.sealer.Open(KeyPurpose, k.Doc.Sealed, account, id)
	if err != nil {
		return nil, fmt.Errorf("open access key %s: %w", id, err)
	}
	return &Key{ID: id, Secret: seal.Secret(secret), Account: account, User: u.Doc, Active: true}, nil
}

// missing is the package's own word for what the store does not have.
func missing(err error) error {
	if err == nil || errors.Is(err, store.ErrNotFound) {
		return ErrNotFound
	}
	return err
}

// Role returns a role by its ARN. Its fields are not to be changed.
func (d *Directory) Role(ctx context.Context, arn string) (Role, string, error) {
	account, kind, name, ok := SplitARN(arn)
	if !ok || kind != "role" {
		return Role{}, "", ErrNotFound
	}
	r, err := recall(ctx, d, account, entryKey{roleEntry, arn}, func(tx *store.Tx) (*Role, error) {
		r, err := Roles.Get(tx, At(account, name))
		if err != nil || r.Doc.ARN() != arn {
			return nil, missing(err)
		}
		return &r.Doc, nil
	})
	if err != nil {
		return Role{}, "", err
	}
	return *r, account, nil
}

// OIDCProvider returns an account's provider of a URL, which may be given with
// or without the scheme. Its fields are not to be changed.
func (d *Directory) OIDCProvider(ctx context.Context, account, url string) (OIDCProvider, error) {
	url = ProviderID(url)
	p, err := recall(ctx, d, account, entryKey{providerEntry, url}, func(tx *store.Tx) (*OIDCProvider, error) {
		p, err := OIDCProviders.Get(tx, store.Key{Account: account, ID: url})
		if err != nil {
			return nil, missing(err)
		}
		return &p.Doc, nil
	})
	if err != nil {
		return OIDCProvider{}, err
	}
	return *p, nil
}
