package webidentity

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"nephele.dev/nephele/internal/seal"
	"nephele.dev/nephele/internal/store"
)

// purpose is what signing keys are sealed for.
const purpose = "webidentity.key"

// keyBits is the size of a signing key.
const keyBits = 2048

// Times in the life of a key.
const (
	signsFor = 90 * 24 * time.Hour
	heldFor  = 5 * time.Minute // by a server that has read it
	// verifiesFor is how long a retired key still verifies: whoever holds it may
	// sign with it for a little while, and what it signed may live for a day.
	verifiesFor = MaxLife + heldFor + time.Hour
)

// storedKey is a signing key as it is stored, under its id.
type storedKey struct {
	Sealed  []byte    // PKCS #8
	Public  jwk       // in the clear
	Retired time.Time // when it ceased to sign; zero for the one that signs
}

var storedKeys = store.NewCollection[storedKey](purpose)

// gone reports whether all that the key has signed has expired.
func (k *storedKey) gone(now time.Time) bool {
	return !k.Retired.IsZero() && now.After(k.Retired.Add(verifiesFor))
}

// ring is what a server knows of the keys at one time.
type ring struct {
	read   time.Time
	signer *rsa.PrivateKey // nil when there is none that could be used
	id     string          // of signer
	since  time.Time       // when signer was made
	public map[string]publicKey
	set    []jwk // public, in order
}

// readRing reads the keys. A signing key whose master key is lost is left out.
func (i *Issuer) readRing(ctx context.Context) (*ring, error) {
	var all []store.Record[storedKey]
	err := i.db.View(ctx, func(tx *store.Tx) (err error) {
		all, err = storedKeys.List(tx, "", "", store.ListOptions{})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("signing keys: %w", err)
	}
	r := &ring{read: time.Now(), public: map[string]publicKey{}}
	for _, k := range all {
		if k.Doc.gone(r.read) {
			continue
		}
		key, err := k.Doc.Public.rsa()
		if err != nil {
			return nil, fmt.Errorf("signing key %s: %w", k.ID, err)
		}
		r.public[k.ID] = publicKey{id: k.ID, algorithm: k.Doc.Public.Algorithm, key: key}
		r.set = append(r.set, k.Doc.Public)
		if k.Doc.Retired.IsZero() {
			if err := i.take(r, &k); err != nil {
				return nil, err
			}
		}
	}
	return r, nil
}

// take makes a stored key the one that signs, if it opens.
func (i *Issuer) take(r *ring, k *store.Record[storedKey]) error {
	b, err := i.seal.Open(purpose, k.Doc.Sealed, k.ID)
	if errors.Is(err, seal.ErrLost) {
		i.log.Warn("signing key of web identity tokens is lost with its master key", "key", k.ID)
		return nil
	}
	if err != nil {
		return fmt.Errorf("signing key %s: %w", k.ID, err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(b)
	if err != nil {
		return fmt.Errorf("signing key %s: %w", k.ID, err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return fmt.Errorf("signing key %s: is a %T", k.ID, parsed)
	}
	r.signer, r.id, r.since = key, k.ID, k.Created
	return nil
}

// replace makes a key that signs in place of those in r. If another server has
// done so meanwhile, its key stands.
func (i *Issuer) replace(ctx context.Context, r *ring) error {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return fmt.Errorf("make signing key: %w", err)
	}
	b, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("make signing key: %w", err)
	}
	fresh := storedKey{Public: rsaJWK(&key.PublicKey)}
	if fresh.Sealed, err = i.seal.Seal(purpose, b, fresh.Public.ID); err != nil {
		return fmt.Errorf("seal signing key: %w", err)
	}
	err = i.db.Update(ctx, func(tx *store.Tx) error { return install(tx, &fresh, r) })
	if err != nil {
		return fmt.Errorf("store signing key: %w", err)
	}
	return nil
}

// install retires the keys in r, drops those that are gone, and adds fresh,
// unless a key that r does not have signs by now.
func install(tx *store.Tx, fresh *storedKey, r *ring) error {
	all, err := storedKeys.List(tx, "", "", store.ListOptions{})
	if err != nil {
		return err
	}
	now := tx.Now()
	for _, k := range all {
		_, known := r.public[k.ID]
		switch {
		case k.Doc.gone(now):
			err = storedKeys.Delete(tx, k.Key)
		case k.Doc.Retired.IsZero() && known:
			k.Doc.Retired = now
			err = storedKeys.Put(tx, &k)
		case k.Doc.Retired.IsZero():
			return nil
		}
		if err != nil {
			return err
		}
	}
	tx.Notify(purpose, fresh.Public.ID)
	_, err = storedKeys.Create(tx, store.Key{ID: fresh.Public.ID}, *fresh)
	return err
}
