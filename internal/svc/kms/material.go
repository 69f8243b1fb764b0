package kms

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	api "nephele.dev/nephele/internal/api/kms"
	"nephele.dev/nephele/internal/seal"
	"nephele.dev/nephele/internal/store"
)

// materialPurpose separates key material from what else is sealed.
const materialPurpose = "kms.material"

// materialID names key material. It follows from the material, so that
// material that is imported again is recognized, and tells nothing of it.
func materialID(k store.Key, raw []byte) string {
	m := hmac.New(sha256.New, raw)
	fmt.Fprintf(m, "key material id\x00%s\x00%s\x00%s", k.Account, k.Region, k.ID)
	return hex.EncodeToString(m.Sum(nil))
}

// newMaterial makes the secret of a key of the given spec; public is the public
// key of a key pair.
func (s *Service) newMaterial(k store.Key, name api.KeySpec, now time.Time) (m material, public []byte, err error) {
	var raw []byte
	if n := specs[name].bytes; n > 0 {
		raw = make([]byte, n)
		rand.Read(raw)
	} else if raw, public, err = newPair(string(name)); err != nil {
		return m, nil, err
	}
	m, err = s.sealMaterial(k, raw, now)
	return m, public, err
}

// sealMaterial is raw as it is stored: bound to its key and to its own ID.
func (s *Service) sealMaterial(k store.Key, raw []byte, now time.Time) (material, error) {
	id := materialID(k, raw)
	sealed, err := s.seal.Seal(materialPurpose, raw, k.Account, k.Region, k.ID, id)
	if err != nil {
		return material{}, fmt.Errorf("seal key material: %w", err)
	}
	return material{ID: id, Sealed: sealed, Created: now}, nil
}

// open returns the material of a key with the given ID, opened. It is kept in
// memory as long as the entry. Material that is lost is answered with
// KMSInvalidStateException rather than KeyUnavailableException, which clients
// try again.
func (s *Service) open(e *entry, id string) (*secret, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if known := e.secrets[id]; known != nil {
		return known, nil
	}
	m := e.Doc.material(id)
	if m == nil || m.Sealed == nil {
		return nil, store.ErrNotFound
	}
	raw, err := s.seal.Open(materialPurpose, m.Sealed, e.Account, e.Region, e.ID, id)
	if errors.Is(err, seal.ErrLost) {
		return nil, api.NewKMSInvalidStateException("The material of %s is sealed by a master key that the server does not have.", e.arn).Because(err)
	}
	if err != nil {
		return nil, fmt.Errorf("open the material of %s: %w", e.arn, err)
	}
	opened := &secret{raw: raw}
	if specs[e.Doc.Spec].bytes == 0 {
		if opened.private, err = x509.ParsePKCS8PrivateKey(raw); err != nil {
			return nil, fmt.Errorf("read the private key of %s: %w", e.arn, err)
		}
	}
	e.secrets[id] = opened
	return opened, nil
}

// current returns the material that a key works with now.
func (s *Service) current(e *entry) (*secret, error) {
	opened, err := s.open(e, e.Doc.Current)
	if absent(err) {
		return nil, fmt.Errorf("%s has no material %q", e.arn, e.Doc.Current)
	}
	return opened, err
}
