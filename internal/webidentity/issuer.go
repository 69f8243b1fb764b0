package webidentity

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"nephele.dev/nephele/internal/store"
)

// Sealer seals signing keys; *seal.Sealer is one.
type Sealer interface {
	Seal(purpose string, plaintext []byte, bound ...string) ([]byte, error)
	Open(purpose string, sealed []byte, bound ...string) ([]byte, error)
}

// Issuer signs the tokens of Cognito identity pools. It is safe for concurrent
// use. None of its methods may be called inside a transaction.
type Issuer struct {
	db   *store.DB
	seal Sealer
	log  *slog.Logger

	mu   sync.Mutex // held while keys are read or made
	ring *ring      // nil when nothing is known
}

// NewIssuer returns the Issuer of a database. A nil logger discards.
func NewIssuer(db *store.DB, s Sealer, log *slog.Logger) *Issuer {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Issuer{db: db, seal: s, log: log}
}

// Watch forgets the keys whenever a server on the same database makes one,
// until ctx ends. Without it they are read again every few minutes.
func (i *Issuer) Watch(ctx context.Context) {
	i.db.Listen(ctx, purpose, func(string) { i.Forget() })
}

// Forget drops what is held in memory, as after the database was emptied.
func (i *Issuer) Forget() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.ring = nil
}

// Issue signs a token of an identity.
func (i *Issuer) Issue(ctx context.Context, c Claims) (string, error) {
	if c.Life <= 0 || c.Life > MaxLife {
		return "", errors.New("webidentity: life of a token out of range")
	}
	r, err := i.signing(ctx)
	if err != nil {
		return "", err
	}
	now := time.Now()
	claims := jwt.MapClaims{
		"iss": CognitoIssuer, "aud": c.Pool, "sub": c.Identity, "amr": c.AMR,
		"iat": now.Unix(), "exp": now.Add(c.Life).Unix(),
	}
	if len(c.Tags) > 0 {
		claims[tagsClaim] = tagsOf(c.Tags)
	}
	t := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	t.Header["kid"] = r.id
	return t.SignedString(r.signer)
}

// tagsOf is the claim of session tags: each has a list of one value.
func tagsOf(tags map[string]string) map[string]any {
	principal := make(map[string][]string, len(tags))
	for k, v := range tags {
		principal[k] = []string{v}
	}
	return map[string]any{"principal_tags": principal, "transitive_tag_keys": slices.Sorted(maps.Keys(tags))}
}

// JWKS is the key set (RFC 7517) that verifies the Issuer's tokens.
func (i *Issuer) JWKS(ctx context.Context) ([]byte, error) {
	r, err := i.signing(ctx)
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string][]jwk{"keys": r.set})
}

// Rotate makes a new key that signs. Tokens of the old one stay good.
func (i *Issuer) Rotate(ctx context.Context) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	r, err := i.readRing(ctx)
	if err != nil {
		return err
	}
	i.ring = nil
	return i.replace(ctx, r)
}

// signing returns a ring with a key that may sign, making one where needed.
func (i *Issuer) signing(ctx context.Context) (*ring, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	r, err := i.current(ctx)
	if err != nil {
		return nil, err
	}
	if r.signer != nil && time.Since(r.since) < signsFor {
		return r, nil
	}
	if err := i.replace(ctx, r); err != nil {
		return nil, err
	}
	i.ring = nil
	if r, err = i.current(ctx); err == nil && r.signer == nil {
		err = errors.New("webidentity: no signing key can be opened")
	}
	return r, err
}

// current returns the ring, read anew when it is old. i.mu is held.
func (i *Issuer) current(ctx context.Context) (*ring, error) {
	if i.ring != nil && time.Since(i.ring.read) < heldFor {
		return i.ring, nil
	}
	r, err := i.readRing(ctx)
	if err == nil {
		i.ring = r
	}
	return r, err
}

// rereadAfter is how often an unknown key id may have the keys read again.
const rereadAfter = time.Second

// verifying returns the key with an id.
func (i *Issuer) verifying(ctx context.Context, id string) (*rsa.PublicKey, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	r, err := i.current(ctx)
	if err != nil {
		return nil, err
	}
	if _, ok := r.public[id]; !ok && time.Since(r.read) > rereadAfter {
		i.ring = nil
		if r, err = i.current(ctx); err != nil {
			return nil, err
		}
	}
	key, _ := r.public[id].key.(*rsa.PublicKey)
	if key == nil {
		e := invalid("No key of %s signed this token", Cognito)
		e.Cause = ErrSignature
		return nil, e
	}
	return key, nil
}
